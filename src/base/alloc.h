/* alloc: the library's memory, by whichever functions the user chose. */
#ifndef LC_ALLOC_H
#define LC_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

void *lc_malloc(size_t size);
void lc_free(void *memory);

/* The same for a channel's core: while there is one, the functions cannot be
 * replaced. Any other block is freed before the core that it is for, or in the
 * same call. */
void *lc_malloc_core(size_t size);
void lc_free_core(void *memory);

/* The same for a block that comes and goes with a burst. Where that is
 * possible, the system gets the memory back at once when the block is freed: a
 * heap would keep it as long as anything that was allocated later is in use.
 * whole: each of its pages will be written to. */
void *lc_malloc_burst(size_t size, bool whole);
void lc_free_burst(void *memory, size_t size);

#endif /* LC_ALLOC_H */
