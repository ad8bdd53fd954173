/* block: large pieces of memory that are freed part by part.
 *
 * A block begins with counts of what lives in it; the rest is handed out as one
 * piece, which its user may cut into parts. A block is freed with the last of
 * its parts. As one part may keep a block for long, the pages of the others can
 * be given back before.
 *
 *   block:  | counts | part | part (freed) | part | ...           |
 *                                 pages without a live byte go first
 *
 * One thread at a time uses the blocks' counts. No other waits for it.
 *
 * [block.busy]  The thread that uses the blocks sees what the last one did.
 *
 *   one that frees a part                   the next one
 *   (A) store busy: 0             release   (B) swap busy: 1        acquire
 *   Weaker: A or B relaxed -> both change a block's counts, and its memory is
 *   freed while it is in use, or never (free_vs_free).
 */
#ifndef LC_BLOCK_H
#define LC_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/debug.h"
#include "base/queue.h"

/* Sizes in bytes: of a block, and of what lies before its parts. */
#ifndef LC_BLOCK_BYTES
#define LC_BLOCK_BYTES LC_HUGE_PAGE
#define LC_BLOCK_HEAD 4096
#endif
#define LC_BLOCK_ROOM (LC_BLOCK_BYTES - LC_BLOCK_HEAD)

typedef struct {
  lc_atomic(uintptr_t) busy; /* 1: a thread uses the counts, and the list */
  lc_queue_t holed; /* blocks that have holes, which are freed parts whose
                       pages have not been looked at */
} lc_blocks_t;

void lc_blocks_init(lc_blocks_t *blocks);

/* Any thread. LC_BLOCK_ROOM bytes, LC_BLOCK_HEAD behind the start of a new
 * block, all of which live. NULL: out of memory. */
void *lc_block_make(void);

/* Any thread. Frees a part. The offset is how far its start lies behind that
 * of its block. False: another thread uses the blocks, and the part lives. */
LC_MUST_USE bool lc_blocks_free(lc_blocks_t *blocks, void *part, size_t offset,
                                size_t bytes);

/* Any thread. Gives some pages back that have nothing live. False: there are
 * none. */
LC_MUST_USE bool lc_blocks_tidy(lc_blocks_t *blocks);

#endif /* LC_BLOCK_H */
