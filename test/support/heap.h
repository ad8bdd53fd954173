/* heap: the memory of C++, counted and made to fail where nullptr will do. */
#ifndef SUPPORT_HEAP_H
#define SUPPORT_HEAP_H

#include <cstddef>

/* Allocations made so far. */
std::size_t heap_allocations();

/* The n-th allocation from now that is nothrow fails, once; 0: none does. */
void heap_fail(std::size_t n);

/* Whether that failure has happened. */
bool heap_has_failed();

#endif /* SUPPORT_HEAP_H */
