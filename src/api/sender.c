/* sender: the sending calls.
 *
 * Knows:   the channel's core; which slab the next message goes to.
 * Threads: any, several at once on one sender.
 * Promise: 0 and the message is the channel's; anything else and it is still
 *          the caller's.
 */
#include "core/rendezvous.h"
#include "core/replace.h"

/* The usual case: the thread has a permit and, after this message, room left in
 * its slab. */
static LC_INLINE int send_from_cache(lc_channel_t *channel,
                                     lc_tx_cache_t *cache, const void *msg) {
  lc_link_t *node = lc_slab_alloc_node(&channel->pool, cache->slab);
  int err;

  lc_tx_fill(channel, node, msg);
  lc_link_init(node, 0);
  err = lc_tx_publish(channel, node, node, &cache->streak);
  if (LC_LIKELY(err == 0))
    lc_counter_add_alone(&cache->sent, 1);
  else
    lc_slab_undo_alloc(cache->slab);
  return err;
}

static inline bool has_room(const lc_tx_cache_t *cache) {
  return cache->slab != NULL && lc_slab_left(cache->slab) > 1;
}

/* Sends the node that was allocated last, from the end of the wait queue. */
static int send_and_wait(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                         lc_slab_t *slab, lc_link_t *node,
                         uint64_t deadline_ns) {
  lc_list_t links = {NULL, NULL};
  bool slab_goes = lc_tx_chain_node(&links, slab, node);
  size_t bytes = slab->bytes;
  int err = lc_tx_wait(tx->channel, links.newest, links.oldest, &cache->backoff,
                       deadline_ns);

  if (err == 0 && slab_goes)
    lc_slab_pool_spent(&tx->channel->pool, bytes);
  else if (err == 0)
    lc_tx_keep_slab(tx, cache, slab);
  return err;
}

/* For a channel with a bound, or without. Whose loop it is, for which several
 * receivers need their lock, is asked only by a send that has to wait. */
static int send_or_wait(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                        const void *msg, uint64_t deadline_ns) {
  lc_channel_t *channel = tx->channel;
  ssize_t permit = lc_tx_acquire(channel, 1);
  lc_slab_t *slab;
  lc_link_t *node;
  int err;

  if (permit == UV_EAGAIN) {
    if (deadline_ns == LC_NOW || lc_channel_runs_here(channel))
      return UV_EAGAIN;
    permit = lc_tx_spin_for_permit(channel, &cache->backoff, deadline_ns);
  }
  if (permit < 0 && permit != UV_EAGAIN)
    return (int) permit;
  err = lc_tx_take_slab(tx, cache, &slab);
  if (err != 0) {
    if (permit > 0)
      lc_channel_release_permit(channel);
    return err;
  }
  node = lc_slab_alloc_node(&channel->pool, slab);
  lc_tx_fill(channel, node, msg);
  err = permit > 0 ? lc_tx_publish_node(tx, cache, slab, node)
                   : send_and_wait(tx, cache, slab, node, deadline_ns);
  if (err != 0)
    lc_tx_put_node_back(tx, cache, slab);
  return err;
}

static int send_by_flavour(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                           const void *msg, uint64_t deadline_ns) {
  switch (tx->channel->config.flavour) {
    case LC_RENDEZVOUS:
      return lc_rendezvous_send(tx, cache, msg, deadline_ns);
    case LC_LATEST:
      return lc_replace_send(tx, cache, msg);
    default:
      return send_or_wait(tx, cache, msg, deadline_ns);
  }
}

/* A function of its own, so that the usual case saves no registers for it. */
static LC_NOINLINE int send_slow(loopchan_sender_t *tx, const void *msg,
                                 uint64_t deadline_ns) {
  lc_tx_cache_t temporary, *cache = lc_tx_cache_of(tx, &temporary);
  int err;

  if (cache != &tx->own && has_room(cache) && lc_tx_acquire_fast(tx->channel))
    err = send_from_cache(tx->channel, cache, msg);
  else
    err = send_by_flavour(tx, cache, msg, deadline_ns);
  lc_tx_cache_return(tx, cache);
  return err;
}

static inline int send_until(loopchan_sender_t *tx, const void *msg,
                             uint64_t deadline_ns) {
  if (LC_LIKELY(lc_owner_may_be_here(&tx->own.owner) && has_room(&tx->own) &&
                lc_tx_acquire_fast(tx->channel)))
    return send_from_cache(tx->channel, &tx->own, msg);
  return send_slow(tx, msg, deadline_ns);
}

static inline bool can_send(const loopchan_sender_t *tx, const void *msg) {
  if (tx != NULL)
    lc_sender_expect_alive(tx);
  return tx != NULL && (msg != NULL || tx->channel->config.msg_size == 0);
}

int loopchan_send(loopchan_sender_t *tx, const void *msg) {
  lc_called(__func__);
  return can_send(tx, msg) ? send_until(tx, msg, LC_NEVER) : UV_EINVAL;
}

int loopchan_try_send(loopchan_sender_t *tx, const void *msg) {
  lc_called(__func__);
  return can_send(tx, msg) ? send_until(tx, msg, LC_NOW) : UV_EINVAL;
}

int loopchan_send_timeout(loopchan_sender_t *tx, const void *msg,
                          uint64_t timeout_ns) {
  int err;

  lc_called(__func__);
  if (!can_send(tx, msg))
    return UV_EINVAL;
  err = send_until(tx, msg, lc_call_deadline(timeout_ns));
  return timeout_ns == 0 && err == UV_EAGAIN ? UV_ETIMEDOUT : err;
}

/* A chain was refused: its full slabs have no user any more. */
static void orphan_slabs(lc_channel_t *channel, lc_link_t *newest) {
  while (newest != NULL) {
    lc_link_t *older = lc_link_next(newest);
    if (lc_link_is_control(newest))
      lc_slab_pool_orphan(&channel->pool, lc_slab_of_retire(newest));
    newest = older;
  }
}

/* Sends the messages from *sent on, as many as there are permits, and adds to
 * *sent how many went. An error: not all of them went. */
static int send_chain(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                      const char *msgs, size_t permits, size_t *sent) {
  lc_list_t links = {NULL, NULL};
  lc_channel_t *channel = tx->channel;
  size_t n, size = channel->config.msg_size;
  lc_slab_t *slab = NULL;
  int err = 0, refused = 0;

  for (n = 0; n < permits; n++) {
    lc_link_t *node;
    if (slab == NULL)
      err = lc_tx_take_slab(tx, cache, &slab);
    if (err != 0)
      break;
    node = lc_slab_alloc_node(&channel->pool, slab);
    lc_tx_fill(channel, node, msgs + (*sent + n) * size);
    if (lc_tx_chain_node(&links, slab, node)) {
      lc_slab_pool_spent(&channel->pool, slab->bytes);
      slab = NULL;
    }
  }
  if (n > 0)
    refused = lc_tx_publish_chain(tx, cache, &links, n);
  if (refused != 0)
    orphan_slabs(channel, links.newest);
  else
    *sent += n;
  if (slab != NULL)
    lc_tx_keep_slab(tx, cache, slab);
  for (; n < permits; n++)
    lc_channel_release_permit(channel);
  return refused != 0 ? refused : err;
}

/* Sends all, unless there is an error, and adds to *sent how many went. */
static int send_chains(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       const char *msgs, size_t count, size_t *sent) {
  lc_channel_t *channel = tx->channel;
  int err = 0;

  while (err == 0 && *sent < count) {
    ssize_t permits = lc_tx_acquire(channel, count - *sent);
    if (permits > 0) {
      err = send_chain(tx, cache, msgs, (size_t) permits, sent);
    } else if (permits == UV_EAGAIN) {
      /* Send one that waits; then there is room for others. */
      err = send_or_wait(tx, cache, msgs + *sent * channel->config.msg_size,
                         LC_NEVER);
      *sent += err == 0;
    } else {
      err = (int) permits;
    }
  }
  return err;
}

static int send_each(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     const char *msgs, size_t count, size_t *sent) {
  int err = 0;

  for (; err == 0 && *sent < count; *sent += err == 0)
    err = lc_rendezvous_send(
        tx, cache, msgs + *sent * tx->channel->config.msg_size, LC_NEVER);
  return err;
}

static int send_latest(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       const char *msgs, size_t count, size_t *sent) {
  int err = lc_replace_publish_last(tx, cache, msgs, count);

  *sent = err == 0 ? count : 0;
  return err;
}

static int send_many(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     const char *msgs, size_t count, size_t *sent) {
  switch (tx->channel->config.flavour) {
    case LC_RENDEZVOUS:
      return send_each(tx, cache, msgs, count, sent);
    case LC_LATEST:
      return send_latest(tx, cache, msgs, count, sent);
    default:
      return send_chains(tx, cache, msgs, count, sent);
  }
}

ssize_t loopchan_send_many(loopchan_sender_t *tx, const void *msgs,
                           size_t count) {
  lc_tx_cache_t temporary, *cache;
  size_t size, sent = 0;
  int err;

  lc_called(__func__);
  if (tx == NULL)
    return UV_EINVAL;
  lc_sender_expect_alive(tx);
  size = tx->channel->config.msg_size;
  if ((msgs == NULL && size != 0 && count != 0) ||
      count > (size_t) PTRDIFF_MAX / (size != 0 ? size : 1))
    return UV_EINVAL;
  if (count == 0)
    return lc_inbox_is_closed(&tx->channel->inbox) ? UV_EPIPE : 0;
  if (msgs == NULL)
    msgs = ""; /* nothing to copy, but to count from NULL is not allowed */
  cache = lc_tx_cache_of(tx, &temporary);
  err = send_many(tx, cache, msgs, count, &sent);
  lc_tx_cache_return(tx, cache);
  return sent > 0 ? (ssize_t) sent : err;
}

loopchan_sender_t *loopchan_sender_clone(loopchan_sender_t *tx) {
  lc_called(__func__);
  if (tx == NULL)
    return NULL;
  lc_sender_expect_alive(tx);
  return lc_channel_add_sender(tx->channel);
}

void loopchan_sender_drop(loopchan_sender_t *tx) {
  lc_called(__func__);
  if (tx == NULL)
    return;
  lc_sender_expect_alive(tx);
  lc_expect(!tx->is_writers, "the sender is a writer's, which drops it");
  if (!tx->is_writers)
    lc_tx_drop_sender(tx);
}
