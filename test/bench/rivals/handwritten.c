/* handwritten: what a libuv program with threads writes for itself: a mutex, a
 * malloc'd list, a uv_async_t and one uv_async_send for each message; for a
 * thread, a condition variable; with a bound, another one. The receiver takes
 * the whole list at once, which makes room for as many again: more than an
 * exact bound would. */
#include <stdlib.h>

#include "../bench.h"

typedef struct item {
  struct item *next;
  uint64_t message[];
} item_t;

typedef struct {
  uv_async_t async; /* first */
  bool has_loop;
  uv_mutex_t mutex;
  uv_cond_t cond, room;
  size_t size, capacity, count; /* capacity 0: unbounded; count: in the list */
  item_t *first, **end;         /* under the mutex */
  item_t *taken;                /* the receiving thread's */
  uint64_t wakeups;             /* the receiver's */
  bench_cb cb;
  void *arg;
} channel_t;

static item_t *take_all(channel_t *channel) {
  item_t *first = channel->first;

  channel->first = NULL;
  channel->end = &channel->first;
  if (channel->capacity != 0 && channel->count >= channel->capacity)
    uv_cond_broadcast(&channel->room);
  channel->count = 0;
  return first;
}

static void on_async(uv_async_t *async) {
  channel_t *channel = (channel_t *) async;
  item_t *item;

  channel->wakeups++;
  uv_mutex_lock(&channel->mutex);
  item = take_all(channel);
  uv_mutex_unlock(&channel->mutex);
  while (item != NULL) {
    item_t *next = item->next;
    channel->cb(channel->arg, item->message);
    free(item);
    item = next;
  }
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = calloc(1, sizeof *channel);

  bench_check(channel != NULL, "memory");
  channel->cb = kind->cb;
  channel->arg = kind->arg;
  channel->size = kind->size;
  channel->capacity = kind->capacity;
  channel->has_loop = kind->to_loop;
  channel->end = &channel->first;
  bench_check(uv_mutex_init(&channel->mutex) == 0, "mutex");
  bench_check(uv_cond_init(&channel->cond) == 0, "cond");
  bench_check(uv_cond_init(&channel->room) == 0, "cond");
  if (kind->to_loop)
    bench_check(
        uv_async_init(uv_default_loop(), &channel->async, on_async) == 0,
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
  item->next = NULL;
  bench_copy(item->message, message, channel->size);
  uv_mutex_lock(&channel->mutex);
  while (channel->capacity != 0 && channel->count >= channel->capacity)
    uv_cond_wait(&channel->room, &channel->mutex);
  channel->count++;
  *channel->end = item;
  channel->end = &item->next;
  uv_mutex_unlock(&channel->mutex);
  if (channel->has_loop)
    bench_check(uv_async_send(&channel->async) == 0, "async send");
  else
    uv_cond_signal(&channel->cond);
}

static void drop_sender(void *sender) {
  (void) sender;
}

static void recv_message(void *arg, void *message) {
  channel_t *channel = arg;
  item_t *item = channel->taken;

  if (item == NULL) {
    uv_mutex_lock(&channel->mutex);
    while (channel->first == NULL) {
      uv_cond_wait(&channel->cond, &channel->mutex);
      channel->wakeups++;
    }
    item = take_all(channel);
    uv_mutex_unlock(&channel->mutex);
  }
  channel->taken = item->next;
  bench_copy(message, item->message, channel->size);
  free(item);
}

static uint64_t wakeups(void *channel) {
  return ((channel_t *) channel)->wakeups;
}

static void on_close(uv_handle_t *handle) {
  channel_t *channel = (channel_t *) handle;

  uv_cond_destroy(&channel->room);
  uv_cond_destroy(&channel->cond);
  uv_mutex_destroy(&channel->mutex);
  free(channel);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  bench_check(channel->first == NULL && channel->taken == NULL, "a remainder");
  if (channel->has_loop)
    uv_close((uv_handle_t *) &channel->async, on_close);
  else
    on_close((uv_handle_t *) channel);
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
