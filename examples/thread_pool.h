/* thread_pool: the first work for libuv's thread pool, which starts its
 * threads. Where libuv gets none it aborts: this says why before. So a program
 * that uses the pool should do so at its start.
 */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

static const char *no_pool; /* what to say */

static inline void on_no_pool(int signum) {
  ssize_t written = write(STDERR_FILENO, no_pool, strlen(no_pool));

  (void) signum;
  (void) written;
  _exit(EXIT_FAILURE);
}

/* As uv_queue_work; why is the line that is printed. */
static inline int queue_first_work(const char *why, uv_loop_t *loop,
                                   uv_work_t *req, uv_work_cb work,
                                   uv_after_work_cb after) {
  void (*before)(int) = signal(SIGABRT, on_no_pool);
  int err;

  no_pool = why;
  err = uv_queue_work(loop, req, work, after);
  signal(SIGABRT, before);
  return err;
}

#endif
