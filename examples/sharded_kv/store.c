/* store: keys and values in a hash table of uthash's.
 *
 * The hash is SipHash with a key that this process draws. Keys come from
 * clients: with a hash that they can compute, they would choose keys that all
 * have the same, and the table would be a list, and one loop would own it all.
 */
#include <string.h>

#include <sodium.h>

#include "must.h"
#include "store.h"

#define uthash_fatal(text) must(UV_ENOMEM, "cannot go on")
#include <uthash.h>

struct entry {
  UT_hash_handle hh;
  char *value;
  size_t length;
  char key[];
};

static struct entry *find(const struct store *s, struct slice key,
                          uint32_t hash) {
  struct entry *e;
  HASH_FIND_BYHASHVALUE(hh, s->entries, key.bytes, key.length, hash, e);
  return e;
}

static void forget(struct entry *e) {
  free(e->value);
  free(e);
}

static unsigned char hash_key[crypto_shorthash_KEYBYTES]; /* fixed */

int store_choose_hash(void) {
  if (sodium_init() < 0)
    return UV_ENOSYS;
  crypto_shorthash_keygen(hash_key);
  return 0;
}

uint32_t store_hash(struct slice key) {
  union {
    unsigned char bytes[crypto_shorthash_BYTES];
    uint32_t first;
  } hash;

  crypto_shorthash(hash.bytes, (const unsigned char *) key.bytes, key.length,
                   hash_key);
  return hash.first;
}

bool store_get(const struct store *s, struct slice key, uint32_t hash,
               struct slice *value) {
  const struct entry *e = find(s, key, hash);
  if (e == NULL)
    return false;
  *value = (struct slice){e->value, e->length};
  return true;
}

void store_set(struct store *s, struct slice key, uint32_t hash,
               struct slice value) {
  struct entry *e = find(s, key, hash);
  if (e == NULL) {
    e = must_realloc(NULL, sizeof(*e) + key.length);
    e->value = NULL;
    e->length = 0;
    memcpy(e->key, key.bytes, key.length);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->entries, e->key, key.length, hash, e);
  }
  if (e->value == NULL || e->length != value.length)
    e->value = must_realloc(e->value, value.length + 1); /* 0 is no size */
  e->length = value.length;
  memcpy(e->value, value.bytes, value.length);
}

bool store_delete(struct store *s, struct slice key, uint32_t hash) {
  struct entry *e = find(s, key, hash);
  if (e == NULL)
    return false;
  HASH_DEL(s->entries, e);
  forget(e);
  return true;
}

uint32_t store_size(const struct store *s) {
  return HASH_COUNT(s->entries);
}

void store_clear(struct store *s) {
  struct entry *e, *next;
  HASH_ITER(hh, s->entries, e, next) {
    HASH_DEL(s->entries, e);
    forget(e);
  }
}
