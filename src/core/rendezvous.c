/* rendezvous: sending where nothing is stored.
 *
 * Knows:   nodes and slabs, the wait queue, whether a receiver waits.
 * Threads: any, several at once on one sender; a cache is one thread's.
 * Promise: a message is accepted only if a receiver has it, or will have it
 *          next.
 */
#include "core/rendezvous.h"

#include "core/shared.h"

static int push_to_parked(lc_channel_t *channel, lc_link_t *newest,
                          lc_link_t *oldest) {
  if (channel->shared != NULL)
    return lc_shared_give(channel, newest, oldest);
  if (!lc_inbox_push_if_parked(&channel->inbox, newest, oldest))
    return lc_inbox_is_closed(&channel->inbox) ? UV_EPIPE : UV_EAGAIN;
  lc_channel_pay(channel);
  return 0;
}

/* The slab's retire link is pushed with the node: pushed later, alone, it would
 * wake a waiting receiver for nothing. */
int lc_rendezvous_publish(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                          lc_slab_t *slab, lc_link_t *node) {
  lc_link_t *retire = &slab->retire;
  size_t bytes = slab->bytes;
  int err;

  lc_link_init(node, 0);
  lc_link_to_older(retire, node);
  err = push_to_parked(tx->channel, retire, node);
  if (err != 0)
    return err;
  lc_counter_add_alone(&cache->sent, 1);
  lc_slab_pool_spent(&tx->channel->pool, bytes);
  return 0;
}

/* Whatever the result, the node is free again. */
static int wait_for_receiver(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                             lc_slab_t *slab, lc_link_t *node,
                             uint64_t deadline_ns) {
  int err = lc_tx_wait(tx->channel, node, node, &cache->backoff, deadline_ns);

  lc_tx_put_node_back(tx, cache, slab);
  return err;
}

int lc_rendezvous_send(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       const void *msg, uint64_t deadline_ns) {
  lc_channel_t *channel = tx->channel;
  lc_slab_t *slab;
  lc_link_t *node;
  int err = lc_tx_take_slab(tx, cache, &slab);

  if (err != 0)
    return err;
  node = lc_slab_alloc_node(&channel->pool, slab);
  lc_tx_fill(channel, node, msg);
  if (deadline_ns != LC_NOW && !lc_channel_runs_here(channel))
    return wait_for_receiver(tx, cache, slab, node, deadline_ns);
  err = lc_rendezvous_publish(tx, cache, slab, node);
  if (err != 0)
    lc_tx_put_node_back(tx, cache, slab);
  return err;
}
