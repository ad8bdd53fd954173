/* replace: sending where a message takes the place of the one that waits.
 *
 * Knows:   nodes and slabs, the user's drop function. Never waits.
 * Threads: any, several at once on one sender; a cache is one thread's.
 * Promise: each message that was sent is received, waits, or is dropped, once.
 */
#include "core/replace.h"

#include "base/cancel.h"
#include "queue/latest.h"

static inline int put_node(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                           lc_link_t *node, lc_link_t **replaced) {
  int err = lc_tx_pushed(tx->channel,
                         lc_latest_put(&tx->channel->inbox, node, replaced));

  if (LC_UNLIKELY(err != 0))
    return err;
  if (*replaced != NULL)
    lc_counter_add_alone(&cache->replaced, 1);
  lc_counter_add_alone(&cache->sent, 1);
  return 0;
}

int lc_replace_put(loopchan_sender_t *tx, lc_tx_cache_t *cache, lc_link_t *node,
                   lc_link_t **replaced) {
  return put_node(tx, cache, node, replaced);
}

/* If the thread were cancelled in the user's function, the node would be
 * lost. */
static void drop_message(lc_channel_t *channel, lc_link_t *node) {
  int was = lc_cancel_forbid();

  lc_channel_drop_message(channel, node);
  lc_cancel_restore(was);
}

void lc_replace_drop(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     lc_link_t *node) {
  if (node == NULL)
    return;
  drop_message(tx->channel, node);
  lc_tx_put_node_back(tx, cache, lc_slab_of_first(node));
}

int lc_replace_publish(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       lc_link_t *node) {
  lc_link_t *replaced;
  int err = put_node(tx, cache, node, &replaced);

  if (LC_LIKELY(err == 0))
    lc_replace_drop(tx, cache, replaced);
  return err;
}

/* Allocates a node, and writes this message into it. */
static inline int fill_node(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                            const void *msg, lc_link_t **node) {
  lc_slab_t *slab;
  int err = lc_tx_take_slab(tx, cache, &slab);

  if (LC_UNLIKELY(err != 0))
    return err;
  *node = lc_slab_alloc_first(slab);
  lc_tx_fill(tx->channel, *node, msg);
  return 0;
}

/* The cache has no slab: the one it had is in the inbox, or was received. */
static LC_NOINLINE int send_without_slab(loopchan_sender_t *tx,
                                         lc_tx_cache_t *cache,
                                         const void *msg) {
  lc_link_t *node;
  int err = fill_node(tx, cache, msg, &node);

  if (err != 0)
    return err;
  err = lc_replace_publish(tx, cache, node);
  if (err != 0)
    lc_tx_put_node_back(tx, cache, lc_slab_of_first(node));
  return err;
}

/* The message that was replaced goes to drop, which may itself send with this
 * cache. */
static LC_NOINLINE int drop_replaced(loopchan_sender_t *tx,
                                     lc_tx_cache_t *cache,
                                     lc_link_t *replaced) {
  cache->slab = NULL;
  lc_replace_drop(tx, cache, replaced);
  return 0;
}

/* The usual case, with as few stores as possible: the compare-and-swap waits
 * for all of them. The slab stays in the cache until its node is published. */
int lc_replace_send(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                    const void *msg) {
  lc_channel_t *channel = tx->channel;
  lc_slab_t *slab = cache->slab;
  lc_link_t *node, *replaced;
  int err;

  if (LC_UNLIKELY(slab == NULL))
    return send_without_slab(tx, cache, msg);
  node = lc_slab_alloc_first(slab);
  lc_tx_fill(channel, node, msg);
  err = put_node(tx, cache, node, &replaced);
  if (LC_UNLIKELY(err != 0)) {
    lc_slab_undo_alloc(slab);
    return err;
  }
  if (replaced == NULL || channel->config.drop != NULL)
    return drop_replaced(tx, cache, replaced);
  lc_trace(drop, channel, replaced);
  cache->slab = lc_slab_of_first(replaced);
  lc_slab_undo_alloc(cache->slab);
  return 0;
}

/* Drops all but the last message, each from a node, where drop may change it;
 * the first is in the node. */
static void drop_others(loopchan_sender_t *tx, lc_link_t *node,
                        const char *msgs, size_t count) {
  lc_channel_t *channel = tx->channel;
  size_t i;

  for (i = 0; i < count - 1; i++) {
    if (i > 0)
      lc_tx_fill(channel, node, msgs + i * channel->config.msg_size);
    drop_message(channel, node);
  }
}

int lc_replace_publish_last(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                            const char *msgs, size_t count) {
  lc_channel_t *channel = tx->channel;
  lc_link_t *last, *other = NULL, *replaced = NULL;
  int err = fill_node(tx, cache, msgs + (count - 1) * channel->config.msg_size,
                      &last);

  if (err != 0)
    return err;
  /* Once the last message is published nothing may fail. */
  if (count > 1 && channel->config.drop != NULL)
    err = fill_node(tx, cache, msgs, &other);
  if (err == 0)
    err = lc_replace_put(tx, cache, last, &replaced);
  if (err == 0) {
    lc_counter_add_alone(&cache->replaced, count - 1);
    lc_counter_add_alone(&cache->sent, count - 1);
    lc_replace_drop(tx, cache, replaced);
    if (other != NULL)
      drop_others(tx, other, msgs, count);
  } else {
    lc_tx_put_node_back(tx, cache, lc_slab_of_first(last));
  }
  if (other != NULL)
    lc_tx_put_node_back(tx, cache, lc_slab_of_first(other));
  return err;
}
