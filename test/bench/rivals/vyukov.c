/* vyukov: Dmitry Vyukov's intrusive queue of many producers, malloc'd nodes, a
 * uv_async_t and one uv_async_send for each message. Followed: 1024cores.net,
 * "Lockfree Algorithms", "Queues", "Intrusive MPSC node-based queue". */
#include <stdatomic.h>
#include <stdlib.h>

#include "../bench.h"

typedef struct item {
  _Atomic(struct item *) next;
  uint64_t message[];
} item_t;

typedef struct {
  uv_async_t async; /* first */
  _Atomic(item_t *) newest;
  item_t *oldest; /* received already: its next one is to come */
  size_t size;
  uint64_t wakeups;
  bench_cb cb;
  void *arg;
} channel_t;

static item_t *new_item(size_t size) {
  item_t *item = malloc(sizeof *item + size);

  bench_check(item != NULL, "memory");
  atomic_init(&item->next, NULL);
  return item;
}

/* A sender between its two steps hides what comes after it; its own
 * uv_async_send follows. */
static void on_async(uv_async_t *async) {
  channel_t *channel = (channel_t *) async;
  item_t *next;

  channel->wakeups++;
  while ((next = atomic_load_explicit(&channel->oldest->next,
                                      memory_order_acquire)) != NULL) {
    free(channel->oldest);
    channel->oldest = next;
    channel->cb(channel->arg, next->message);
  }
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = calloc(1, sizeof *channel);

  bench_check(channel != NULL, "memory");
  channel->size = kind->size;
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  channel->oldest = new_item(kind->size);
  atomic_init(&channel->newest, channel->oldest);
  bench_check(uv_async_init(uv_default_loop(), &channel->async, on_async) == 0,
              "async");
  return channel;
}

static void *add_sender(void *channel) {
  return channel;
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  item_t *item = new_item(channel->size), *before;

  bench_copy(item->message, message, channel->size);
  before =
      atomic_exchange_explicit(&channel->newest, item, memory_order_acq_rel);
  atomic_store_explicit(&before->next, item, memory_order_release);
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
  channel_t *channel = (channel_t *) handle;

  free(channel->oldest);
  free(channel);
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
