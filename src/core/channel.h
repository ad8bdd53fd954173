/* channel: the core that senders and receiver share.
 *
 * Fields that one thread writes at every message are kept apart from fields
 * that other threads use, by a cache line's length of rarely used ones. Parts
 * that few channels need are made when they are needed; the first sender is a
 * part of the core. The core is freed when all its users have left: the senders
 * and the receivers.
 *
 * [channel.leave]  The last user sees what all others did.
 *
 *   one that leaves                         the last one
 *   (A) add: one user less       release    (A) the same            acquire
 *                                           (B) load: it is alone   acquire
 *   B: no other can join, because only a user can add another. Weaker: A or B
 *   relaxed -> the last one frees what another still writes
 *   (orphan_vs_leave).
 */
#ifndef LC_CHANNEL_H
#define LC_CHANNEL_H

#include <loopchan.h>
#include <stdbool.h>
#include <string.h>

#include "base/atomic.h"
#include "base/debug.h"
#include "base/mark.h"
#include "base/trace.h"
#include "queue/backlog.h"
#include "queue/inbox.h"
#include "queue/slab.h"
#include "wait/backoff.h"
#include "wait/lock.h"
#include "wait/loop.h"
#include "wait/waitq.h"
#include "wait/wake.h"

/* A thread's cache in a sender: see tx.h. Only its owner uses it, except that
 * stats reads the counts. */
typedef struct {
  lc_owner_t owner; /* the first thread to claim it */
  lc_slab_t *slab;  /* with room, or NULL */
  size_t bytes;     /* of the next slab to be made */
  lc_streak_t streak;
  lc_counter_t sent;
  lc_counter_t replaced; /* messages that those sent took the place of */
  lc_backoff_t backoff;  /* before it waits */
} lc_tx_cache_t;

/* The cache of a thread other than the first. */
typedef struct {
  lc_tx_cache_t cache;
  char apart[LC_APART];
} lc_tx_other_t;

/* How many threads besides the first have a cache in a sender. */
#ifndef LC_TX_CACHES
#define LC_TX_CACHES 7
#endif

/* The cache, which is written at each message, comes last, behind fields that
 * are rarely written. */
struct loopchan_sender_s {
  struct loopchan_sender_s *prev, *next; /* the lock of refs */
  lc_atomic(lc_tx_other_t *) more; /* LC_TX_CACHES, and one to lend; or NULL */
  lc_counter_t sent_by_temporary;  /* by threads that have no cache */
  lc_counter_t replaced_by_temporary;
  lc_counter_t reserved;      /* places not given back yet */
  bool is_writers;            /* a writer's, which alone may drop it */
  unsigned mark;              /* debug: while it lives */
  struct lc_channel *channel; /* fixed */
  lc_tx_cache_t own;
};

/* The callback for a receiver's close: one of the two, or neither. */
typedef struct {
  loopchan_close_cb cb;
  uv_close_cb handle_cb; /* of loopchan_close_handle */
} lc_on_closed_t;

/* The user's options; fixed after open. */
typedef struct {
  loopchan_drop_fn drop;
  void *drop_arg;
  size_t capacity; /* as in the options */
  uint64_t budget_ns;
  unsigned budget_messages;
  lc_flavour_t flavour;
  size_t msg_size;
} lc_config_t;

/* The users of the core. */
typedef struct {
  lc_atomic(size_t) users; /* senders and receivers */
  lc_lock_t lock;          /* guards the rest */
  size_t senders;
  loopchan_sender_t *first_sender;
  uint64_t sent_by_dropped; /* counts of senders that were dropped */
  uint64_t replaced_by_dropped;
} lc_refs_t;

/* The state of selects over an array that begins with this receiver. */
typedef struct {
  size_t next;     /* where they look first */
  size_t last;     /* which one the last select found */
  lc_wake_t *wake; /* that they sleep on, or NULL */
} lc_select_t;

/* The receiving side. Only the receiver's thread uses it; with several
 * receivers, only the thread that holds shared.lock. */
typedef struct {
  lc_backlog_t backlog;
  bool ended;       /* the EOF link came, or shut down: EOF when drained */
  bool in_callback; /* the user's callback has a message */
  lc_slab_t *recycle_after_callback;
  lc_slab_t *deferred;  /* to be recycled once the inbox no longer holds it */
  lc_waiter_t *matched; /* whose message was taken last, or NULL */
  uint64_t received;
  lc_backoff_t backoff;
  uint64_t dropped, budget_cuts; /* dropped: by the close */
  lc_on_closed_t on_closed;
  lc_guard_t guard; /* debug: the thread in a call on the receiver */
} lc_rx_t;

/* The delivery of a loop receiver. Only its loop's thread uses it. */
typedef struct {
  loopchan_recv_cb recv_cb; /* NULL while stopped */
  bool eof_delivered;
  lc_member_t member; /* its place in the loop's turns */
} lc_delivery_t;

/* The waiting of a thread receiver. Only its thread uses it, except for the
 * monitor. */
typedef struct {
  lc_monitor_t monitor; /* of the wake */
  lc_select_t select;
} lc_waiting_t;

typedef struct lc_channel {
  /* Fixed after open. */
  struct lc_shared *shared; /* NULL: one receiver, on one thread */
  lc_loop_t *loop; /* the receiver's; NULL: it has none, or see shared */
  lc_config_t config;
  /* Used by any thread, as each type says. */
  lc_slab_pool_t pool;
  lc_inbox_t inbox;
  lc_refs_t refs;
  lc_link_t eof; /* pushed by the last sender, behind all messages */
  lc_waitq_t waitq;
  lc_wake_t wake;
  /* Used by the receiver. */
  lc_rx_t rx;
  union {                   /* a receiver that is not shared */
    lc_delivery_t delivery; /* where loop is set */
    lc_waiting_t waiting;
  };
  loopchan_sender_t first;
} lc_channel_t;

/* Makes a core with one user, the receiver. The options must be valid. async is
 * NULL for a thread receiver. */
LC_MUST_USE int lc_channel_new(lc_channel_t **channel, uv_async_t *async,
                               const loopchan_options_t *options);

/* Called by a user. Whether it is the only one; then no other can join, except
 * through this one. */
static inline bool lc_channel_is_alone(const lc_channel_t *channel) {
  /* [channel.leave] (B) */
  return lc_load(&channel->refs.users, memory_order_acquire) == 1;
}

/* A user of the core. From here on only the caller uses the list of senders.
 * alone: there is no other user, so there is no thread to lock out. */
static inline void lc_channel_lock_senders(lc_channel_t *channel, bool alone) {
  if (!alone)
    lc_lock_take(&channel->refs.lock, false);
}

static inline void lc_channel_unlock_senders(lc_channel_t *channel,
                                             bool alone) {
  if (!alone)
    lc_lock_release(&channel->refs.lock);
}

/* Adds a user of the core, which only a user may do; or removes one. The last
 * one to leave frees the core. */
void lc_channel_join(lc_channel_t *channel);
void lc_channel_leave(lc_channel_t *channel);

/* Makes a sender, which is a user of the core from now on: the first one, when
 * the core has just been made; or another one. NULL: out of memory. */
loopchan_sender_t *lc_channel_first_sender(lc_channel_t *channel);
loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel);

/* Any thread, in a call. */
static inline void lc_sender_expect_alive(const loopchan_sender_t *tx) {
  lc_expect(tx->mark == lc_mark(tx, 1), "the sender was dropped");
  (void) tx;
}

/* Takes a sender off the list and frees it. True: it was the last. The caller
 * takes over the sender's use of the core. */
LC_MUST_USE bool lc_channel_remove_sender(loopchan_sender_t *tx);

/* Any thread. Pays a debt to the receiver. */
void lc_channel_pay(lc_channel_t *channel);

/* Any thread. Signals the wake that another thread owes and has not signalled
 * yet. */
void lc_channel_help(lc_channel_t *channel);

#ifdef LC_NOTICES_NESTED_RUN
/* Any thread, after a push, or the beginning of a wait, that woke no thread. A
 * receive callback may be running its own loop to wait for this message, for
 * which it is not woken. If that seems to be so, makes the loop call back; the
 * callback then detects that it is nested. */
void lc_channel_ring(lc_channel_t *channel);
#else
static inline void lc_channel_ring(lc_channel_t *channel) {
  (void) channel;
}
#endif

/* Any thread. Settles what a push has left to do, if anything. */
static inline void lc_channel_settle(lc_channel_t *channel, lc_push_t pushed) {
  if (pushed == LC_PUSHED_OWES_WAKE)
    lc_channel_pay(channel);
  else if (pushed == LC_PUSHED_HELPS)
    lc_channel_help(channel);
  else if (pushed == LC_PUSHED)
    lc_channel_ring(channel);
}

/* Any thread. Grants permits to the sends that wait for them. */
void lc_channel_grant(lc_channel_t *channel);

static inline void lc_channel_release_permit(lc_channel_t *channel) {
  if (channel->config.flavour == LC_BOUNDED &&
      lc_permits_release(&channel->waitq.permits))
    lc_channel_grant(channel);
}

/* Any thread. Whether the receiver's loop runs on this one, and so would wait
 * for itself; or may turn out to. */
bool lc_channel_runs_here(lc_channel_t *channel);
bool lc_channel_may_run_here(lc_channel_t *channel);

/* Receiver. Fills in the figures of loopchan_stats. */
void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats);

/* The thread that alone has the message. Passes it to the user's drop. */
static inline void lc_channel_drop_message(lc_channel_t *channel,
                                           lc_link_t *node) {
  lc_trace(drop, channel, node);
  if (channel->config.drop != NULL)
    channel->config.drop(lc_node_message(&channel->pool, node),
                         channel->config.drop_arg);
}

/* A message of eight bytes is copied without a call. With messages of four
 * bytes the first memcpy is never reached, but gcc warns about it when it
 * optimises a whole program and sees the user's variable. So the compiler is
 * kept from knowing what to points at here, and what from points at in a
 * sender's calls. */
static inline void lc_copy(void *to, const void *from, size_t size) {
  if (size == sizeof(uint64_t))
    memcpy(lc_unknown(to), from, sizeof(uint64_t));
  else if (size != 0)
    memcpy(to, from, size);
}

#endif /* LC_CHANNEL_H */
