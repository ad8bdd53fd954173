/* world: what one single run has: channels, their models, writers, two loops.
 *
 * An operation names its objects by slots. If there is none in its slot, or it
 * would wait without end, it does nothing: so a sequence stays meaningful when
 * some of it is left out.
 */
#ifndef WORLD_H
#define WORLD_H

#include <loopchan.h>

#include "fuzz.h"
#include "model.h"

#define CHANNELS 3
#define SENDERS 3  /* of a channel */
#define PLACES 2   /* reserved, of a channel */
#define WRITERS 2  /* of all */
#define CLONES 3   /* of all receivers */
#define REQUESTS 4 /* of a writer */
#define LOOPS 2
#define SIZE_MOST 1000

typedef struct {
  void *at;
  uint64_t message;
  int sender;
} place_t;

/* Messages that are being sent: first, first + 1, ... On a channel of the
 * newest message drop is called inside the send, and makes other calls: so once
 * it is called, they count as accepted. */
typedef struct offer {
  uint64_t first, replaced;
  size_t count, dropped; /* so far, of what replaced and count say */
  bool accepted, replaces;
  int sender; /* in use; -1: a writer's */
  struct offer *outer;
} offer_t;

typedef struct {
  bool opened, gone; /* gone: after the close callback */
  int loop;          /* -1: a thread receiver */
  size_t size;
  unsigned appetite; /* operations that a callback does */
  model_t m;
  loopchan_receiver_t rx;
  loopchan_sender_t *tx[SENDERS];
  place_t places[PLACES];
  size_t senders_at_close;
  bool cloned;    /* it has had other receivers */
  bool left;      /* rx is closed, and the channel is not: others are open */
  bool tight;     /* has a budget of time */
  bool closes;    /* inside loopchan_close */
  offer_t *offer; /* the innermost */

  /* The turn of the loop that runs, or ran last. */
  bool was_started, was_ended, was_closing, touched, got_eof;
  size_t calls, was_there;
  size_t starved; /* such turns in which it was not called, one on the other */

  /* The select whose array began here. */
  size_t select_n, select_found;
  int selected[CHANNELS];
} channel_t;

typedef struct {
  loopchan_write_t req;
  request_t m;
  int due; /* decided before the turn */
} write_t;

typedef enum { W_NEVER, W_OPEN, W_CLOSING, W_CLOSED } writer_state_t;

typedef struct {
  writer_state_t state;
  int loop;
  channel_t *channel;
  loopchan_writer_t w;
  bool armed;  /* waits to be told that the receiver is gone */
  bool due;    /* to be told in this turn */
  int closing; /* turns so far */
  write_t writes[REQUESTS];
  write_t *order[REQUESTS]; /* not called back, oldest first */
  size_t count;
} writer_t;

/* Another receiver of a channel, beside its rx. */
typedef struct {
  bool opened, closed, gone;
  bool started, eof_delivered;
  int loop; /* -1: a thread receiver */
  channel_t *channel;
  loopchan_receiver_t rx;
  bool was_closing; /* before this turn */
  size_t calls;     /* in it */
} clone_t;

extern struct world {
  const op_t *ops;
  size_t next, count;
  uint64_t last_message;
  int turning;  /* the loop that runs; -1: none */
  int depth;    /* of callbacks */
  size_t fails; /* that allocation of the next call; 0: none */
  bool quiet;   /* callbacks make no calls */
  bool tight;   /* channels may have a budget of time */
  bool was_tight[LOOPS];
  size_t most_members[LOOPS]; /* receivers and writers there at a time */
  uv_loop_t loops[LOOPS];
  channel_t channels[CHANNELS];
  writer_t writers[WRITERS];
  clone_t clones[CLONES];
} world;

static inline channel_t *channel_of(const op_t *op) {
  channel_t *channel = &world.channels[op->where % CHANNELS];

  channel->touched = true;
  return channel;
}

static inline int index_of(const channel_t *channel) {
  return (int) (channel - world.channels);
}

/* Its own receiver. */
static inline int is_open(const channel_t *channel) {
  return channel->opened && !channel->m.closed && !channel->left;
}

static inline bool clone_is_open(const clone_t *clone) {
  return clone->opened && !clone->closed;
}

/* Receivers that are open, and those that have not been called back as closed.
 */
size_t clones_open(const channel_t *channel);
bool has_clones(const channel_t *channel);

/* The last receiver is closed: around the call. */
void channel_begin_close(channel_t *channel);
void channel_end_close(channel_t *channel);

/* Takes the oldest; bytes must be it. */
void channel_take(channel_t *channel, const void *bytes);

/* Whether the time of its turns may be cut short, now or since one was. */
bool loop_is_tight(int loop);

/* A callback does what its channel's appetite says. */
void world_feed(const channel_t *channel);

/* Around a call that may allocate: what op_no_memory has ordered fails there.
 */
void memory_arm(void);
bool memory_ran_out(void);

/* The bytes of a message, by its number; and whether these are they. */
void message_fill(uint64_t message, void *bytes, size_t size);
void message_expect(uint64_t message, const void *bytes, size_t size);

/* Around a send. The end: it sent that many. */
void offer_begin(offer_t *offer, channel_t *channel, int sender, uint64_t first,
                 size_t count);
void offer_end(offer_t *offer, channel_t *channel, size_t sent);

void op_open(const op_t *op);
void op_clone(const op_t *op);
void op_drop(const op_t *op);
void op_send(const op_t *op);
void op_try_send(const op_t *op);
void op_send_timeout(const op_t *op);
void op_send_many(const op_t *op);
void op_reserve(const op_t *op);
void op_commit(const op_t *op);
void op_abandon(const op_t *op);
void op_is_closed(const op_t *op);

void op_start(const op_t *op);
void op_stop(const op_t *op);
void op_try_recv(const op_t *op);
void op_recv(const op_t *op);
void op_recv_timeout(const op_t *op);
void op_recv_many(const op_t *op);
void op_select(const op_t *op);
void op_shutdown(const op_t *op);
void op_close(const op_t *op);
void op_stats(const op_t *op);

void op_receiver_clone(const op_t *op);
void op_clone_start(const op_t *op);
void op_clone_stop(const op_t *op);
void op_clone_receive(const op_t *op);
void op_clone_shutdown(const op_t *op);
void op_clone_close(const op_t *op);
void op_clone_stats(const op_t *op);

void op_writer_open(const op_t *op);
void op_write(const op_t *op);
void op_try_write(const op_t *op);
void op_on_closed(const op_t *op);
void op_writer_close(const op_t *op);

/* Figures of a channel that is not closed. */
void channel_expect_stats(const channel_t *channel,
                          const loopchan_stats_t *stats);

void clone_begin_turn(clone_t *clone);
void clone_end_turn(const clone_t *clone);
void channel_begin_turn(channel_t *channel);
void channel_end_turn(channel_t *channel);
void writer_begin_turn(writer_t *writer);
void writer_end_turn(writer_t *writer);

#endif /* WORLD_H */
