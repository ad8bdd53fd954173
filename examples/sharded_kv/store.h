#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

struct entry;

/* The keys of one shard: one thread's, so it needs no lock. Zero-initialise
 * it. */
struct store {
  struct entry *entries;
};

/* To be called once, before all else and before there are threads. Returns 0 or
 * a code of libuv's. */
int store_choose_hash(void);

/* The hash that all calls below want of their key. */
uint32_t store_hash(struct slice key);

/* True: *value is the key's value, until the store is changed. */
bool store_get(const struct store *s, struct slice key, uint32_t hash,
               struct slice *value);
void store_set(struct store *s, struct slice key, uint32_t hash,
               struct slice value);
/* True: it was there. */
bool store_delete(struct store *s, struct slice key, uint32_t hash);

uint32_t store_size(const struct store *s);
void store_clear(struct store *s);

#endif
