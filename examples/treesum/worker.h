#ifndef WORKER_H
#define WORKER_H

#include "report.h"

struct worker {
  uv_thread_t thread;
  loopchan_receiver_t jobs;   /* the worker's thread's */
  loopchan_sender_t *inlet;   /* the other end of jobs, the walker's */
  uint64_t given;             /* bytes of the jobs given, the walker's */
  loopchan_sender_t *reports; /* the worker's thread's */
  int err;                    /* why it gave up; to be read after the join */
};

/* Starts a thread that makes a report of every job sent to w->inlet, until
 * w->inlet is dropped or the reports are refused. */
int worker_start(struct worker *w, loopchan_sender_t *reports);

#endif
