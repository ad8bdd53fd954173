/* loop: what is known of a uv_loop_t, and who is served next there.
 *
 * Which thread runs a loop is the same for all handles on it. So all receivers
 * and writers on a loop share one record, and a callback of any of them sets it
 * for all. The record is found by the loop's address. It is there from the
 * first open to the last handle's close callback; libuv requires that the
 * loop's memory stays valid until then, so an address stands for one loop.
 * After that callback the record is no longer found, but its memory stays as
 * long as a core leads to it: a sender may outlive the loop.
 *
 *              a call of ours          a callback of ours
 *   (opened) -----------------> caller ------------------> loop_thread
 *              replaces it                a later call or callback on
 *                                         another thread replaces it
 *
 * A loop is often opened on one thread and run on another. So before the first
 * callback a thread that made a call is no more than a guess.
 *
 * How much each delivers in an iteration of the loop is settled here too, for
 * all receivers and writers on it together: its members. One that libuv calls
 * back becomes due, and those that are due are served one after the other, each
 * once in a turn (an iteration of the loop), until the time of the turn is used
 * up. A member that is left, or had more than its share, goes on in the next
 * turn, first come, first served:
 *
 *              called back           served, has more
 *   (nothing) ------------> due ---------------------------> later
 *                            ^                                 |
 *                            +--- a turn has ended since then -+
 *
 * So with n members due, each is served in any n turns. While one is due or
 * later, one member, the driver, has a wake of its own on the way.
 *
 * No handle of our own marks the end of a turn. But libuv calls each handle
 * back once in a turn at most. All calls of members are counted. A member that
 * is called again proves that a turn has ended since its last call: the time
 * used up to that call belongs to an earlier turn, and no longer counts. The
 * time used later counts, even if a turn has ended since. So no turn takes more
 * than its time, and no member is served twice in one. And if it takes another
 * turn to prove that one has ended, the driver's wake, sent when the driver was
 * last called, causes that turn and is the proof.
 */
#ifndef LC_LOOP_H
#define LC_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/atomic.h"
#include "base/debug.h"
#include "base/queue.h"
#include "wait/lock.h"
#include "wait/wake.h"

/* A handle on a loop. All but what is fixed is the loop's thread's. */
typedef struct lc_member {
  lc_queue_t queue;     /* due, or later */
  struct lc_loop *loop; /* fixed after open, as the next three */
  lc_wake_t *wake;
  uint64_t most_ns; /* of a turn */
  /* Delivers, within a budget. True: there is more to deliver. */
  bool (*serve)(struct lc_member *member);
  uint64_t called, served; /* the calls of members in which it was last */
  uint64_t used_ns;        /* by all, up to the end of that call of its own */
  uint64_t heard;          /* wakes, up to that call */
  bool open, queued, is_later;
} lc_member_t;

/* A member that shares its work with members of other loops: whether it should
 * do it depends on whether its loop is free. */
typedef struct lc_listener {
  lc_member_t *member; /* fixed, as the next one */
  void (*reconsider)(struct lc_listener *listener);
  lc_queue_t told; /* the loop's lock guards this and the next one */
  bool is_told;
} lc_listener_t;

typedef struct lc_loop {
  lc_counter_t wakes;     /* sent to members; any thread counts */
  lc_owner_t loop_thread; /* the thread of the last callback, if any */
  lc_number_t serving;    /* the member whose callbacks run, as a number; 0:
                             none. Its thread sets it, any thread reads it */
  lc_number_t serving_ms; /* debug: since when; 0: it is not */
  lc_owner_t caller;      /* before that: the thread of the last call */
  uv_loop_t *loop;        /* fixed after open, as the next one */
  int process;
  struct lc_loop *prev, *next; /* the registry's mutex guards these */
  size_t handles;              /* open, or not called back as closed */
  lc_gate_t gate; /* the cores that lead here; shut behind the last handle */
  lc_lock_t lock; /* guards told, and the beginning and end of serving while
                     any member listens */
  lc_queue_t told;
  size_t told_count;
  /* Used by the loop's thread. */
  size_t listeners;
  lc_queue_t due, later;
  size_t due_count;
  lc_member_t *driver;      /* or NULL */
  uint64_t call;            /* of a member: this one, or the last */
  uint64_t ended;           /* a turn has ended since that call */
  uint64_t used_ns;         /* by all, ever */
  uint64_t used_till_ended; /* up to the end of that call */
  uint64_t heard;           /* wakes that members were called for */
  uint64_t spun;            /* the call in which one spun last */
} lc_loop_t;

/* The registry; its mutex guards it. */
extern lc_loop_t *lc_loop_first;

/* The loop's thread. Returns the record of a loop, for one more handle; NULL:
 * out of memory. */
LC_MUST_USE lc_loop_t *lc_loop_attach(uv_loop_t *loop);

/* The loop's thread. One handle less: it could not be opened, or is closed. */
void lc_loop_detach(lc_loop_t *loop);

/* A core keeps the record: from its open on, until the core is freed. */
void lc_loop_hold(lc_loop_t *loop);
void lc_loop_release(lc_loop_t *loop);

/* Any thread. Whether callbacks of ours run there; or callbacks of another
 * member. A hint. */
static inline bool lc_loop_is_serving(const lc_loop_t *loop) {
  return lc_number_read(&loop->serving) != 0;
}

static inline bool lc_loop_is_serving_another(const lc_member_t *member) {
  uintptr_t serving = lc_number_read(&member->loop->serving);
  return serving != 0 && serving != (uintptr_t) member;
}

/* The loop's thread, in a callback of ours. */
static inline void lc_loop_note_callback(lc_loop_t *loop) {
  lc_called("uv_run");
  lc_expect(!lc_loop_is_serving(loop),
            "called inside a callback of the same loop");
  if (LC_UNLIKELY(!lc_owner_is_here(&loop->loop_thread)))
    lc_owner_set_here(&loop->loop_thread);
}

/* The loop's thread, in a call. */
static inline void lc_loop_note_call(lc_loop_t *loop) {
  lc_owner_t *whose =
      lc_owner_is_none(&loop->loop_thread) ? &loop->caller : &loop->loop_thread;

  lc_expect(!lc_loop_is_serving(loop) || lc_owner_is_here(whose),
            "called on a thread that does not run the loop");
  if (LC_UNLIKELY(!lc_owner_is_here(whose)))
    lc_owner_set_here(whose);
}

/* Any thread. Whether the loop is known to run here. */
static inline bool lc_loop_is_here(lc_loop_t *loop) {
  return lc_owner_is_here(&loop->loop_thread);
}

/* Any thread. Whether the loop has not called back yet, and may come to run
 * here: this thread made the last call. */
static inline bool lc_loop_may_be_here(lc_loop_t *loop) {
  return lc_owner_is_none(&loop->loop_thread) &&
         lc_owner_is_here(&loop->caller);
}

/* A debug build detects a nested uv_run. (Not in the explorer, which would have
 * more to explore.) */
#if !defined(NDEBUG) && !defined(LC_EXPLORE)
#define LC_NOTICES_NESTED_RUN
#endif

#ifdef LC_NOTICES_NESTED_RUN
/* Any thread. Whether callbacks have run there for so long that one of them may
 * be running the loop itself. */
bool lc_loop_seems_nested(const lc_loop_t *loop);
#endif

/* The loop's thread. It is a member from now on; the record is attached. */
void lc_loop_enter(lc_loop_t *loop, lc_member_t *member, lc_wake_t *wake,
                   uint64_t most_ns, bool (*serve)(lc_member_t *member));

/* The loop's thread. From now on the member may be told that there is work for
 * it. reconsider is then called on the loop's thread, when the loop next begins
 * to serve another member, or has ended serving. */
void lc_loop_listen(lc_listener_t *listener, lc_member_t *member,
                    void (*reconsider)(lc_listener_t *listener));

/* The loop's thread, before the member leaves; it is not told any more. */
void lc_loop_stop_listening(lc_listener_t *listener);

/* Any thread, while the member listens. Tells it. True: the loop is free. */
LC_MUST_USE bool lc_loop_tell(lc_listener_t *listener);

/* The loop's thread, when its handle is about to be closed, and no more wakes
 * are sent: it is served no more. */
void lc_loop_leave(lc_member_t *member);

/* The loop's thread, in the async callback of the member's handle. Serves those
 * that are due, this one among them, while the turn has time. */
void lc_loop_serve(lc_member_t *member);

/* The loop's thread. How much of the turn's time has been used. */
static inline uint64_t lc_loop_used(const lc_loop_t *loop) {
  return loop->used_ns - loop->used_till_ended;
}

/* The loop's thread, while the member is served. How far into the turn
 * it may deliver, given that others are due. */
uint64_t lc_loop_share(const lc_member_t *member);

/* The loop's thread, while a member is served. Whether it may spin for more:
 * once in a turn, and if no other member is due, nor has a wake on its way. */
LC_MUST_USE bool lc_loop_claim_spin(lc_loop_t *loop);

#endif /* LC_LOOP_H */
