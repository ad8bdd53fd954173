/* Room lock: one thread has it at a time, and none sleeps while it is free. */
#include "wait/lock.h"

#if defined(__ELF__)
#include <dlfcn.h>
#endif
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/locks.h"
#include "support/suite.h"
#include "support/threads.h"

#define THREADS 4
#define ROUNDS 20000
#define LAPS 200

static lc_lock_t lock;
static bool spins;
static int locks_before;
static uint64_t guarded; /* by the lock, as the next one */
static uint64_t turn[THREADS];
static int place[THREADS];

/* What lay in the memory before must not matter. */
static void init(bool may_spin) {
  memset(&lock, 0xff, sizeof lock);
  locks_before = locks_alive();
  lc_lock_init(&lock);
  spins = may_spin;
  guarded = 0;
}

static void spinning(void) {
  init(true);
}

static void sleeping(void) {
  init(false);
}

static void add(void) {
  lc_lock_take(&lock, spins);
  guarded++;
  lc_lock_release(&lock);
}

/* relaxed: the test waits until it changes, and reads nothing else */
static uintptr_t look(void) {
  return lc_load(&lock.word, memory_order_relaxed);
}

/* It is as it was: nobody has left a mark, nor what it slept by. */
static void expect_free(void) {
  ck_assert_uint_eq(look(), LC_LOCK_FREE);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static void add_many(int self) {
  int i;

  (void) self;
  for (i = 0; i < ROUNDS; i++)
    add();
}

START_TEST(one_thread_has_it_at_a_time) {
  threads_start(THREADS, add_many);
  threads_join();
  ck_assert_uint_eq(guarded, (uint64_t) THREADS * ROUNDS);
}
END_TEST

/* With its turn among those that slept. */
static void add_one(void *arg) {
  lc_lock_take(&lock, spins);
  turn[*(int *) arg] = guarded++;
  lc_lock_release(&lock);
}

static uv_thread_t sleepers[THREADS];

/* All sleep, one behind the other. */
static void start_sleepers(void) {
  int i;

  for (i = 0; i < THREADS; i++) {
    uintptr_t before = look();
    place[i] = i;
    ck_assert_int_eq(uv_thread_create(&sleepers[i], add_one, &place[i]), 0);
    while (look() == before)
      sched_yield();
  }
}

static void join_sleepers(void) {
  int i;

  for (i = 0; i < THREADS; i++)
    ck_assert_int_eq(uv_thread_join(&sleepers[i]), 0);
}

START_TEST(those_that_find_it_held_sleep_and_each_gets_it) {
  lc_lock_take(&lock, spins);
  start_sleepers();
  ck_assert_uint_eq(guarded, 0);
  lc_lock_release(&lock);
  join_sleepers();
  ck_assert_uint_eq(guarded, THREADS);
}
END_TEST

/* No other thread comes by, so each wakes the next. */
START_TEST(the_one_that_sleeps_longest_is_woken_first) {
  int i;

  lc_lock_take(&lock, spins);
  start_sleepers();
  lc_lock_release(&lock);
  join_sleepers();
  for (i = 0; i < THREADS; i++)
    ck_assert_uint_eq(turn[i], (uint64_t) i);
}
END_TEST

/* A wake is on its way, and the lock is taken and released meanwhile: those
 * that sleep still get it. */
START_TEST(a_thread_that_comes_by_takes_it_and_nobody_is_left) {
  int i;

  for (i = 0; i < LAPS; i++) {
    lc_lock_take(&lock, spins);
    start_sleepers();
    lc_lock_release(&lock);
    add();
    add();
    join_sleepers();
  }
  ck_assert_uint_eq(guarded, (uint64_t) LAPS * (THREADS + 2));
}
END_TEST

START_TEST(only_one_has_it) {
  lc_lock_take(&lock, spins);
  ck_assert(!lc_lock_try(&lock));
  ck_assert_uint_eq(look(), LC_LOCK_HELD);
  lc_lock_release(&lock);
  ck_assert(lc_lock_try(&lock));
  lc_lock_release(&lock);
}
END_TEST

/* Whether the calling thread knows that it holds the lock, or that it does not,
 * as a build without NDEBUG does. */
static bool is_known(bool held) {
#ifdef LC_NOTES_LOCKS
  return lc_lock_is_held(&lock) == held;
#else
  (void) held;
  return true;
#endif
}

static void take_and_know(void *arg) {
  bool *knows = arg;

  *knows = is_known(false);
  lc_lock_take(&lock, spins);
  *knows = is_known(true) && *knows;
  lc_lock_release(&lock);
  *knows = is_known(false) && *knows;
}

/* Also one that has slept for it. */
START_TEST(a_thread_knows_what_it_holds) {
  bool knows, other_knows;
  uintptr_t before;

  take_and_know(&knows);
  ck_assert(knows);
  ck_assert(lc_lock_try(&lock));
  ck_assert(!lc_lock_try(&lock));
  before = look();
  ck_assert_int_eq(uv_thread_create(&sleepers[0], take_and_know, &other_knows),
                   0);
  while (look() == before)
    sched_yield();
  ck_assert(is_known(true));
  lc_lock_release(&lock);
  ck_assert(is_known(false));
  ck_assert_int_eq(uv_thread_join(&sleepers[0]), 0);
  ck_assert(other_knows);
}
END_TEST

/* A user of what the lock is a part of frees it as soon as it has the lock. */
static lc_lock_t *own_lock;

static void take_and_free(void *arg) {
  (void) arg;
  lc_lock_take(own_lock, spins);
  lc_lock_release(own_lock);
  free(own_lock);
}

START_TEST(a_release_is_the_last_use_of_its_memory) {
  int i;

  for (i = 0; i < LAPS; i++) {
    own_lock = malloc(sizeof *own_lock);
    ck_assert_ptr_nonnull(own_lock);
    lc_lock_init(own_lock);
    lc_lock_take(own_lock, spins);
    ck_assert_int_eq(uv_thread_create(&sleepers[0], take_and_free, NULL), 0);
    while (lc_load(&own_lock->word, memory_order_relaxed) == LC_LOCK_HELD &&
           !spins)
      sched_yield();
    lc_lock_release(own_lock);
    ck_assert_int_eq(uv_thread_join(&sleepers[0]), 0);
  }
}
END_TEST

#if defined(__ELF__)

/* The system's, unless it has none. */
static atomic_bool no_mutex, no_condition;
static atomic_int refused;

#define STANDS_BEFORE(name, type, fails)     \
  int name(type *made) {                     \
    static _Atomic(void *) found;            \
    int (*real)(type *);                     \
    int err;                                 \
    if (fails) {                             \
      refused++;                             \
      return UV_ENOMEM;                      \
    }                                        \
    if (found == NULL) /* twice, at worst */ \
      found = dlsym(RTLD_NEXT, #name);       \
    *(void **) &real = found;                \
    err = real(made);                        \
    if (err == 0)                            \
      locks_made();                          \
    return err;                              \
  }

STANDS_BEFORE(uv_mutex_init, uv_mutex_t, no_mutex)
STANDS_BEFORE(uv_cond_init, uv_cond_t, no_condition)

static void get_it_without(atomic_bool *none) {
  lc_lock_take(&lock, spins);
  *none = true;
  threads_start(THREADS, add_many);
  while (refused < 100)
    sched_yield();
  ck_assert_uint_eq(guarded, 0);
  lc_lock_release(&lock);
  threads_join();
  ck_assert_uint_eq(guarded, (uint64_t) THREADS * ROUNDS);
  *none = false;
}

START_TEST(a_thread_that_has_nothing_to_sleep_by_gets_it_all_the_same) {
  get_it_without(&no_mutex);
  guarded = 0;
  refused = 0;
  get_it_without(&no_condition);
}
END_TEST

#else

START_TEST(a_thread_that_has_nothing_to_sleep_by_gets_it_all_the_same) {
}
END_TEST

#endif

#define CASES                                                                  \
  one_thread_has_it_at_a_time, those_that_find_it_held_sleep_and_each_gets_it, \
      the_one_that_sleeps_longest_is_woken_first,                              \
      a_thread_that_comes_by_takes_it_and_nobody_is_left, only_one_has_it,     \
      a_thread_knows_what_it_holds, a_release_is_the_last_use_of_its_memory,   \
      a_thread_that_has_nothing_to_sleep_by_gets_it_all_the_same

static Suite *suite(void) {
  Suite *suite = suite_create("room lock");

  SUITE_CASE(suite, "spins", spinning, expect_free, CASES);
  SUITE_CASE(suite, "sleeps", sleeping, expect_free, CASES);
  return suite;
}
