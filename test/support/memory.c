/* memory: the library's memory, counted and made to fail.
 *
 * A block's size lies in front of it, in as many bytes as keep it aligned. A
 * block is full of junk when it comes and when it goes, so that nobody gets by
 * with what lay there.
 * Threads: any; one mutex guards everything.
 */
#include "memory.h"

#include <loopchan.h>
#include <stdlib.h>
#include <string.h>

typedef union {
  size_t size;
  max_align_t align;
} head_t;

#define JUNK 0xa5

static uv_mutex_t mutex;
static size_t blocks, bytes, peak, allocations, until_failure;
static int failed;

static void *watched_malloc(size_t size) {
  head_t *head = NULL;

  uv_mutex_lock(&mutex);
  allocations++;
  if (until_failure > 0 && --until_failure == 0)
    failed = 1;
  else
    head = malloc(sizeof *head + size);
  if (head != NULL) {
    head->size = size;
    blocks++;
    bytes += size;
    if (bytes > peak)
      peak = bytes;
  }
  uv_mutex_unlock(&mutex);
  return head == NULL ? NULL : memset(head + 1, JUNK, size);
}

static void watched_free(void *block) {
  head_t *head = block;

  if (head == NULL)
    return;
  head--;
  uv_mutex_lock(&mutex);
  blocks--;
  bytes -= head->size;
  uv_mutex_unlock(&mutex);
  memset(block, JUNK, head->size);
  free(head);
}

static void *watched_calloc(size_t count, size_t size) {
  void *block = watched_malloc(count * size);

  return block == NULL ? NULL : memset(block, 0, count * size);
}

static void *watched_realloc(void *block, size_t size) {
  void *bigger = watched_malloc(size);

  if (bigger != NULL && block != NULL) {
    size_t old = ((head_t *) block - 1)->size;
    memcpy(bigger, block, old < size ? old : size);
    watched_free(block);
  }
  return bigger;
}

void memory_watch(void) {
  if (uv_mutex_init(&mutex) != 0)
    abort();
  blocks = bytes = peak = allocations = until_failure = 0;
  failed = 0;
  if (loopchan_replace_allocator(watched_malloc, watched_realloc,
                                 watched_calloc, watched_free) != 0)
    abort();
}

static size_t read_locked(const size_t *number) {
  size_t value;

  uv_mutex_lock(&mutex);
  value = *number;
  uv_mutex_unlock(&mutex);
  return value;
}

size_t memory_blocks(void) {
  return read_locked(&blocks);
}

size_t memory_bytes(void) {
  return read_locked(&bytes);
}

size_t memory_peak(void) {
  return read_locked(&peak);
}

size_t memory_allocations(void) {
  return read_locked(&allocations);
}

void memory_fail(size_t n) {
  uv_mutex_lock(&mutex);
  until_failure = n;
  failed = 0;
  uv_mutex_unlock(&mutex);
}

int memory_has_failed(void) {
  return failed;
}
