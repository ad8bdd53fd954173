/* mark: what a struct in the user's memory says of itself.
 *
 * That memory need not be zeroed, so anything may be there. A mark depends on
 * its address: what is moved, or was there before, does not have it, but for
 * one in a billion.
 */
#ifndef LC_MARK_H
#define LC_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* is: below 4, and not 0. */
static inline unsigned lc_mark(const void *at, unsigned is) {
  return ((unsigned) ((uintptr_t) at >> 3) * 2654435761u & ~3u) | is;
}

/* The process, as a pointer, to be kept beside the mark: in the child of a fork
 * the user's memory is as it was, but nothing uses it. Nor does anything use
 * what a run of the explorer that failed has left. */
static inline void *lc_mark_process(void) {
#ifdef LC_EXPLORE
  return NULL;
#else
  return (void *) (uintptr_t) uv_os_getpid();
#endif
}

static inline bool lc_mark_is_here(const void *process) {
  return process != NULL && process == lc_mark_process();
}

#endif /* LC_MARK_H */
