/* trace: an event as a line on stderr.
 *
 * Knows:   the environment, the clock. Not what a channel is.
 * Threads: any.
 * Promise: nothing is written unless LOOPCHAN_TRACE is 1; no two lines mix.
 */
#include "base/trace.h"

#include "base/atomic.h"
#include "base/cancel.h"

#ifdef LC_TRACE_LINES

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define LC_LINE_HEAD "loopchan: %" PRIu64 " ns, thread %" PRIuPTR ", %p: %s"

static uv_once_t environment_is_read = UV_ONCE_INIT;
static bool has_lines;
static uint64_t first_ns;

static void read_environment(void) {
  char value[sizeof "1"] = "";
  size_t size = sizeof value;

  /* If it is not set, or longer, value stays as it is. */
  (void) uv_os_getenv("LOOPCHAN_TRACE", value, &size);
  has_lines = strcmp(value, "1") == 0;
  first_ns = uv_hrtime();
}

/* Easier to read than the system's: 1, 2, ... in the order of the first lines.
 */
static uintptr_t thread_number(void) {
  static lc_number_t threads;
  static LC_PER_THREAD uintptr_t number LC_NO_CALL;

  if (number == 0)
    number = lc_number_next(&threads);
  return number;
}

void lc_trace_line(const char *event, const void *channel, const void *what) {
  uint64_t ns;
  int was;

  uv_once(&environment_is_read, read_environment);
  if (!has_lines)
    return;
  ns = uv_hrtime() - first_ns;
  was = lc_cancel_forbid();
  /* A line is one call, and stdio does not let another come between. */
  if (what == NULL)
    (void) fprintf(stderr, LC_LINE_HEAD "\n", ns, thread_number(), channel,
                   event);
  else
    (void) fprintf(stderr, LC_LINE_HEAD " %p\n", ns, thread_number(), channel,
                   event, what);
  lc_cancel_restore(was);
}

#endif /* LC_TRACE_LINES */
