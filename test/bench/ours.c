/* ours: loopchan as a peer of the benchmark. */
#include <loopchan.h>
#include <stdlib.h>

#include "peer.h"

typedef struct {
  loopchan_receiver_t rx;
  loopchan_sender_t *first;
  bench_cb cb;
  void *arg;
} channel_t;

/* A block's size lies in front of it. */
typedef union {
  size_t size;
  max_align_t align;
} head_t;

static size_t bytes_out;

/* Counted on one thread only: the scenario of memory runs alone. */
static void *counted_malloc(size_t size) {
  head_t *head = malloc(sizeof *head + size);

  if (head == NULL)
    return NULL;
  head->size = sizeof *head + size;
  __atomic_fetch_add(&bytes_out, head->size, __ATOMIC_RELAXED);
  return head + 1;
}

static void counted_free(void *block) {
  head_t *head = (head_t *) block - 1;

  __atomic_fetch_sub(&bytes_out, head->size, __ATOMIC_RELAXED);
  free(head);
}

static size_t memory(void) {
  static bool counts;

  if (!counts)
    bench_check(loopchan_replace_allocator(counted_malloc, realloc, calloc,
                                           counted_free) == 0,
                "replace the allocator");
  counts = true;
  return bytes_out;
}

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = (channel_t *) rx;

  if (status == 0)
    channel->cb(channel->arg, *(uint64_t *) msg);
}

static void *open_channel(uv_loop_t *loop, bench_cb cb, void *arg) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t)};
  channel_t *channel = malloc(sizeof *channel);

  bench_check(channel != NULL, "memory");
  channel->cb = cb;
  channel->arg = arg;
  bench_check(loopchan_open(loop, &channel->rx, &channel->first, &options) == 0,
              "open");
  if (loop != NULL)
    bench_check(loopchan_recv_start(&channel->rx, on_message) == 0, "start");
  return channel;
}

static void *add_sender(void *arg) {
  loopchan_sender_t *tx = loopchan_sender_clone(((channel_t *) arg)->first);

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

static void on_close(loopchan_receiver_t *rx) {
  free(rx);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  loopchan_sender_drop(channel->first);
  bench_check(loopchan_close(&channel->rx, on_close) == 0, "close");
}

const bench_peer_t bench_ours = {"loopchan",   open_channel,  add_sender,
                                 send_message, drop_sender,   recv_message,
                                 wakeups,      close_channel, memory};
