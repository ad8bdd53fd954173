/* loop: what is known of a uv_loop_t.
 *
 * Which thread runs a loop is a fact of the loop. So all receivers and writers
 * on it share one record, and a callback of any of them says it for all. The
 * record is found by the loop's address. It is there from the first open to the
 * last handle's close callback; libuv wants the loop's memory kept so long,
 * hence an address stands for one loop. Behind that callback the record is
 * found no more, but its memory stays as long as a core leads to it: a sender
 * may outlive the loop.
 *
 *              a call of ours          a callback of ours
 *   (opened) -----------------> caller ------------------> loop_thread
 *              replaces it                a later call or callback on
 *                                         another thread replaces it
 *
 * A loop is often opened on one thread and run on another. So before the first
 * callback a thread that made a call is no more than a guess.
 */
#ifndef LC_LOOP_H
#define LC_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/debug.h"
#include "base/atomic.h"

typedef struct lc_loop {
  lc_loop_thread_t
      loop_thread; /* the thread of the last callback; 0: none so far */
  lc_loop_thread_t
      caller;      /* before the first callback: the thread of the last call */
  uv_loop_t *loop; /* fixed after open */
  struct lc_loop *prev, *next; /* the registry's mutex guards these four */
  size_t handles;              /* open, or not called back as closed */
  size_t cores;                /* that lead here */
} lc_loop_t;

/* The loop's thread. The record of a loop for one handle more; NULL: out of
 * memory. */
LC_MUST_USE lc_loop_t *lc_loop_attach(uv_loop_t *loop);

/* The loop's thread. One handle less: it failed to open, or is closed. */
void lc_loop_detach(lc_loop_t *loop);

/* A core leads to the record: from its open on, until the core goes. */
void lc_loop_hold(lc_loop_t *loop);
void lc_loop_release(lc_loop_t *loop);

/* The loop's thread, in a callback of ours. */
static inline void lc_loop_in_callback(lc_loop_t *loop) {
  if (LC_UNLIKELY(!lc_loop_thread_is_here(&loop->loop_thread)))
    lc_loop_thread_set_here(&loop->loop_thread);
}

/* The loop's thread, in a call. */
static inline void lc_loop_in_call(lc_loop_t *loop) {
  lc_loop_thread_t *whose = lc_loop_thread_is_known(&loop->loop_thread)
                                ? &loop->loop_thread
                                : &loop->caller;

  if (LC_UNLIKELY(!lc_loop_thread_is_here(whose)))
    lc_loop_thread_set_here(whose);
}

/* Any thread. Whether the loop is known to run here. */
static inline bool lc_loop_is_here(lc_loop_t *loop) {
  return lc_loop_thread_is_here(&loop->loop_thread);
}

/* Any thread. Whether the loop has not called back yet, and may come to run
 * here: this thread made the last call. */
static inline bool lc_loop_may_be_here(lc_loop_t *loop) {
  return !lc_loop_thread_is_known(&loop->loop_thread) &&
         lc_loop_thread_is_here(&loop->caller);
}

#endif /* LC_LOOP_H */
