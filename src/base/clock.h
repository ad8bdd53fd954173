/* clock: points in time, in the nanoseconds of uv_hrtime(), and spins that end
 * at one. */
#ifndef LC_CLOCK_H
#define LC_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/atomic.h"

/* A time that has always passed, and one that never comes. */
#define LC_NOW ((uint64_t) 0)
#define LC_NEVER UINT64_MAX

static inline uint64_t lc_after(uint64_t now, uint64_t ns) {
  return ns > LC_NEVER - now ? LC_NEVER : now + ns;
}

/* When it will be timeout_ns from now. */
static inline uint64_t lc_deadline(uint64_t timeout_ns) {
  return lc_after(uv_hrtime(), timeout_ns);
}

static inline uint64_t lc_earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* A look at the clock costs as much as a few messages; one at the counter that
 * an x86-64 processor has, which the clock itself is mostly made of, a third of
 * that. It counts at 1 GHz or more: so many ticks are four microseconds at
 * most. */
#define LC_MOMENT_TICKS 4096

/* False: too soon for another look at the clock. *ticks is 0 before the first.
 */
static inline bool lc_clock_moved(uint64_t *ticks) {
#if defined(LC_HAS_TICKS)
  uint64_t now = lc_ticks();

  if (now - *ticks < LC_MOMENT_TICKS)
    return false;
  *ticks = now;
#else
  (void) ticks;
#endif
  return true;
}

/* A spin longer than this lets other threads run between two looks: what it
 * waits for may have to be done by one of them. */
#define LC_YIELD_NS 500

/* Overshooting the spin by this much means that a time slice of the
 * scheduler's was lost, some milliseconds long. */
#define LC_STALL_NS 500000

/* The processor's pauses between two looks for a wake, or for a permit. */
#define LC_LOOK_PAUSES 4

/* A spin: begin; while (lc_spell_goes_on(&spell, pauses)) look. */
typedef struct {
  uint64_t yield_ns, end_ns;
  bool yielded;
} lc_spell_t;

/* It lasts most_ns, or until the deadline. */
static inline void lc_spell_begin(lc_spell_t *spell, uint64_t most_ns,
                                  uint64_t deadline_ns) {
  uint64_t now = uv_hrtime();

  spell->yield_ns = lc_after(now, LC_YIELD_NS);
  spell->end_ns = lc_earlier(lc_after(now, most_ns), deadline_ns);
  spell->yielded = false;
}

/* True: look once more, after so many of the processor's pauses. */
static inline bool lc_spell_goes_on(lc_spell_t *spell, unsigned pauses) {
  uint64_t now = uv_hrtime();

  if (now >= spell->end_ns)
    return false;
  if (now >= spell->yield_ns) {
    spell->yielded = true;
    lc_yield();
  }
  lc_pause(pauses);
  return true;
}

/* True: a yield has cost a time slice. A thread that slept would have seen
 * sooner what has come meanwhile. */
static inline bool lc_spell_stalled(const lc_spell_t *spell) {
  return spell->yielded && uv_hrtime() >= lc_after(spell->end_ns, LC_STALL_NS);
}

#endif /* LC_CLOCK_H */
