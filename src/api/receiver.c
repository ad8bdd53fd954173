/* receiver: what all kinds of receivers have in common.
 *
 * Knows:   the core, and how a receiver's memory begins and ends.
 * Threads: the receiver's.
 * Promise: a message is received once, and the figures can be read for as long
 *          as the memory of the receiver exists.
 */
#include "api/receiver.h"

void lc_receiver_begin(loopchan_receiver_t *rx, lc_channel_t *channel,
                       lc_consumer_t *consumer, bool on_loop) {
  if (!on_loop) {
    rx->async.loop = NULL;
    rx->async.type = UV_UNKNOWN_HANDLE;
  }
  rx->channel = channel;
  rx->consumer = consumer;
  rx->shared = consumer != NULL;
  lc_gate_init(lc_receiver_gate(rx));
  lc_receiver_set(rx, LC_OPEN);
}

void lc_receiver_end(loopchan_receiver_t *rx, lc_channel_t *channel,
                     lc_on_closed_t on_closed) {
  lc_trace(closed, channel, NULL);
  rx->channel = NULL;
  rx->consumer = NULL;
  lc_receiver_set(rx, LC_CLOSED_FOR_GOOD);
  lc_channel_leave(channel);
  if (on_closed.cb != NULL)
    on_closed.cb(rx);
  if (on_closed.handle_cb != NULL)
    on_closed.handle_cb((uv_handle_t *) &rx->async);
}

/* Shared. Lets others in while there are many links before the message. */
static lc_link_t *take_shared(const lc_scope_t *scope) {
  lc_link_t *node = lc_shared_next(scope->consumer);

  while (node == NULL && lc_rx_is_unfinished(scope->channel)) {
    lc_shared_give_way(scope->channel);
    if (scope->consumer->closing)
      return NULL;
    node = lc_shared_next(scope->consumer);
  }
  return node;
}

int lc_receiver_take(const lc_scope_t *scope, void *msg) {
  lc_channel_t *channel = scope->channel;
  lc_link_t *node = LC_UNLIKELY(scope->consumer != NULL) ? take_shared(scope)
                                                         : lc_rx_next(channel);

  if (node == NULL && !channel->rx.ended)
    return LC_UNLIKELY(scope->consumer != NULL) && scope->consumer->closing
               ? UV_EOF
               : UV_EAGAIN;
  if (node == NULL) {
    lc_trace(eof, channel, NULL);
    if (scope->consumer == NULL)
      (void) lc_rx_tidy_all(channel, LC_NEVER);
    return UV_EOF;
  }
  lc_trace(deliver, channel, node);
  lc_copy(msg, lc_node_message(&channel->pool, node), channel->config.msg_size);
  channel->rx.received++;
  lc_rx_complete(channel, lc_rx_matched(channel));
  return 0;
}

/* Without the lock that receivers share, for it may take a while. */
bool lc_receiver_tidy(const lc_scope_t *scope) {
  lc_channel_t *channel = scope->channel;

  if (scope->consumer == NULL) {
    (void) lc_rx_tidy(channel, LC_NOW);
    return true;
  }
  if (!lc_slab_pool_is_flooded(&channel->pool))
    return true;
  lc_shared_unlock(channel);
  (void) lc_rx_tidy(channel, LC_NOW);
  lc_shared_lock(channel);
  return !scope->consumer->closing;
}

int loopchan_try_recv(loopchan_receiver_t *rx, void *msg) {
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return err;
  err = UV_EINVAL;
  if (msg != NULL || scope.channel->config.msg_size == 0)
    err = lc_receiver_take(&scope, msg);
  if (err == UV_EAGAIN && !lc_receiver_tidy(&scope))
    err = UV_EOF;
  lc_receiver_exit(rx, &scope);
  return err;
}

/* rx is const for the caller, who only reads; but entering records the thread
 * there. */
static loopchan_receiver_t *mutable_receiver(const loopchan_receiver_t *rx) {
  return (loopchan_receiver_t *) (uintptr_t) rx;
}

int loopchan_stats(const loopchan_receiver_t *rx, loopchan_stats_t *stats) {
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  if (stats == NULL)
    return UV_EINVAL;
  err = lc_receiver_enter(mutable_receiver(rx), &scope);
  if (err != 0) {
    if (!lc_receiver_is_closed(rx, err))
      return UV_EINVAL;
    *stats = rx->last;
    return 0;
  }
  lc_channel_stats(scope.channel, stats);
  lc_receiver_exit(mutable_receiver(rx), &scope);
  return 0;
}
