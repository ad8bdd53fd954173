/* crowd: one game of several threads: its channels, who sends, who receives.
 *
 *   producers   only send. On a thread they may wait without end; on a loop
 *               they have writers.
 *   consumers   own channels: loop receivers, thread receivers, or one shared
 *               by several, which may have clones of it, on loops or not. While
 *               they hold senders, their waits have an end; then they drop
 *               these and receive until the end.
 *
 * So an actor that waits without end waits for one that does not: a game that
 * hangs has found a bug.
 */
#ifndef CROWD_H
#define CROWD_H

#include <loopchan.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fuzz.h"

#define CHANNELS 4
#define PRODUCERS 4
#define CONSUMERS 2
#define OWNED 2 /* channels of a consumer, at most */
#define HANDS 3 /* threads of a shared receiver, at most */
#define STREAMS ((PRODUCERS + CONSUMERS) * CHANNELS)
#define MESSAGES 256 /* of a stream */
#define SIZE_MOST 200
#define RECEIVES (STREAMS * MESSAGES)

typedef struct {
  uint32_t stream, number;
  uint32_t more; /* of the same send_many, behind this one */
  uint32_t padding;
} message_t;

/* Which actor sends to which channel, and what became of each message. */
typedef struct {
  uint32_t index;
  int channel;
  loopchan_sender_t *tx; /* NULL: none, or given up */
  atomic_int *users;     /* streams that share tx; NULL: this one alone */
  uint32_t next;         /* number */
  bool refused;          /* by UV_EPIPE: that stays */
  bool accepted[MESSAGES];
  uint64_t begun_ns[MESSAGES], returned_ns[MESSAGES];
  atomic_int received[MESSAGES], dropped[MESSAGES];
} stream_t;

typedef enum { ON_LOOP, ON_THREAD, SHARED } flavour_t;

/* What one thread received from one channel, in order; then what it dropped. */
typedef struct {
  size_t count;
  message_t *messages; /* RECEIVES of them */
} log_t;

/* A receiver of a channel: a hand's own, or the owner's. */
typedef struct {
  loopchan_receiver_t *rx; /* the channel's, or a clone */
  bool open, started;
  int ends;
} end_t;

typedef struct {
  int index;
  flavour_t flavour;
  bool latest;
  size_t capacity, size;
  loopchan_receiver_t rx;
  loopchan_receiver_t clones[HANDS];
  atomic_int receivers; /* open */
  end_t ends_of[HANDS];
  /* Of what is accepted and not received, all that is known for certain. */
  atomic_int accepted, received, in_hand;
  atomic_int ending, ended; /* refusing has begun; is done */
  log_t logs[HANDS];
  int end_after, taken; /* the owner's */
} channel_t;

typedef struct {
  uint64_t stream; /* of choices */
  unsigned actor;
  int index;
  flavour_t flavour;
  uv_thread_t thread;
  uv_loop_t loop;
  stream_t *streams[CHANNELS]; /* NULL: does not send there */
  channel_t *owned[OWNED];     /* consumers */
  int owned_count, hand;
} actor_t;

extern struct game {
  channel_t channels[CHANNELS];
  stream_t streams[STREAMS];
  int channel_count;
  atomic_int users[CHANNELS]; /* of the senders that are shared */
} game;

/* Whether a thread that sends may be told so. */
void expect_send_result(const stream_t *stream, bool was_ended, bool may_wait,
                        int err);

/* Makes the next count messages of a stream; returns the first's number. */
uint32_t make_messages(stream_t *stream, void *bytes, uint32_t count);

/* One of them was accepted. */
void note_accepted(stream_t *stream, uint32_t number);

/* Sends once; the wait has an end. */
void send_briefly(stream_t *stream, uint64_t *choices);

void produce_on_thread(void *actor);
void produce_on_loop(void *actor);
void consume_on_loop(void *actor);
void consume_on_thread(void *actor);
void consume_shared(void *actor);

/* The drop function of every channel; arg is the channel. */
void crowd_drop(void *msg, void *arg);

void give_up_senders(actor_t *actor);

#endif /* CROWD_H */
