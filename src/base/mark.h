/* mark: the state of a struct in the user's memory.
 *
 * That memory need not be zeroed, so it may contain anything. A mark depends on
 * its address: a struct that was moved, or the memory's previous contents, does
 * not have it, except by a chance of one in a billion.
 */
#ifndef LC_MARK_H
#define LC_MARK_H

#include <stdbool.h>
#include <stdint.h>

/* The part of a mark that says what it is, wherever it was made. */
#define LC_MARK_IS 3u

/* is: below 4, and not 0. */
static inline unsigned lc_mark(const void *at, unsigned is) {
  return ((unsigned) ((uintptr_t) at >> 3) * 2654435761u & ~LC_MARK_IS) | is;
}

/* Whether it says so, but was made at another address, or never. */
static inline bool lc_mark_is_not_from(unsigned mark, const void *at,
                                       unsigned is) {
  return (mark & LC_MARK_IS) == is && mark != lc_mark(at, is);
}

/* What a failed run of the explorer has left in static memory is not in use. */
#ifdef LC_EXPLORE
#define LC_MARKS_LAST 0
#else
#define LC_MARKS_LAST 1
#endif

#endif /* LC_MARK_H */
