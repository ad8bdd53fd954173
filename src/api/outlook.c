/* outlook: what a sender can learn about its channel.
 *
 * Knows:   the core. Sends nothing.
 * Threads: any, several at once on one sender.
 * Promise: a thread that waits for the close is woken by it, once.
 */
#include "core/shared.h"
#include "core/tx.h"

int loopchan_is_closed(const loopchan_sender_t *tx) {
  lc_called(__func__);
  if (tx == NULL)
    return UV_EINVAL;
  lc_sender_expect_alive(tx);
  return lc_inbox_is_closed(&tx->channel->inbox);
}

size_t loopchan_room(const loopchan_sender_t *tx) {
  lc_channel_t *channel;

  lc_called(__func__);
  if (tx == NULL)
    return 0;
  lc_sender_expect_alive(tx);
  channel = tx->channel;
  if (lc_inbox_is_closed(&channel->inbox))
    return 0;
  switch (channel->config.flavour) {
    case LC_BOUNDED:
      return lc_permits_room(&channel->waitq.permits);
    case LC_RENDEZVOUS:
      return channel->shared != NULL ? lc_shared_has_idle(channel)
                                     : lc_inbox_is_parked(&channel->inbox);
    default:
      return SIZE_MAX;
  }
}

/* A close has two steps: the inbox is closed, then the watchers are woken. A
 * thread that watches from before the first one to after the second is woken;
 * one that comes later sees the first. */
static int wait_closed(lc_channel_t *channel, uint64_t deadline_ns) {
  lc_completions_t *watcher;
  lc_queue_t cancelled;
  int err = lc_waitq_borrow(&channel->waitq, &watcher);

  if (err != 0)
    return err;
  lc_queue_init(&cancelled);
  lc_waitq_watch(&channel->waitq, watcher);
  if (!lc_inbox_is_closed(&channel->inbox))
    err = lc_tx_wait_for_wake(channel, &watcher->wake, deadline_ns);
  lc_waitq_unwatch(&channel->waitq, watcher, &cancelled);
  lc_assert(lc_queue_is_empty(&cancelled)); /* it has sent nothing */
  lc_waitq_return(&channel->waitq, watcher);
  return err;
}

int loopchan_wait_closed(loopchan_sender_t *tx, uint64_t timeout_ns) {
  int err;

  lc_called(__func__);
  if (tx == NULL)
    return UV_EINVAL;
  lc_sender_expect_alive(tx);
  if (lc_inbox_is_closed(&tx->channel->inbox))
    return 0;
  if (timeout_ns == 0)
    return UV_ETIMEDOUT;
  if (lc_channel_runs_here(tx->channel))
    return UV_EAGAIN;
  err = wait_closed(tx->channel, lc_deadline(timeout_ns));
  /* It may have been closed when the wait had ended, or could not begin. */
  return err != 0 && lc_inbox_is_closed(&tx->channel->inbox) ? 0 : err;
}
