/* reserve: a message that is written where it will be received.
 *
 * Knows:   the channel's core, nodes and slabs.
 * Threads: any, several at once on one sender.
 * Promise: a place that was reserved can be committed without fail, until the
 *          channel is closed; and one that is abandoned leaves nothing.
 *
 * A reserved place keeps the slab that its node is from until it is committed
 * or abandoned; the node's link holds the slab's address.
 */
#include "core/rendezvous.h"
#include "core/replace.h"

/* No link that is sent as a message has both bits. */
#define LC_RESERVED (LC_CONTROL | LC_TO_OLDER)

/* NULL: the place has been given back, as far as its memory still shows it. */
static lc_slab_t *reserved_slab(const lc_link_t *node) {
  return (node->next & LC_RESERVED) == LC_RESERVED
             ? (lc_slab_t *) (node->next & ~LC_RESERVED)
             : NULL;
}

static void remember_slab(lc_link_t *node, lc_slab_t *slab) {
  node->next = (uintptr_t) slab | LC_RESERVED;
}

/* If no slab waits in the pool, the first place gets one as a send does, the
 * others one of a single node. */
static int take_slab_to_keep(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                             lc_slab_t **slab) {
  size_t one_node = 0;

  return lc_counter_read(&tx->reserved) == 0
             ? lc_tx_take_slab(tx, cache, slab)
             : lc_tx_take_slab_of(tx, cache, &one_node, slab);
}

int loopchan_reserve(loopchan_sender_t *tx, void **msg) {
  lc_tx_cache_t temporary, *cache;
  lc_slab_t *slab;
  lc_link_t *node;
  ssize_t permit;
  int err;

  lc_called(__func__);
  if (tx == NULL || msg == NULL)
    return UV_EINVAL;
  lc_sender_expect_alive(tx);
  if (lc_inbox_is_closed(&tx->channel->inbox))
    return UV_EPIPE;
  permit = lc_tx_acquire(tx->channel, 1);
  if (permit < 0)
    return (int) permit;
  cache = lc_tx_cache_of(tx, &temporary);
  err = take_slab_to_keep(tx, cache, &slab);
  lc_tx_cache_return(tx, cache);
  if (err != 0) {
    lc_channel_release_permit(tx->channel);
    return err;
  }
  lc_counter_add(&tx->reserved, 1);
  node = lc_slab_alloc_node(&tx->channel->pool, slab);
  remember_slab(node, slab);
  *msg = lc_node_message(&tx->channel->pool, node);
  return 0;
}

static int publish(loopchan_sender_t *tx, lc_tx_cache_t *cache, lc_slab_t *slab,
                   lc_link_t *node) {
  switch (tx->channel->config.flavour) {
    case LC_RENDEZVOUS:
      return lc_rendezvous_publish(tx, cache, slab, node);
    case LC_LATEST:
      return lc_replace_publish(tx, cache, node);
    default:
      return lc_tx_publish_node(tx, cache, slab, node);
  }
}

/* The slab and the node of a reserved place. NULL: it is none. */
static lc_slab_t *find_place(loopchan_sender_t *tx, void *msg,
                             lc_link_t **node) {
  lc_slab_t *slab;

  if (tx == NULL || msg == NULL)
    return NULL;
  lc_sender_expect_alive(tx);
  *node = lc_node_of_message(&tx->channel->pool, msg);
  slab = reserved_slab(*node);
  lc_expect(slab != NULL, "this is no reserved place");
  return slab;
}

int loopchan_commit(loopchan_sender_t *tx, void *msg) {
  lc_tx_cache_t temporary, *cache;
  lc_slab_t *slab;
  lc_link_t *node;
  int err;

  lc_called(__func__);
  slab = find_place(tx, msg, &node);
  if (slab == NULL)
    return UV_EINVAL;
  cache = lc_tx_cache_existing(tx, &temporary);
  lc_trace(send, tx->channel, node);
  err = publish(tx, cache, slab, node);
  if (err != 0)
    remember_slab(node, slab);
  else
    lc_counter_add(&tx->reserved, -1);
  lc_tx_cache_return(tx, cache);
  return err;
}

void loopchan_abandon(loopchan_sender_t *tx, void *msg) {
  lc_tx_cache_t temporary, *cache;
  lc_slab_t *slab;
  lc_link_t *node;

  lc_called(__func__);
  slab = find_place(tx, msg, &node);
  if (slab == NULL)
    return;
  cache = lc_tx_cache_existing(tx, &temporary);
  lc_link_init(node, 0);
  lc_tx_put_node_back(tx, cache, slab);
  lc_tx_cache_return(tx, cache);
  lc_channel_release_permit(tx->channel);
  lc_counter_add(&tx->reserved, -1);
}
