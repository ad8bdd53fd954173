/* stats: a channel's figures.
 *
 * Knows:   where each figure is counted.
 * Threads: the receiver's.
 * Promise: sent = received + dropped + queued.
 */
#include <string.h>

#include "core/rx.h"
#include "core/shared.h"
#include "core/tx.h"

/* Newest message only: how many were replaced. */
static uint64_t count_replaced(lc_channel_t *channel) {
  uint64_t count = channel->refs.replaced_by_dropped;
  loopchan_sender_t *tx;

  for (tx = channel->refs.first_sender; tx != NULL; tx = tx->next)
    count += lc_tx_replaced(tx);
  return count;
}

/* What was sent is computed from the rest: a sender's counts of what it sent
 * and of what it replaced cannot be read in one step. */
static void stats_of_newest(lc_channel_t *channel, bool alone,
                            loopchan_stats_t *stats) {
  /* At the close, what waited is dropped. */
  stats->queued = channel->rx.dropped == 0 && lc_rx_has_message(channel);
  lc_channel_lock_senders(channel, alone);
  stats->dropped += count_replaced(channel);
  lc_channel_unlock_senders(channel, alone);
  stats->sent = stats->received + stats->dropped + stats->queued;
}

void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats) {
  uint64_t done = channel->rx.received + channel->rx.dropped;
  bool alone = lc_channel_is_alone(channel);
  loopchan_sender_t *tx;

  memset(stats->reserved, 0, sizeof stats->reserved);
  /* Grant free permits first, so that no send counts as waiting while there is
   * room. */
  if (lc_permits_has_waiters(&channel->waitq.permits))
    lc_tx_grant(channel);
  stats->capacity = channel->config.capacity;
  stats->waiting = lc_waitq_figures(&channel->waitq, alone, &stats->sent);
  stats->received = channel->rx.received;
  stats->dropped = channel->rx.dropped;
  stats->budget_cuts = channel->rx.budget_cuts;
  stats->wakeups = channel->shared != NULL ? channel->shared->wakes
                                           : lc_wake_count(&channel->wake);
  lc_channel_lock_senders(channel, alone);
  stats->senders = channel->refs.senders;
  stats->sent += channel->refs.sent_by_dropped;
  for (tx = channel->refs.first_sender; tx != NULL; tx = tx->next)
    stats->sent += lc_tx_sent(tx);
  lc_channel_unlock_senders(channel, alone);
  /* A sender counts a message after it has published it. */
  if (stats->sent < done)
    stats->sent = done;
  stats->queued = stats->sent - done;
  if (channel->config.flavour == LC_LATEST)
    stats_of_newest(channel, alone, stats);
}
