/* receiver: what both kinds of receivers have in common.
 *
 * Knows:   the core, and which kind a receiver is.
 * Threads: the receiver's.
 * Promise: a channel is made whole or not at all; after close every message
 *          accepted has been received or dropped.
 */
#include "api/receiver.h"

#include "api/shared.h"

static bool is_shared(const loopchan_options_t *options) {
  return (options->flags & LOOPCHAN_SHARED) != 0;
}

/* What a receiver needs beside the core and its first sender. */
static int open_flavour(uv_loop_t *loop, loopchan_receiver_t *rx,
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
      (options->flags & ~(LOOPCHAN_SHARED | LOOPCHAN_LATEST)) != 0 ||
      (is_shared(options) && loop != NULL) ||
      ((options->flags & LOOPCHAN_LATEST) != 0 && options->capacity > 1))
    return UV_EINVAL;
  err = lc_channel_new(&channel, loop != NULL ? &rx->async : NULL, options);
  if (err != 0)
    return err;
  first = lc_channel_add_sender(channel);
  if (first == NULL) {
    lc_channel_leave(channel);
    return UV_ENOMEM;
  }
  err = open_flavour(loop, rx, channel, is_shared(options));
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
  lc_link_t *node = lc_rx_next(channel);

  if (node == NULL && !channel->ended)
    return UV_EAGAIN;
  if (node == NULL) {
    lc_trace(eof, channel, NULL);
    return UV_EOF;
  }
  lc_trace(deliver, channel, node);
  lc_copy(msg, lc_node_message(&channel->pool, node), channel->msg_size);
  channel->received++;
  lc_rx_complete(channel, lc_rx_matched(channel));
  return 0;
}

int loopchan_try_recv(loopchan_receiver_t *rx, void *msg) {
  lc_scope_t scope;
  int err = lc_receiver_enter(rx, &scope);

  if (err != 0)
    return err;
  err = UV_EINVAL;
  if (msg != NULL || scope.channel->msg_size == 0)
    err = lc_receiver_take(scope.channel, msg);
  lc_receiver_exit(rx, &scope);
  return err;
}

/* A shared receiver may have a thread asleep while another one ends it. */
static void refuse(lc_channel_t *channel) {
  bool was_parked = lc_rx_refuse(channel);

  if (channel->shared == NULL)
    return;
  /* Not parked: who owes it the wake may take long to pay. */
  if (was_parked)
    lc_channel_settle(channel);
  else
    lc_channel_help(channel);
}

int loopchan_shutdown(loopchan_receiver_t *rx) {
  lc_scope_t scope;
  int err = UV_EALREADY;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &scope) != 0)
    return UV_EALREADY;
  if (!lc_inbox_is_closed(&scope.channel->inbox)) {
    lc_trace(shutdown, scope.channel, NULL);
    refuse(scope.channel);
    lc_loop_end_came(scope.channel);
    err = 0;
  }
  lc_receiver_exit(rx, &scope);
  return err;
}

/* Others may be inside a shared receiver; they find nothing but the end. From
 * here on nobody is, nor comes. */
static void wait_for_users(loopchan_receiver_t *rx, lc_channel_t *channel) {
  if (!lc_gate_shut(lc_gate_of(rx)))
    while (!lc_wake_wait(&channel->shared->emptied, LC_NEVER)) {
    }
  lc_shared_free(channel->shared);
  channel->shared = NULL;
}

/* Inside: the channel ends, and its figures with it. */
static void begin_close(loopchan_receiver_t *rx, lc_channel_t *channel) {
  lc_trace(close, channel, NULL);
  rx->state = LC_CLOSING;
  channel->recv_cb = NULL;
  refuse(channel);
  lc_wake_leave(&channel->wake);
  if (lc_receiver_is_loop(rx))
    lc_loop_leave(&channel->member);
  lc_rx_give_up(channel);
  lc_channel_stats(channel, &rx->last);
}

int lc_receiver_close(loopchan_receiver_t *rx, loopchan_close_cb cb,
                      uv_close_cb handle_cb) {
  const lc_backlog_t none = {0};
  lc_backlog_t left;
  lc_channel_t *channel;
  lc_scope_t scope;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &scope) != 0)
    return UV_EALREADY;
  channel = scope.channel;
  if (!lc_receiver_is_open(rx)) {
    lc_receiver_exit(rx, &scope);
    return UV_EALREADY;
  }
  begin_close(rx, channel);
  channel->close_cb = cb;
  channel->handle_close_cb = handle_cb;
  left = channel->backlog;
  channel->backlog = none;
  lc_receiver_exit(rx, &scope);
  if (channel->shared != NULL)
    wait_for_users(rx, channel);
  channel->backlog = left;
  lc_rx_drop_all(channel);
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
static loopchan_receiver_t *mutable_receiver(const loopchan_receiver_t *rx) {
  return (loopchan_receiver_t *) (uintptr_t) rx;
}

int loopchan_stats(const loopchan_receiver_t *rx, loopchan_stats_t *stats) {
  lc_scope_t scope;

  if (lc_receiver_is_new(rx) || stats == NULL)
    return UV_EINVAL;
  if (lc_receiver_enter(mutable_receiver(rx), &scope) != 0) {
    *stats = rx->last;
    return 0;
  }
  lc_channel_stats(scope.channel, stats);
  lc_receiver_exit(mutable_receiver(rx), &scope);
  return 0;
}

int lc_receiver_enter_shared(loopchan_receiver_t *rx, lc_scope_t *scope) {
  if (!lc_gate_enter(lc_gate_of(rx)))
    return UV_EOF;
  scope->channel = rx->channel;
  lc_shared_lock(scope->channel->shared);
  return 0;
}

void lc_receiver_exit_shared(loopchan_receiver_t *rx, const lc_scope_t *scope) {
  lc_shared_t *shared = scope->channel->shared;

  lc_shared_unlock(shared);
  if (lc_gate_leave(lc_gate_of(rx)))
    lc_wake_signal(&shared->emptied);
}
