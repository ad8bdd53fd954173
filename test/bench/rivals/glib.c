/* glib: to a loop, a GSource of its own over a GAsyncQueue, with INVOKE a
 * g_main_context_invoke for each message; to a thread, the GAsyncQueue. The
 * receiver takes what is there under one lock. Followed: GLib's reference, "The
 * Main Event Loop" and GSource ("new types of event sources": prepare, check,
 * dispatch), g_main_context_wakeup, and GAsyncQueue (g_async_queue_lock to take
 * several). */
#include <glib.h>
#include <stdlib.h>

#include "../bench.h"

typedef struct {
  bench_kind_t kind;
  GAsyncQueue *queue; /* NULL: invoke */
  GSource *source;    /* of a loop */
  GQueue taken;       /* of a thread */
} channel_t;

typedef struct {
  GSource source; /* first */
  channel_t *channel;
} source_t;

typedef struct {
  channel_t *to;
  uint64_t message[];
} item_t;

static GMainLoop *loop;

static gboolean is_ready(GSource *source) {
  return g_async_queue_length(((source_t *) source)->channel->queue) > 0;
}

static gboolean prepare(GSource *source, gint *timeout) {
  *timeout = -1;
  return is_ready(source);
}

/* Takes what is there, and waits for the first one if told to. */
static void take_all(channel_t *channel, gboolean waits, GQueue *taken) {
  item_t *item;

  g_async_queue_lock(channel->queue);
  item = waits ? g_async_queue_pop_unlocked(channel->queue)
               : g_async_queue_try_pop_unlocked(channel->queue);
  while (item != NULL) {
    g_queue_push_tail(taken, item);
    item = g_async_queue_try_pop_unlocked(channel->queue);
  }
  g_async_queue_unlock(channel->queue);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data) {
  channel_t *channel = ((source_t *) source)->channel;
  GQueue taken = G_QUEUE_INIT;
  item_t *item;

  (void) callback;
  (void) data;
  take_all(channel, FALSE, &taken);
  while ((item = g_queue_pop_head(&taken)) != NULL) {
    channel->kind.cb(channel->kind.arg, item->message);
    g_free(item);
  }
  return G_SOURCE_CONTINUE;
}

static void open_on_loop(channel_t *channel) {
  static GSourceFuncs funcs = {
      .prepare = prepare, .check = is_ready, .dispatch = dispatch};

  if (loop == NULL) {
    loop = g_main_loop_new(NULL, FALSE);
    /* Or another thread that invokes might call back itself. */
    bench_check(g_main_context_acquire(NULL), "acquire");
  }
  if (channel->queue == NULL)
    return;
  channel->source = g_source_new(&funcs, sizeof(source_t));
  ((source_t *) channel->source)->channel = channel;
  g_source_attach(channel->source, NULL);
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = g_new0(channel_t, 1);

  channel->kind = *kind;
#ifndef INVOKE
  channel->queue = g_async_queue_new();
#endif
  if (kind->to_loop)
    open_on_loop(channel);
  return channel;
}

static void *add_sender(void *channel) {
  return channel;
}

static gboolean on_item(gpointer data) {
  item_t *item = data;
  const bench_kind_t *kind = &item->to->kind;

  kind->cb(kind->arg, item->message);
  g_free(item);
  return G_SOURCE_REMOVE;
}

/* g_main_context_invoke calls at once on the loop's own thread; this is what it
 * does on all others. */
static void invoke_later(item_t *item) {
  GSource *source = g_idle_source_new();

  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(source, on_item, item, NULL);
  g_source_attach(source, NULL);
  g_source_unref(source);
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  item_t *item = g_malloc(sizeof *item + channel->kind.size);

  item->to = channel;
  bench_copy(item->message, message, channel->kind.size);
  if (channel->queue == NULL) {
    if (g_main_context_is_owner(NULL))
      invoke_later(item);
    else
      g_main_context_invoke(NULL, on_item, item);
    return;
  }
  g_async_queue_push(channel->queue, item);
  if (channel->kind.to_loop)
    g_main_context_wakeup(NULL);
}

static void drop_sender(void *sender) {
  (void) sender;
}

static bool recv_message(void *arg, void *message) {
  channel_t *channel = arg;
  item_t *item;

  if (g_queue_is_empty(&channel->taken))
    take_all(channel, TRUE, &channel->taken);
  item = g_queue_pop_head(&channel->taken);
  bench_copy(message, item->message, channel->kind.size);
  g_free(item);
  return true;
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

  if (channel->source != NULL) {
    g_source_destroy(channel->source);
    g_source_unref(channel->source);
  }
  if (channel->queue != NULL)
    g_async_queue_unref(channel->queue);
  g_free(channel);
}

static void run(void) {
  g_main_loop_run(loop);
}

static void stop(void) {
  g_main_loop_quit(loop);
}

static void settle(void) {
}

static gboolean on_timeout(gpointer data) {
  void (**cb)(void) = data;

  (*cb)();
  return G_SOURCE_REMOVE;
}

static void after_ms(void (*cb)(void)) {
  static void (*kept)(void);

  kept = cb;
  g_timeout_add(1, on_timeout, &kept);
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .recv = recv_message,
                                    .close = close_channel,
                                    .run = run,
                                    .stop = stop,
                                    .settle = settle,
                                    .after_ms = after_ms};

#ifdef INVOKE
  if (!kind->to_loop)
    return NULL;
#endif
  return kind->capacity == 0 ? &peer : NULL;
}
