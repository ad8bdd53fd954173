/* model: what the contract says of one channel, for one thread.
 *
 * No atomics, no memory, no waiting: a queue of message numbers, a line of
 * writes that wait, and a few facts. single.c asks it what a call must answer.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_MOST 2048
#define LINE_MOST 32

/* An answer of the model: by rendezvous nobody can know whether a loop that has
 * been disturbed waits again already. */
#define EITHER 1

typedef enum { NO, MAYBE, YES } maybe_t;

/* A write by loopchan_write. */
#define UNDECIDED 1
typedef struct {
  uint64_t message;
  int writer;
  int status; /* UNDECIDED, or what its callback must tell */
  bool used;
} request_t;

typedef struct {
  /* As it was opened. */
  bool on_loop, shared, latest;
  size_t capacity;
  unsigned budget_messages;

  uint64_t queue[QUEUE_MOST]; /* accepted, not received: a ring */
  size_t first, count;
  request_t *line[LINE_MOST];
  size_t waiting, reserved, senders;
  bool started, eof_delivered;
  bool shut, closed;
  maybe_t waits; /* rendezvous: for a try_send */
  uint64_t sent, received, dropped;
} model_t;

void model_open(model_t *m, bool on_loop, unsigned flags, size_t capacity,
                unsigned budget_messages);

bool model_by_hand(const model_t *m);
bool model_refuses(const model_t *m);
bool model_ended(const model_t *m); /* nothing more will be accepted */

/* Places free: SIZE_MAX without a bound. */
size_t model_room(const model_t *m);

/* What a send that does not wait answers: 0, UV_EAGAIN, UV_EPIPE, EITHER. */
int model_offer(const model_t *m);

/* A message was accepted. Newest only: nothing may wait. */
void model_accept(model_t *m, uint64_t message);

/* Newest only: takes out the one that waits, if there is one. */
bool model_replace(model_t *m, uint64_t *replaced);

/* Reserving, and giving back by commit or abandon. */
void model_reserve(model_t *m);
void model_give_back(model_t *m);

/* A write stands in line, as far as it has to; one is taken out, if there. */
void model_write(model_t *m, request_t *request);
bool model_has_waiting(const model_t *m, int writer);
void model_cancel(model_t *m, int writer);

/* Whether a receive finds something: 0, UV_EAGAIN, UV_EOF. */
int model_look(const model_t *m);

/* Takes the oldest, which must be there. By rendezvous *pulled is the write
 * that brought it, still undecided; otherwise NULL. */
uint64_t model_take(model_t *m, request_t **pulled);

/* The oldest of a closed channel goes to drop. */
uint64_t model_drop(model_t *m);

/* undisturbed: the loop has nothing more of the channel to do. */
void model_start(model_t *m, bool undisturbed);
void model_stop(model_t *m);
void model_settle(model_t *m);

void model_shutdown(model_t *m);
void model_close(model_t *m);

#endif /* MODEL_H */
