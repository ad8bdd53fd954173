/* threads: workers that begin together.
 *
 * Workers only record what they see: asserting is for the main thread, after
 * threads_join.
 */
#ifndef SUPPORT_THREADS_H
#define SUPPORT_THREADS_H

#include <check.h>
#include <uv.h>

#define THREADS_MOST 12

static struct {
  uv_thread_t thread;
  int self;
} workers[THREADS_MOST];

static int workers_count;
static void (*workers_work)(int self);
static uv_barrier_t workers_start;

static inline void worker_main(void *arg) {
  uv_barrier_wait(&workers_start);
  workers_work(*(int *) arg);
}

/* Runs work(0) ... work(count - 1), each on a thread of its own. */
static inline void threads_start(int count, void (*work)(int self)) {
  int i;

  workers_count = count;
  workers_work = work;
  ck_assert_int_eq(uv_barrier_init(&workers_start, (unsigned) count), 0);
  for (i = 0; i < count; i++) {
    workers[i].self = i;
    ck_assert_int_eq(
        uv_thread_create(&workers[i].thread, worker_main, &workers[i].self), 0);
  }
}

static inline void threads_join(void) {
  int i;

  for (i = 0; i < workers_count; i++)
    ck_assert_int_eq(uv_thread_join(&workers[i].thread), 0);
  uv_barrier_destroy(&workers_start);
}

#endif /* SUPPORT_THREADS_H */
