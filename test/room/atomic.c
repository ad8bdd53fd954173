/* Room atomic: thread numbers, owners, counters. */
#include "base/atomic.h"

#include <uv.h>

#if defined(__linux__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "support/suite.h"

#define THREADS 8

static uintptr_t numbers[THREADS];
static lc_owner_t owner;
static lc_counter_t claims;

static void number_and_claim(void *arg) {
  uintptr_t *number = arg;

  *number = lc_thread_self();
  if (lc_owner_claim(&owner) && lc_owner_claim(&owner))
    lc_counter_add(&claims, 1);
  if (*number != lc_thread_self())
    *number = 0;
}

static void run_threads(void) {
  uv_thread_t threads[THREADS];
  size_t i;

  lc_owner_init(&owner);
  lc_counter_init(&claims);
  for (i = 0; i < THREADS; i++)
    ck_assert_int_eq(
        uv_thread_create(&threads[i], number_and_claim, &numbers[i]), 0);
  for (i = 0; i < THREADS; i++)
    ck_assert_int_eq(uv_thread_join(&threads[i]), 0);
}

START_TEST(no_two_threads_have_one_number) {
  size_t i, j;

  run_threads();
  for (i = 0; i < THREADS; i++) {
    ck_assert_uint_ne(numbers[i], 0);
    ck_assert_uint_ne(numbers[i], lc_thread_self());
    for (j = 0; j < i; j++)
      ck_assert_uint_ne(numbers[i], numbers[j]);
  }
}
END_TEST

START_TEST(one_thread_becomes_the_owner) {
  run_threads();
  ck_assert_uint_eq(lc_counter_read(&claims), 1);
  ck_assert(!lc_owner_claim(&owner));
}
END_TEST

static bool claimed_before_asking;

static void look_without_a_number(void *arg) {
  (void) arg;
  claimed_before_asking = lc_owner_may_be_here(&owner);
}

/* Two threads begin at one sender: the first one's look must not take for its
 * own what the other one claims in that moment. */
START_TEST(what_nobody_has_claimed_is_nobodys) {
  uv_thread_t thread;

  lc_owner_init(&owner);
  ck_assert(!lc_owner_may_be_here(&owner));
  ck_assert_int_eq(uv_thread_create(&thread, look_without_a_number, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert(!claimed_before_asking);
}
END_TEST

START_TEST(a_new_thread_has_not_an_old_ones_number) {
  uintptr_t before = 0, after = 0;
  uv_thread_t thread;

  lc_owner_init(&owner);
  ck_assert_int_eq(uv_thread_create(&thread, number_and_claim, &before), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(uv_thread_create(&thread, number_and_claim, &after), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
#if defined(__linux__) || defined(__APPLE__)
  ck_assert_uint_ne(before, after);
#endif
}
END_TEST

/* Where it is a thread's own, the parent's goes to another one in time. */
START_TEST(the_child_of_a_fork_has_not_its_parents_number) {
#if defined(__linux__)
  uintptr_t number = lc_thread_self();
  pid_t child = fork();
  int status;

  ck_assert_int_ge(child, 0);
  if (child == 0)
    _exit(lc_thread_self() == number);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ck_assert_uint_eq(lc_thread_self(), number);
#endif
}
END_TEST

START_TEST(an_occupant_sees_who_was_there) {
  lc_guard_t guard;

  lc_guard_init(&guard);
  ck_assert_uint_eq(lc_guard_enter(&guard), 0);
  ck_assert_uint_eq(lc_guard_enter(&guard), lc_thread_self());
  lc_guard_exit(&guard, 0);
  ck_assert_uint_eq(lc_guard_enter(&guard), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room atomic");

  SUITE_CASE(suite, "atomic", NULL, NULL, no_two_threads_have_one_number,
             one_thread_becomes_the_owner, what_nobody_has_claimed_is_nobodys,
             a_new_thread_has_not_an_old_ones_number,
             the_child_of_a_fork_has_not_its_parents_number,
             an_occupant_sees_who_was_there);
  return suite;
}
