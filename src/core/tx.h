/* tx: the sending side: permits, nodes, and publishing.
 *
 * Threads may share a sender, but if they allocated their nodes and counted
 * their messages with atomic operations, each send would pay for that. So each
 * thread has a cache. The first thread that sends has the sender's own; the
 * next few have one each, from an array that is made when it is first needed. A
 * cache stays its thread's even when the thread has ended. Any other thread
 * borrows the last of the array during its call; or, if that is lent, uses a
 * temporary one, and flushes it.
 *
 * [tx.caches]  A thread that finds the array sees the caches as they were made.
 *
 *   thread that made it                     another
 *   writes the caches
 *   (A) CAS more: NULL -> array  release    (B) load more        acquire
 *   Weaker: A or B relaxed -> a thread reads a cache before it is initialised
 *   (sender_vs_sender).
 *
 * [tx.lent]  A thread that borrows the last cache sees what the one before did.
 *
 *   gives it back                           borrows it
 *   writes the cache
 *   (A) store owner: none        release    (B) CAS owner: none -> self acquire
 *   Weaker: A or B relaxed -> both allocate the same node (borrow_vs_borrow).
 */
#ifndef LC_TX_H
#define LC_TX_H

#include "core/channel.h"

/* Initialises a cache, which is empty. */
void lc_tx_cache_init(lc_tx_cache_t *cache, const lc_channel_t *channel);

/* Any thread. A cache for the calling thread, perhaps *temporary. The thread
 * gives it back before its call returns. */
lc_tx_cache_t *lc_tx_cache_of(loopchan_sender_t *tx, lc_tx_cache_t *temporary);

#ifndef NDEBUG
/* It is the calling thread's, or a temporary one. */
static inline bool lc_tx_cache_is_here(const lc_tx_cache_t *cache) {
  return lc_owner_is_here(&cache->owner) || lc_owner_is_none(&cache->owner);
}
#endif

/* The same, but makes none. */
lc_tx_cache_t *lc_tx_cache_existing(loopchan_sender_t *tx,
                                    lc_tx_cache_t *temporary);

void lc_tx_cache_return_slow(loopchan_sender_t *tx, lc_tx_cache_t *cache);

static inline void lc_tx_cache_return(loopchan_sender_t *tx,
                                      lc_tx_cache_t *cache) {
  if (cache != &tx->own)
    lc_tx_cache_return_slow(tx, cache);
}

/* Any thread. Adds how many messages have been sent on a sender, and how many
 * were replaced by them. */
void lc_tx_count(loopchan_sender_t *tx, uint64_t *sent, uint64_t *replaced);

/* For the drop of a sender: gives back the slabs that its caches keep; frees
 * the caches. */
void lc_tx_put_slabs(loopchan_sender_t *tx);
void lc_tx_free_caches(loopchan_sender_t *tx);

/* Its last user. Drops a sender; the last one pushes the end of file. */
void lc_tx_drop_sender(loopchan_sender_t *tx);

/* Any thread. A slab with room, for the caller alone. If one has to be made,
 * bytes is as for lc_slab_pool_get. 0, UV_EPIPE, or UV_ENOMEM. */
LC_MUST_USE int lc_tx_take_slab_of(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   size_t *bytes, lc_slab_t **slab);

/* The same, for a slab that is meant for the next messages too. */
LC_MUST_USE static inline int lc_tx_take_slab(loopchan_sender_t *tx,
                                              lc_tx_cache_t *cache,
                                              lc_slab_t **slab) {
  return lc_tx_take_slab_of(tx, cache, &cache->bytes, slab);
}

/* Puts what lc_tx_take_slab gave, which is not full, into the cache, or gives
 * it back. */
void lc_tx_keep_slab(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     lc_slab_t *slab);

/* Gives back the node that was allocated last, and keeps its slab. */
static inline void lc_tx_put_node_back(loopchan_sender_t *tx,
                                       lc_tx_cache_t *cache, lc_slab_t *slab) {
  lc_slab_undo_alloc(slab);
  lc_tx_keep_slab(tx, cache, slab);
}

/* Puts the node that was allocated last in front of the chain. True: and the
 * slab's retire link in front of that, so the slab goes with the chain. */
LC_MUST_USE bool lc_tx_chain_node(lc_list_t *links, lc_slab_t *slab,
                                  lc_link_t *node);

/* Any thread. Publishes a chain of count messages. UV_EPIPE: refused. */
LC_MUST_USE int lc_tx_publish_chain(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                    const lc_list_t *links, size_t count);

/* Any thread. Publishes the node that was allocated last, and keeps its slab.
 * UV_EPIPE: refused, and both are still the caller's. */
LC_MUST_USE int lc_tx_publish_node(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   lc_slab_t *slab, lc_link_t *node);

/* Any thread. Does what is left to do after a push. 0, or UV_EPIPE: refused.
 * The first one is for a push that was not just accepted. */
LC_MUST_USE int lc_tx_after_push(lc_channel_t *channel, lc_push_t pushed);

LC_MUST_USE static inline int lc_tx_pushed(lc_channel_t *channel,
                                           lc_push_t pushed) {
  if (LC_UNLIKELY(pushed != LC_PUSHED))
    return lc_tx_after_push(channel, pushed);
  lc_channel_ring(channel);
  return 0;
}

/* Any thread. Publishes a chain of links and pays the wake that this may owe.
 * UV_EPIPE: refused. */
LC_MUST_USE static inline int lc_tx_publish(lc_channel_t *channel,
                                            lc_link_t *newest,
                                            lc_link_t *oldest,
                                            lc_streak_t *streak) {
  return lc_tx_pushed(channel,
                      lc_inbox_push(&channel->inbox, newest, oldest, streak));
}

/* Any thread. Acquires up to most permits; without a bound and on a rendezvous
 * channel there are always enough. Returns how many; UV_EAGAIN: full; or
 * UV_EPIPE. */
ssize_t lc_tx_acquire_slow(lc_channel_t *channel, size_t most);

LC_MUST_USE static inline ssize_t lc_tx_acquire(lc_channel_t *channel,
                                                size_t most) {
  size_t granted = most;

  if (channel->config.flavour == LC_BOUNDED)
    granted = lc_permits_acquire(&channel->waitq.permits, most);
  return LC_LIKELY(granted > 0) ? (ssize_t) granted
                                : lc_tx_acquire_slow(channel, most);
}

/* Any thread. False: try the slow way. */
LC_MUST_USE static inline bool lc_tx_acquire_fast(lc_channel_t *channel) {
  return channel->config.flavour == LC_UNBOUNDED ||
         (channel->config.flavour == LC_BOUNDED &&
          LC_LIKELY(lc_permits_acquire(&channel->waitq.permits, 1) != 0));
}

/* Any thread but the loop's own. Bounded, and full: spins for a permit, unless
 * others wait. As lc_tx_acquire. */
LC_MUST_USE ssize_t lc_tx_spin_for_permit(lc_channel_t *channel,
                                          lc_backoff_t *backoff,
                                          uint64_t deadline_ns);

/* Any thread but the loop's own. Waits for a wake of the caller's until the
 * deadline. 0: it came. UV_ETIMEDOUT; or UV_EAGAIN: this may be the loop's
 * thread, and the loop has not begun to run for a second. */
LC_MUST_USE int lc_tx_wait_for_wake(lc_channel_t *channel, lc_wake_t *wake,
                                    uint64_t deadline_ns);

/* Any thread but the loop's own. Puts a chain at the end of the wait queue, and
 * waits until it is sent, or until the deadline. 0, UV_EPIPE, UV_ETIMEDOUT;
 * UV_EAGAIN: this may be the loop's thread, and the loop has not begun to run;
 * or what lc_waitq_borrow returned. */
LC_MUST_USE int lc_tx_wait(lc_channel_t *channel, lc_link_t *newest,
                           lc_link_t *oldest, lc_backoff_t *backoff,
                           uint64_t deadline_ns);

/* Any thread. Gives up a slab that has room, or one that is full: nodes of it
 * that were pushed may not be received yet, but no more will be pushed. */
void lc_tx_put_slab(lc_channel_t *channel, lc_slab_t *slab);
void lc_tx_retire_slab(lc_channel_t *channel, lc_slab_t *slab);

/* Sender. Writes the message into its node, to be published or to wait. */
static inline void lc_tx_fill(lc_channel_t *channel, lc_link_t *node,
                              const void *msg) {
  lc_trace(send, channel, node);
  lc_copy(lc_node_message(&channel->pool, node), lc_unknown(msg),
          channel->config.msg_size);
  if (channel->config.msg_size > LC_CACHE_LINE)
    lc_node_fetch_ahead(&channel->pool, node);
}

#endif /* LC_TX_H */
