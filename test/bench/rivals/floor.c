/* floor: the limit for one sender, not a channel. A ring with cached indices
 * (each side looks at the other's index only when its copy says full or empty)
 * that both sides poll: neither ever sleeps. An unbounded one has SLOTS. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../bench.h"

#define SLOTS 65536
#define LINE 64 /* bytes of a cache line */

typedef struct {
  uv_idle_t poll; /* first */
  bench_kind_t kind;
  size_t slots, mask;
  char *bytes;
  uv_thread_t receiver;
  /* The sender's line, then the receiver's: what it has done, and what it last
   * saw of the other. */
  _Alignas(LINE) atomic_size_t sent;
  size_t seen_received;
  _Alignas(LINE) atomic_size_t received;
  size_t seen_sent;
} channel_t;

/* The next message; NULL: there is none. */
static const void *peek(channel_t *channel) {
  size_t i = atomic_load_explicit(&channel->received, memory_order_relaxed);

  if (i == channel->seen_sent) {
    channel->seen_sent =
        atomic_load_explicit(&channel->sent, memory_order_acquire);
    if (i == channel->seen_sent)
      return NULL;
  }
  return channel->bytes + (i & channel->mask) * channel->kind.size;
}

static void pop(channel_t *channel) {
  size_t i = atomic_load_explicit(&channel->received, memory_order_relaxed);

  atomic_store_explicit(&channel->received, i + 1, memory_order_release);
}

static void on_idle(uv_idle_t *poll) {
  channel_t *channel = (channel_t *) poll;
  const void *message;

  while ((message = peek(channel)) != NULL) {
    channel->kind.cb(channel->kind.arg, message);
    pop(channel);
  }
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = aligned_alloc(LINE, sizeof *channel);

  bench_check(channel != NULL, "memory");
  memset(channel, 0, sizeof *channel);
  channel->kind = *kind;
  channel->slots = kind->capacity == 0 ? SLOTS : kind->capacity;
  channel->mask = channel->slots - 1;
  channel->bytes = malloc(channel->slots * kind->size);
  channel->receiver = uv_thread_self();
  bench_check(channel->bytes != NULL, "memory");
  if (kind->to_loop) {
    bench_check(uv_idle_init(uv_default_loop(), &channel->poll) == 0, "idle");
    bench_check(uv_idle_start(&channel->poll, on_idle) == 0, "idle");
  }
  return channel;
}

static void *add_sender(void *channel) {
  return channel;
}

/* A thread that sends to itself would never end. */
static void wait_for_room(channel_t *channel, size_t i) {
  uv_thread_t self = uv_thread_self();

  if (uv_thread_equal(&self, &channel->receiver))
    exit(BENCH_LACKS);
  while (i - channel->seen_received == channel->slots) {
    sched_yield();
    channel->seen_received =
        atomic_load_explicit(&channel->received, memory_order_acquire);
  }
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  size_t i = atomic_load_explicit(&channel->sent, memory_order_relaxed);

  if (i - channel->seen_received == channel->slots) {
    channel->seen_received =
        atomic_load_explicit(&channel->received, memory_order_acquire);
    if (i - channel->seen_received == channel->slots)
      wait_for_room(channel, i);
  }
  bench_copy(channel->bytes + (i & channel->mask) * channel->kind.size, message,
             channel->kind.size);
  atomic_store_explicit(&channel->sent, i + 1, memory_order_release);
}

static void drop_sender(void *sender) {
  (void) sender;
}

static bool recv_message(void *arg, void *message) {
  channel_t *channel = arg;
  const void *next;

  while ((next = peek(channel)) == NULL) {
  }
  bench_copy(message, next, channel->kind.size);
  pop(channel);
  return true;
}

static void on_close(uv_handle_t *handle) {
  free(((channel_t *) handle)->bytes);
  free(handle);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  if (channel->kind.to_loop)
    uv_close((uv_handle_t *) &channel->poll, on_close);
  else
    on_close((uv_handle_t *) channel);
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .close = close_channel};

  return kind->senders == 1 ? &peer : NULL;
}
