#ifndef WORKER_H
#define WORKER_H

#include "report.h"

struct worker {
  uv_thread_t thread;
  loopchan_receiver_t *jobs;             /* shared by all workers */
  loopchan_sender_t *reports, *progress; /* the worker's thread's */
  int err; /* why it gave up; to be read after the join */
};

/* To be called once, before the first start. Returns 0 or UV_ENOMEM. */
int workers_prepare(void);

/* Starts a thread that makes a report of every job that it gets, until the jobs
 * end or the reports are refused. Then it shuts the jobs down, so that nobody
 * waits to send one. progress is the thread's from now on, or, after an error,
 * dropped. */
int worker_start(struct worker *w, loopchan_receiver_t *jobs,
                 loopchan_sender_t *reports, loopchan_sender_t *progress);

#endif
