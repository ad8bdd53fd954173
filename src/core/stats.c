/* stats: a channel's figures.
 *
 * Knows:   who counts what.
 * Threads: the receiver's.
 * Promise: sent = received + dropped + queued.
 */
#include "core/tx.h"

void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats) {
  uint64_t done = channel->received + channel->dropped;
  loopchan_sender_t *tx;

  /* Nobody is told to wait for whom there is room. */
  if (channel->flavour == LC_BOUNDED)
    lc_tx_grant(channel);
  stats->capacity = channel->capacity;
  stats->waiting = lc_waitq_length(&channel->waitq);
  stats->received = channel->received;
  stats->dropped = channel->dropped;
  stats->budget_cuts = channel->budget_cuts;
  stats->wakeups = lc_wake_count(&channel->wake);
  stats->sent = lc_waitq_sent(&channel->waitq);
  uv_mutex_lock(&channel->mutex);
  stats->senders = channel->senders;
  stats->sent += channel->sent_by_dropped;
  for (tx = channel->first_sender; tx != NULL; tx = tx->next)
    stats->sent += lc_tx_sent(tx);
  uv_mutex_unlock(&channel->mutex);
  /* A sender counts after it has published. */
  if (stats->sent < done)
    stats->sent = done;
  stats->queued = stats->sent - done;
}
