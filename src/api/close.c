/* close: how a channel ends from the receiver's side, and how a libuv handle is
 * closed that may be a receiver or a writer.
 *
 * Knows:   which kind a receiver is, and which handles are ours.
 * Threads: the receiver's; for a handle, its loop's.
 * Promise: after a close every message accepted has been received or dropped;
 *          each handle is closed by the call that is meant for its kind.
 */
#include "api/receiver.h"
#include "api/writer.h"

int loopchan_shutdown(loopchan_receiver_t *rx) {
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return lc_receiver_is_closed(rx, err) ? UV_EALREADY : UV_EINVAL;
  err = UV_EALREADY;
  if (!lc_inbox_is_closed(&scope.channel->inbox)) {
    lc_trace(shutdown, scope.channel, NULL);
    lc_rx_refuse(scope.channel);
    if (lc_receiver_is_loop(rx) && scope.consumer == NULL)
      lc_receiver_loop_end_came(scope.channel);
    err = 0;
  }
  lc_receiver_exit(rx, &scope);
  return err;
}

/* Inside a call. Ends the channel, and takes its final figures. */
static void begin_close(loopchan_receiver_t *rx, lc_channel_t *channel) {
  lc_trace(close, channel, NULL);
  lc_receiver_set(rx, LC_CLOSING);
  lc_rx_refuse(channel);
  if (lc_receiver_is_loop(rx)) {
    channel->delivery.recv_cb = NULL;
    lc_wake_leave(&channel->wake);
    lc_loop_leave(&channel->delivery.member);
  }
  lc_rx_give_up(channel);
  lc_channel_stats(channel, &rx->last);
}

static int close_receiver(loopchan_receiver_t *rx, lc_on_closed_t on_closed) {
  lc_channel_t *channel;
  lc_scope_t scope;
  int err;

  if (rx != NULL && rx->shared)
    return lc_receiver_shared_close(rx, on_closed);
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return lc_receiver_is_closed(rx, err) ? UV_EALREADY : UV_EINVAL;
  channel = scope.channel;
  begin_close(rx, channel);
  channel->rx.on_closed = on_closed;
  lc_receiver_exit(rx, &scope);
  lc_rx_drop_all(channel);
  if (lc_receiver_is_loop(rx))
    lc_receiver_loop_close(rx);
  else
    lc_receiver_end(rx, channel, on_closed);
  return 0;
}

int loopchan_close(loopchan_receiver_t *rx, loopchan_close_cb cb) {
  lc_called(__func__);
  return close_receiver(rx, (lc_on_closed_t){.cb = cb});
}

loopchan_receiver_t *loopchan_receiver_from_handle(const uv_handle_t *handle) {
  loopchan_receiver_t *rx;

  lc_called(__func__);
  rx = handle != NULL ? lc_receiver_loop_from_handle(handle) : NULL;
  if (rx == NULL || lc_receiver_was_moved(rx))
    return NULL;
  if (lc_receiver_is_open(rx))
    lc_loop_note_call(rx->shared ? rx->consumer->loop : rx->channel->loop);
  return rx;
}

void loopchan_close_handle(uv_handle_t *handle, uv_close_cb cb) {
  loopchan_receiver_t *rx;
  loopchan_writer_t *w;

  lc_called(__func__);
  if (handle == NULL)
    return;
  rx = lc_receiver_loop_from_handle(handle);
  w = lc_writer_from_handle(handle);
  if (rx != NULL)
    (void) close_receiver(rx, (lc_on_closed_t){.handle_cb = cb});
  else if (w != NULL)
    (void) lc_writer_close(w, NULL, cb);
  else
    uv_close(handle, cb);
}
