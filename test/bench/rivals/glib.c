/* glib: to a loop, g_main_context_invoke; to a thread, GAsyncQueue. */
#include <glib.h>
#include <stdlib.h>

#include "../bench.h"

typedef struct {
  bench_kind_t kind;
  GAsyncQueue *queue; /* of a thread */
} channel_t;

typedef struct {
  channel_t *to;
  uint64_t message[];
} item_t;

static GMainLoop *loop;

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = g_new0(channel_t, 1);

  channel->kind = *kind;
  if (kind->to_loop && loop == NULL) {
    loop = g_main_loop_new(NULL, FALSE);
    /* Or another thread that invokes might call back itself. */
    bench_check(g_main_context_acquire(NULL), "acquire");
  }
  if (!kind->to_loop)
    channel->queue = g_async_queue_new();
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
  if (!channel->kind.to_loop)
    g_async_queue_push(channel->queue, item);
  else if (g_main_context_is_owner(NULL))
    invoke_later(item);
  else
    g_main_context_invoke(NULL, on_item, item);
}

static void drop_sender(void *sender) {
  (void) sender;
}

static void recv_message(void *arg, void *message) {
  channel_t *channel = arg;
  item_t *item = g_async_queue_pop(channel->queue);

  bench_copy(message, item->message, channel->kind.size);
  g_free(item);
}

static void close_channel(void *arg) {
  channel_t *channel = arg;

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

  return kind->capacity == 0 ? &peer : NULL;
}
