/* wake: the debt paid.
 *
 * Whoever replaced PARKED in the inbox owes the receiver a wake: the debt. It
 * pays here, through libuv for a loop receiver, through a condition variable
 * for a thread receiver.
 *
 * [wake.fence]  A late wake swallows no other. uv_async_send begins with a
 * relaxed look at the handle's `pending` and does nothing if that is set.
 *
 *   sender                                  receiver, in the async callback
 *   pushes its link                         libuv: pending = 0
 *   (A) fence                  seq_cst      (B) fence                  seq_cst
 *   uv_async_send: reads pending            looks at the inbox
 *
 *   Reads pending == 1, from before libuv cleared it, and the callback misses
 *   the link: the fences forbid both at once. Weaker: without A or B -> a
 *   sender that was held up between its push and its uv_async_send makes the
 *   next wake be lost (late_wake).
 */
#ifndef LC_WAKE_H
#define LC_WAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/debug.h"
#include "base/atomic.h"
#include "base/clock.h"
#include "wait/patience.h"

typedef struct lc_wake {
  uv_mutex_t mutex; /* guards all below */
  uv_cond_t cond;
  uv_async_t *async; /* NULL: a thread receiver */
  bool gone;         /* closed: async must not be touched any more */
  lc_atomic(
      uintptr_t) signalled; /* thread: a debt paid and not collected yet */
  uint64_t count;           /* debts paid */
  struct lc_wake *forward;  /* of a thread that waits for several, or NULL */
} lc_wake_t;

/* 0, or an error of libuv, and nothing is left behind. */
LC_MUST_USE int lc_wake_init(lc_wake_t *wake, uv_async_t *async);
void lc_wake_destroy(lc_wake_t *wake);

/* Any thread. Whether it is a loop's. */
static inline bool lc_wake_is_async(const lc_wake_t *wake) {
  return wake->async != NULL;
}

/* Any thread. Pays one debt. */
void lc_wake_signal(lc_wake_t *wake);

/* Loop's thread. Calls for another callback in the loop's next turn. */
void lc_wake_self(lc_wake_t *wake);

/* Loop's thread. First thing in the async callback, unless payers hold a mutex
 * that it takes. */
void lc_wake_callback_fence(void);

/* Receiving thread, parked. Waits until the debt of this park is paid, and
 * collects it; or until the deadline. False: not paid so far. */
LC_MUST_USE bool lc_wake_wait(lc_wake_t *wake, uint64_t deadline_ns);

/* The same thread, before that: looks out for the payment, as patiently as that
 * has paid so far, or until the deadline. True: it is there, to be collected.
 */
bool lc_wake_spin(const lc_wake_t *wake, lc_patience_t *patience,
                  uint64_t deadline_ns);

/* Receiving thread. Has debts told to another wake too, from now on; or, with
 * NULL, no more. That other one is collected like any, once for one or more. */
void lc_wake_forward(lc_wake_t *wake, lc_wake_t *to);
bool lc_wake_is_forwarded(lc_wake_t *wake);

/* Receiver. From its return on no wake touches the handle. */
void lc_wake_leave(lc_wake_t *wake);

/* Any thread. Debts paid so far. */
uint64_t lc_wake_count(lc_wake_t *wake);

#endif /* LC_WAKE_H */
