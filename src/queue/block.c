/* block: large pieces of memory that are freed part by part.
 *
 * Knows:   which bytes live, pages. Not what they are for.
 * Threads: any; one at a time uses the counts.
 * Promise: no call waits for another.
 */
#include "queue/block.h"

/* No system's page is smaller. */
#define LC_PAGE 4096
#define LC_BLOCK_PAGES ((LC_BLOCK_BYTES - 1) / LC_PAGE + 1)

/* In how many pieces pages are given back at a time: some tens of
 * microseconds. */
#define LC_DISCARDS_MOST 16

typedef struct {
  lc_queue_t queue;                 /* in blocks.holed */
  bool holed;                       /* and whether it is there */
  uint32_t tidied;                  /* how many pages need no look */
  uint32_t live;                    /* bytes of the parts that are not freed */
  uint16_t live_in[LC_BLOCK_PAGES]; /* of these, bytes in each page */
} lc_block_t;

static_assert(sizeof(lc_block_t) <= LC_BLOCK_HEAD, "parts lie behind the head");
static_assert(LC_BLOCK_BYTES <= UINT32_MAX && LC_PAGE <= UINT16_MAX,
              "the counts have room");

void lc_blocks_init(lc_blocks_t *blocks) {
  lc_atomic_init(&blocks->busy, 0);
  lc_queue_init(&blocks->holed);
}

void *lc_block_make(void) {
  lc_block_t *block = lc_malloc_burst(LC_BLOCK_BYTES, true);
  size_t n;

  if (block == NULL)
    return NULL;
  block->holed = false;
  block->live = LC_BLOCK_ROOM;
  for (n = 0; n < LC_BLOCK_PAGES; n++)
    block->live_in[n] = LC_PAGE;
  return (char *) block + LC_BLOCK_HEAD;
}

/* False: another thread uses the blocks. */
static bool try_blocks(lc_blocks_t *blocks) {
  /* [block.busy] (B) */
  return lc_swap(&blocks->busy, 1, memory_order_acquire) == 0;
}

static void leave_blocks(lc_blocks_t *blocks) {
  /* [block.busy] (A) */
  lc_store(&blocks->busy, 0, memory_order_release);
}

static void set_holed(lc_blocks_t *blocks, lc_block_t *block, bool holed) {
  if (holed == block->holed)
    return;
  block->holed = holed;
  if (holed)
    lc_queue_append(&blocks->holed, &block->queue);
  else
    lc_queue_remove(&block->queue);
}

/* From and to: in bytes, of the block. */
static void leave_pages(lc_block_t *block, size_t from, size_t to) {
  while (from < to) {
    size_t page = from / LC_PAGE, end = (page + 1) * LC_PAGE;
    size_t bytes = (end < to ? end : to) - from;
    lc_assert(block->live_in[page] >= bytes);
    block->live_in[page] = (uint16_t) (block->live_in[page] - bytes);
    from += bytes;
  }
}

bool lc_blocks_free(lc_blocks_t *blocks, void *part, size_t offset,
                    size_t bytes) {
  lc_block_t *block = (lc_block_t *) (void *) ((char *) part - offset);

  if (!try_blocks(blocks))
    return false;
  lc_assert(offset >= LC_BLOCK_HEAD);
  lc_assert(block->live >= bytes);
  block->live -= (uint32_t) bytes;
  leave_pages(block, offset, offset + bytes);
  block->tidied = 0;
  set_holed(blocks, block, block->live > 0);
  if (block->live == 0)
    lc_free_burst(block, LC_BLOCK_BYTES);
  leave_blocks(blocks);
  return true;
}

/* Giving pages back costs more than freeing the whole block, so it is for when
 * messages no longer flow. */
static void discard_pages(lc_block_t *block) {
  size_t n = block->tidied;
  unsigned discards = 0;

  while (n < LC_BLOCK_PAGES && discards < LC_DISCARDS_MOST) {
    size_t from = n;
    while (n < LC_BLOCK_PAGES && block->live_in[n] == 0)
      n++;
    if (n > from) {
      lc_discard_burst((char *) block + from * LC_PAGE, (n - from) * LC_PAGE);
      discards++;
    } else {
      n++;
    }
  }
  block->tidied = (uint32_t) n;
}

bool lc_blocks_tidy(lc_blocks_t *blocks) {
  bool some;

  if (!try_blocks(blocks))
    return true;
  some = !lc_queue_is_empty(&blocks->holed);
  if (some) {
    lc_block_t *block = lc_container(blocks->holed.next, lc_block_t, queue);
    discard_pages(block);
    set_holed(blocks, block, block->tidied < LC_BLOCK_PAGES);
  }
  leave_blocks(blocks);
  return some;
}
