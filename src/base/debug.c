/* debug: how an error of the caller ends the program.
 *
 * Knows:   which public function was called last on this thread.
 * Threads: any.
 * Promise: the line on stderr names that function.
 */
#include "base/debug.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cancel.h"

#ifdef LC_NAMES_CALLS

LC_PER_THREAD const char *lc_called_here LC_NO_CALL = "loopchan";

void lc_misused(const char *sentence) {
  (void) lc_cancel_forbid();
  (void) fprintf(stderr, "%s: %s\n", lc_called_here, sentence);
  abort();
}

#endif /* LC_NAMES_CALLS */
