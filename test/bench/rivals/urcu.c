/* urcu: liburcu's wait-free queue, malloc'd nodes, a uv_async_t and one
 * uv_async_send for each message. The receiver takes all at once. Followed:
 * urcu/wfcqueue.h, and doc/examples/wfcqueue/cds_wfcq_splice.c of liburcu. */
#include <stdatomic.h>
#include <stdlib.h>
#include <urcu/wfcqueue.h>

#include "../bench.h"

typedef struct {
  struct cds_wfcq_node node; /* first */
  uint64_t message[];
} item_t;

typedef struct {
  uv_async_t async; /* first */
  struct cds_wfcq_tail tail;
  struct __cds_wfcq_head head;
  size_t size;
  uint64_t wakeups;
  bench_cb cb;
  void *arg;
} channel_t;

static void on_async(uv_async_t *async) {
  channel_t *channel = (channel_t *) async;
  struct __cds_wfcq_head head;
  struct cds_wfcq_tail tail;
  struct cds_wfcq_node *node, *next;

  channel->wakeups++;
  __cds_wfcq_init(&head, &tail);
  __cds_wfcq_splice_blocking(&head, &tail, &channel->head, &channel->tail);
  __cds_wfcq_for_each_blocking_safe(&head, &tail, node, next) {
    channel->cb(channel->arg, ((item_t *) node)->message);
    free(node);
  }
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = calloc(1, sizeof *channel);

  bench_check(channel != NULL, "memory");
  channel->size = kind->size;
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  __cds_wfcq_init(&channel->head, &channel->tail);
  bench_check(uv_async_init(uv_default_loop(), &channel->async, on_async) == 0,
              "async");
  return channel;
}

static void *add_sender(void *channel) {
  return channel;
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  item_t *item = malloc(sizeof *item + channel->size);

  bench_check(item != NULL, "memory");
  cds_wfcq_node_init(&item->node);
  bench_copy(item->message, message, channel->size);
  cds_wfcq_enqueue(&channel->head, &channel->tail, &item->node);
  /* uv_async_send looks first, with a relaxed read. */
  atomic_thread_fence(memory_order_seq_cst);
  bench_check(uv_async_send(&channel->async) == 0, "async send");
}

static void drop_sender(void *sender) {
  (void) sender;
}

static uint64_t wakeups(void *channel) {
  return ((channel_t *) channel)->wakeups;
}

static void on_close(uv_handle_t *handle) {
  free(handle);
}

static void close_channel(void *channel) {
  uv_close(channel, on_close);
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .wakeups = wakeups,
                                    .close = close_channel};

  return kind->to_loop && kind->capacity == 0 ? &peer : NULL;
}
