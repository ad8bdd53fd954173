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

#include "base/atomic.h"
#include "base/debug.h"

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
#include <sys/auxv.h>
#include <sys/mman.h>

/* A smaller block is not worth pages of its own. */
#define LC_LEAST_PAGES 12288

/* A leak detector follows the pointers in what malloc gave, not those in pages:
 * in a program that has one, there are no pages. */
LC_WEAK void __lsan_do_leak_check(void);

static size_t page_size(void) {
  return (size_t) getauxval(AT_PAGESZ);
}

/* Some systems' pages are large. */
bool lc_burst_is_pages(size_t size) {
  return size >= LC_LEAST_PAGES && malloc_in_force == malloc &&
         __lsan_do_leak_check == NULL && size > page_size() / 2;
}

static void *map_pages(size_t size, int flags) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

  return memory != MAP_FAILED ? memory : NULL;
}

/* Its address is a multiple of its size. */
static void *new_huge_page(void) {
  char *memory = map_pages(2 * LC_HUGE_PAGE, 0);
  size_t before;

  if (memory == NULL)
    return NULL;
  before = (size_t) (-(uintptr_t) memory % LC_HUGE_PAGE);
  if (before > 0)
    (void) munmap(memory, before);
  memory += before;
  (void) munmap(memory + LC_HUGE_PAGE, LC_HUGE_PAGE - before);
  (void) madvise(memory, LC_HUGE_PAGE, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE /* Linux 5.14; without it, pages come one by one */
  (void) madvise(memory, LC_HUGE_PAGE, MADV_POPULATE_WRITE);
#endif
  /* The first write has brought the huge page, if there is one. As long as it
   * is wanted, the kernel may fill what is discarded. */
  *(volatile char *) memory = 0;
  (void) madvise(memory, LC_HUGE_PAGE, MADV_NOHUGEPAGE);
  return memory;
}

/* Getting all pages at once costs less than a page fault for each. */
static void *new_pages(size_t size, bool full) {
  if (full && size == LC_HUGE_PAGE)
    return new_huge_page();
  return map_pages(size, full ? MAP_POPULATE : 0);
}

/* With too many holes in the address space this fails; the memory is given back
 * all the same. */
static void free_pages(void *memory, size_t size) {
  if (munmap(memory, size) != 0)
    (void) madvise(memory, size, MADV_DONTNEED);
}

void lc_discard_burst(void *part, size_t size) {
  size_t page = page_size();
  size_t before = (size_t) (-(uintptr_t) part % page);
  char *first = (char *) part + before;

  if (size < before + page)
    return;
  size = (size - before) / page * page;
  /* A program that called mlockall has locked it. */
  if (madvise(first, size, MADV_DONTNEED) != 0 && munlock(first, size) == 0)
    (void) madvise(first, size, MADV_DONTNEED);
}

#else

bool lc_burst_is_pages(size_t size) {
  (void) size;
  return false;
}

static void *new_pages(size_t size, bool full) {
  (void) size;
  (void) full;
  return NULL;
}

static void free_pages(void *memory, size_t size) {
  (void) memory;
  (void) size;
}

void lc_discard_burst(void *part, size_t size) {
  (void) part;
  (void) size;
}

#endif

void *lc_malloc_burst(size_t size, bool full) {
  return lc_burst_is_pages(size) ? new_pages(size, full) : lc_malloc(size);
}

void lc_free_burst(void *memory, size_t size) {
  if (lc_burst_is_pages(size))
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
