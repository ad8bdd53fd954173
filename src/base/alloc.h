/* alloc: the library's memory, by whichever functions the user chose. */
#ifndef LC_ALLOC_H
#define LC_ALLOC_H

#include <stddef.h>

void *lc_malloc(size_t size);
void lc_free(void *memory);

#endif /* LC_ALLOC_H */
