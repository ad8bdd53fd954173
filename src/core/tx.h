/* tx: what a thread keeps of a sender between its sends, and how it publishes.
 *
 * A sender is one for all threads, but a thread that allocated its nodes and
 * counted its messages with atomic operations would pay for that at each send.
 * So it has a cache. The first thread that sends has the sender's own; the next
 * few have one each from an array that is made when it is first needed; any
 * other has one for the time of its call, and flushes it.
 *
 * [tx.caches]  A thread that finds the array sees the caches as they were made.
 *
 *   thread that made it                     another
 *   writes the caches
 *   (A) CAS more: NULL -> array  release    (B) load more, or failing
 *                                               CAS              acquire
 *   Weaker: A or B relaxed -> a thread reads a cache that is not there yet
 *   (sender_vs_sender).
 */
#ifndef LC_TX_H
#define LC_TX_H

#include "core/channel.h"

/* Makes a cache that is empty. */
void lc_tx_cache_init(lc_tx_cache_t *cache, const lc_channel_t *channel);

/* Any thread. The calling thread's cache: one that it keeps, or *passing, to be
 * flushed before the call returns. */
lc_tx_cache_t *lc_tx_cache_of(loopchan_sender_t *tx, lc_tx_cache_t *passing);
void lc_tx_flush(loopchan_sender_t *tx, lc_tx_cache_t *passing);

/* Any thread. How many messages have been sent on a sender. */
uint64_t lc_tx_sent(loopchan_sender_t *tx);

/* The sender's last uses: gives back the slabs that its caches keep; frees the
 * caches. */
void lc_tx_put_slabs(loopchan_sender_t *tx);
void lc_tx_free_caches(loopchan_sender_t *tx);

/* Any thread. A slab with room for the caller alone. If one has to be made,
 * bytes is as for lc_slab_pool_get. 0, UV_EPIPE, or UV_ENOMEM. */
LC_MUST_USE int lc_tx_take_slab_of(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   size_t *bytes, lc_slab_t **slab);

/* One for the next messages too. */
LC_MUST_USE static inline int lc_tx_take_slab(loopchan_sender_t *tx,
                                              lc_tx_cache_t *cache,
                                              lc_slab_t **slab) {
  return lc_tx_take_slab_of(tx, cache, &cache->bytes, slab);
}

/* Keeps what lc_tx_take_slab gave, which is not full, or gives it back. */
void lc_tx_keep_slab(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     lc_slab_t *slab);

/* Chains the node that was allocated last, in front of what is there. True: and
 * with it the slab's retire link, so that the slab goes with the chain. */
LC_MUST_USE bool lc_tx_chain_node(lc_list_t *links, lc_slab_t *slab,
                                  lc_link_t *node);

/* Any thread. Publishes a chain of count messages. On a rendezvous channel it
 * is only for a receiver that waits: UV_EAGAIN. */
LC_MUST_USE int lc_tx_publish_chain(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                    const lc_list_t *links, size_t count);

/* Any thread. Publishes the node that was allocated last, and keeps its slab.
 * Refused: both are still the caller's. */
LC_MUST_USE int lc_tx_publish_node(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   lc_slab_t *slab, lc_link_t *node);

#endif /* LC_TX_H */
