/* ordered_floor: the limit for several senders whose messages have one order;
 * not a channel. Each sender has its nodes prepared, of 16 bytes; it publishes
 * one by a single compare-and-swap, with 16 pauses after a lost one. The
 * receiver takes all at once, turns them round and walks them. It polls, and
 * nothing is ever freed, bounded or ended. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../bench.h"

#define LINE 128 /* bytes that caches may take at once */
#define PAUSES 16

typedef struct node {
  struct node *next;
  uint64_t message;
} node_t;

typedef struct {
  uv_idle_t poll; /* first */
  bench_kind_t kind;
  node_t *taken; /* the receiver's, oldest first */
  _Alignas(LINE) _Atomic(node_t *) newest;
  char gap[LINE];
} channel_t;

typedef struct {
  channel_t *to;
  size_t used, count;
  node_t nodes[];
} sender_t;

static void pause_once(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* All that is there, oldest first. */
static node_t *take_all(channel_t *channel) {
  node_t *node, *oldest = NULL;

  if (atomic_load_explicit(&channel->newest, memory_order_relaxed) == NULL)
    return NULL;
  node = atomic_exchange_explicit(&channel->newest, NULL, memory_order_acquire);
  while (node != NULL) {
    node_t *before = node->next;
    node->next = oldest;
    oldest = node;
    node = before;
  }
  return oldest;
}

static void on_idle(uv_idle_t *poll) {
  channel_t *channel = (channel_t *) poll;
  const node_t *node = take_all(channel);

  for (; node != NULL; node = node->next)
    channel->kind.cb(channel->kind.arg, &node->message);
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = aligned_alloc(LINE, sizeof *channel);

  bench_check(channel != NULL, "memory");
  memset(channel, 0, sizeof *channel);
  channel->kind = *kind;
  if (kind->to_loop) {
    bench_check(uv_idle_init(uv_default_loop(), &channel->poll) == 0, "idle");
    bench_check(uv_idle_start(&channel->poll, on_idle) == 0, "idle");
  }
  return channel;
}

/* The pages are touched, so that none is new to the kernel later. */
static void *add_sender(void *channel) {
  const bench_kind_t *kind = &((channel_t *) channel)->kind;
  size_t count = (size_t) kind->messages / kind->senders + 1;
  sender_t *sender = malloc(sizeof *sender + count * sizeof *sender->nodes);

  bench_check(sender != NULL, "memory");
  memset(sender->nodes, 1, count * sizeof *sender->nodes);
  sender->to = channel;
  sender->used = 0;
  sender->count = count;
  return sender;
}

static void send_message(void *arg, const void *message) {
  sender_t *sender = arg;
  node_t *node = &sender->nodes[sender->used++];
  _Atomic(node_t *) *newest = &sender->to->newest;
  int i;

  bench_check(sender->used <= sender->count, "more messages than prepared");
  memcpy(&node->message, message, sizeof node->message);
  node->next = atomic_load_explicit(newest, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(
      newest, &node->next, node, memory_order_release, memory_order_relaxed)) {
    for (i = 0; i < PAUSES; i++)
      pause_once();
    node->next = atomic_load_explicit(newest, memory_order_relaxed);
  }
}

static void drop_sender(void *sender) {
  free(sender);
}

static bool recv_message(void *arg, void *message) {
  channel_t *channel = arg;

  while (channel->taken == NULL)
    channel->taken = take_all(channel);
  memcpy(message, &channel->taken->message, sizeof channel->taken->message);
  channel->taken = channel->taken->next;
  return true;
}

static void on_close(uv_handle_t *handle) {
  free(handle);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  if (channel->kind.to_loop)
    uv_close((uv_handle_t *) &channel->poll, on_close);
  else
    free(channel);
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .close = close_channel};

  return kind->capacity == 0 && kind->size == 8 ? &peer : NULL;
}
