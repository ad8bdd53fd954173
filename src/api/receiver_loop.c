/* receiver_loop: delivery by callback, on a uv_async_t.
 *
 * Knows:   libuv's handle, the core, the delivery budget.
 * Threads: the loop's.
 * Promise: while started, the inbox is PARKED, or a callback runs or is on its
 *          way, or it is due in its loop's turns. So a message that arrives is
 *          delivered without any other call.
 */
#include "api/receiver.h"

#include "wait/budget.h"

static void hand_over(loopchan_receiver_t *rx, lc_link_t *node) {
  lc_channel_t *channel = rx->channel;
  lc_waiter_t *matched = lc_rx_matched(channel);

  lc_trace(deliver, channel, node);
  channel->rx.received++;
  channel->rx.in_callback = true;
  channel->delivery.recv_cb(rx, 0, lc_node_message(&channel->pool, node));
  lc_rx_end_callback(channel);
  lc_rx_complete(channel, matched);
}

/* Frees first what was kept for messages to come. False: that takes another
 * turn. */
static bool deliver_end(loopchan_receiver_t *rx, const lc_budget_t *budget) {
  loopchan_recv_cb cb = rx->channel->delivery.recv_cb;

  if (!lc_rx_tidy_all(rx->channel, lc_after(budget->start, budget->most_ns)))
    return false;
  lc_trace(eof, rx->channel, NULL);
  rx->channel->delivery.recv_cb = NULL;
  rx->channel->delivery.eof_delivered = true;
  cb(rx, UV_EOF, NULL);
  return true;
}

/* A wake that found nothing is no reason to spin. */
static bool spin_once(lc_channel_t *channel, const lc_budget_t *budget) {
  return !channel->rx.ended && channel->config.flavour != LC_RENDEZVOUS &&
         budget->messages < channel->config.budget_messages &&
         lc_loop_claim_spin(channel->loop) &&
         lc_rx_spin(channel, lc_after(budget->start, budget->most_ns));
}

/* Delivers until drained, stopped, closed or out of budget. True: drained. */
static bool deliver_messages(loopchan_receiver_t *rx, lc_budget_t *budget) {
  lc_channel_t *channel = rx->channel;

  /* A little in each turn, rather than much at once. */
  if (!lc_backlog_is_long(&channel->rx.backlog))
    (void) lc_rx_gather(channel);
  do {
    lc_link_t *node;
    while ((node = lc_rx_next_briefly(channel)) != NULL ||
           lc_rx_is_unfinished(channel)) {
      if (LC_LIKELY(node != NULL)) {
        hand_over(rx, node);
        if (channel->delivery.recv_cb == NULL)
          return false;
        if (!lc_budget_is_spent(budget))
          continue;
        if (!lc_rx_has_message_briefly(channel))
          return true;
      } else if (!lc_budget_is_over(budget)) {
        continue;
      }
      channel->rx.budget_cuts++;
      return false;
    }
  } while (spin_once(channel, budget));
  return true;
}

/* True: started, and neither drained nor parked; or it has to tidy up first, in
 * as many turns as that takes. */
static bool deliver_in_turn(loopchan_receiver_t *rx, lc_channel_t *channel) {
  lc_budget_t budget;
  bool drained, more;

  lc_budget_begin(&budget, &channel->delivery.member,
                  channel->config.budget_messages);
  drained = deliver_messages(rx, &budget);
  more = channel->delivery.recv_cb != NULL;
  if (drained)
    more = channel->rx.ended
               ? !deliver_end(rx, &budget)
               : lc_rx_tidy(channel, LC_NEVER) || !lc_rx_park(channel);
  lc_budget_end(&budget, channel->loop);
  return more;
}

static lc_channel_t *channel_of_member(lc_member_t *member) {
  return lc_container(member, lc_channel_t, delivery.member);
}

static bool serve_receiver(lc_member_t *member) {
  lc_channel_t *channel = channel_of_member(member);
  loopchan_receiver_t *rx = (loopchan_receiver_t *) channel->wake.async;
  lc_scope_t scope;
  bool more;

  lc_called("uv_run");
  if (lc_receiver_enter(rx, &scope) != 0)
    return false;
  more = channel->delivery.recv_cb != NULL && deliver_in_turn(rx, channel);
  lc_receiver_exit(rx, &scope);
  return more;
}

static void on_async(uv_async_t *async) {
  loopchan_receiver_t *rx = (loopchan_receiver_t *) async;

  lc_inbox_note_awake(&rx->channel->inbox);
  lc_loop_serve(&rx->channel->delivery.member);
}

int lc_receiver_loop_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                          lc_channel_t *channel) {
  lc_loop_t *record = lc_loop_attach(loop);
  int err;

  if (record == NULL)
    return UV_ENOMEM;
  err = uv_async_init(loop, &rx->async, on_async);
  if (err != 0) {
    lc_loop_detach(record);
    return err;
  }
  lc_loop_note_call(record);
  lc_loop_hold(record);
  lc_loop_enter(record, &channel->delivery.member, &channel->wake,
                channel->config.budget_ns, serve_receiver);
  channel->delivery.recv_cb = NULL;
  channel->delivery.eof_delivered = false;
  channel->loop = record;
  return 0;
}

void lc_receiver_loop_end_came(lc_channel_t *channel) {
  if (channel->delivery.recv_cb != NULL)
    lc_wake_self(&channel->wake);
}

static void on_closed(uv_handle_t *handle) {
  loopchan_receiver_t *rx = (loopchan_receiver_t *) handle;
  lc_channel_t *channel = rx->channel;

  lc_loop_note_callback(channel->loop);
  lc_loop_detach(channel->loop);
  lc_receiver_end(rx, channel, channel->rx.on_closed);
}

void lc_receiver_loop_close(loopchan_receiver_t *rx) {
  uv_close((uv_handle_t *) &rx->async, on_closed);
}

static int start(lc_channel_t *channel, loopchan_recv_cb cb) {
  if (channel->delivery.eof_delivered)
    return UV_EOF;
  if (channel->delivery.recv_cb != NULL)
    return UV_EALREADY;
  channel->delivery.recv_cb = cb;
  /* Inside the receive callback: delivery goes on after it, and then parks. */
  if (channel->rx.in_callback)
    return 0;
  /* One that stops after each message would otherwise never tidy up. */
  if (channel->rx.ended || !lc_backlog_is_empty(&channel->rx.backlog) ||
      lc_slab_pool_is_flooded(&channel->pool) || !lc_rx_park(channel))
    lc_wake_self(&channel->wake);
  return 0;
}

int loopchan_recv_start(loopchan_receiver_t *rx, loopchan_recv_cb cb) {
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  if (rx == NULL || !lc_receiver_is_loop(rx) || cb == NULL)
    return UV_EINVAL;
  if (rx->shared)
    return lc_receiver_shared_start(rx, cb);
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return err;
  err = start(scope.channel, cb);
  lc_receiver_exit(rx, &scope);
  return err;
}

static void stop(lc_channel_t *channel) {
  channel->delivery.recv_cb = NULL;
  /* Rendezvous: PARKED means that a receiver waits. If the inbox is not PARKED,
   * a message has come, and is kept for the next start. */
  if (channel->config.flavour == LC_RENDEZVOUS)
    (void) lc_inbox_unpark(&channel->inbox);
}

int loopchan_recv_stop(loopchan_receiver_t *rx) {
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  if (rx == NULL || !lc_receiver_is_loop(rx))
    return UV_EINVAL;
  if (rx->shared)
    return lc_receiver_shared_stop(rx);
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return lc_receiver_is_closed(rx, err) ? 0 : err;
  stop(scope.channel);
  lc_receiver_exit(rx, &scope);
  return 0;
}

loopchan_receiver_t *lc_receiver_loop_from_handle(const uv_handle_t *handle) {
  const uv_async_t *async = (const uv_async_t *) handle;

  if (handle->type != UV_ASYNC ||
      (async->async_cb != on_async && !lc_receiver_shared_is_handle(async)))
    return NULL;
  return (loopchan_receiver_t *) (uintptr_t) async;
}
