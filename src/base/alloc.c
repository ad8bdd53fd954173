/* alloc: the library's memory, by whichever functions the user chose.
 *
 * Knows:   malloc and free, or their replacements; how many blocks are out.
 * Threads: any.
 * Promise: a block goes back to the function family that it came from.
 */
#include "base/alloc.h"

#include <loopchan.h>
#include <stdlib.h>

#include "base/debug.h"
#include "base/atomic.h"

static uv_malloc_func malloc_in_force = malloc;
static uv_free_func free_in_force = free;
static lc_counter_t blocks_out;

void *lc_malloc(size_t size) {
  void *memory = malloc_in_force(size);

  if (memory != NULL)
    lc_counter_add(&blocks_out, 1);
  return memory;
}

void lc_free(void *memory) {
  if (memory == NULL)
    return;
  lc_assert(lc_counter_read(&blocks_out) > 0);
  lc_counter_add(&blocks_out, -1);
  free_in_force(memory);
}

int loopchan_replace_allocator(uv_malloc_func malloc_func,
                               uv_realloc_func realloc_func,
                               uv_calloc_func calloc_func,
                               uv_free_func free_func) {
  if (malloc_func == NULL || realloc_func == NULL || calloc_func == NULL ||
      free_func == NULL)
    return UV_EINVAL;
  if (lc_counter_read(&blocks_out) != 0)
    return UV_EBUSY;
  malloc_in_force = malloc_func;
  free_in_force = free_func;
  return 0;
}
