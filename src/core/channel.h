/* channel: the core that senders and receiver share.
 *
 * What each thread writes at every message is kept apart from what others use,
 * by a cache line's length of what is seldom used. What few channels need is
 * made when it is needed; the first sender is a part of the core. The core goes
 * when all its users have left: the senders, and the receiver.
 *
 * [channel.leave]  The last user sees what all others did.
 *
 *   one that leaves                         the last one
 *   (A) add: one user less       release    (A) the same            acquire
 *                                           (B) load: it is alone   acquire
 *   B: nobody can join, for only a user can have another one join. Weaker: A or
 *   B relaxed -> the last one frees what another still writes
 *   (orphan_vs_leave).
 */
#ifndef LC_CHANNEL_H
#define LC_CHANNEL_H

#include <loopchan.h>
#include <stdbool.h>
#include <string.h>

#include "base/debug.h"
#include "base/mark.h"
#include "base/atomic.h"
#include "queue/backlog.h"
#include "queue/inbox.h"
#include "wait/backoff.h"
#include "wait/lock.h"
#include "wait/waitq.h"
#include "wait/loop.h"
#include "queue/slab.h"
#include "base/trace.h"
#include "wait/wake.h"

/* What a thread keeps of a sender: see tx.h. Its owner's alone, but for the
 * counts, which stats reads. */
typedef struct {
  lc_owner_t owner; /* the first thread to claim it */
  lc_slab_t *slab;  /* with room, or NULL */
  size_t bytes;     /* of the next slab to be made */
  lc_streak_t streak;
  lc_counter_t sent;
  lc_counter_t replaced; /* messages that those sent took the place of */
  lc_backoff_t backoff;  /* before it waits */
} lc_tx_cache_t;

/* Of another thread than the first. */
typedef struct {
  lc_tx_cache_t cache;
  char apart[LC_APART];
} lc_tx_other_t;

/* For how many threads beside the first a sender keeps caches. */
#ifndef LC_TX_CACHES
#define LC_TX_CACHES 7
#endif

/* The one cache that is written at each message comes last, behind what seldom
 * is. */
struct loopchan_sender_s {
  struct loopchan_sender_s *prev, *next; /* the lock of refs */
  lc_atomic(lc_tx_other_t *) more;       /* LC_TX_CACHES of them, or NULL */
  lc_counter_t sent_in_passing;          /* by threads that have no cache */
  lc_counter_t replaced_in_passing;
  lc_counter_t reserved;      /* places that are out now */
  bool is_writers;            /* its thread's: not to be dropped by others */
  unsigned mark;              /* debug: while it lives */
  struct lc_channel *channel; /* fixed */
  lc_tx_cache_t own;
};

/* Whom to call when a receiver is closed: one of them, or neither. */
typedef struct {
  loopchan_close_cb cb;
  uv_close_cb handle_cb; /* of loopchan_close_handle */
} lc_on_closed_t;

/* What the user asked for, from open on. */
typedef struct {
  loopchan_drop_fn drop;
  void *drop_arg;
  size_t capacity; /* as the user said it */
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
  uint64_t sent_by_dropped; /* senders' counts that are gone with them */
  uint64_t replaced_by_dropped;
} lc_refs_t;

/* Of the selects over an array that begins with this receiver. */
typedef struct {
  size_t next;     /* where they look first */
  size_t last;     /* found by the last one */
  lc_wake_t *wake; /* that they sleep by, or NULL */
} lc_select_t;

/* The receiving side: the receiver's thread's alone; with several receivers,
 * that of whoever has shared's lock. */
typedef struct {
  lc_backlog_t backlog;
  bool ended;       /* the EOF link came, or shut down: EOF when drained */
  bool in_callback; /* the user's callback has a message */
  lc_slab_t *recycle_after_callback;
  lc_slab_t *deferred;  /* to be recycled when the inbox holds it no more; or
                           none: see lc_rx_init */
  lc_waiter_t *matched; /* whose message was taken last, or NULL */
  uint64_t received;
  lc_backoff_t backoff;
  uint64_t dropped, budget_cuts; /* dropped: at the end */
  lc_on_closed_t on_closed;
  lc_guard_t guard; /* debug: the thread in a call on the receiver */
} lc_rx_t;

/* Of a loop receiver: its loop's thread's alone. */
typedef struct {
  loopchan_recv_cb recv_cb; /* NULL while stopped */
  bool eof_delivered;
  lc_member_t member; /* its place in the loop's turns */
} lc_delivery_t;

/* Of a thread receiver: its thread's alone, but for the monitor. */
typedef struct {
  lc_monitor_t monitor; /* of the wake */
  lc_select_t select;
} lc_waiting_t;

typedef struct lc_channel {
  /* Fixed after open. */
  struct lc_shared *shared; /* NULL: one receiver, on one thread */
  lc_loop_t *loop; /* the receiver's; NULL: it has none, or see shared */
  lc_config_t config;
  /* Any thread's, as each says. */
  lc_slab_pool_t pool;
  lc_inbox_t inbox;
  lc_refs_t refs;
  lc_link_t eof; /* the last sender's, behind all messages */
  lc_waitq_t waitq;
  lc_wake_t wake;
  /* The receiver's. */
  lc_rx_t rx;
  union {                   /* one that is not shared */
    lc_delivery_t delivery; /* where loop is set */
    lc_waiting_t waiting;
  };
  loopchan_sender_t first;
} lc_channel_t;

/* A core with one user, the receiver. options have been checked. async is NULL
 * for a thread receiver. */
LC_MUST_USE int lc_channel_new(lc_channel_t **channel, uv_async_t *async,
                               const loopchan_options_t *options);

/* A user. Whether there is no other, nor will be. */
static inline bool lc_channel_is_alone(const lc_channel_t *channel) {
  /* [channel.leave] (B) */
  return lc_load(&channel->refs.users, memory_order_acquire) == 1;
}

/* A user. The list of senders is the caller's alone from here on. alone: there
 * is no other user, so nobody is locked out. */
static inline void lc_channel_lock_senders(lc_channel_t *channel, bool alone) {
  if (!alone)
    lc_lock_take(&channel->refs.lock, false);
}

static inline void lc_channel_unlock_senders(lc_channel_t *channel,
                                             bool alone) {
  if (!alone)
    lc_lock_release(&channel->refs.lock);
}

/* A user of the core more, in a call of one; or less. The last one frees it. */
void lc_channel_join(lc_channel_t *channel);
void lc_channel_leave(lc_channel_t *channel);

/* A sender of the core, which it uses from now on: the first, when the core has
 * just been made; or another, NULL: out of memory. */
loopchan_sender_t *lc_channel_first_sender(lc_channel_t *channel);
loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel);

/* Any thread, in a call. */
static inline void lc_sender_is_alive(const loopchan_sender_t *tx) {
  lc_assert(tx->mark == lc_mark(tx, 1) &&
            "a call on a sender that was dropped");
  (void) tx;
}

/* Takes a sender off the list and frees it. True: it was the last. The sender's
 * use of the core goes over to the caller. */
LC_MUST_USE bool lc_channel_remove_sender(loopchan_sender_t *tx);

/* Any thread. Pays a debt to the receiver. */
void lc_channel_settle(lc_channel_t *channel);

/* Any thread. Signals the wake that another thread owes, and may owe for
 * long. */
void lc_channel_help(lc_channel_t *channel);

#ifdef LC_NOTICES_NESTED_RUN
/* Any thread, after a push, or a wait's begin, that woke nobody. A callback of
 * a receiver's may be running its loop, to wait for this very message, for
 * which it is not woken. If one seems to, has that loop call back, which then
 * notices that it runs inside a callback. */
void lc_channel_ring(lc_channel_t *channel);
#else
static inline void lc_channel_ring(lc_channel_t *channel) {
  (void) channel;
}
#endif

/* Any thread. What a push has left to be done, if anything. */
static inline void lc_channel_pay(lc_channel_t *channel, lc_push_t pushed) {
  if (pushed == LC_PUSHED_OWES_WAKE)
    lc_channel_settle(channel);
  else if (pushed == LC_PUSHED_HELPS)
    lc_channel_help(channel);
  else if (pushed == LC_PUSHED)
    lc_channel_ring(channel);
}

/* Receiver. Fills in the figures of loopchan_stats. */
void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats);

/* The thread that has the message to itself. It goes to the user's drop. */
static inline void lc_channel_drop_message(lc_channel_t *channel,
                                           lc_link_t *node) {
  lc_trace(drop, channel, node);
  if (channel->config.drop != NULL)
    channel->config.drop(lc_node_message(&channel->pool, node),
                         channel->config.drop_arg);
}

/* A message of the sizes that a register holds is moved without a call.
 * With messages of four bytes the first memcpy is never reached, but gcc warns
 * of it when it optimises a whole program and sees the user's variable. So what
 * to is stays unknown here, and what from is in a sender's calls. */
static inline void lc_copy(void *to, const void *from, size_t size) {
  if (size == sizeof(uint64_t))
    memcpy(lc_unknown(to), from, sizeof(uint64_t));
  else if (size != 0)
    memcpy(to, from, size);
}

#endif /* LC_CHANNEL_H */
