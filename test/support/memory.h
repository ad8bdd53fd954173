/* memory: the library's memory, counted and made to fail. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stddef.h>

/* Replaces the library's allocator by one that counts. */
void memory_watch(void);

/* Blocks and bytes that the library holds; the most bytes it ever held. */
size_t memory_blocks(void);
size_t memory_bytes(void);
size_t memory_peak(void);

/* Allocations made since memory_watch. */
size_t memory_allocations(void);

/* The n-th allocation from now fails, once; 0: none does. */
void memory_fail(size_t n);

/* Whether that failure has happened. */
int memory_has_failed(void);

#endif /* SUPPORT_MEMORY_H */
