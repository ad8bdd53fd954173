/* rx: the receiving side: parking, taking, and dropping at the end.
 *
 * Knows:   the inbox, the backlog, what control links mean. Not the user's
 *          callback.
 * Threads: the receiver's.
 * Promise: what was accepted is received or dropped, once.
 */
#include "core/rx.h"

#include "base/cancel.h"
#include "queue/latest.h"
#include "core/shared.h"

/* A receiver that catches up finds nothing now and then, and its senders need
 * the slabs of the flood soon again. After this many empty looks since a sender
 * asked for a slab, the flood is over. Measured with one sender to a loop, 4096
 * bytes, ns per message: 260; with none 400. */
#ifndef LC_CAUGHT_UP
#define LC_CAUGHT_UP 64
#endif

/* After this many empty looks, senders may need this processor for what comes
 * next. Measured with two senders to a loop, one on the receiver's processor,
 * capacity 1024; with 256 and with 1024 bytes, ns per message: 67 and 99; if it
 * never yields, 106 (55 to 210) and 110; if at each look, 62 and 132. */
#define LC_LOOKS_ALONE 8

/* The receiver has received every node of the slab. */
static void recycle(lc_channel_t *channel, lc_slab_t *slab) {
  lc_assert(slab->used > 0);
  if (channel->rx.in_callback) {
    slab->next = channel->rx.recycle_after_callback;
    channel->rx.recycle_after_callback = slab;
  } else {
    lc_slab_pool_recycle(&channel->pool, slab);
  }
}

/* The inbox's word has moved on. */
static inline void release_deferred(lc_channel_t *channel) {
  lc_slab_t *deferred = channel->rx.deferred;

  if (LC_LIKELY(deferred == NULL))
    return;
  channel->rx.deferred = NULL;
  recycle(channel, deferred);
}

/* LC_LATEST: the node's slab is recycled when the next node is taken; by then
 * its message has been received, or dropped. */
static void defer_node(lc_channel_t *channel, lc_link_t *node) {
  lc_assert(node == NULL || lc_backlog_is_empty(&channel->rx.backlog));
  release_deferred(channel);
  if (node != NULL)
    channel->rx.deferred = lc_slab_of_first(node);
}

/* With LC_LATEST a take has to claim what it has seen. */
static LC_NOINLINE void after_take(lc_channel_t *channel, lc_chain_t *chain) {
  if (channel->config.flavour == LC_LATEST) {
    lc_latest_claim(&channel->inbox, chain);
    defer_node(channel, lc_latest_node(chain));
  } else {
    release_deferred(channel); /* perhaps the chain's end, which is not read */
  }
}

bool lc_rx_park(lc_channel_t *channel) {
  lc_wake_forget(&channel->wake);
  return lc_rx_park_behind(channel, 0);
}

bool lc_rx_park_behind(lc_channel_t *channel, size_t seen_to) {
  bool parked;

  lc_assert(lc_shared_may_receive(channel));
  parked = channel->config.flavour == LC_RENDEZVOUS
               ? lc_waitq_park(&channel->waitq, seen_to)
               : lc_inbox_park(&channel->inbox);
  if (parked) {
    release_deferred(channel);
    lc_trace(park, channel, NULL);
  }
  return parked;
}

/* If another thread has had the processor for a time slice, that was long
 * enough. If a sender has asked for a slab meanwhile, the count begins again.
 */
static void wait_a_moment(lc_channel_t *channel, unsigned looks,
                          uint64_t deadline_ns) {
  bool stalled =
      looks >= LC_LOOKS_ALONE && deadline_ns != LC_NOW && lc_backoff_yield();

  if (lc_slab_pool_empty_looks(&channel->pool) >= looks)
    lc_slab_pool_set_empty_looks(&channel->pool,
                                 stalled ? LC_CAUGHT_UP : looks + 1);
}

/* A receiver that never spins does not wait for the flood's end either. */
bool lc_rx_tidy(lc_channel_t *channel, uint64_t deadline_ns) {
  unsigned looks;

  if (!lc_slab_pool_is_flooded(&channel->pool))
    return false;
  looks = lc_slab_pool_empty_looks(&channel->pool);
  if (looks < LC_CAUGHT_UP && channel->rx.backoff.most_ns != LOOPCHAN_NO_SPIN) {
    wait_a_moment(channel, looks, deadline_ns);
    lc_slab_pool_trim_unneeded(&channel->pool);
  } else if (!lc_slab_pool_trim(&channel->pool)) {
    return false;
  }
  return uv_hrtime() < deadline_ns;
}

bool lc_rx_tidy_all(lc_channel_t *channel, uint64_t deadline_ns) {
  while (lc_slab_pool_is_flooded(&channel->pool) &&
         lc_slab_pool_trim(&channel->pool))
    if (deadline_ns != LC_NEVER && uv_hrtime() >= deadline_ns)
      return false;
  return true;
}

bool lc_rx_spin(lc_channel_t *channel, uint64_t deadline_ns) {
  lc_spin_t spin;
  bool found = false;

  lc_assert(lc_shared_may_receive(channel));
  /* A try_send on a rendezvous channel needs a receiver that is parked. */
  if (channel->config.flavour == LC_RENDEZVOUS)
    return false;
  lc_spin_begin(&spin, &channel->rx.backoff, deadline_ns);
  while (!found && lc_spin_goes_on(&spin))
    found = lc_inbox_has_links(&channel->inbox);
  lc_spin_end(&spin, found);
  return found;
}

int lc_rx_sleep(lc_channel_t *channel, uint64_t deadline_ns) {
  lc_wake_t *wake = &channel->wake;

  lc_assert(lc_shared_may_receive(channel));
  /* With any other flavour it has spun before it parked. */
  if (channel->config.flavour == LC_RENDEZVOUS)
    (void) lc_wake_spin(wake, &channel->rx.backoff, deadline_ns);
  while (lc_wake_wait(wake, deadline_ns)) {
    /* A wake for nothing: sleep on. */
    if (lc_inbox_is_parked(&channel->inbox) && lc_rx_park(channel))
      continue;
    lc_inbox_note_awake(&channel->inbox);
    return 0;
  }
  /* False: a sender has pushed meanwhile. Its wake, which may be late, is not
   * waited for. */
  return lc_inbox_unpark(&channel->inbox) ? UV_ETIMEDOUT : 0;
}

static bool is_lone(const lc_chain_t *chain) {
  return lc_link_next(chain->newest) == chain->end;
}

/* Takes what the inbox has. False: nothing. */
static inline bool take_chain(lc_channel_t *channel, lc_chain_t *chain) {
  if (!lc_inbox_take(&channel->inbox, chain))
    return false;
  if (LC_UNLIKELY(channel->rx.deferred != NULL ||
                  channel->config.flavour == LC_LATEST))
    after_take(channel, chain);
  lc_backoff_pace(&channel->rx.backoff, !is_lone(chain));
  return true;
}

bool lc_rx_gather(lc_channel_t *channel) {
  lc_chain_t chain;

  if (!take_chain(channel, &chain))
    return false;
  lc_backlog_add(&channel->rx.backlog, &chain);
  return true;
}

/* The link has been taken off the backlog. */
static void handle_control(lc_channel_t *channel, lc_link_t *control) {
  if (control == &channel->eof) {
    channel->rx.ended = true;
  } else if (lc_inbox_holds(&channel->inbox, control)) {
    lc_assert(channel->rx.deferred == NULL);
    channel->rx.deferred = lc_slab_of_retire(control);
  } else {
    recycle(channel, lc_slab_of_retire(control));
  }
}

/* A control link may free memory, which takes as long as looking at so many
 * other links, or longer. */
#define LC_LINKS_OF_CONTROL 64

/* As lc_rx_peek; but may return NULL when it is unfinished. */
static lc_link_t *peek_briefly(lc_channel_t *channel) {
  lc_backlog_t *backlog = &channel->rx.backlog;
  unsigned looks = 0;

  do {
    lc_link_t *link = lc_backlog_oldest(backlog);
    if (link == NULL) {
      if (lc_backlog_is_long(backlog) || !lc_rx_gather(channel))
        return NULL;
    } else if (LC_LIKELY(!lc_link_is_control(link))) {
      return link;
    } else {
      lc_backlog_pop(backlog);
      handle_control(channel, link);
      looks += LC_LINKS_OF_CONTROL;
    }
  } while (looks < LC_LINKS_AT_ONCE || !lc_rx_is_unfinished(channel));
  return NULL;
}

/* Handles the control links that are in front of the oldest message. */
lc_link_t *lc_rx_peek(lc_channel_t *channel) {
  lc_link_t *link;

  do {
    link = peek_briefly(channel);
  } while (link == NULL && lc_rx_is_unfinished(channel));
  return link;
}

/* LC_LATEST: a message in the inbox stays there, where it may still be
 * replaced, even if it comes during this call. None is pushed after the EOF
 * link.
 */
static bool has_latest(lc_channel_t *channel) {
  const lc_link_t *link = lc_latest_look(&channel->inbox);

  if (link == NULL && lc_backlog_is_empty(&channel->rx.backlog))
    return false;
  return (link != NULL && link != &channel->eof) || lc_rx_peek(channel) != NULL;
}

static bool has_waiter(lc_channel_t *channel) {
  return channel->config.flavour == LC_RENDEZVOUS &&
         lc_waitq_length(&channel->waitq) > 0;
}

bool lc_rx_has_message(lc_channel_t *channel) {
  lc_assert(lc_shared_may_receive(channel));
  if (channel->config.flavour == LC_LATEST)
    return has_latest(channel);
  return lc_rx_peek(channel) != NULL || has_waiter(channel);
}

bool lc_rx_has_message_briefly(lc_channel_t *channel) {
  lc_assert(lc_shared_may_receive(channel));
  if (channel->config.flavour == LC_LATEST)
    return has_latest(channel);
  return peek_briefly(channel) != NULL || lc_rx_is_unfinished(channel) ||
         has_waiter(channel);
}

/* A receiver that keeps up finds single messages, which bypass the backlog. */
static LC_NOINLINE lc_link_t *take_slow(lc_channel_t *channel, bool briefly) {
  lc_link_t *link;

  if (lc_backlog_is_empty(&channel->rx.backlog)) {
    lc_chain_t chain;
    if (!take_chain(channel, &chain))
      return NULL;
    link = chain.newest;
    if (is_lone(&chain) && !lc_link_is_control(link)) {
      lc_link_to_newer(link, NULL); /* taken: no leap leads there */
      return link;
    }
    lc_backlog_add(&channel->rx.backlog, &chain);
  }
  link = briefly ? peek_briefly(channel) : lc_rx_peek(channel);
  if (link != NULL)
    lc_backlog_pop(&channel->rx.backlog);
  return link;
}

static inline lc_link_t *take_oldest(lc_channel_t *channel, bool briefly) {
  lc_link_t *node = channel->rx.backlog.reversed.oldest;

  if (LC_LIKELY(node != NULL && !lc_link_is_control(node)))
    lc_backlog_pop(&channel->rx.backlog);
  else
    node = take_slow(channel, briefly);
  if (LC_LIKELY(node != NULL))
    lc_channel_release_permit(channel);
  return node;
}

/* Rendezvous, and nothing was in the inbox. A message that is pushed meanwhile
 * goes before a waiter. */
static LC_NOINLINE lc_link_t *match(lc_channel_t *channel) {
  lc_assert(channel->rx.matched == NULL); /* or that sender would hang */
  channel->rx.matched = lc_waitq_match(&channel->waitq);
  return channel->rx.matched != NULL ? channel->rx.matched->oldest
                                     : take_oldest(channel, false);
}

lc_link_t *lc_rx_next(lc_channel_t *channel) {
  lc_link_t *node;

  lc_assert(lc_shared_may_receive(channel));
  node = take_oldest(channel, false);
  if (LC_LIKELY(node != NULL) || channel->config.flavour != LC_RENDEZVOUS)
    return node;
  return match(channel);
}

lc_link_t *lc_rx_next_briefly(lc_channel_t *channel) {
  lc_link_t *node;

  lc_assert(lc_shared_may_receive(channel));
  node = take_oldest(channel, true);
  if (LC_LIKELY(node != NULL) || channel->config.flavour != LC_RENDEZVOUS ||
      lc_rx_is_unfinished(channel))
    return node;
  return match(channel);
}

void lc_rx_end_callback(lc_channel_t *channel) {
  lc_assert(lc_shared_may_receive(channel));
  lc_assert(channel->rx.in_callback);
  channel->rx.in_callback = false;
  while (LC_UNLIKELY(channel->rx.recycle_after_callback != NULL)) {
    lc_slab_t *slab = channel->rx.recycle_after_callback;
    channel->rx.recycle_after_callback = slab->next;
    lc_slab_pool_recycle(&channel->pool, slab);
  }
}

void lc_rx_refuse(lc_channel_t *channel) {
  lc_chain_t chain;

  lc_assert(lc_shared_may_receive(channel));
  if (lc_inbox_close(&channel->inbox, &chain)) {
    if (channel->config.flavour == LC_LATEST)
      defer_node(channel, lc_latest_node(&chain));
    lc_backlog_add(&channel->rx.backlog, &chain);
  }
  if (channel->config.flavour != LC_LATEST)
    release_deferred(channel);
  lc_waitq_refuse(&channel->waitq, lc_channel_is_alone(channel));
  channel->rx.ended = true;
}

/* If the thread were cancelled in the user's function, the other messages would
 * be left behind. */
static uint64_t drop_each(lc_channel_t *channel) {
  uint64_t dropped = 0;
  lc_link_t *node = take_oldest(channel, false);
  int was;

  if (node == NULL)
    return 0;
  was = lc_cancel_forbid();
  for (; node != NULL; node = take_oldest(channel, false), dropped++)
    lc_channel_drop_message(channel, node);
  lc_cancel_restore(was);
  return dropped;
}

/* No code looks at the messages, so their order does not matter. A slab is
 * recycled after the walk, as its nodes may be older than its retire link. */
static uint64_t drop_at_once(lc_channel_t *channel) {
  lc_link_t *controls = NULL, *link, *next;
  uint64_t dropped = 0;

  while ((link = lc_backlog_take_run(&channel->rx.backlog)) != NULL) {
    for (; link != NULL; link = next) {
      next = lc_link_next(link);
      if (LC_UNLIKELY(lc_link_is_control(link))) {
        lc_link_to_newer(link, controls);
        controls = link;
      } else {
        lc_trace(drop, channel, link);
        dropped++;
      }
    }
  }
  for (; controls != NULL; controls = next) {
    next = lc_link_next(controls);
    handle_control(channel, controls);
  }
  return dropped;
}

/* A user's drop may ask for the figures, which then have to be known. */
void lc_rx_give_up(lc_channel_t *channel) {
  lc_assert(lc_shared_may_receive(channel));
  lc_assert(lc_inbox_is_closed(&channel->inbox));
  channel->rx.dropped =
      channel->config.drop != NULL
          ? lc_backlog_count_messages(&channel->rx.backlog, UINT64_MAX)
          : drop_at_once(channel);
}

void lc_rx_drop_all(lc_channel_t *channel) {
  lc_assert(channel->rx.ended);
  if (channel->config.drop != NULL) {
    uint64_t dropped = drop_each(channel);
    lc_assert(dropped == channel->rx.dropped);
    (void) dropped;
  }
  lc_assert(lc_backlog_is_empty(&channel->rx.backlog));
  release_deferred(channel);
  (void) lc_rx_tidy_all(channel, LC_NEVER);
}
