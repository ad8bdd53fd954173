/* report: what the threads tell the loop, and the jobs that they share out.
 *
 * A message owns its path: whoever holds it last, frees it. While it is in a
 * channel that is the channel, by its drop function.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>
#include <stdlib.h>

#include <loopchan.h>

enum { SUM_BYTES = 32 };

enum report_kind {
  REPORT_FOUND,  /* a file of bytes bytes is to be read */
  REPORT_LINK,   /* a symbolic link was skipped */
  REPORT_WALKED, /* nothing more will be found */
  REPORT_DONE,   /* path has this sum */
  REPORT_FAILED  /* path has no sum, because of err */
};

struct report {
  enum report_kind kind;
  int err; /* a code of libuv's */
  uint64_t bytes;
  char *path; /* of REPORT_DONE and REPORT_FAILED; NULL in all others */
  unsigned char sum[SUM_BYTES];
};

/* A worker's progress is a number on a channel of its own, which keeps the
 * newest one only: how many bytes the worker has read so far, of all files. */

/* Not the fault of one file: the next could not be opened either. */
static inline int no_descriptors(int err) {
  return err == UV_EMFILE || err == UV_ENFILE;
}

struct job {
  char *path;
  int follow; /* the user named it: a symbolic link is what it leads to */
};

LOOPCHAN_TYPED(reports, struct report);
LOOPCHAN_TYPED(jobs, struct job);
LOOPCHAN_TYPED(progress, uint64_t);

static inline void report_drop(void *msg, void *arg) {
  (void) arg;
  free(((struct report *) msg)->path);
}

static inline void job_drop(void *msg, void *arg) {
  (void) arg;
  free(((struct job *) msg)->path);
}

#endif
