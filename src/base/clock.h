/* clock: points in time, in the nanoseconds of uv_hrtime(), and a wait for one
 * that is near. */
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

/* The deadline of a call with this time-out; LC_NOW: it does not wait. */
static inline uint64_t lc_call_deadline(uint64_t timeout_ns) {
  return timeout_ns == 0 ? LC_NOW : lc_deadline(timeout_ns);
}

static inline uint64_t lc_earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* Reading the clock costs as much as a few messages; reading an x86-64
 * processor's tick counter, on which the clock is mostly based, a third of
 * that. It counts at 1 GHz or more: so this many ticks take at most four
 * microseconds. */
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

/* Spins until then, for at least one pause instruction, which takes ten times
 * as long on some processors as on others. Returns the time. */
static inline uint64_t lc_relax_until(uint64_t ns) {
  uint64_t now;

  do {
    lc_relax();
    now = uv_hrtime();
  } while (now < ns);
  return now;
}

#endif /* LC_CLOCK_H */
