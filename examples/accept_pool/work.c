#include <stdint.h>
#include <time.h>

#include "work.h"

enum { ROUNDS = 500 }; /* between two looks at the clock: half a microsecond */

static uint64_t thread_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

void work(unsigned us) {
  uint64_t end = thread_ns() + (uint64_t) us * 1000;
  volatile uint64_t result; /* so that it is not optimised away */
  uint64_t x = end | 1;

  while (thread_ns() < end) {
    for (int i = 0; i < ROUNDS; i++) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
    }
    result = x;
  }
  (void) result;
}
