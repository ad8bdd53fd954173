/* writer: the sending half on a loop.
 *
 * Knows:   libuv's handle, the line. It never waits.
 * Threads: the loop's; answers come from any.
 * Promise: each request accepted is called back once, in the order of writing,
 *          and all of them before the writer's own close callback.
 *
 * A request stands in line like a waiting send. Its node comes from the
 * writer's own slab, which nobody else carves from; as the requests are served
 * in order, the slab's retire link goes with its last node. Where nothing is
 * pushed, by hand and when the channel is closed, each request has a slab for
 * itself, to be used again.
 */
#include "api/writer.h"

#include "base/alloc.h"
#include "core/replace.h"

/* Closed: from the close on, before its callback too. */
enum { LC_WRITER_OPEN = 1, LC_WRITER_CLOSED };

struct lc_writer {
  loopchan_sender_t *tx;
  lc_completions_t completions;
  lc_slab_t *slab;              /* with room, or NULL */
  size_t bytes;                 /* of the next slab to be made */
  lc_waiter_t *cancelled;       /* by the close */
  loopchan_writer_cb closed_cb; /* to be told that the receiver is gone */
  loopchan_writer_cb close_cb;
  uv_close_cb handle_close_cb;
};

/* What lies in loopchan_write_t.reserved. */
typedef struct {
  lc_waiter_t waiter; /* first */
  loopchan_write_t *req;
  loopchan_write_cb cb;
  lc_slab_t *slab; /* that goes with the node: its last one, or its only one */
  bool alone;      /* its only one */
} lc_request_t;

static_assert(sizeof(lc_request_t) <= sizeof((loopchan_write_t *) 0)->reserved,
              "a request fits");

static lc_channel_t *channel_of(const struct lc_writer *writer) {
  return writer->tx->channel;
}

static bool writer_is_open(const loopchan_writer_t *w) {
  if (w == NULL || w->state != LC_WRITER_OPEN)
    return false;
  /* Fails after a plain uv_close on a writer. */
  lc_assert(!uv_is_closing((const uv_handle_t *) &w->async));
  return true;
}

static bool can_write(const loopchan_writer_t *w, const void *msg) {
  return writer_is_open(w) &&
         (msg != NULL || channel_of(w->writer)->msg_size == 0);
}

/* The node of a request is free, and a slab that went with it. */
static void put_back(lc_channel_t *channel, lc_request_t *request) {
  lc_slab_t *slab = request->slab;

  if (request->alone) {
    lc_slab_undo_alloc(slab);
    lc_tx_put_slab(channel, slab);
  } else if (slab != NULL && request->waiter.result != 0) {
    lc_tx_retire_slab(channel, slab);
  }
}

static void call_back(struct lc_writer *writer, lc_waiter_t *waiter) {
  lc_request_t request = *(lc_request_t *) waiter;
  lc_channel_t *channel = channel_of(writer);
  int result = waiter->result;

  request.req->msg =
      result == 0 ? NULL
                  : lc_node_message(&channel->pool, request.waiter.oldest);
  request.cb(request.req, result);
  put_back(channel, &request);
}

static void call_all_back(struct lc_writer *writer, lc_waiter_t *waiter) {
  while (waiter != NULL) {
    lc_waiter_t *next = waiter->next;
    call_back(writer, waiter);
    waiter = next;
  }
}

/* What has been answered so far; what is answered meanwhile has its own turn.
 */
static void call_completed_back(struct lc_writer *writer) {
  lc_waitq_t *waitq = &channel_of(writer)->waitq;

  call_all_back(writer, lc_waitq_drain(waitq, &writer->completions));
}

static void on_writer_closed(uv_handle_t *handle) {
  loopchan_writer_t *w = (loopchan_writer_t *) handle;
  struct lc_writer *writer = w->writer;
  loopchan_writer_cb close_cb = writer->close_cb;
  uv_close_cb handle_close_cb = writer->handle_close_cb;

  call_completed_back(writer);
  call_all_back(writer, writer->cancelled);
  if (writer->slab != NULL)
    lc_tx_put_slab(channel_of(writer), writer->slab);
  lc_completions_destroy(&writer->completions);
  loopchan_sender_drop(writer->tx);
  lc_free(writer);
  w->writer = NULL;
  if (close_cb != NULL)
    close_cb(w);
  if (handle_close_cb != NULL)
    handle_close_cb(handle);
}

/* By hand a message may just be in the receiver's hands: its answer comes. The
 * last one's wake was paid before it can be seen that none is owed. */
static void finish_close(loopchan_writer_t *w) {
  if (lc_waitq_has_outstanding(&channel_of(w->writer)->waitq,
                               &w->writer->completions))
    return;
  uv_close((uv_handle_t *) &w->async, on_writer_closed);
}

static void on_writer_async(uv_async_t *async) {
  loopchan_writer_t *w = (loopchan_writer_t *) async;
  struct lc_writer *writer = w->writer;

  /* No lc_wake_callback_fence: who pays this wake holds the line's mutex, which
   * is taken here too. */
  call_completed_back(writer);
  if (w->state == LC_WRITER_OPEN && writer->closed_cb != NULL &&
      lc_inbox_is_closed(&channel_of(writer)->inbox)) {
    loopchan_writer_cb cb = writer->closed_cb;
    writer->closed_cb = NULL;
    cb(w);
  }
  if (w->state == LC_WRITER_CLOSED && !uv_is_closing((uv_handle_t *) async))
    finish_close(w);
}

int loopchan_writer_open(uv_loop_t *loop, loopchan_writer_t *w,
                         loopchan_sender_t *tx) {
  struct lc_writer *writer;
  int err;

  if (loop == NULL || w == NULL || tx == NULL)
    return UV_EINVAL;
  writer = lc_malloc(sizeof *writer);
  if (writer == NULL)
    return UV_ENOMEM;
  memset(writer, 0, sizeof *writer);
  err = lc_completions_init(&writer->completions, &w->async);
  if (err != 0)
    goto no_answers;
  err = uv_async_init(loop, &w->async, on_writer_async);
  if (err != 0)
    goto no_async;
  writer->tx = tx;
  writer->bytes = LC_SLAB_LEAST;
  w->writer = writer;
  w->state = LC_WRITER_OPEN;
  lc_waitq_watch(&tx->channel->waitq, &writer->completions);
  return 0;

no_async:
  lc_completions_destroy(&writer->completions);
no_answers:
  lc_free(writer);
  return err;
}

static int alloc_alone(lc_channel_t *channel, lc_request_t *request) {
  size_t one_node = 0;
  lc_slab_t *slab = lc_slab_pool_get(&channel->pool, &one_node);

  if (slab == NULL)
    return UV_ENOMEM;
  request->slab = slab;
  request->alone = true;
  request->waiter.oldest = lc_slab_alloc_node(&channel->pool, slab);
  return 0;
}

static int alloc_in_order(struct lc_writer *writer, lc_request_t *request) {
  lc_channel_t *channel = channel_of(writer);
  lc_slab_t *slab = writer->slab;

  if (slab == NULL)
    slab = lc_slab_pool_get(&channel->pool, &writer->bytes);
  if (slab == NULL)
    return UV_ENOMEM;
  request->waiter.oldest = lc_slab_alloc_node(&channel->pool, slab);
  writer->slab = slab;
  if (lc_slab_is_full(slab)) {
    writer->slab = NULL;
    request->slab = slab;
  }
  return 0;
}

/* A node for a request, and the slab that goes with it, if one does. */
static int alloc_node(struct lc_writer *writer, lc_request_t *request) {
  lc_channel_t *channel = channel_of(writer);
  lc_waiter_t *waiter = &request->waiter;
  int err =
      channel->flavour >= LC_RENDEZVOUS || lc_inbox_is_closed(&channel->inbox)
          ? alloc_alone(channel, request)
          : alloc_in_order(writer, request);

  if (err != 0)
    return err;
  lc_link_init(waiter->oldest, 0);
  waiter->newest = waiter->oldest;
  if (request->slab != NULL && !request->alone) {
    lc_link_to_older(&request->slab->retire, waiter->oldest);
    waiter->newest = &request->slab->retire;
  }
  return 0;
}

/* Newest message only: nothing waits. What drop does comes last: it may write
 * too, and is answered behind this one. */
static void write_newest(struct lc_writer *writer, lc_request_t *request) {
  loopchan_sender_t *tx = writer->tx;
  lc_tx_cache_t passing, *cache = lc_tx_cache_of(tx, &passing);
  lc_link_t *replaced = NULL;
  int err = lc_replace_put(tx, cache, request->waiter.oldest, &replaced);

  if (err == 0) {
    request->slab = NULL;
    request->alone = false;
  }
  lc_waitq_enqueue_completed(&tx->channel->waitq, &request->waiter, err);
  lc_replace_drop(tx, cache, replaced);
  if (cache == &passing)
    lc_tx_flush(tx, cache);
}

int loopchan_write(loopchan_write_t *req, loopchan_writer_t *w, const void *msg,
                   loopchan_write_cb cb) {
  lc_request_t *request;
  lc_channel_t *channel;
  int err;

  if (req == NULL || !can_write(w, msg) || cb == NULL)
    return UV_EINVAL;
  channel = channel_of(w->writer);
  request = (lc_request_t *) (void *) req->reserved;
  memset(request, 0, sizeof *request);
  err = alloc_node(w->writer, request);
  if (err != 0)
    return err;
  lc_tx_fill(channel, request->waiter.oldest, msg);
  request->req = req;
  request->cb = cb;
  request->waiter.completions = &w->writer->completions;
  request->waiter.escalated = true;
  if (channel->flavour == LC_LATEST)
    write_newest(w->writer, request);
  else if (lc_waitq_enqueue(&channel->waitq, &request->waiter))
    lc_channel_settle(channel);
  return 0;
}

int loopchan_try_write(loopchan_writer_t *w, const void *msg) {
  /* Like any other, it overtakes nobody who stands in line. */
  return can_write(w, msg) ? loopchan_try_send(w->writer->tx, msg) : UV_EINVAL;
}

int loopchan_writer_on_closed(loopchan_writer_t *w, loopchan_writer_cb cb) {
  if (!writer_is_open(w))
    return UV_EINVAL;
  w->writer->closed_cb = cb;
  if (cb != NULL && lc_inbox_is_closed(&channel_of(w->writer)->inbox))
    lc_wake_self(&w->writer->completions.wake);
  return 0;
}

int lc_writer_close(loopchan_writer_t *w, loopchan_writer_cb cb,
                    uv_close_cb handle_cb) {
  if (w == NULL || w->state == 0)
    return UV_EINVAL;
  if (!writer_is_open(w))
    return UV_EALREADY;
  w->state = LC_WRITER_CLOSED;
  w->writer->close_cb = cb;
  w->writer->handle_close_cb = handle_cb;
  w->writer->cancelled =
      lc_waitq_unwatch(&channel_of(w->writer)->waitq, &w->writer->completions);
  finish_close(w);
  return 0;
}

int loopchan_writer_close(loopchan_writer_t *w, loopchan_writer_cb cb) {
  return lc_writer_close(w, cb, NULL);
}

loopchan_writer_t *lc_writer_from_handle(uv_handle_t *handle) {
  uv_async_t *async = (uv_async_t *) handle;

  if (handle->type != UV_ASYNC || async->async_cb != on_writer_async)
    return NULL;
  return (loopchan_writer_t *) async;
}
