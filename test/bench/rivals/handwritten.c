/* handwritten: what a libuv program with threads writes for itself: a mutex, a
 * malloc'd list, a uv_async_t and one uv_async_send for each message; for a
 * thread, a condition variable; with a bound, another one. The receiver takes
 * the whole list at once, which makes room for as many again: more than an
 * exact bound would. Several receivers share the list, each loop has a
 * uv_async_t, and the senders wake them in turn. The latest message has one
 * place. Followed: libuv's guide, "Threads", "Inter-thread communication":
 * sends coalesce, so the data needs a list under a mutex. */
#include <stdlib.h>

#include "../bench.h"

typedef struct item {
  struct item *next;
  uint64_t message[];
} item_t;

typedef struct channel {
  uv_async_t async; /* first */
  struct channel *first_receiver,
      *next_receiver; /* the last one's: the first */
  bool has_loop, ended;
  item_t *taken;    /* the receiving thread's */
  uint64_t wakeups; /* the receiver's */
  bench_cb cb;
  void *arg;
  /* The rest is the first receiver's, under its mutex. */
  uv_mutex_t mutex;
  uv_cond_t cond, room;
  size_t size, capacity, count; /* capacity 0: unbounded; count: in the list */
  item_t *first, **end;
  struct channel *next_woken;
  size_t senders;
  bool sealed, latest, full;
  void *slot; /* the latest message, if full */
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

static void deliver_latest(channel_t *channel) {
  bench_message_t message;
  bool full;

  uv_mutex_lock(&channel->mutex);
  full = channel->full;
  if (full)
    bench_copy(&message, channel->slot, channel->size);
  channel->full = false;
  uv_mutex_unlock(&channel->mutex);
  if (full)
    channel->cb(channel->arg, &message);
}

/* Under the mutex: whether nothing more comes. */
static bool has_ended(const channel_t *channel) {
  return channel->sealed && channel->senders == 0;
}

static void deliver_all(channel_t *receiver) {
  channel_t *channel = receiver->first_receiver;
  item_t *item;
  bool ended;

  uv_mutex_lock(&channel->mutex);
  item = take_all(channel);
  ended = has_ended(channel);
  uv_mutex_unlock(&channel->mutex);
  while (item != NULL) {
    item_t *next = item->next;
    receiver->cb(receiver->arg, item->message);
    free(item);
    item = next;
  }
  if (ended && !receiver->ended) {
    receiver->ended = true;
    receiver->cb(receiver->arg, NULL);
  }
}

static void on_async(uv_async_t *async) {
  channel_t *receiver = (channel_t *) async;

  receiver->wakeups++;
  if (receiver->latest)
    deliver_latest(receiver);
  else
    deliver_all(receiver);
}

static channel_t *new_receiver(const bench_kind_t *kind, uv_loop_t *loop) {
  channel_t *receiver = calloc(1, sizeof *receiver);

  bench_check(receiver != NULL, "memory");
  receiver->cb = kind->cb;
  receiver->arg = kind->arg;
  receiver->has_loop = kind->to_loop;
  if (kind->to_loop)
    bench_check(uv_async_init(loop, &receiver->async, on_async) == 0, "async");
  return receiver;
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = new_receiver(kind, uv_default_loop());

  channel->first_receiver = channel;
  channel->size = kind->size;
  channel->capacity = kind->latest ? 0 : kind->capacity;
  channel->latest = kind->latest;
  channel->end = &channel->first;
  channel->next_receiver = channel->next_woken = channel;
  channel->slot = kind->latest ? malloc(kind->size) : NULL;
  bench_check(channel->slot != NULL || !kind->latest, "memory");
  bench_check(uv_mutex_init(&channel->mutex) == 0, "mutex");
  bench_check(uv_cond_init(&channel->cond) == 0, "cond");
  bench_check(uv_cond_init(&channel->room) == 0, "cond");
  return channel;
}

static void *add_receiver(void *arg, uv_loop_t *loop,
                          const bench_kind_t *kind) {
  channel_t *channel = arg, *receiver = new_receiver(kind, loop);

  receiver->first_receiver = channel;
  uv_mutex_lock(&channel->mutex);
  receiver->next_receiver = channel->next_receiver;
  channel->next_receiver = receiver;
  uv_mutex_unlock(&channel->mutex);
  return receiver;
}

static void *add_sender(void *arg) {
  channel_t *channel = arg;

  channel->senders++;
  return channel;
}

static void seal(void *arg) {
  channel_t *channel = arg;

  uv_mutex_lock(&channel->mutex);
  channel->sealed = true;
  uv_mutex_unlock(&channel->mutex);
}

/* Under the mutex: which loop to wake. */
static uv_async_t *next_loop(channel_t *channel) {
  channel->next_woken = channel->next_woken->next_receiver;
  return &channel->next_woken->async;
}

static void wake(channel_t *channel, uv_async_t *loop) {
  if (channel->has_loop)
    bench_check(uv_async_send(loop) == 0, "async send");
  else
    uv_cond_signal(&channel->cond);
}

static void replace(channel_t *channel, const void *message) {
  bool was_full;

  uv_mutex_lock(&channel->mutex);
  bench_copy(channel->slot, message, channel->size);
  was_full = channel->full;
  channel->full = true;
  uv_mutex_unlock(&channel->mutex);
  if (!was_full)
    wake(channel, &channel->async);
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  uv_async_t *loop;
  item_t *item;

  if (channel->latest) {
    replace(channel, message);
    return;
  }
  item = malloc(sizeof *item + channel->size);
  bench_check(item != NULL, "memory");
  item->next = NULL;
  bench_copy(item->message, message, channel->size);
  uv_mutex_lock(&channel->mutex);
  while (channel->capacity != 0 && channel->count >= channel->capacity)
    uv_cond_wait(&channel->room, &channel->mutex);
  channel->count++;
  *channel->end = item;
  channel->end = &item->next;
  loop = next_loop(channel);
  uv_mutex_unlock(&channel->mutex);
  wake(channel, loop);
}

/* After the last one, several receivers get the end. */
static void drop_sender(void *arg) {
  channel_t *channel = arg, *receiver = channel;

  uv_mutex_lock(&channel->mutex);
  channel->senders--;
  if (has_ended(channel)) {
    uv_cond_broadcast(&channel->cond);
    do {
      receiver = receiver->next_receiver;
      if (channel->has_loop)
        wake(channel, &receiver->async);
    } while (receiver != channel);
  }
  uv_mutex_unlock(&channel->mutex);
}

static bool recv_latest(channel_t *channel, void *message) {
  uv_mutex_lock(&channel->mutex);
  while (!channel->full)
    uv_cond_wait(&channel->cond, &channel->mutex);
  bench_copy(message, channel->slot, channel->size);
  channel->full = false;
  uv_mutex_unlock(&channel->mutex);
  return true;
}

static bool recv_message(void *arg, void *message) {
  channel_t *receiver = arg, *channel = receiver->first_receiver;
  item_t *item = receiver->taken;

  if (channel->latest)
    return recv_latest(channel, message);
  if (item == NULL) {
    uv_mutex_lock(&channel->mutex);
    while (channel->first == NULL && !has_ended(channel)) {
      uv_cond_wait(&channel->cond, &channel->mutex);
      receiver->wakeups++;
    }
    item = take_all(channel);
    uv_mutex_unlock(&channel->mutex);
    if (item == NULL)
      return false;
  }
  receiver->taken = item->next;
  bench_copy(message, item->message, channel->size);
  free(item);
  return true;
}

static uint64_t wakeups(void *channel) {
  return ((channel_t *) channel)->wakeups;
}

static void free_channel(uv_handle_t *handle) {
  channel_t *channel = (channel_t *) handle;

  if (channel->first_receiver == channel) {
    uv_cond_destroy(&channel->room);
    uv_cond_destroy(&channel->cond);
    uv_mutex_destroy(&channel->mutex);
    free(channel->slot);
  }
  free(channel);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  bench_check(channel->first == NULL && channel->taken == NULL, "a remainder");
  if (channel->has_loop)
    uv_close((uv_handle_t *) &channel->async, free_channel);
  else
    free_channel((uv_handle_t *) channel);
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .wakeups = wakeups,
                                    .close = close_channel,
                                    .add_receiver = add_receiver,
                                    .drop_receiver = close_channel,
                                    .seal = seal,
                                    .latest = true};

  (void) kind;
  return &peer;
}
