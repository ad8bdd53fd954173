/* debug: errors in the library, errors of its caller, outcomes that must be
 * looked at, and hints to the compiler.
 *
 * Return codes are for what can happen; lc_assert states what cannot happen,
 * and is checked in builds without NDEBUG.
 */
#ifndef LC_DEBUG_H
#define LC_DEBUG_H

#include <assert.h>

#include "base/atomic.h"

#define lc_assert(condition) assert(condition)

/* In builds without NDEBUG, an error of the caller, too, ends the program. The
 * sentence that says what was wrong begins with the name of the function that
 * the user called, which may be far from the place where the error is seen: so
 * a public function says lc_called(__func__) before anything can be wrong, and
 * a callback of libuv's says "uv_run". (The explorer's programs make no such
 * errors.) */
#if defined(NDEBUG)
#define lc_called(function) ((void) 0)
#define lc_expect(condition, sentence) ((void) 0)
#elif defined(LC_EXPLORE)
#define lc_called(function) ((void) 0)
#define lc_expect(condition, sentence) lc_assert((condition) && sentence)
#else
#define LC_NAMES_CALLS
#define lc_called(function) ((void) (lc_called_here = (function)))
#define lc_expect(condition, sentence) \
  ((condition) ? (void) 0 : lc_misused(sentence))

/* On this thread, the last one. */
extern LC_PER_THREAD const char *lc_called_here LC_NO_CALL;

void lc_misused(const char *sentence);
#endif

#if defined(__GNUC__) || defined(__clang__)
#define LC_MUST_USE __attribute__((warn_unused_result))
#define LC_NOINLINE __attribute__((noinline))
#define LC_INLINE __attribute__((always_inline)) inline
#define LC_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define LC_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define LC_MUST_USE
#define LC_NOINLINE
#define LC_INLINE inline
#define LC_LIKELY(condition) (condition)
#define LC_UNLIKELY(condition) (condition)
#endif

/* For a function that may be missing in the program: NULL if it is. */
#if defined(__GNUC__) && defined(__ELF__)
#define LC_WEAK __attribute__((weak))
#endif

#endif /* LC_DEBUG_H */
