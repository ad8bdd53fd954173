/* debug: programmer's errors, outcomes that must be looked at, and hints to the
 * compiler.
 *
 * Return codes are for what can happen; lc_assert states what cannot happen,
 * and is checked in builds without NDEBUG.
 */
#ifndef LC_DEBUG_H
#define LC_DEBUG_H

#include <assert.h>

#define lc_assert(condition) assert(condition)

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
