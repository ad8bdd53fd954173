/* count_shim: preloaded into a peer, counts its blocks, and prints the sum at
 * the end. The clock goes on by 100 ns each time that it is read: however slow
 * the machine is, the peer does the same. For glibc. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static atomic_ullong blocks;

void *malloc(size_t size) {
  blocks++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  blocks++;
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  blocks++;
  return __libc_realloc(block, size);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static atomic_ullong looks;
  unsigned long long ns = 100 * ++looks;

  (void) clock;
  now->tv_sec = (time_t) (1 + ns / 1000000000);
  now->tv_nsec = (long) (ns % 1000000000);
  return 0;
}

__attribute__((destructor)) static void report(void) {
  printf("allocations %llu\n", (unsigned long long) blocks);
}
