/* channel: the core that senders and receiver share.
 *
 * What each thread writes at every message is kept apart from what others use,
 * by a cache line's length of what is seldom used. The core goes when all its
 * users have left: the senders, and the receiver.
 */
#ifndef LC_CHANNEL_H
#define LC_CHANNEL_H

#include <loopchan.h>
#include <stdbool.h>
#include <string.h>

#include "base/debug.h"
#include "base/atomic.h"
#include "queue/backlog.h"
#include "queue/inbox.h"
#include "wait/waitq.h"
#include "queue/slab.h"
#include "wait/spin.h"
#include "base/trace.h"
#include "wait/wake.h"

/* What a thread keeps of a sender: see tx.h. Its owner's alone, but for the
 * count, which stats reads. */
typedef struct {
  lc_owner_t owner; /* the first thread to claim it; 0: none so far */
  lc_slab_t *slab;  /* with room, or NULL */
  size_t bytes;     /* of the next slab to be made */
  lc_streak_t streak;
  lc_counter_t sent;
  lc_patience_t patience; /* before it waits */
  char apart[LC_CACHE_LINE];
} lc_tx_cache_t;

/* For how many threads beside the first a sender keeps caches. */
#ifndef LC_TX_CACHES
#define LC_TX_CACHES 7
#endif

struct loopchan_sender_s {
  struct lc_channel *channel;            /* fixed */
  struct loopchan_sender_s *prev, *next; /* channel's mutex */
  lc_tx_cache_t own;
  lc_atomic(lc_tx_cache_t *) more; /* LC_TX_CACHES of them, or NULL */
  lc_counter_t sent_in_passing;    /* by threads that have no cache */
  lc_counter_t reserved;           /* places that are out now */
};

typedef struct lc_channel {
  /* Fixed after open. */
  loopchan_drop_fn drop;
  void *drop_arg;
  size_t capacity;          /* as the user said it */
  struct lc_shared *shared; /* NULL: the receiver has one thread */
  uint64_t max_ns;
  unsigned max_messages;
  lc_flavour_t flavour;
  size_t msg_size;
  lc_slab_pool_t pool;
  lc_inbox_t inbox;
  uv_mutex_t mutex; /* guards the next four */
  size_t users;     /* senders, and the receiver */
  size_t senders;
  loopchan_sender_t *first_sender;
  uint64_t sent_by_dropped; /* senders' counts that are gone with them */
  lc_link_t eof;            /* the last sender's, behind all messages */
  lc_waitq_t waitq;
  lc_wake_t wake;
  /* The receiver's. */
  lc_backlog_t backlog;
  bool ended;       /* the goodbye came, or shut down: EOF when drained */
  bool in_callback; /* the loop callback has a message in hand */
  lc_slab_t *recycle_after_callback; /* when that is back */
  lc_slab_t *deferred;  /* to be recycled when the inbox holds it no more */
  lc_waiter_t *matched; /* whose message was taken last, or NULL */
  uint64_t received;
  loopchan_recv_cb recv_cb; /* loop: NULL while stopped */
  lc_spin_t spin;
  lc_patience_t patience; /* when parked: by hand, shared, in a select */
  uint64_t dropped, budget_cuts;
  size_t select_from; /* of an array that begins with this receiver */
  loopchan_close_cb close_cb;
  uv_close_cb handle_close_cb;
  bool eof_delivered;
  lc_guard_t guard; /* debug: the thread in a call on the receiver */
  lc_loop_thread_t loop_thread; /* loop: the thread that must never wait */
} lc_channel_t;

/* A core with one user, the receiver. options have been checked. async is NULL
 * for a thread receiver. */
LC_MUST_USE int lc_channel_new(lc_channel_t **channel, uv_async_t *async,
                               const loopchan_options_t *options);

/* One user less. The last one frees the core. */
void lc_channel_leave(lc_channel_t *channel);

/* A sender of the core, which it uses from now on. NULL: out of memory. */
loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel);

/* Takes a sender off the list and frees it. True: it was the last. The sender's
 * use of the core goes over to the caller. */
LC_MUST_USE bool lc_channel_remove_sender(loopchan_sender_t *tx);

/* Any thread. Pays a debt to the receiver. */
void lc_channel_settle(lc_channel_t *channel);

/* Any thread. Publishes a chain of links and pays the wake that this may owe.
 * UV_EPIPE: refused. */
LC_MUST_USE static inline int lc_tx_publish(lc_channel_t *channel,
                                            lc_link_t *newest,
                                            lc_link_t *oldest,
                                            lc_streak_t *streak) {
  lc_push_t pushed = lc_inbox_push(&channel->inbox, newest, oldest, streak);

  if (LC_UNLIKELY(pushed == LC_PUSHED_OWES_WAKE))
    lc_channel_settle(channel);
  return LC_UNLIKELY(pushed == LC_REFUSED) ? UV_EPIPE : 0;
}

/* Any thread. Takes up to most places, of which there are always enough without
 * a bound, and by hand; how many, or UV_EAGAIN: full, or UV_EPIPE. */
ssize_t lc_tx_acquire_slow(lc_channel_t *channel, size_t most);

LC_MUST_USE static inline ssize_t lc_tx_acquire(lc_channel_t *channel,
                                                size_t most) {
  size_t granted = most;

  if (channel->flavour == LC_BOUNDED)
    granted = lc_permits_acquire(&channel->waitq.permits, most);
  return LC_LIKELY(granted > 0) ? (ssize_t) granted
                                : lc_tx_acquire_slow(channel, most);
}

/* Any thread. False: try the slow way. */
LC_MUST_USE static inline bool lc_tx_acquire_fast(lc_channel_t *channel) {
  return channel->flavour == LC_UNBOUNDED ||
         (channel->flavour == LC_BOUNDED &&
          LC_LIKELY(lc_permits_acquire(&channel->waitq.permits, 1) != 0));
}

/* Any thread. Serves those who wait for a place. */
void lc_tx_grant(lc_channel_t *channel);

static inline void lc_tx_release_permit(lc_channel_t *channel) {
  if (channel->flavour == LC_BOUNDED &&
      lc_permits_release(&channel->waitq.permits))
    lc_tx_grant(channel);
}

/* Any thread but the loop's own. Bounded, and full: spins for a place, unless
 * others stand in line. As lc_tx_acquire. */
LC_MUST_USE ssize_t lc_tx_spin_for_permit(lc_channel_t *channel,
                                          lc_patience_t *patience,
                                          uint64_t deadline_ns);

/* Any thread but the loop's own. Sends a chain that waits for its turn, until
 * the deadline. 0, UV_EPIPE, UV_ETIMEDOUT; or what lc_wake_init returned. */
LC_MUST_USE int lc_tx_wait(lc_channel_t *channel, lc_link_t *newest,
                           lc_link_t *oldest, lc_patience_t *patience,
                           uint64_t deadline_ns);

/* Any thread. Rendezvous: publishes a chain if the receiver waits. 0, UV_EAGAIN
 * or UV_EPIPE. */
LC_MUST_USE int lc_tx_push_if_parked(lc_channel_t *channel, lc_link_t *newest,
                                     lc_link_t *oldest);

/* Any thread. Gives up a slab that has room, or one that is full: its nodes
 * that were pushed may be under way, no others will be. */
void lc_tx_put_slab(lc_channel_t *channel, lc_slab_t *slab);
void lc_tx_retire_slab(lc_channel_t *channel, lc_slab_t *slab);

/* Receiver. True: parked, the next send owes a wake. */
LC_MUST_USE bool lc_rx_park(lc_channel_t *channel);

/* Receiving thread, parked. Sleeps until it is woken: 0; or until the deadline:
 * UV_ETIMEDOUT. Either way it is parked no more, and nobody owes it a wake. */
LC_MUST_USE int lc_rx_sleep(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver. Moves what the inbox has to the backlog's end. True: there was
 * something. */
bool lc_rx_gather(lc_channel_t *channel);

/* Receiver. The oldest message's node, which stays the oldest; NULL: none now.
 * What lc_rx_next returned before must be back. */
lc_link_t *lc_rx_peek(lc_channel_t *channel);

/* Receiver. Whether there is a message. */
bool lc_rx_has_message(lc_channel_t *channel);

/* Receiver. Takes the oldest message there is now; NULL: none. Its node is
 * valid until the next peek or next, or if lent until lc_rx_end_callback; if
 * it was pulled, until its answer. */
LC_MUST_USE lc_link_t *lc_rx_next(lc_channel_t *channel);

/* Receiver, once after each lc_rx_next. By rendezvous, the send whose
 * message that was and that waits until it has been received: it is owed an
 * lc_rx_complete. NULL: nobody waits. */
static inline lc_waiter_t *lc_rx_matched(lc_channel_t *channel) {
  lc_waiter_t *matched = channel->matched;

  if (LC_UNLIKELY(matched != NULL))
    channel->matched = NULL;
  return matched;
}

static inline void lc_rx_complete(lc_channel_t *channel, lc_waiter_t *matched) {
  if (LC_UNLIKELY(matched != NULL))
    lc_waitq_complete(&channel->waitq, matched);
}

/* Receiver. The message that was lent is back. */
void lc_rx_end_callback(lc_channel_t *channel);

/* Receiver. Refuses all later sends, and those that wait; what was accepted is
 * in the backlog. True: it was parked, and nobody owes it a wake. */
bool lc_rx_refuse(lc_channel_t *channel);

/* Receiver. Of a channel that refuses, counts all messages as dropped; drops
 * them. */
void lc_rx_give_up(lc_channel_t *channel);
void lc_rx_drop_all(lc_channel_t *channel);

/* Receiver. Fills in what loopchan_stats tells. */
void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats);

/* A message of the sizes that a register holds is moved without a call. */
static inline void lc_copy(void *to, const void *from, size_t size) {
  if (size == sizeof(uint64_t))
    memcpy(to, from, sizeof(uint64_t));
  else if (size != 0)
    memcpy(to, from, size);
}

/* Sender. Writes the message into its node, to be published or to stand in
 * line. */
static inline void lc_tx_fill(lc_channel_t *channel, lc_link_t *node,
                              const void *msg) {
  lc_trace(send, channel, node);
  lc_copy(lc_node_message(&channel->pool, node), msg, channel->msg_size);
  if (channel->msg_size > LC_CACHE_LINE)
    lc_node_fetch_ahead(&channel->pool, node);
}

#endif /* LC_CHANNEL_H */
