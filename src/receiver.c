/* receiver: what both kinds of receivers have in common.
 *
 * Knows:   the core, and which kind a receiver is.
 * Threads: the receiver's.
 * Promise: a channel is made whole or not at all; after close every message
 *          accepted has been received or dropped.
 */
#include "receiver.h"

static int check_options(const loopchan_options_t *options) {
  if ((options->flags & ~LOOPCHAN_SHARED) != 0)
    return UV_EINVAL;
  if (options->flags != 0)
    return UV_ENOTSUP;
  return 0;
}

int loopchan_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                  loopchan_sender_t **tx, const loopchan_options_t *options) {
  lc_channel_t *channel;
  loopchan_sender_t *first;
  int err;

  if (rx == NULL || tx == NULL || options == NULL)
    return UV_EINVAL;
  err = check_options(options);
  if (err != 0)
    return err;
  err = lc_channel_new(&channel, loop != NULL ? &rx->async : NULL, options);
  if (err != 0)
    return err;
  first = lc_channel_add_sender(channel);
  if (first == NULL) {
    lc_channel_leave(channel);
    return UV_ENOMEM;
  }
  if (loop != NULL)
    lc_home_set_here(&channel->home);
  err = lc_loop_open(loop, rx);
  if (err != 0) {
    loopchan_sender_drop(first);
    lc_channel_leave(channel);
    return err;
  }
  rx->channel = channel;
  rx->typed_cb = NULL;
  rx->state = LC_OPEN;
  *tx = first;
  return 0;
}

int lc_receiver_take(lc_channel_t *channel, void *msg) {
  lc_link_t *node = lc_channel_next(channel);

  if (node == NULL)
    return channel->ended ? UV_EOF : UV_EAGAIN;
  lc_copy(msg, lc_node_message(&channel->rack, node), channel->msg_size);
  channel->received++;
  lc_channel_answer(channel, lc_channel_pulled(channel));
  return 0;
}

int loopchan_try_recv(loopchan_receiver_t *rx, void *msg) {
  lc_channel_t *channel;
  uintptr_t was;
  int err;

  if (!lc_receiver_is_open(rx) || (msg == NULL && rx->channel->msg_size != 0))
    return UV_EINVAL;
  channel = rx->channel;
  was = lc_receiver_enter(channel);
  err = lc_receiver_take(channel, msg);
  lc_receiver_exit(channel, was);
  return err;
}

int loopchan_shutdown(loopchan_receiver_t *rx) {
  lc_channel_t *channel;
  uintptr_t was;

  if (rx == NULL || rx->state == LC_NEVER_OPENED)
    return UV_EINVAL;
  if (!lc_receiver_is_open(rx) || lc_inbox_is_closed(&rx->channel->inbox))
    return UV_EALREADY;
  channel = rx->channel;
  was = lc_receiver_enter(channel);
  lc_channel_refuse(channel);
  if (lc_receiver_is_loop(rx))
    lc_loop_end_came(channel);
  lc_receiver_exit(channel, was);
  return 0;
}

int lc_receiver_close(loopchan_receiver_t *rx, loopchan_close_cb cb,
                      uv_close_cb handle_cb) {
  lc_channel_t *channel;
  uintptr_t was;

  if (rx == NULL || rx->state == LC_NEVER_OPENED)
    return UV_EINVAL;
  if (!lc_receiver_is_open(rx))
    return UV_EALREADY;
  channel = rx->channel;
  was = lc_receiver_enter(channel);
  rx->state = LC_CLOSING;
  channel->recv_cb = NULL;
  channel->close_cb = cb;
  channel->handle_close_cb = handle_cb;
  lc_channel_refuse(channel);
  lc_wake_leave(&channel->wake);
  lc_channel_drop_all(channel);
  lc_channel_stats(channel, &rx->last);
  lc_receiver_exit(channel, was);
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

int loopchan_stats(const loopchan_receiver_t *rx, loopchan_stats_t *stats) {
  uintptr_t was;

  if (rx == NULL || stats == NULL || rx->state == LC_NEVER_OPENED)
    return UV_EINVAL;
  if (!lc_receiver_is_open(rx)) {
    *stats = rx->last;
    return 0;
  }
  was = lc_receiver_enter(rx->channel);
  lc_channel_stats(rx->channel, stats);
  lc_receiver_exit(rx->channel, was);
  return 0;
}
