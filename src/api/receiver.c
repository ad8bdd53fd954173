/* receiver: what both kinds of receivers have in common.
 *
 * Knows:   the core, and which kind a receiver is.
 * Threads: the receiver's.
 * Promise: a channel is made whole or not at all; after close every message
 *          accepted has been received or dropped.
 */
#include "api/receiver.h"

static bool is_shared(const loopchan_options_t *options) {
  return (options->flags & LOOPCHAN_SHARED) != 0;
}

/* What a receiver needs beside the core and its first sender. */
static int open_flavour(uv_loop_t *loop, loopchan_receiver_t *rx,
                        lc_channel_t *channel, bool shared) {
  int err = 0;

  if (shared) {
    err = lc_shared_new(&channel->shared);
    return err != 0 ? err : lc_shared_open(loop, rx, channel);
  }
  if (loop != NULL)
    err = lc_loop_open(loop, rx, channel);
  if (err != 0)
    return err;
  lc_receiver_begin(rx, channel, NULL, loop != NULL);
  return 0;
}

void lc_receiver_begin(loopchan_receiver_t *rx, lc_channel_t *channel,
                       lc_consumer_t *consumer, bool on_loop) {
  if (!on_loop) {
    rx->async.loop = NULL;
    rx->async.type = UV_UNKNOWN_HANDLE;
  }
  rx->channel = channel;
  rx->consumer = consumer;
  rx->shared = consumer != NULL;
  lc_gate_init(lc_gate_of(rx));
  rx->reserved[0] = lc_mark_process();
  lc_receiver_set(rx, LC_OPEN);
}

static bool are_valid(const loopchan_options_t *options) {
  size_t i;

  for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++) {
    if (options->reserved[i] != 0)
      return false;
  }
  return (options->flags & ~(LOOPCHAN_SHARED | LOOPCHAN_LATEST)) == 0 &&
         ((options->flags & LOOPCHAN_LATEST) == 0 || options->capacity <= 1);
}

int loopchan_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                  loopchan_sender_t **tx, const loopchan_options_t *options) {
  lc_channel_t *channel;
  loopchan_sender_t *first;
  int err;

  if (rx == NULL || tx == NULL || options == NULL || !are_valid(options))
    return UV_EINVAL;
  if (lc_receiver_is_in_use(rx))
    return UV_EBUSY;
  err = lc_channel_new(&channel,
                       loop != NULL && !is_shared(options) ? &rx->async : NULL,
                       options);
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

int loopchan_shutdown(loopchan_receiver_t *rx) {
  lc_scope_t scope;
  int err = UV_EALREADY;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &scope) != 0)
    return UV_EALREADY;
  if (!lc_inbox_is_closed(&scope.channel->inbox)) {
    lc_trace(shutdown, scope.channel, NULL);
    lc_rx_refuse(scope.channel);
    lc_loop_end_came(scope.channel);
    err = 0;
  }
  lc_receiver_exit(rx, &scope);
  return err;
}

/* Inside: the channel ends, and its figures with it. */
static void begin_close(loopchan_receiver_t *rx, lc_channel_t *channel) {
  lc_trace(close, channel, NULL);
  lc_receiver_set(rx, LC_CLOSING);
  channel->recv_cb = NULL;
  lc_rx_refuse(channel);
  lc_wake_leave(&channel->wake);
  if (lc_receiver_is_loop(rx))
    lc_loop_leave(&channel->member);
  lc_rx_give_up(channel);
  lc_channel_stats(channel, &rx->last);
}

int lc_receiver_close(loopchan_receiver_t *rx, loopchan_close_cb cb,
                      uv_close_cb handle_cb) {
  lc_channel_t *channel;
  lc_scope_t scope;

  if (lc_receiver_is_new(rx))
    return UV_EINVAL;
  if (rx->shared)
    return lc_shared_close(rx, cb, handle_cb);
  if (lc_receiver_enter(rx, &scope) != 0)
    return UV_EALREADY;
  channel = scope.channel;
  begin_close(rx, channel);
  channel->close_cb = cb;
  channel->handle_close_cb = handle_cb;
  lc_receiver_exit(rx, &scope);
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
  lc_receiver_set(rx, LC_CLOSED_FOR_GOOD);
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
