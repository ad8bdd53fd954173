/* clock: points in time, in the nanoseconds of uv_hrtime(). */
#ifndef LC_CLOCK_H
#define LC_CLOCK_H

#include <stdint.h>
#include <uv.h>

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

#endif /* LC_CLOCK_H */
