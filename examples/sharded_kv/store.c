/* store: keys and values in a hash table of uthash's. */
#include <string.h>

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

uint32_t store_hash(struct slice key) {
  uint32_t hash;
  HASH_VALUE(key.bytes, key.length, hash);
  return hash;
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
