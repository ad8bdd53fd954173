/* requests: from bytes to steps, one at a time, so that a request of a thousand
 * keys may be begun, and go on when its client has room for more.
 *
 * Knows: the protocol and the commands. Not who does the steps, nor when.
 */
#include "requests.h"

/* Bytes with all that they asked for done leave no memory behind. */
static void tidy_up(struct requests *q) {
  if (q->used < q->in.length)
    return;
  buffer_clear(&q->in);
  q->used = 0;
}

/* The buffer doubles while it is small. Near the greatest request it gets what
 * it needs and no more, for a client may stop there and stay. */
char *requests_reserve(struct requests *q, size_t bytes) {
  buffer_drop(&q->in, q->used);
  q->used = 0;
  if (q->in.length + bytes > RESP_MOST_BYTES / 2)
    buffer_grow(&q->in, RESP_MOST_BYTES + bytes);
  return buffer_reserve(&q->in, bytes);
}

void requests_came(struct requests *q, size_t length) {
  q->in.length += length;
}

size_t requests_unread(const struct requests *q) {
  return q->in.length - q->used;
}

static struct step *say(struct buffer reply) {
  struct step *step = step_of_shard(VERB_SAY, 0);
  step->reply = reply;
  step->last = true;
  return step;
}

/* Of a client that has said nothing there is no buffer, and adding even nothing
 * to NULL is undefined. */
static struct request request(const struct requests *q) {
  return (struct request){&q->resp,
                          q->in.bytes == NULL ? "" : q->in.bytes + q->used};
}

static void request_is_done(struct requests *q) {
  q->used += q->resp.at;
  q->command = NULL;
  resp_reset(&q->resp);
}

/* What follows is not listened to. */
static void leave(struct requests *q) {
  q->used = q->in.length;
  q->is_over = true;
}

static struct step *next_of_request(struct requests *q, unsigned shards) {
  const struct command *command = q->command;
  struct request r = request(q);
  struct step *step = command_step(command, &r, q->made, shards);

  step->ending = command->ending;
  step->last = ++q->made == q->total;
  if (step->last) {
    request_is_done(q);
    if (command->leaves)
      leave(q);
  }
  return step;
}

/* NULL: there is nothing to say about the request; command tells how to go on,
 * or is NULL if it had no words. */
static struct step *begin_request(struct requests *q, unsigned shards) {
  struct request r = request(q);
  struct buffer error = {0};

  if (q->resp.count > 0)
    q->command = command_find(&r, &error);
  if (q->command == NULL) {
    request_is_done(q);
    return error.length > 0 ? say(error) : NULL;
  }
  q->made = 0;
  q->total = command_steps(q->command, &r, shards);
  return NULL;
}

static struct step *what_is_bad(struct requests *q) {
  struct buffer error = {0};
  resp_put_line(&error, q->resp.error);
  leave(q);
  return say(error);
}

struct step *requests_next(struct requests *q, unsigned shards) {
  struct step *step = NULL;

  while (step == NULL && !q->is_over) {
    if (q->command != NULL)
      return next_of_request(q, shards);
    struct request r = request(q);
    enum resp_result result = resp_read(&q->resp, r.bytes, requests_unread(q));
    if (result == RESP_MORE)
      break;
    step = result == RESP_BAD ? what_is_bad(q) : begin_request(q, shards);
  }
  if (step == NULL)
    tidy_up(q);
  return step;
}

void requests_free(struct requests *q) {
  buffer_free(&q->in);
  resp_free(&q->resp);
}
