/* step: what a request asks of one shard, and what the shard says.
 *
 * A request is one step or several: GET is one, DEL of three keys is three,
 * DBSIZE is one for each shard. Steps are what travels: a message is a pointer
 * to one, and with the message the step itself changes hands, so that no lock
 * and no atomic is needed. The fields of its client are the exception: they are
 * the client's own, wherever the step is.
 */
#ifndef STEP_H
#define STEP_H

#include <loopchan.h>

#include "buffer.h"
#include "slice.h"
#include "store.h"

enum verb {
  VERB_SAY, /* the reply is there already: no shard is asked */
  VERB_GET,
  VERB_SET,
  VERB_DELETE,
  VERB_EXISTS,
  VERB_INCREMENT,
  VERB_SIZE,
  VERB_CLEAR
};

/* What the client is told when the last step of a request is done. */
enum ending { ENDING_REPLIES, ENDING_SUM, ENDING_OK };

struct step {
  /* the client's */
  struct client *client;
  struct step *prev, *next; /* in the order of its requests */
  enum ending ending;
  bool last; /* of its request */
  bool done;

  /* of whoever has the step */
  enum verb verb;
  unsigned home, shard; /* which asks, which is asked */
  struct buffer reply;  /* text for the client */
  int64_t count;        /* or a number for its sum */
  uint32_t hash;
  struct slice key, value; /* they lie in bytes */
  char bytes[];
};

LOOPCHAN_TYPED(steps, struct step *);

/* A step for the shard that key belongs to, one of shards. Key and value, if
 * its bytes are not NULL, are copied. */
struct step *step_of_key(enum verb verb, struct slice key, struct slice value,
                         unsigned shards);

/* A step without a key. */
struct step *step_of_shard(enum verb verb, unsigned shard);

/* Does it, on the thread of the store. */
void step_do(struct step *step, struct store *store);

void step_free(struct step *step);

#endif
