/* cpu: hints to the processor and to the scheduler, for each compiler and
 * system.
 *
 * Where a hint is not available it is left out: nothing depends on one.
 */
#ifndef LC_CPU_H
#define LC_CPU_H

#include <stdint.h>

/* libuv includes Windows' own headers, in the order that they need. */
#if defined(_WIN32)
#include <uv.h>
#else
#include <sched.h>
#endif

/* Has the processor fetch the cache line at an address, to be written soon. Any
 * address will do: a prefetch changes nothing and cannot fail. */
static inline void lc_prefetch_write(const void *at) {
#if defined(__x86_64__)
  __asm__ volatile("prefetchw %0" : : "m"(*(const char *) at));
#elif defined(__GNUC__)
  __builtin_prefetch(at, 1);
#else
  (void) at;
#endif
}

/* Returns the address, of which the compiler then no longer knows where it
 * points. Takes no instruction. */
static inline void *lc_unknown(const void *at) {
#if defined(__GNUC__)
  void *same;
  __asm__("" : "=r"(same) : "0"(at));
  return same;
#else
  return (void *) (uintptr_t) at;
#endif
}

/* Lets other threads have the processor. */
static inline void lc_yield(void) {
#if defined(_WIN32)
  (void) SwitchToThread();
#else
  (void) sched_yield();
#endif
}

/* Tells the processor that this is a spin. */
static inline void lc_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__GNUC__) && defined(__ARM_ARCH) && __ARM_ARCH >= 7
  __asm__ volatile("yield");
#elif defined(_WIN32)
  YieldProcessor();
#endif
}

/* The processor's own counter, where it takes one instruction to read. */
#if defined(__x86_64__)
#define LC_HAS_TICKS
static inline uint64_t lc_ticks(void) {
  return __builtin_ia32_rdtsc();
}
#endif

#endif /* LC_CPU_H */
