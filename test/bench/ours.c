/* ours: loopchan as a peer of the benchmark. */
#include <loopchan.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench.h"

typedef struct {
  loopchan_receiver_t rx; /* first */
  loopchan_sender_t *tx;  /* that all others are cloned from */
  bench_cb cb;
  void *arg;
} channel_t;

static atomic_size_t bytes_held;

static void *counted_malloc(size_t size) {
  void *block = malloc(size);

  if (block != NULL)
    bytes_held += bench_block_bytes(block);
  return block;
}

static void counted_free(void *block) {
  bytes_held -= bench_block_bytes(block);
  free(block);
}

/* In force in all scenarios: counting costs something per slab, not per
 * message. */
static void count_memory(void) {
  static bool counts;

  if (!counts)
    bench_check(loopchan_replace_allocator(counted_malloc, realloc, calloc,
                                           counted_free) == 0,
                "replace the allocator");
  counts = true;
}

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = (channel_t *) rx;

  bench_check(status == 0, "end of file");
  channel->cb(channel->arg, *(uint64_t *) msg);
}

static void *open_channel(uv_loop_t *loop, size_t capacity, bench_cb cb,
                          void *arg) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = capacity};
  channel_t *channel = malloc(sizeof *channel);

  bench_check(channel != NULL, "memory");
  count_memory();
  channel->cb = cb;
  channel->arg = arg;
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

static void send_message(void *sender, uint64_t message) {
  bench_check(loopchan_send(sender, &message) == 0, "send");
}

static void drop_sender(void *sender) {
  loopchan_sender_drop(sender);
}

static uint64_t recv_message(void *arg) {
  uint64_t message;

  bench_check(loopchan_recv(&((channel_t *) arg)->rx, &message) == 0, "recv");
  return message;
}

static uint64_t wakeups(void *arg) {
  loopchan_stats_t stats;

  bench_check(loopchan_stats(&((channel_t *) arg)->rx, &stats) == 0, "stats");
  return stats.wakeups;
}

/* The only channel there is when this is asked. */
static size_t held(void *channel) {
  return bytes_held + bench_block_bytes(channel);
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

const bench_peer_t bench_loopchan = {"loopchan",   open_channel, add_sender,
                                     send_message, drop_sender,  recv_message,
                                     wakeups,      held,         close_channel};
