/* signals: threads that are hit by signals all the time.
 *
 * Each thread that is to be hit begins and ends by saying so; a thread of its
 * own does the hitting, of one after the other, until it is told to stop.
 */
#ifndef SUPPORT_SIGNALS_H
#define SUPPORT_SIGNALS_H

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <uv.h>

#define SIGNALS_TARGETS 16

static struct {
  uv_mutex_t mutex; /* guards targets: the threads there are alive */
  pthread_t targets[SIGNALS_TARGETS];
  int count;
  uv_thread_t storm;
  atomic_bool stop;
  void (*hit)(pthread_t target);
  atomic_uint hits;
} signals;

/* For the threads that are to be hit. */
static inline void signals_begin(void) {
  uv_mutex_lock(&signals.mutex);
  signals.targets[signals.count++] = pthread_self();
  uv_mutex_unlock(&signals.mutex);
}

static inline void signals_end(void) {
  int i = 0;

  uv_mutex_lock(&signals.mutex);
  while (!pthread_equal(signals.targets[i], pthread_self()))
    i++;
  signals.targets[i] = signals.targets[--signals.count];
  uv_mutex_unlock(&signals.mutex);
}

static inline void signals_storm(void *arg) {
  unsigned next = 0;

  (void) arg;
  while (!signals.stop) {
    uv_mutex_lock(&signals.mutex);
    if (signals.count > 0) {
      signals.hit(signals.targets[next++ % (unsigned) signals.count]);
      signals.hits++;
    }
    uv_mutex_unlock(&signals.mutex);
  }
}

/* hit sends number, whose handler is handler, and returns when the target may
 * be hit again. System calls are not restarted. */
static inline void signals_start(int number, void (*handler)(int),
                                 void (*hit)(pthread_t target)) {
  struct sigaction action;

  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  ck_assert_int_eq(sigaction(number, &action, NULL), 0);
  ck_assert_int_eq(uv_mutex_init(&signals.mutex), 0);
  signals.count = 0;
  signals.stop = false;
  signals.hits = 0;
  signals.hit = hit;
  ck_assert_int_eq(uv_thread_create(&signals.storm, signals_storm, NULL), 0);
}

static inline void signals_stop(void) {
  signals.stop = true;
  ck_assert_int_eq(uv_thread_join(&signals.storm), 0);
  uv_mutex_destroy(&signals.mutex);
}

#endif /* SUPPORT_SIGNALS_H */
