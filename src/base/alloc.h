/* alloc: the library's memory, by whichever functions the user chose. */
#ifndef LC_ALLOC_H
#define LC_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

void *lc_malloc(size_t size);
void lc_free(void *memory);

/* The same for a channel's core: while there is one, the functions cannot be
 * replaced. Any other block is freed before the core that it is for, or in a
 * call that began before. */
void *lc_malloc_core(size_t size);
void lc_free_core(void *memory);

/* Allocates a block that comes and goes with a burst. Where that is possible,
 * the system gets the memory back at once when the block is freed: a heap would
 * keep it as long as anything that was allocated later is in use. full: most of
 * its pages will be written to, so that getting them at once is no waste. */
void *lc_malloc_burst(size_t size, bool full);
void lc_free_burst(void *memory, size_t size);

/* In bytes. Where the system has such pages, a full block of this size is one
 * of them. */
#define LC_HUGE_PAGE ((size_t) 1 << 21)

/* Whether such a block is pages of the system's, and not of a heap. */
bool lc_burst_is_pages(size_t size);

/* Gives the whole pages that lie in a part of a block back to the system: they
 * will not be read again. */
void lc_discard_burst(void *part, size_t size);

#endif /* LC_ALLOC_H */
