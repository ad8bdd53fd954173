/* wake: how a debt is paid.
 *
 * The thread that replaced PARKED in the inbox owes the receiver a wake: the
 * debt. It pays here, through libuv for a loop receiver, through a condition
 * variable for a thread receiver. A thread that owes a wake may be preempted
 * for long before it has the mutex. So a wake may come late, twice, or to a
 * receiver that has gone on; a receiver that is woken looks whether there is
 * anything.
 *
 * uv_async_send begins with a relaxed load of the handle's `pending`, and does
 * nothing if that is set. A late wake sets it too, and libuv clears it before
 * the callback. The next wake cannot read the old value: its push comes after a
 * park, which came after the callback began [inbox.park].
 *
 * A thread's monitor is made when it first sleeps. Before that a wake is one
 * step, in which its payer learns that no thread can be asleep:
 *
 *            signal                           make_monitor
 *   0 ---------------------> SIGNALLED      adds MADE, to either
 *   ^                            |
 *   +---- wait, or forget -------+          from then on under its mutex
 *
 * [wake.monitor]  A thread that finds the monitor sees it as it was made.
 *
 *   receiving thread                        payer
 *   makes it
 *   (A) add MADE to the word     release    (B) load word           acquire
 *       store the word later     release
 *   B reads what A wrote. Weaker: A or B relaxed -> the payer locks a mutex
 *   that is not there yet (first_sleep).
 *
 * [wake.last]  A thread that was woken by lc_wake_signal_last may free what the
 * wake is for: its payer is done with it.
 *
 *   payer                                   receiving thread
 *   (C) CAS: SIGNALLED           release    (D) CAS: SIGNALLED -> 0 acquire
 *                                           (E) add MADE: finds it  acquire
 *   With a monitor its mutex does the same. Weaker: C, D or E relaxed -> the
 *   memory goes while the payer is still busy there (last_wake).
 *
 * If the system has no mutex or condition variable left, a thread that would
 * sleep yields instead, and looks again.
 */
#ifndef LC_WAKE_H
#define LC_WAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/debug.h"
#include "wait/backoff.h"
#include "wait/monitor.h"

enum { LC_WAKE_SIGNALLED = 1, LC_WAKE_MADE = 2 };

typedef struct lc_wake {
  lc_atomic(uintptr_t) word;  /* a wake that is not collected yet; MADE */
  lc_monitor_t *monitor;      /* where a thread's is, fixed; a loop's has one in
                                 lc_wake_leave. If MADE, its mutex guards the
                                 word and forward */
  uv_async_t *async;          /* NULL: a thread receiver */
  lc_gate_t gate;             /* of threads that use async; of a target */
  bool promised;              /* a thread will signal, after it has released the
                                 lock under which it promised that; unset and
                                 read under the monitor's mutex */
  lc_counter_t count;         /* debts paid */
  lc_counter_t *count_of_all; /* of all wakes sent to one loop; or NULL */
  struct lc_wake *forward;    /* to one that waits for several, or NULL */
} lc_wake_t;

/* Initialises the wake of a thread, or of a loop. A thread's monitor is made
 * when the thread first sleeps, or by lc_wake_make_monitor: 0, or an error of
 * libuv, and nothing is left behind. */
void lc_wake_init(lc_wake_t *wake, lc_monitor_t *monitor);
void lc_wake_init_async(lc_wake_t *wake, uv_async_t *async);
LC_MUST_USE int lc_wake_make_monitor(lc_wake_t *wake);
void lc_wake_destroy(lc_wake_t *wake);

/* Any thread. Whether it is a loop's. */
static inline bool lc_wake_is_async(const lc_wake_t *wake) {
  return wake->async != NULL;
}

/* Any thread. Pays one debt; or helps another thread to pay. As soon as the
 * wake is certain, stores the number in *is_for. A thread's wake has to stay
 * until the call returns: it is touched after the thread has been woken. */
void lc_wake_signal(lc_wake_t *wake);
void lc_wake_signal_for(lc_wake_t *wake, lc_number_t *is_for, uintptr_t number);
void lc_wake_help(lc_wake_t *wake, lc_number_t *is_for, uintptr_t number);

/* Any thread. The same for a thread's wake that goes as soon as it has been
 * waited for. */
void lc_wake_signal_last(lc_wake_t *wake);

/* lc_wake_signal in two steps. lc_wake_hold requires that a loop's wake has not
 * been left; lc_wake_leave then waits for lc_wake_signal_held. A thread's wake
 * has to stay for other reasons. */
void lc_wake_hold(lc_wake_t *wake);
void lc_wake_signal_held(lc_wake_t *wake);

/* Wakes that were held under a lock, to be signalled when it has been released:
 * a thread that is woken may run at once, in place of the one that wakes it,
 * and would find the lock held; and others do not wait for a thread that loses
 * its processor while it wakes. If there are more, the rest follows these. */
#define LC_WAKES 8

typedef struct {
  lc_wake_t *wakes[LC_WAKES];
  size_t count;
} lc_wakes_t;

void lc_wakes_add(lc_wakes_t *wakes, lc_wake_t *wake);
void lc_wakes_signal(lc_wakes_t *wakes);

static inline bool lc_wakes_are_full(const lc_wakes_t *wakes) {
  return wakes->count == LC_WAKES;
}

/* For a thread's wake that is used again and again, and has a monitor. The
 * thread that will signal it promises that, under a lock that it shares with
 * the thread that waits. lc_wake_renew: false: the promised signal has not come
 * so far, or a thread is in the middle of it; true: the wake is as new. Waits
 * for no thread, as lc_wake_forget does: both are called under locks. */
void lc_wake_promise(lc_wake_t *wake);
LC_MUST_USE bool lc_wake_renew(lc_wake_t *wake);

/* Any thread. Wakes the thread that sleeps on a monitor, whose mutex guards
 * *woken. The monitor may be gone as soon as the sleeper has the mutex. */
void lc_monitor_notify(lc_monitor_t *monitor, bool *woken);

/* Loop's thread. Requests another callback in the loop's next turn. */
void lc_wake_self(lc_wake_t *wake);

/* Receiving thread. Waits for a wake, and collects it; or until the deadline.
 * False: none came. True: it may have been for what has been seen before. */
LC_MUST_USE bool lc_wake_wait(lc_wake_t *wake, uint64_t deadline_ns);

/* The same thread, before that: spins for the wake, for as long as has paid off
 * so far, or until the deadline. True: it is there, to be collected. */
bool lc_wake_spin(const lc_wake_t *wake, lc_backoff_t *backoff,
                  uint64_t deadline_ns);

/* Receiving thread, not parked. Collects a wake that has come late, unless a
 * thread is still in the middle of it: then it is for nothing later. */
void lc_wake_forget(lc_wake_t *wake);

/* Receiving thread. A wake to forward to; NULL: out of memory. Free it when no
 * wake is forwarded to it any more; threads that are late keep it until they
 * have finished. */
lc_wake_t *lc_wake_new_target(void);
void lc_wake_free_target(lc_wake_t *target);

/* Receiving thread, whose wake has a monitor. From now on forwards debts to
 * another wake too; with NULL, no longer. The other wake is collected like any,
 * once for one or more debts. */
void lc_wake_forward(lc_wake_t *wake, lc_wake_t *to);
bool lc_wake_is_forwarded(lc_wake_t *wake);

/* Receiver, once. From its return on no wake touches the handle. */
void lc_wake_leave(lc_wake_t *wake);

/* Any thread. Debts paid so far. */
uint64_t lc_wake_count(const lc_wake_t *wake);

#endif /* LC_WAKE_H */
