/* loopchan as a peer of the benchmark. With NO_SPIN it sleeps at once. */
#include <loopchan.h>
#include <stdlib.h>

#include "bench.h"

typedef struct {
  loopchan_receiver_t rx; /* first */
  loopchan_sender_t *tx;  /* that all others are cloned from */
  bench_cb cb;
  void *arg;
} channel_t;

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = (channel_t *) rx;

  bench_check(status == 0, "end of file");
  channel->cb(channel->arg, msg);
}

static void *open_channel(const bench_kind_t *kind) {
  loopchan_options_t options = {.msg_size = kind->size,
                                .capacity = kind->capacity};
  uv_loop_t *loop = kind->to_loop ? uv_default_loop() : NULL;
  channel_t *channel = malloc(sizeof *channel);

  bench_check(channel != NULL, "memory");
#ifdef NO_SPIN
  options.spin_ns = LOOPCHAN_NO_SPIN;
#endif
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  bench_check(loopchan_open(loop, &channel->rx, &channel->tx, &options) == 0,
              "open");
  if (loop != NULL)
    bench_check(loopchan_recv_start(&channel->rx, on_message) == 0, "start");
  return channel;
}

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

static void recv_message(void *arg, void *message) {
  bench_check(loopchan_recv(&((channel_t *) arg)->rx, message) == 0, "recv");
}

static uint64_t wakeups(void *arg) {
  loopchan_stats_t stats;

  bench_check(loopchan_stats(&((channel_t *) arg)->rx, &stats) == 0, "stats");
  return stats.wakeups;
}

static void on_close(loopchan_receiver_t *rx) {
  free(rx);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;
  loopchan_stats_t stats;

  loopchan_sender_drop(channel->tx);
  bench_check(loopchan_stats(&channel->rx, &stats) == 0 &&
                  stats.sent == stats.received && stats.queued == 0,
              "the channel's own count");
  bench_check(loopchan_close(&channel->rx, on_close) == 0, "close");
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .wakeups = wakeups,
                                    .close = close_channel};

  (void) kind;
  return &peer;
}
