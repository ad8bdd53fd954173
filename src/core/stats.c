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

void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats) {
  uint64_t done = channel->rx.received + channel->rx.dropped, replaced;
  bool is_latest = channel->config.flavour == LC_LATEST;
  /* At the close, what waited is dropped. */
  bool waits =
      is_latest && channel->rx.dropped == 0 && lc_rx_has_message(channel);
  bool alone = lc_channel_is_alone(channel);
  loopchan_sender_t *tx;

  memset(stats->reserved, 0, sizeof stats->reserved);
  /* Grant free permits first, so that no send counts as waiting while there is
   * room. */
  if (lc_permits_has_waiters(&channel->waitq.permits))
    lc_channel_grant(channel);
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
  replaced = channel->refs.replaced_by_dropped;
  for (tx = channel->refs.first_sender; tx != NULL; tx = tx->next)
    lc_tx_count(tx, &stats->sent, &replaced);
  lc_channel_unlock_senders(channel, alone);
  /* A sender counts a message after it has published it. And a sender's two
   * counts cannot be read in one step. */
  if (is_latest || stats->sent < done)
    stats->sent = done + replaced + waits;
  stats->dropped += replaced;
  stats->queued = stats->sent - done - replaced;
}
