/* writer: the sending half on a loop.
 *
 * Knows:   libuv's handle, the wait queue. It never waits.
 * Threads: the loop's; completions come from any.
 * Promise: each request accepted is called back once, in the order of writing,
 *          and all of them before the writer's own close callback.
 *
 * A request waits in the wait queue like a blocked send. Its node comes from
 * the writer's own slab; as the requests are granted in order, the slab's
 * retire link goes with its last node. Where nothing is pushed, on a rendezvous
 * channel and when the channel is closed, each request has a slab for itself,
 * to be used again.
 */
#include "api/writer.h"

#include <limits.h>

#include "base/alloc.h"
#include "base/mark.h"
#include "wait/budget.h"
#include "core/replace.h"

/* What loopchan_writer_t.state says, in a mark. Closed: from the close on,
 * before its callback too. */
enum { LC_WRITER_OPEN = 1, LC_WRITER_CLOSED };

struct lc_writer {
  lc_member_t member;
  loopchan_writer_t *w;
  loopchan_sender_t *tx;
  lc_loop_t *loop;
  lc_completions_t completions;
  lc_queue_t completed;         /* drained, not called back yet */
  lc_slab_t *slab;              /* with room, or NULL */
  size_t bytes;                 /* of the next slab to be made */
  lc_queue_t cancelled;         /* by the close */
  loopchan_writer_cb closed_cb; /* called when the receiver is gone */
  loopchan_writer_cb close_cb;
  uv_close_cb handle_close_cb;
};

/* The contents of loopchan_write_t.reserved. */
typedef struct {
  lc_waiter_t waiter;
  loopchan_write_cb cb;
  lc_slab_t *slab; /* that goes with the node: its last one, or its only one */
  bool alone;      /* its only one */
} lc_request_t;

static_assert(sizeof(lc_request_t) <= sizeof((loopchan_write_t *) 0)->reserved,
              "a request fits");
static_assert(offsetof(loopchan_writer_t, async) == 0, "a writer is a handle");

static lc_channel_t *channel_of(const struct lc_writer *writer) {
  return writer->tx->channel;
}

static bool has_state(const loopchan_writer_t *w, unsigned state) {
  return w->state == lc_mark(w, state);
}

/* While it was open. */
static bool writer_was_moved(const loopchan_writer_t *w) {
  bool was_moved = lc_mark_is_not_from(w->state, w, LC_WRITER_OPEN);

  lc_expect(!was_moved,
            "the writer was moved while it was open, or was not zeroed");
  return was_moved;
}

static void expect_writers_handle(const loopchan_writer_t *w) {
  lc_expect(!uv_is_closing((const uv_handle_t *) &w->async),
            "uv_close was called on the writer, not loopchan_writer_close");
  (void) w;
}

static bool writer_is_open(const loopchan_writer_t *w) {
  if (w == NULL)
    return false;
  if (!has_state(w, LC_WRITER_OPEN)) {
    (void) writer_was_moved(w);
    return false;
  }
  expect_writers_handle(w);
  lc_loop_note_call(w->writer->loop);
  return true;
}

static bool can_write(const loopchan_writer_t *w, const void *msg) {
  return writer_is_open(w) &&
         (msg != NULL || channel_of(w->writer)->config.msg_size == 0);
}

/* Frees the node of a request, and a slab that went with it. */
static void put_back(lc_channel_t *channel, lc_request_t *request) {
  lc_slab_t *slab = request->slab;

  if (request->alone) {
    lc_slab_undo_alloc(slab);
    lc_tx_put_slab(channel, slab);
  } else if (slab != NULL && request->waiter.result != 0) {
    lc_tx_retire_slab(channel, slab);
  }
}

/* The private part, without what comes with the handle. NULL: out of memory. */
static struct lc_writer *new_writer(uv_loop_t *loop) {
  struct lc_writer *writer = lc_malloc(sizeof *writer);

  if (writer == NULL)
    return NULL;
  memset(writer, 0, sizeof *writer);
  lc_queue_init(&writer->completed);
  lc_queue_init(&writer->cancelled);
  writer->bytes = LC_SLAB_LEAST;
  writer->loop = lc_loop_attach(loop);
  if (writer->loop == NULL) {
    lc_free(writer);
    return NULL;
  }
  return writer;
}

static void free_writer(struct lc_writer *writer) {
  lc_loop_detach(writer->loop);
  lc_free(writer);
}

/* The user may use the request's memory again in the callback. */
static void call_back(struct lc_writer *writer, lc_request_t *at) {
  loopchan_write_t *req = lc_container(at, loopchan_write_t, reserved);
  lc_channel_t *channel = channel_of(writer);
  lc_request_t request = *at;
  lc_waiter_t *waiter = &request.waiter;

  req->msg = waiter->result == 0
                 ? NULL
                 : lc_node_message(&channel->pool, waiter->oldest);
  request.cb(req, waiter->result);
  put_back(channel, &request);
}

/* Calls back what has been drained, while there is time. True: all of it, and
 * there is time left. */
static bool call_all_back(struct lc_writer *writer, lc_budget_t *budget) {
  while (!lc_queue_is_empty(&writer->completed)) {
    lc_queue_t *oldest = writer->completed.next;
    lc_queue_remove(oldest);
    call_back(writer, lc_container(oldest, lc_request_t, waiter.queue));
    if (lc_budget_is_spent(budget))
      return false;
  }
  return true;
}

static bool has_called_all_back(const struct lc_writer *writer) {
  return lc_queue_is_empty(&writer->completed) &&
         lc_queue_is_empty(&writer->cancelled);
}

static void on_writer_closed(uv_handle_t *handle) {
  loopchan_writer_t *w = (loopchan_writer_t *) handle;
  struct lc_writer *writer = w->writer;
  loopchan_writer_cb close_cb = writer->close_cb;
  uv_close_cb handle_close_cb = writer->handle_close_cb;

  lc_assert(has_called_all_back(writer));
  lc_loop_note_callback(writer->loop);
  if (writer->slab != NULL)
    lc_tx_put_slab(channel_of(writer), writer->slab);
  lc_completions_destroy(&writer->completions);
  lc_called("loopchan_writer_close");
  lc_tx_drop_sender(writer->tx);
  free_writer(writer);
  w->writer = NULL;
  if (close_cb != NULL)
    close_cb(w);
  if (handle_close_cb != NULL)
    handle_close_cb(handle);
}

/* On a rendezvous channel a receiver may just have a message: its completion
 * will come. The last one's wake is held before this can be false. */
static bool writer_has_outstanding(struct lc_writer *writer) {
  return lc_waitq_has_outstanding(&channel_of(writer)->waitq,
                                  &writer->completions);
}

/* All are called back, and the writer does not watch any more: so no more wakes
 * are held. A thread may still be about to signal one. */
static void finish_close(loopchan_writer_t *w) {
  lc_wake_leave(&w->writer->completions.wake);
  lc_loop_leave(&w->writer->member);
  uv_close((uv_handle_t *) &w->async, on_writer_closed);
}

/* Closed: after the last completion, calls back the writes that the close has
 * cancelled, then closes the handle. True: there is more to do in the next
 * turn. */
static bool go_on_closing(struct lc_writer *writer, lc_budget_t *budget) {
  if (writer_has_outstanding(writer))
    return false;
  lc_queue_append_all(&writer->completed, &writer->cancelled);
  if (!call_all_back(writer, budget))
    return true;
  finish_close(writer->w);
  return false;
}

static void report_closed(struct lc_writer *writer, lc_budget_t *budget) {
  loopchan_writer_cb cb = writer->closed_cb;

  if (cb == NULL || !lc_inbox_is_closed(&channel_of(writer)->inbox))
    return;
  writer->closed_cb = NULL;
  cb(writer->w);
  lc_budget_look_soon(budget);
}

/* First what an earlier turn left over, then what was completed up to now: the
 * wake for these and the one for the left-over may have been merged. What is
 * completed from here on has a wake, and a turn, of its own. */
static bool call_back_in_turn(struct lc_writer *writer, lc_budget_t *budget) {
  loopchan_writer_t *w = writer->w;

  if (!call_all_back(writer, budget))
    return true;
  lc_waitq_drain(&channel_of(writer)->waitq, &writer->completions,
                 &writer->completed);
  if (!call_all_back(writer, budget))
    return true;
  if (has_state(w, LC_WRITER_OPEN))
    report_closed(writer, budget);
  if (has_state(w, LC_WRITER_CLOSED) && writer->member.open)
    return go_on_closing(writer, budget);
  return false;
}

static bool serve_writer(lc_member_t *member) {
  struct lc_writer *writer = lc_container(member, struct lc_writer, member);
  lc_budget_t budget;
  bool more;

  lc_budget_begin(&budget, member, UINT_MAX);
  more = call_back_in_turn(writer, &budget);
  lc_budget_end(&budget, writer->loop);
  return more;
}

static void on_writer_async(uv_async_t *async) {
  loopchan_writer_t *w = (loopchan_writer_t *) async;

  /* A thread that signals this wake has had the wait queue's lock before, which
   * is taken here too: so no load of `pending` is older than this callback. */
  lc_loop_serve(&w->writer->member);
}

static bool is_in_use(const loopchan_writer_t *w) {
  if (!LC_MARKS_LAST)
    return false;
  if (!has_state(w, LC_WRITER_OPEN))
    return has_state(w, LC_WRITER_CLOSED) && w->writer != NULL;
  expect_writers_handle(w);
  return true;
}

int loopchan_writer_open(uv_loop_t *loop, loopchan_writer_t *w,
                         loopchan_sender_t *tx) {
  struct lc_writer *writer;
  int err;

  lc_called(__func__);
  if (loop == NULL || w == NULL || tx == NULL)
    return UV_EINVAL;
  lc_sender_expect_alive(tx);
  if (tx->is_writers || is_in_use(w))
    return UV_EBUSY;
  writer = new_writer(loop);
  if (writer == NULL)
    return UV_ENOMEM;
  err = uv_async_init(loop, &w->async, on_writer_async);
  if (err != 0) {
    free_writer(writer);
    return err;
  }
  lc_completions_init_async(&writer->completions, &w->async);
  lc_loop_note_call(writer->loop);
  lc_loop_enter(writer->loop, &writer->member, &writer->completions.wake,
                tx->channel->config.budget_ns, serve_writer);
  writer->w = w;
  writer->tx = tx;
  w->writer = writer;
  w->state = lc_mark(w, LC_WRITER_OPEN);
  tx->is_writers = true;
  lc_waitq_watch(&tx->channel->waitq, &writer->completions);
  return 0;
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
    lc_slab_pool_spent(&channel->pool, slab->bytes);
    writer->slab = NULL;
    request->slab = slab;
  }
  return 0;
}

/* A node for a request, and the slab that goes with it, if one does. */
static int alloc_node(struct lc_writer *writer, lc_request_t *request) {
  lc_channel_t *channel = channel_of(writer);
  lc_waiter_t *waiter = &request->waiter;
  int err = channel->config.flavour >= LC_RENDEZVOUS ||
                    lc_inbox_is_closed(&channel->inbox)
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

/* LC_LATEST: nothing waits. drop is called last, because it may write too, and
 * that write is then called back after this one. */
static void write_latest(struct lc_writer *writer, lc_request_t *request) {
  loopchan_sender_t *tx = writer->tx;
  lc_tx_cache_t temporary, *cache = lc_tx_cache_of(tx, &temporary);
  lc_link_t *replaced = NULL;
  int err = lc_replace_put(tx, cache, request->waiter.oldest, &replaced);

  if (err == 0) {
    request->slab = NULL;
    request->alone = false;
  }
  lc_waitq_enqueue_completed(&tx->channel->waitq, &request->waiter, err);
  lc_replace_drop(tx, cache, replaced);
  lc_tx_cache_return(tx, cache);
}

int loopchan_write(loopchan_write_t *req, loopchan_writer_t *w, const void *msg,
                   loopchan_write_cb cb) {
  lc_request_t *request;
  lc_channel_t *channel;
  int err;

  lc_called(__func__);
  if (req == NULL || !can_write(w, msg) || cb == NULL)
    return UV_EINVAL;
  channel = channel_of(w->writer);
  request = (lc_request_t *) (void *) req->reserved;
  memset(request, 0, sizeof *request);
  err = alloc_node(w->writer, request);
  if (err != 0)
    return err;
  lc_tx_fill(channel, request->waiter.oldest, msg);
  request->cb = cb;
  request->waiter.completions = &w->writer->completions;
  request->waiter.escalated = true;
  if (channel->config.flavour == LC_LATEST)
    write_latest(w->writer, request);
  else
    lc_channel_settle(channel,
                      lc_waitq_enqueue(&channel->waitq, &request->waiter));
  return 0;
}

int loopchan_try_write(loopchan_writer_t *w, const void *msg) {
  lc_called(__func__);
  /* Like any other, it overtakes no send that waits. */
  return can_write(w, msg) ? loopchan_try_send(w->writer->tx, msg) : UV_EINVAL;
}

int loopchan_writer_on_closed(loopchan_writer_t *w, loopchan_writer_cb cb) {
  lc_called(__func__);
  if (!writer_is_open(w))
    return UV_EINVAL;
  w->writer->closed_cb = cb;
  if (cb != NULL && lc_inbox_is_closed(&channel_of(w->writer)->inbox))
    lc_wake_self(&w->writer->completions.wake);
  return 0;
}

int lc_writer_close(loopchan_writer_t *w, loopchan_writer_cb cb,
                    uv_close_cb handle_cb) {
  if (w == NULL || w->state == 0 || writer_was_moved(w))
    return UV_EINVAL;
  if (!writer_is_open(w))
    return UV_EALREADY;
  w->state = lc_mark(w, LC_WRITER_CLOSED);
  w->writer->close_cb = cb;
  w->writer->handle_close_cb = handle_cb;
  lc_waitq_unwatch(&channel_of(w->writer)->waitq, &w->writer->completions,
                   &w->writer->cancelled);
  if (has_called_all_back(w->writer) && !writer_has_outstanding(w->writer)) {
    finish_close(w);
    return 0;
  }
  /* Like a closing handle, it keeps the loop running until all is called
   * back. */
  uv_ref((uv_handle_t *) &w->async);
  lc_wake_self(&w->writer->completions.wake);
  return 0;
}

int loopchan_writer_close(loopchan_writer_t *w, loopchan_writer_cb cb) {
  lc_called(__func__);
  return lc_writer_close(w, cb, NULL);
}

loopchan_writer_t *lc_writer_from_handle(uv_handle_t *handle) {
  uv_async_t *async = (uv_async_t *) handle;

  if (handle->type != UV_ASYNC || async->async_cb != on_writer_async)
    return NULL;
  return (loopchan_writer_t *) async;
}
