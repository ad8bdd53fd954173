/* receiver: what both kinds of receivers have in common.
 *
 * Knows:   the core, and which kind a receiver is.
 * Threads: the receiver's.
 * Promise: a channel is made whole or not at all; after close every message
 *          accepted has been received or dropped.
 */
#include "receiver.h"

#include "shared.h"

static bool is_shared(const loopchan_options_t *options) {
  return (options->flags & LOOPCHAN_SHARED) != 0;
}

/* What a receiver needs beside the core and its first sender. */
static int furnish(uv_loop_t *loop, loopchan_receiver_t *rx,
                   lc_channel_t *channel, bool shared) {
  if (loop != NULL)
    return lc_loop_open(loop, rx, channel);
  if (shared) {
    int err = lc_shared_new(&channel->shared);
    if (err != 0)
      return err;
  }
  rx->async.loop = NULL;
  rx->async.type = UV_UNKNOWN_HANDLE;
  return 0;
}

int loopchan_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                  loopchan_sender_t **tx, const loopchan_options_t *options) {
  lc_channel_t *channel;
  loopchan_sender_t *first;
  int err;

  if (rx == NULL || tx == NULL || options == NULL ||
      (options->flags & ~LOOPCHAN_SHARED) != 0 ||
      (is_shared(options) && loop != NULL))
    return UV_EINVAL;
  err = lc_channel_new(&channel, loop != NULL ? &rx->async : NULL, options);
  if (err != 0)
    return err;
  first = lc_channel_add_sender(channel);
  if (first == NULL) {
    lc_channel_leave(channel);
    return UV_ENOMEM;
  }
  err = furnish(loop, rx, channel, is_shared(options));
  if (err != 0) {
    loopchan_sender_drop(first);
    lc_channel_leave(channel);
    return err;
  }
  rx->channel = channel;
  rx->shared = is_shared(options);
  lc_gate_init(lc_gate_of(rx));
  rx->state = LC_OPEN;
  *tx = first;
  return 0;
}

int lc_receiver_take(lc_channel_t *channel, void *msg) {
  lc_link_t *node = lc_channel_next(channel);

  if (node == NULL && !channel->ended)
    return UV_EAGAIN;
  if (node == NULL) {
    lc_trace(eof, channel, NULL);
    return UV_EOF;
  }
  lc_trace(deliver, channel, node);
  lc_copy(msg, lc_node_message(&channel->rack, node), channel->msg_size);
  channel->received++;
  lc_channel_answer(channel, lc_channel_pulled(channel));
  return 0;
}

int loopchan_try_recv(loopchan_receiver_t *rx, void *msg) {
  lc_visit_t visit;
  int err = lc_receiver_enter(rx, &visit);

  if (err != 0)
    return err;
  err = UV_EINVAL;
  if (msg != NULL || visit.channel->msg_size == 0)
    err = lc_receiver_take(visit.channel, msg);
  lc_receiver_exit(rx, &visit);
  return err;
}

/* A shared receiver may have a thread asleep while another one ends it. */
static void refuse(lc_channel_t *channel) {
  if (lc_channel_refuse(channel) && channel->shared != NULL)
    lc_channel_pay(channel);
}

int loopchan_shutdown(loopchan_receiver_t *rx) {
  lc_visit_t visit;
  int err = UV_EALREADY;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &visit) != 0)
    return UV_EALREADY;
  if (!lc_inbox_is_closed(&visit.channel->inbox)) {
    lc_trace(shutdown, visit.channel, NULL);
    refuse(visit.channel);
    lc_loop_end_came(visit.channel);
    err = 0;
  }
  lc_receiver_exit(rx, &visit);
  return err;
}

/* Others may be inside a shared receiver; they find nothing but the end. From
 * here on nobody is, nor comes. */
static void clear_out(loopchan_receiver_t *rx, lc_channel_t *channel) {
  if (!lc_gate_shut(lc_gate_of(rx)))
    while (!lc_wake_wait(&channel->shared->emptied, LC_NEVER)) {
    }
  lc_shared_free(channel->shared);
  channel->shared = NULL;
}

/* Inside: the channel ends, and its figures with it. */
static void end(loopchan_receiver_t *rx, lc_channel_t *channel) {
  lc_trace(close, channel, NULL);
  rx->state = LC_CLOSING;
  channel->recv_cb = NULL;
  refuse(channel);
  lc_wake_leave(&channel->wake);
  lc_channel_give_up(channel);
  lc_channel_stats(channel, &rx->last);
}

int lc_receiver_close(loopchan_receiver_t *rx, loopchan_close_cb cb,
                      uv_close_cb handle_cb) {
  const lc_backlog_t none = {0};
  lc_backlog_t left;
  lc_channel_t *channel;
  lc_visit_t visit;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &visit) != 0)
    return UV_EALREADY;
  channel = visit.channel;
  if (!lc_receiver_is_open(rx)) {
    lc_receiver_exit(rx, &visit);
    return UV_EALREADY;
  }
  end(rx, channel);
  channel->close_cb = cb;
  channel->handle_close_cb = handle_cb;
  left = channel->backlog;
  channel->backlog = none;
  lc_receiver_exit(rx, &visit);
  if (channel->shared != NULL)
    clear_out(rx, channel);
  channel->backlog = left;
  lc_channel_drop_all(channel);
  if (lc_receiver_is_loop(rx))
    lc_loop_close(rx);
  else
    lc_receiver_let_go(rx);
  return 0;
}

void lc_receiver_let_go(loopchan_receiver_t *rx) {
  lc_channel_t *channel = rx->channel;
  loopchan_close_cb close_cb = channel->close_cb;
  uv_close_cb handle_close_cb = channel->handle_close_cb;

  lc_trace(closed, channel, NULL);
  rx->channel = NULL;
  rx->state = LC_CLOSED_FOR_GOOD;
  lc_channel_leave(channel);
  if (close_cb != NULL)
    close_cb(rx);
  if (handle_close_cb != NULL)
    handle_close_cb((uv_handle_t *) &rx->async);
}

int loopchan_close(loopchan_receiver_t *rx, loopchan_close_cb cb) {
  return lc_receiver_close(rx, cb, NULL);
}

/* A receiver is const for who only looks, but to enter leaves a mark. */
static loopchan_receiver_t *to_visit(const loopchan_receiver_t *rx) {
  return (loopchan_receiver_t *) (uintptr_t) rx;
}

int loopchan_stats(const loopchan_receiver_t *rx, loopchan_stats_t *stats) {
  lc_visit_t visit;

  if (lc_receiver_is_new(rx) || stats == NULL)
    return UV_EINVAL;
  if (lc_receiver_enter(to_visit(rx), &visit) != 0) {
    *stats = rx->last;
    return 0;
  }
  lc_channel_stats(visit.channel, stats);
  lc_receiver_exit(to_visit(rx), &visit);
  return 0;
}

int lc_receiver_enter_shared(loopchan_receiver_t *rx, lc_visit_t *visit) {
  if (!lc_gate_enter(lc_gate_of(rx)))
    return UV_EOF;
  visit->channel = rx->channel;
  lc_shared_lock(visit->channel->shared);
  return 0;
}

void lc_receiver_exit_shared(loopchan_receiver_t *rx, const lc_visit_t *visit) {
  lc_shared_t *shared = visit->channel->shared;

  lc_shared_unlock(shared);
  if (lc_gate_leave(lc_gate_of(rx)))
    lc_wake_pay(&shared->emptied);
}
