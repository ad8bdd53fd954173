/* alloc: the library's memory, by whichever functions the user chose.
 *
 * Knows:   malloc and free, or their replacements; the system's pages; how many
 *          channels there are.
 * Threads: any.
 * Promise: a block goes back to the function family that it came from.
 */
#include "base/alloc.h"

#include <loopchan.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/debug.h"
#include "base/atomic.h"

static uv_malloc_func malloc_in_force = malloc;
static uv_free_func free_in_force = free;
static lc_counter_t cores_out;

void *lc_malloc(size_t size) {
  return malloc_in_force(size);
}

void lc_free(void *memory) {
  if (memory != NULL)
    free_in_force(memory);
}

void *lc_malloc_core(size_t size) {
  void *memory = lc_malloc(size);

  if (memory != NULL)
    lc_counter_add(&cores_out, 1);
  return memory;
}

void lc_free_core(void *memory) {
  /* Below zero, if another copy of the library in this process made the
   * core. */
  lc_counter_add(&cores_out, -1);
  lc_free(memory);
}

#if defined(__linux__) && defined(LC_WEAK)
#include <sys/mman.h>

/* A smaller block is not worth pages of its own. */
#define LC_LEAST_PAGES 12288

/* A leak detector follows the pointers in what malloc gave, not those in pages:
 * in a program that has one, there are no pages. */
LC_WEAK void __lsan_do_leak_check(void);

static bool has_pages(size_t size) {
  return size >= LC_LEAST_PAGES && malloc_in_force == malloc &&
         __lsan_do_leak_check == NULL;
}

/* Getting all pages at once costs less than a page fault for each. */
static void *new_pages(size_t size, bool whole) {
  void *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | (whole ? MAP_POPULATE : 0), -1, 0);

  return memory != MAP_FAILED ? memory : NULL;
}

/* With too many holes in the address space this fails; the memory is given back
 * all the same. */
static void free_pages(void *memory, size_t size) {
  if (munmap(memory, size) != 0)
    (void) madvise(memory, size, MADV_DONTNEED);
}

#else

static bool has_pages(size_t size) {
  (void) size;
  return false;
}

static void *new_pages(size_t size, bool whole) {
  (void) size;
  (void) whole;
  return NULL;
}

static void free_pages(void *memory, size_t size) {
  (void) memory;
  (void) size;
}

#endif

void *lc_malloc_burst(size_t size, bool whole) {
  return has_pages(size) ? new_pages(size, whole) : lc_malloc(size);
}

void lc_free_burst(void *memory, size_t size) {
  if (has_pages(size))
    free_pages(memory, size);
  else
    lc_free(memory);
}

int loopchan_replace_allocator(uv_malloc_func malloc_func,
                               uv_realloc_func realloc_func,
                               uv_calloc_func calloc_func,
                               uv_free_func free_func) {
  if (malloc_func == NULL || realloc_func == NULL || calloc_func == NULL ||
      free_func == NULL)
    return UV_EINVAL;
  if (lc_counter_read(&cores_out) != 0)
    return UV_EBUSY;
  malloc_in_force = malloc_func;
  free_in_force = free_func;
  return 0;
}
