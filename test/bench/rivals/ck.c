/* ck: Concurrency Kit's ring, a uv_async_t and one uv_async_send for each
 * message. Senders spin while it is full, at a place less than its size.
 * Followed: ck_ring_enqueue_spsc(3), ck_ring_dequeue_spsc(3), and ck_ring.h for
 * several producers; it has nothing that takes several at once. */
#include <ck_ring.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../bench.h"

struct message_8 {
  uint64_t word[1];
};

struct message_64 {
  uint64_t word[8];
};

struct message_256 {
  uint64_t word[32];
};

struct message_1024 {
  uint64_t word[128];
};

struct message_4096 {
  uint64_t word[512];
};

typedef struct {
  uv_async_t async; /* first */
  ck_ring_t ring;
  bool one_sender;
  void *slots;
  uint64_t wakeups;
  bench_cb cb;
  void *arg;
} channel_t;

static void send_wake(channel_t *channel) {
  /* uv_async_send looks first, with a relaxed read. */
  atomic_thread_fence(memory_order_seq_cst);
  bench_check(uv_async_send(&channel->async) == 0, "async send");
}

/* A ring's functions are made for one type; so are those that use them. */
#define FOR_SIZE(size)                                                        \
  CK_RING_PROTOTYPE(sized_##size, message_##size)                             \
                                                                              \
  static void on_async_##size(uv_async_t *async) {                            \
    channel_t *channel = (channel_t *) async;                                 \
    struct message_##size message;                                            \
                                                                              \
    channel->wakeups++;                                                       \
    while (ck_ring_dequeue_mpsc_sized_##size(&channel->ring, channel->slots,  \
                                             &message))                       \
      channel->cb(channel->arg, &message);                                    \
  }                                                                           \
                                                                              \
  static void send_##size(void *arg, const void *message) {                   \
    channel_t *channel = arg;                                                 \
    struct message_##size copy = *(const struct message_##size *) message;    \
                                                                              \
    while (!(channel->one_sender                                              \
                 ? ck_ring_enqueue_spsc_sized_##size(&channel->ring,          \
                                                     channel->slots, &copy)   \
                 : ck_ring_enqueue_mpsc_sized_##size(&channel->ring,          \
                                                     channel->slots, &copy))) \
      sched_yield();                                                          \
    send_wake(channel);                                                       \
  }

FOR_SIZE(8)
FOR_SIZE(64)
FOR_SIZE(256)
FOR_SIZE(1024)
FOR_SIZE(4096)

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = calloc(1, sizeof *channel);
  uv_async_cb on_async = kind->size == 8      ? on_async_8
                         : kind->size == 64   ? on_async_64
                         : kind->size == 256  ? on_async_256
                         : kind->size == 1024 ? on_async_1024
                                              : on_async_4096;

  bench_check(channel != NULL, "memory");
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  channel->one_sender = kind->senders == 1;
  channel->slots = malloc(kind->capacity * kind->size);
  bench_check(channel->slots != NULL, "memory");
  ck_ring_init(&channel->ring, (unsigned) kind->capacity);
  bench_check(uv_async_init(uv_default_loop(), &channel->async, on_async) == 0,
              "async");
  return channel;
}

static void *add_sender(void *channel) {
  return channel;
}

static void drop_sender(void *sender) {
  (void) sender;
}

static uint64_t wakeups(void *channel) {
  return ((channel_t *) channel)->wakeups;
}

static void on_close(uv_handle_t *handle) {
  free(((channel_t *) handle)->slots);
  free(handle);
}

static void close_channel(void *channel) {
  uv_close(channel, on_close);
}

#define PEER_OF_SIZE(size)                                                 \
  {                                                                        \
    .open = open_channel, .add_sender = add_sender, .send = send_##size,   \
    .drop_sender = drop_sender, .wakeups = wakeups, .close = close_channel \
  }

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peers[] = {PEER_OF_SIZE(8), PEER_OF_SIZE(64),
                                       PEER_OF_SIZE(256), PEER_OF_SIZE(1024),
                                       PEER_OF_SIZE(4096)};

  if (!kind->to_loop || kind->capacity < 4)
    return NULL;
  return &peers[kind->size == 8      ? 0
                : kind->size == 64   ? 1
                : kind->size == 256  ? 2
                : kind->size == 1024 ? 3
                                     : 4];
}
