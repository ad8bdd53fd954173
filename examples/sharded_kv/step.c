/* step: one verb done to one key of a store, or to all of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "must.h"
#include "resp.h"
#include "step.h"

static struct step *step_new(enum verb verb, size_t bytes) {
  struct step *step = must_realloc(NULL, sizeof(*step) + bytes);
  *step = (struct step){.verb = verb};
  return step;
}

/* By the upper bits of the hash: the store chooses its buckets by the lower
 * ones, and would use only every second bucket, with two shards, if those were
 * the same for all of its keys. */
static unsigned shard_of(uint32_t hash, unsigned shards) {
  return (unsigned) ((uint64_t) hash * shards >> 32);
}

struct step *step_of_key(enum verb verb, struct slice key, struct slice value,
                         unsigned shards) {
  struct step *step = step_new(verb, key.length + value.length);

  memcpy(step->bytes, key.bytes, key.length);
  step->key = (struct slice){step->bytes, key.length};
  if (value.bytes != NULL) {
    memcpy(step->bytes + key.length, value.bytes, value.length);
    step->value = (struct slice){step->bytes + key.length, value.length};
  }
  step->hash = store_hash(key);
  step->shard = shard_of(step->hash, shards);
  return step;
}

struct step *step_of_shard(enum verb verb, unsigned shard) {
  struct step *step = step_new(verb, 0);
  step->shard = shard;
  return step;
}

static void get(struct step *step, const struct store *store) {
  struct slice value;
  if (store_get(store, step->key, step->hash, &value))
    resp_put_string(&step->reply, value);
  else
    resp_put_nothing(&step->reply);
}

/* By its value, or by one if it has none. */
static void increment(struct step *step, struct store *store) {
  char text[32];
  struct slice value;
  int64_t n = 0, by = 1;

  if ((step->value.bytes != NULL && !slice_number(step->value, &by)) ||
      (store_get(store, step->key, step->hash, &value) &&
       !slice_number(value, &n))) {
    resp_put_line(&step->reply, "-ERR value is not an integer or out of range");
  } else if (by > 0 ? n > INT64_MAX - by : n < INT64_MIN - by) {
    resp_put_line(&step->reply, "-ERR increment or decrement would overflow");
  } else {
    int length = snprintf(text, sizeof(text), "%" PRId64, n + by);
    value = (struct slice){text, (size_t) length};
    store_set(store, step->key, step->hash, value);
    resp_put_number(&step->reply, n + by);
  }
}

void step_do(struct step *step, struct store *store) {
  struct slice value;

  switch (step->verb) {
    case VERB_SAY:
      break;
    case VERB_GET:
      get(step, store);
      break;
    case VERB_SET:
      store_set(store, step->key, step->hash, step->value);
      break;
    case VERB_DELETE:
      step->count = store_delete(store, step->key, step->hash);
      break;
    case VERB_EXISTS:
      step->count = store_get(store, step->key, step->hash, &value);
      break;
    case VERB_INCREMENT:
      increment(step, store);
      break;
    case VERB_SIZE:
      step->count = store_size(store);
      break;
    case VERB_CLEAR:
      store_clear(store);
      break;
  }
}

void step_free(struct step *step) {
  buffer_free(&step->reply);
  free(step);
}
