/* locks: the mutexes and conditions of the library, watched.
 *
 * Has the names of libuv's functions, so that the library, and libuv too, call
 * these; each does its bookkeeping and calls libuv's own. The two that make
 * something are weak: a test may have others in their place, that fail.
 * Threads: any; what a thread holds is its own.
 */
#include "locks.h"

#if defined(__ELF__)

#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define HELD_MOST 16

/* What any system's libuv can count: one has 32 bits for milliseconds. */
#define WAIT_MOST_NS (UINT64_C(1000000) * (UINT32_MAX - 1))

static atomic_int made, destroyed, timed_waits;
static _Thread_local const uv_mutex_t *held[HELD_MOST];

static void *libuvs_own(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);

  if (found == NULL) {
    /* To ask for its version also makes the linker keep libuv. */
    fprintf(stderr, "locks: libuv %s has no %s\n", uv_version_string(), name);
    abort();
  }
  return found;
}

/* own is a pointer to libuv's function of this name. */
#define FIND_OWN(own, name)                   \
  do {                                        \
    if ((own) == NULL) {                      \
      void *found_own = libuvs_own(name);     \
      memcpy(&(own), &found_own, sizeof own); \
    }                                         \
  } while (0)

/* The place where a thread notes that it holds the mutex; NULL: a free one. */
static const uv_mutex_t **note(const uv_mutex_t *mutex) {
  size_t i;

  for (i = 0; i < HELD_MOST; i++)
    if (held[i] == mutex)
      return &held[i];
  return NULL;
}

static void expect_held(const uv_mutex_t *mutex, const char *what) {
  if (note(mutex) == NULL) {
    fprintf(stderr, "locks: %s without holding it\n", what);
    abort();
  }
}

static void hold(const uv_mutex_t *mutex) {
  const uv_mutex_t **place = note(NULL);

  if (place == NULL)
    abort();
  *place = mutex;
}

__attribute__((weak)) int uv_mutex_init(uv_mutex_t *mutex) {
  static _Thread_local int (*own)(uv_mutex_t *);
  int err;

  FIND_OWN(own, "uv_mutex_init");
  err = own(mutex);
  atomic_fetch_add(&made, err == 0);
  return err;
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  static _Thread_local void (*own)(uv_mutex_t *);

  FIND_OWN(own, "uv_mutex_destroy");
  if (note(mutex) != NULL)
    abort();
  atomic_fetch_add(&destroyed, 1);
  own(mutex);
}

static _Thread_local int passes; /* till it stands; 0: it does not */
static atomic_bool stands, goes_on;

bool locks_stand_still(int after) {
  atomic_store(&stands, false);
  atomic_store(&goes_on, false);
  passes = after + 1;
  return true;
}

void locks_go_on(void) {
  atomic_store(&goes_on, true);
}

void locks_walk_on(void) {
  passes = 0;
}

bool locks_stand(void) {
  return atomic_load(&stands);
}

void locks_pass(void) {
  if (passes == 0 || --passes > 0)
    return;
  atomic_store(&stands, true);
  while (!atomic_load(&goes_on))
    sched_yield();
}

void uv_mutex_lock(uv_mutex_t *mutex) {
  static _Thread_local void (*own)(uv_mutex_t *);

  locks_pass();
  FIND_OWN(own, "uv_mutex_lock");
  own(mutex);
  hold(mutex);
}

int uv_mutex_trylock(uv_mutex_t *mutex) {
  static _Thread_local int (*own)(uv_mutex_t *);
  int err;

  FIND_OWN(own, "uv_mutex_trylock");
  err = own(mutex);
  if (err == 0)
    hold(mutex);
  return err;
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  static _Thread_local void (*own)(uv_mutex_t *);

  FIND_OWN(own, "uv_mutex_unlock");
  expect_held(mutex, "unlocks");
  *note(mutex) = NULL;
  own(mutex);
}

__attribute__((weak)) int uv_cond_init(uv_cond_t *cond) {
  static _Thread_local int (*own)(uv_cond_t *);
  int err;

  FIND_OWN(own, "uv_cond_init");
  err = own(cond);
  atomic_fetch_add(&made, err == 0);
  return err;
}

void uv_cond_destroy(uv_cond_t *cond) {
  static _Thread_local void (*own)(uv_cond_t *);

  FIND_OWN(own, "uv_cond_destroy");
  atomic_fetch_add(&destroyed, 1);
  own(cond);
}

static void do_nothing(void) {
}

static void (*before_wait)(void) = do_nothing;
static void (*after_wait)(void) = do_nothing;

bool locks_around_waits(void (*before)(void), void (*after)(void)) {
  before_wait = before;
  after_wait = after;
  return true;
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  static _Thread_local void (*own)(uv_cond_t *, uv_mutex_t *);

  FIND_OWN(own, "uv_cond_wait");
  expect_held(mutex, "waits");
  before_wait();
  own(cond, mutex);
  after_wait();
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  static _Thread_local int (*own)(uv_cond_t *, uv_mutex_t *, uint64_t);
  int err;

  FIND_OWN(own, "uv_cond_timedwait");
  expect_held(mutex, "waits");
  if (timeout > WAIT_MOST_NS) {
    fprintf(stderr, "locks: waits for %llu ns\n", (unsigned long long) timeout);
    abort();
  }
  atomic_fetch_add(&timed_waits, 1);
  before_wait();
  err = own(cond, mutex, timeout);
  after_wait();
  return err;
}

void locks_made(void) {
  atomic_fetch_add(&made, 1);
}

int locks_alive(void) {
  return atomic_load(&made) - atomic_load(&destroyed);
}

int locks_timed_waits(void) {
  return atomic_load(&timed_waits);
}

#else

bool locks_stand_still(int after) {
  (void) after;
  return false;
}

void locks_go_on(void) {
}

void locks_walk_on(void) {
}

bool locks_stand(void) {
  return true;
}

void locks_pass(void) {
}

void locks_made(void) {
}

bool locks_around_waits(void (*before)(void), void (*after)(void)) {
  (void) before;
  (void) after;
  return false;
}

int locks_timed_waits(void) {
  static int looks; /* one thread's, then the other's */
  return looks++;
}

int locks_alive(void) {
  return 0;
}

#endif /* __ELF__ */
