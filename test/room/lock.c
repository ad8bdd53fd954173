/* Room lock: one thread has it at a time, and none sleeps while it is free. */
#include "wait/lock.h"

#include <sched.h>
#include <string.h>

#include "support/locks.h"
#include "support/suite.h"
#include "support/threads.h"

#define THREADS 4
#define ROUNDS 20000

static lc_lock_t lock;
static int locks_before;
static uint64_t guarded; /* by the lock */
static bool was_here[THREADS];

/* What lay in the memory before must not matter. */
static void init(bool spins) {
  memset(&lock, 0xff, sizeof lock);
  locks_before = locks_alive();
  ck_assert_int_eq(lc_lock_init(&lock, spins), 0);
  guarded = 0;
}

static void spinning(void) {
  init(true);
}

static void sleeping(void) {
  init(false);
}

static void destroy(void) {
  lc_lock_destroy(&lock);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static void add_many(int self) {
  int i;

  (void) self;
  for (i = 0; i < ROUNDS; i++) {
    lc_lock_take(&lock);
    guarded++;
    lc_lock_release(&lock);
  }
}

START_TEST(one_thread_has_it_at_a_time) {
  threads_start(THREADS, add_many);
  threads_join();
  ck_assert_uint_eq(guarded, (uint64_t) THREADS * ROUNDS);
}
END_TEST

static void add_one(int self) {
  was_here[self] = lc_lock_is_here(&lock);
  lc_lock_take(&lock);
  was_here[self] = was_here[self] || !lc_lock_is_here(&lock);
  guarded++;
  lc_lock_release(&lock);
}

/* relaxed: the test waits until it changes, and reads nothing else */
static uintptr_t look(void) {
  return lc_load(&lock.word, memory_order_relaxed);
}

START_TEST(those_that_find_it_held_sleep_and_each_gets_it) {
  int i;

  lc_lock_take(&lock);
  threads_start(THREADS, add_one);
  while (look() != LC_LOCK_AWAITED)
    sched_yield();
  ck_assert_uint_eq(guarded, 0);
  lc_lock_release(&lock);
  threads_join();
  ck_assert_uint_eq(guarded, THREADS);
  for (i = 0; i < THREADS; i++)
    ck_assert(!was_here[i]);
}
END_TEST

START_TEST(only_its_holder_has_it) {
  ck_assert(!lc_lock_is_here(&lock));
  lc_lock_take(&lock);
  ck_assert(lc_lock_is_here(&lock));
  ck_assert(!lc_lock_try(&lock));
  lc_lock_release(&lock);
  ck_assert(!lc_lock_is_here(&lock));
  ck_assert_uint_eq(look(), LC_LOCK_FREE);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room lock");

  SUITE_CASE(suite, "spins", spinning, destroy, one_thread_has_it_at_a_time,
             those_that_find_it_held_sleep_and_each_gets_it,
             only_its_holder_has_it);
  SUITE_CASE(suite, "sleeps", sleeping, destroy, one_thread_has_it_at_a_time,
             those_that_find_it_held_sleep_and_each_gets_it,
             only_its_holder_has_it);
  return suite;
}
