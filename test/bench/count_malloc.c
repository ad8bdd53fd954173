/* count_malloc: preloaded into a peer, counts its blocks; prints the sum at the
 * end. For glibc. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

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

__attribute__((destructor)) static void tell(void) {
  printf("allocations %llu\n", (unsigned long long) blocks);
}
