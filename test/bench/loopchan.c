/* loopchan as a peer of the benchmark. With NO_SPIN it sleeps at once; with
 * MANY senders publish arrays. Followed: examples/guides/performance.md, "What
 * makes it fast" (a sender for each thread; MANY: loopchan_send_many). */
#include <loopchan.h>
#include <stdlib.h>

#include "bench.h"

#define ARRAY 64 /* messages that MANY collects */

typedef struct {
  loopchan_receiver_t rx; /* first */
  loopchan_sender_t *tx;  /* that all others are cloned from; NULL: sealed */
  bool many;              /* receivers */
  bench_cb cb;
  void *arg;
  size_t size;
} channel_t;

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = (channel_t *) rx;

  bench_check(status == 0 || channel->many, "end of file");
  channel->cb(channel->arg, msg);
}

static channel_t *new_channel(const bench_kind_t *kind) {
  channel_t *channel = malloc(sizeof *channel);

  bench_check(channel != NULL, "memory");
  channel->tx = NULL;
  channel->many = kind->sharing > 1;
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  channel->size = kind->size;
  return channel;
}

static void start(channel_t *channel, const uv_loop_t *loop) {
  if (loop != NULL)
    bench_check(loopchan_recv_start(&channel->rx, on_message) == 0, "start");
}

static void *open_channel(const bench_kind_t *kind) {
  loopchan_options_t options = {.msg_size = kind->size,
                                .capacity = kind->capacity};
  uv_loop_t *loop = kind->to_loop ? uv_default_loop() : NULL;
  channel_t *channel = new_channel(kind);

#ifdef NO_SPIN
  options.spin_ns = LOOPCHAN_NO_SPIN;
#endif
  options.flags = (channel->many ? LOOPCHAN_SHARED : 0) |
                  (kind->latest ? LOOPCHAN_LATEST : 0);
  bench_check(loopchan_open(loop, &channel->rx, &channel->tx, &options) == 0,
              "open");
  start(channel, loop);
  return channel;
}

static void *add_receiver(void *arg, uv_loop_t *loop,
                          const bench_kind_t *kind) {
  channel_t *first = arg, *channel = new_channel(kind);

  bench_check(loopchan_receiver_clone(loop, &channel->rx, &first->rx) == 0,
              "clone a receiver");
  start(channel, loop);
  return channel;
}

static void seal(void *arg) {
  channel_t *channel = arg;

  loopchan_sender_drop(channel->tx);
  channel->tx = NULL;
}

static bool recv_message(void *arg, void *message) {
  int err = loopchan_recv(&((channel_t *) arg)->rx, message);

  bench_check(err == 0 || err == UV_EOF, "recv");
  return err == 0;
}

static uint64_t wakeups(void *arg) {
  loopchan_stats_t stats;

  bench_check(loopchan_stats(&((channel_t *) arg)->rx, &stats) == 0, "stats");
  return stats.wakeups;
}

static size_t select_one(void *const *channels, size_t count) {
  int found = loopchan_select((loopchan_receiver_t *const *) channels, count,
                              LOOPCHAN_FOREVER);

  bench_check(found >= 0, "select");
  return (size_t) found;
}

static void on_close(loopchan_receiver_t *rx) {
  free(rx);
}

static void drop_receiver(void *arg) {
  bench_check(loopchan_close(&((channel_t *) arg)->rx, on_close) == 0, "close");
}

static void close_channel(void *arg) {
  channel_t *channel = arg;
  loopchan_stats_t stats;

  seal(channel);
  bench_check(loopchan_stats(&channel->rx, &stats) == 0 &&
                  stats.sent == stats.received + stats.dropped &&
                  stats.queued == 0,
              "the channel's own count");
  drop_receiver(channel);
}

#ifndef MANY
static void *add_sender(void *arg) {
  loopchan_sender_t *tx = loopchan_sender_clone(((channel_t *) arg)->tx);

  bench_check(tx != NULL, "clone");
  return tx;
}

static void send_message(void *sender, const void *message) {
  bench_check(loopchan_send(sender, message) == 0, "send");
}

static void drop_sender(void *sender) {
  loopchan_sender_drop(sender);
}
#else
typedef struct {
  loopchan_sender_t *tx;
  size_t size, count;
  char messages[]; /* that wait for the flush */
} sender_t;

static void *add_sender(void *arg) {
  channel_t *channel = arg;
  sender_t *sender = malloc(sizeof *sender + ARRAY * channel->size);

  bench_check(sender != NULL, "memory");
  sender->tx = loopchan_sender_clone(channel->tx);
  bench_check(sender->tx != NULL, "clone");
  sender->size = channel->size;
  sender->count = 0;
  return sender;
}

static void flush(void *arg) {
  sender_t *sender = arg;

  bench_check(loopchan_send_many(sender->tx, sender->messages, sender->count) ==
                  (ssize_t) sender->count,
              "send");
  sender->count = 0;
}

static void send_message(void *arg, const void *message) {
  sender_t *sender = arg;

  bench_copy(sender->messages + sender->count * sender->size, message,
             sender->size);
  if (++sender->count == ARRAY)
    flush(sender);
}

static void drop_sender(void *arg) {
  loopchan_sender_drop(((sender_t *) arg)->tx);
  free(arg);
}
#endif

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .wakeups = wakeups,
                                    .close = close_channel,
#ifdef MANY
                                    .flush = flush,
#endif
                                    .add_receiver = add_receiver,
                                    .drop_receiver = drop_receiver,
                                    .seal = seal,
                                    .latest = true,
                                    .select = select_one};

  (void) kind;
  return &peer;
}
