/* msvc: included before a source, has mingw-w64's compiler treat it as MSVC
 * would: Windows' headers come first, then what says that this is another
 * compiler goes, and what MSVC lacks cannot be said. It is not MSVC, whose own
 * headers and atomics nothing here has seen.
 */
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#undef __GNUC__
#undef __clang__
#undef __MINGW32__
#undef __MINGW64__
#undef __x86_64__
#undef __aarch64__
#define _MSC_VER 1935

#pragma GCC poison __attribute__ __builtin_expect __builtin_prefetch
#pragma GCC poison __asm__ asm typeof __typeof__ __extension__ _Thread_local
#pragma GCC poison max_align_t sched_yield usleep nanosleep
