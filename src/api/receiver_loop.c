/* receiver_loop: delivery by callback, on a uv_async_t.
 *
 * Knows:   libuv's handle, the core, the delivery budget.
 * Threads: the loop's.
 * Promise: while started, the inbox is PARKED, or a callback runs or is on its
 *          way. So a message that arrives is delivered without being asked for.
 */
#include "api/receiver.h"

/* How much delivery one turn of the loop may have. */
typedef struct {
  unsigned messages;    /* left */
  uint64_t start, last; /* ns: the turn's begin, the last look at the clock */
  uint64_t most_ns;
  unsigned stride, until_look; /* messages between two looks; till the next */
  uint64_t ticks;              /* for lc_clock_moved */
} lc_budget_t;

/* Looks are rare while they find that callbacks are quick. */
#define LC_STRIDE_MOST 8
#define LC_LONG_CALLBACK_NS 5000

static void budget_start(lc_budget_t *budget, const lc_channel_t *channel) {
  budget->messages = channel->max_messages;
  budget->start = budget->last = uv_hrtime();
  budget->most_ns = channel->max_ns;
  budget->stride = budget->until_look = 1;
  budget->ticks = 0;
}

static void look_at_clock(lc_budget_t *budget) {
  uint64_t now = uv_hrtime();

  if (now - budget->last > LC_LONG_CALLBACK_NS)
    budget->stride = 1;
  budget->last = now;
}

/* After each message: true when there must be no more in this turn. */
static bool budget_is_spent(lc_budget_t *budget) {
  if (--budget->messages == 0)
    return true;
  if (--budget->until_look > 0)
    return false;
  if (budget->stride < LC_STRIDE_MOST)
    budget->stride *= 2;
  if (lc_clock_moved(&budget->ticks))
    look_at_clock(budget);
  budget->until_look = budget->stride;
  return budget->last - budget->start >= budget->most_ns;
}

static void hand_over(loopchan_receiver_t *rx, lc_link_t *node) {
  lc_channel_t *channel = rx->channel;
  lc_waiter_t *matched = lc_rx_matched(channel);

  lc_trace(deliver, channel, node);
  channel->received++;
  channel->in_callback = true;
  channel->recv_cb(rx, 0, lc_node_message(&channel->pool, node));
  lc_rx_end_callback(channel);
  lc_rx_complete(channel, matched);
}

static void deliver_end(loopchan_receiver_t *rx) {
  loopchan_recv_cb cb = rx->channel->recv_cb;

  lc_trace(eof, rx->channel, NULL);
  rx->channel->recv_cb = NULL;
  rx->channel->eof_delivered = true;
  cb(rx, UV_EOF, NULL);
}

/* Delivers until drained, stopped, closed or out of budget. True: drained. */
static bool deliver_messages(loopchan_receiver_t *rx) {
  lc_channel_t *channel = rx->channel;
  lc_budget_t budget;

  budget_start(&budget, channel);
  /* A little at each turn, rather than much at once. */
  if (!lc_backlog_is_long(&channel->backlog))
    (void) lc_rx_gather(channel);
  do {
    lc_link_t *node;
    while ((node = lc_rx_next(channel)) != NULL) {
      hand_over(rx, node);
      if (channel->recv_cb == NULL)
        return false;
      if (!budget_is_spent(&budget))
        continue;
      if (!lc_rx_has_message(channel))
        return true;
      channel->budget_cuts++;
      lc_wake_self(&channel->wake);
      return false;
    }
    /* What a wake finds nothing of is not waited for, as at the start. */
  } while (!channel->ended && budget.messages < channel->max_messages &&
           lc_spin_wait(&channel->spin, &channel->inbox,
                        lc_after(budget.start, budget.most_ns)));
  return true;
}

static void on_async(uv_async_t *async) {
  loopchan_receiver_t *rx = (loopchan_receiver_t *) async;
  lc_channel_t *channel = rx->channel;
  lc_scope_t scope;

  if (lc_receiver_enter(rx, &scope) != 0)
    return;
  lc_wake_callback_fence();
  if (channel->recv_cb != NULL && deliver_messages(rx)) {
    if (channel->ended)
      deliver_end(rx);
    else if (!lc_rx_park(channel))
      lc_wake_self(&channel->wake);
  }
  lc_receiver_exit(rx, &scope);
}

int lc_loop_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                 lc_channel_t *channel) {
  int err = uv_async_init(loop, &rx->async, on_async);

  if (err != 0)
    return err;
  /* Until the loop's first turn tells, this thread is taken for the loop's. */
  lc_loop_thread_set_here(&channel->loop_thread);
  lc_wake_self(&channel->wake);
  return 0;
}

void lc_loop_end_came(lc_channel_t *channel) {
  if (channel->recv_cb != NULL)
    lc_wake_self(&channel->wake);
}

static void on_closed(uv_handle_t *handle) {
  lc_receiver_let_go((loopchan_receiver_t *) handle);
}

void lc_loop_close(loopchan_receiver_t *rx) {
  uv_close((uv_handle_t *) &rx->async, on_closed);
}

static int start(lc_channel_t *channel, loopchan_recv_cb cb) {
  if (channel->eof_delivered)
    return UV_EOF;
  if (channel->recv_cb != NULL)
    return UV_EALREADY;
  channel->recv_cb = cb;
  /* Inside the receive callback: delivery goes on behind it, and parks then. */
  if (channel->in_callback)
    return 0;
  if (channel->ended || !lc_backlog_is_empty(&channel->backlog) ||
      !lc_rx_park(channel))
    lc_wake_self(&channel->wake);
  return 0;
}

int loopchan_recv_start(loopchan_receiver_t *rx, loopchan_recv_cb cb) {
  lc_scope_t scope;
  int err;

  if (rx == NULL || !lc_receiver_is_loop(rx) || cb == NULL)
    return UV_EINVAL;
  err = lc_receiver_enter(rx, &scope);
  if (err != 0)
    return err;
  err = start(scope.channel, cb);
  lc_receiver_exit(rx, &scope);
  return err;
}

static void stop(lc_channel_t *channel) {
  channel->recv_cb = NULL;
  /* By hand, PARKED says that a receiver waits. If it is not, then what came is
   * kept for the next start. */
  if (channel->flavour == LC_RENDEZVOUS)
    (void) !lc_inbox_unpark(&channel->inbox);
}

int loopchan_recv_stop(loopchan_receiver_t *rx) {
  lc_scope_t scope;

  if (lc_receiver_is_new(rx) || !lc_receiver_is_loop(rx))
    return UV_EINVAL;
  if (lc_receiver_enter(rx, &scope) != 0)
    return 0;
  stop(scope.channel);
  lc_receiver_exit(rx, &scope);
  return 0;
}

loopchan_receiver_t *lc_loop_from_handle(const uv_handle_t *handle) {
  const uv_async_t *async = (const uv_async_t *) handle;

  if (handle->type != UV_ASYNC || async->async_cb != on_async)
    return NULL;
  return (loopchan_receiver_t *) (uintptr_t) async;
}
