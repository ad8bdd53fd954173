/* mark: what a struct in the user's memory says of itself.
 *
 * That memory need not be zeroed, so anything may be there. A mark depends on
 * its address: what is moved, or was there before, does not have it, but for
 * one in a billion.
 */
#ifndef LC_MARK_H
#define LC_MARK_H

#include <stdint.h>

/* The part of a mark that says what it is, wherever it was made. */
#define LC_MARK_IS 3u

/* is: below 4, and not 0. */
static inline unsigned lc_mark(const void *at, unsigned is) {
  return ((unsigned) ((uintptr_t) at >> 3) * 2654435761u & ~LC_MARK_IS) | is;
}

/* What a run of the explorer has left in static memory when it failed is in use
 * by nothing. */
#ifdef LC_EXPLORE
#define LC_MARKS_LAST 0
#else
#define LC_MARKS_LAST 1
#endif

#endif /* LC_MARK_H */
