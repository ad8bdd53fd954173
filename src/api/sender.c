/* sender: the sending calls.
 *
 * Knows:   the channel's core; which slab the next message goes to.
 * Threads: any, several at once on one sender.
 * Promise: 0 and the message is the channel's; anything else and it is still
 *          the caller's.
 *
 * The thread that sent first on a sender owns its slab. Any other thread takes
 * a slab off the rack for the time of its call, and so does each reserved
 * place, which keeps it until commit or abandon.
 */
#include "core/channel.h"

/* A slab with room for the caller alone; bytes as for lc_slab_pool_get. */
static int take_slab_of(loopchan_sender_t *tx, bool mine, size_t *bytes,
                        lc_slab_t **slab) {
  if (LC_LIKELY(mine && tx->slab != NULL)) {
    *slab = tx->slab;
    tx->slab = NULL;
    return 0;
  }
  if (lc_inbox_is_closed(&tx->channel->inbox))
    return UV_EPIPE;
  *slab = lc_slab_pool_get(&tx->channel->pool, bytes);
  return *slab == NULL ? UV_ENOMEM : 0;
}

/* One for the next messages too. */
static int take_slab(loopchan_sender_t *tx, bool mine, lc_slab_t **slab) {
  return take_slab_of(tx, mine, mine ? &tx->bytes : NULL, slab);
}

/* Gives back what take_slab gave, unless it is full. */
static void put_slab(loopchan_sender_t *tx, bool mine, lc_slab_t *slab) {
  if (LC_LIKELY(mine && tx->slab == NULL))
    tx->slab = slab;
  else
    lc_tx_put_slab(tx->channel, slab);
}

/* Puts a link in front of a chain that leads from newest to oldest. */
static void chain(lc_list_t *links, lc_link_t *link) {
  if (links->newest == NULL)
    links->oldest = link;
  else
    lc_link_to_older(link, links->newest);
  links->newest = link;
}

/* Chains the node carved last. True: with it the slab's retire link, so that
 * the slab goes with the chain. */
static bool chain_node(lc_list_t *links, lc_slab_t *slab, lc_link_t *node) {
  lc_link_init(node, 0);
  chain(links, node);
  if (LC_LIKELY(!lc_slab_is_full(slab)))
    return false;
  chain(links, &slab->retire);
  return true;
}

static void count_sent(loopchan_sender_t *tx, bool mine, size_t count) {
  if (LC_LIKELY(mine))
    lc_counter_add_alone(&tx->sent, count);
  else
    lc_counter_add(&tx->sent_by_others, count);
}

/* By hand, a chain is only for a receiver that waits: UV_EAGAIN. */
static int publish(loopchan_sender_t *tx, bool mine, const lc_list_t *links,
                   size_t count) {
  lc_channel_t *channel = tx->channel;
  int err = channel->flavour == LC_RENDEZVOUS
                ? lc_tx_push_if_parked(channel, links->newest, links->oldest)
                : lc_tx_publish(channel, links->newest, links->oldest,
                                mine ? &tx->streak : LC_NO_STREAK);

  if (err == 0)
    count_sent(tx, mine, count);
  return err;
}

/* Publishes the node carved last. Refused: it is still the caller's, and so is
 * the slab. By hand that goes along: given up later, with nodes under way, its
 * retire link would rouse a receiver that waits. */
static int publish_node(loopchan_sender_t *tx, bool mine, lc_slab_t *slab,
                        lc_link_t *node) {
  lc_list_t links = {NULL, NULL};
  bool slab_goes = chain_node(&links, slab, node);
  int err;

  if (!slab_goes && tx->channel->flavour == LC_RENDEZVOUS) {
    chain(&links, &slab->retire);
    slab_goes = true;
  }
  err = publish(tx, mine, &links, 1);
  if (LC_LIKELY(err == 0 && !slab_goes))
    put_slab(tx, mine, slab);
  return err;
}

/* The usual case: the caller owns the sender, has a place, and after this
 * message its slab still has room. */
static inline int send_from_own_slab(loopchan_sender_t *tx, const void *msg) {
  lc_channel_t *channel = tx->channel;
  lc_link_t *node = lc_slab_alloc_node(&channel->pool, tx->slab);
  int err;

  lc_tx_fill(channel, node, msg);
  lc_link_init(node, 0);
  err = lc_tx_publish(channel, node, node, &tx->streak);
  if (LC_LIKELY(err == 0))
    lc_counter_add_alone(&tx->sent, 1);
  else
    lc_slab_undo_alloc(tx->slab);
  return err;
}

/* Sends the node carved last, at the end of the line. By hand it is received
 * where it lies, and is back when the answer is there. */
static int send_and_wait(loopchan_sender_t *tx, bool mine, lc_slab_t *slab,
                         lc_link_t *node, lc_patience_t *patience,
                         uint64_t deadline_ns) {
  bool is_rendezvous = tx->channel->flavour == LC_RENDEZVOUS, slab_goes = false;
  lc_list_t links = {NULL, NULL};
  int err;

  if (is_rendezvous)
    chain(&links, node);
  else
    slab_goes = chain_node(&links, slab, node);
  err = lc_tx_wait(tx->channel, links.newest, links.oldest, patience,
                   deadline_ns);
  if (err == 0 && is_rendezvous)
    lc_slab_undo_alloc(slab);
  if (err == 0 && !slab_goes)
    put_slab(tx, mine, slab);
  return err;
}

/* Apart, so that the usual case saves no registers for it. */
static LC_NOINLINE int send_slow(loopchan_sender_t *tx, bool mine,
                                 const void *msg, uint64_t deadline_ns) {
  lc_channel_t *channel = tx->channel;
  bool may_wait =
      deadline_ns != LC_NOW && !lc_loop_thread_is_here(&channel->loop_thread);
  ssize_t permit = lc_tx_acquire(channel, 1);
  lc_patience_t fresh, *patience = mine ? &tx->patience : &fresh;
  lc_slab_t *slab;
  lc_link_t *node;
  int err;

  lc_patience_init(&fresh, channel->patience.most_ns);
  if (permit == UV_EAGAIN && may_wait)
    permit = lc_tx_spin_for_permit(channel, patience, deadline_ns);
  if (permit < 0 && (permit != UV_EAGAIN || !may_wait))
    return (int) permit;
  err = take_slab(tx, mine, &slab);
  if (err != 0) {
    if (permit > 0)
      lc_tx_release_permit(channel);
    return err;
  }
  node = lc_slab_alloc_node(&channel->pool, slab);
  lc_tx_fill(channel, node, msg);
  err = may_wait && (permit < 0 || channel->flavour == LC_RENDEZVOUS)
            ? send_and_wait(tx, mine, slab, node, patience, deadline_ns)
            : publish_node(tx, mine, slab, node);
  if (err != 0) {
    lc_slab_undo_alloc(slab);
    put_slab(tx, mine, slab);
  }
  return err;
}

static inline int send_until(loopchan_sender_t *tx, const void *msg,
                             uint64_t deadline_ns) {
  lc_channel_t *channel = tx->channel;
  bool mine = lc_owner_claim(&tx->owner);

  if (LC_LIKELY(mine && tx->slab != NULL && lc_slab_left(tx->slab) > 1 &&
                lc_tx_acquire_fast(channel)))
    return send_from_own_slab(tx, msg);
  return send_slow(tx, mine, msg, deadline_ns);
}

static inline bool can_send(const loopchan_sender_t *tx, const void *msg) {
  return tx != NULL && (msg != NULL || tx->channel->msg_size == 0);
}

int loopchan_send(loopchan_sender_t *tx, const void *msg) {
  return can_send(tx, msg) ? send_until(tx, msg, LC_NEVER) : UV_EINVAL;
}

int loopchan_try_send(loopchan_sender_t *tx, const void *msg) {
  return can_send(tx, msg) ? send_until(tx, msg, LC_NOW) : UV_EINVAL;
}

int loopchan_send_timeout(loopchan_sender_t *tx, const void *msg,
                          uint64_t timeout_ns) {
  int err;

  if (!can_send(tx, msg))
    return UV_EINVAL;
  err = send_until(tx, msg, timeout_ns == 0 ? LC_NOW : lc_deadline(timeout_ns));
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

/* Sends the messages from *sent on, as many as there are places for, and adds
 * to *sent how many went. An error: not all of them. */
static int send_chain(loopchan_sender_t *tx, bool mine, const char *msgs,
                      size_t granted, size_t *sent) {
  lc_list_t links = {NULL, NULL};
  lc_channel_t *channel = tx->channel;
  size_t n, size = channel->msg_size;
  lc_slab_t *slab = NULL;
  int err = 0, refused = 0;

  for (n = 0; n < granted; n++) {
    lc_link_t *node;
    if (slab == NULL)
      err = take_slab(tx, mine, &slab);
    if (err != 0)
      break;
    node = lc_slab_alloc_node(&channel->pool, slab);
    lc_tx_fill(channel, node, msgs + (*sent + n) * size);
    if (chain_node(&links, slab, node))
      slab = NULL;
  }
  if (n > 0)
    refused = publish(tx, mine, &links, n);
  if (refused != 0)
    orphan_slabs(channel, links.newest);
  else
    *sent += n;
  if (slab != NULL)
    put_slab(tx, mine, slab);
  for (; n < granted; n++)
    lc_tx_release_permit(channel);
  return refused != 0 ? refused : err;
}

ssize_t loopchan_send_many(loopchan_sender_t *tx, const void *msgs,
                           size_t count) {
  size_t size, sent = 0;
  int err = 0;
  bool mine;

  if (tx == NULL)
    return UV_EINVAL;
  size = tx->channel->msg_size;
  if ((msgs == NULL && size != 0 && count != 0) ||
      count > (size_t) PTRDIFF_MAX / (size != 0 ? size : 1))
    return UV_EINVAL;
  if (count == 0)
    return lc_inbox_is_closed(&tx->channel->inbox) ? UV_EPIPE : 0;
  if (msgs == NULL)
    msgs = ""; /* nothing to copy, but to count from NULL is not allowed */
  mine = lc_owner_claim(&tx->owner);
  while (err == 0 && sent < count) {
    ssize_t granted = lc_tx_acquire(tx->channel, count - sent);
    if (granted > 0 && tx->channel->flavour != LC_RENDEZVOUS) {
      err = send_chain(tx, mine, msgs, (size_t) granted, &sent);
    } else if (granted > 0 || granted == UV_EAGAIN) {
      /* One that waits; by then there is room for others. */
      err = send_slow(tx, mine, (const char *) msgs + sent * size, LC_NEVER);
      sent += err == 0;
    } else {
      err = (int) granted;
    }
  }
  return sent > 0 ? (ssize_t) sent : err;
}

/* A reserved place keeps its slab. If none waits in the rack, the first gets
 * one as a send does, the others one of a single node. */
static int take_slab_to_keep(loopchan_sender_t *tx, lc_slab_t **slab) {
  bool mine = lc_owner_claim(&tx->owner);
  size_t one_node = 0;

  return lc_counter_read(&tx->reserved) == 0
             ? take_slab(tx, mine, slab)
             : take_slab_of(tx, mine, &one_node, slab);
}

/* The slab of a reserved place waits in its node's link. */
static lc_slab_t *reserved_slab(const lc_link_t *node) {
  return (lc_slab_t *) node->next;
}

static void remember_slab(lc_link_t *node, lc_slab_t *slab) {
  node->next = (uintptr_t) slab;
}

int loopchan_reserve(loopchan_sender_t *tx, void **msg) {
  lc_slab_t *slab;
  lc_link_t *node;
  ssize_t permit;
  int err;

  if (tx == NULL || msg == NULL)
    return UV_EINVAL;
  if (lc_inbox_is_closed(&tx->channel->inbox))
    return UV_EPIPE;
  permit = lc_tx_acquire(tx->channel, 1);
  if (permit < 0)
    return (int) permit;
  err = take_slab_to_keep(tx, &slab);
  if (err != 0) {
    lc_tx_release_permit(tx->channel);
    return err;
  }
  lc_counter_add(&tx->reserved, 1);
  node = lc_slab_alloc_node(&tx->channel->pool, slab);
  remember_slab(node, slab);
  *msg = lc_node_message(&tx->channel->pool, node);
  return 0;
}

int loopchan_commit(loopchan_sender_t *tx, void *msg) {
  lc_slab_t *slab;
  lc_link_t *node;
  int err;

  if (tx == NULL || msg == NULL)
    return UV_EINVAL;
  node = lc_node_of_message(&tx->channel->pool, msg);
  slab = reserved_slab(node);
  lc_trace(send, tx->channel, node);
  err = publish_node(tx, lc_owner_claim(&tx->owner), slab, node);
  if (err != 0)
    remember_slab(node, slab);
  else
    lc_counter_add(&tx->reserved, -1);
  return err;
}

void loopchan_abandon(loopchan_sender_t *tx, void *msg) {
  lc_slab_t *slab;

  if (tx == NULL || msg == NULL)
    return;
  slab = reserved_slab(lc_node_of_message(&tx->channel->pool, msg));
  lc_slab_undo_alloc(slab);
  put_slab(tx, lc_owner_claim(&tx->owner), slab);
  lc_tx_release_permit(tx->channel);
  lc_counter_add(&tx->reserved, -1);
}

loopchan_sender_t *loopchan_sender_clone(loopchan_sender_t *tx) {
  return tx == NULL ? NULL : lc_channel_add_sender(tx->channel);
}

void loopchan_sender_drop(loopchan_sender_t *tx) {
  lc_channel_t *channel;

  if (tx == NULL)
    return;
  channel = tx->channel;
  lc_trace(sender_drop, channel, tx);
  if (tx->slab != NULL) {
    lc_tx_put_slab(channel, tx->slab);
    tx->slab = NULL;
  }
  /* Refused: the receiver has gone and needs no goodbye. */
  if (lc_channel_remove_sender(tx)) {
    int refused =
        lc_tx_publish(channel, &channel->eof, &channel->eof, LC_NO_STREAK);
    (void) refused;
  }
  lc_channel_leave(channel);
}

int loopchan_is_closed(const loopchan_sender_t *tx) {
  return tx == NULL ? UV_EINVAL : lc_inbox_is_closed(&tx->channel->inbox);
}
