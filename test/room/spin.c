/* Room spin: patience that adapts. */
#include "wait/spin.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "support/suite.h"

#define MOST_NS 16000
#define HOUR_NS UINT64_C(3600000000000)

static lc_spin_t spin;
static lc_inbox_t inbox;
static lc_link_t message;

/* What lay in the memory before must not matter. */
static void fresh(void) {
  memset(&spin, 0xff, sizeof spin);
  lc_inbox_init(&inbox);
  lc_link_init(&message, 0);
  lc_spin_init(&spin, MOST_NS, true);
}

#ifndef _WIN32
/* In the place of the system's: another thread has the processor for so long,
 * and sends. The time is not spent, but added to the clock, so that it may be
 * longer than any that the machine is busy with others. */
static uint64_t yield_takes_ns, yields_took_ns;

int sched_yield(void) {
  if (yield_takes_ns == 0)
    return 0;
  ck_assert_int_eq(lc_inbox_push(&inbox, &message, &message, LC_NO_STREAK),
                   LC_PUSHED);
  yields_took_ns += yield_takes_ns;
  return 0;
}

uint64_t uv_hrtime(void) {
  struct timespec now;

  ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
  return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec +
         yields_took_ns;
}
#endif

/* An hour's patience, or the thread might not run in time. */
static void spin_that_pays(void) {
  spin.next_ns = HOUR_NS;
  ck_assert_int_eq(lc_inbox_push(&inbox, &message, &message, LC_NO_STREAK),
                   LC_PUSHED);
  ck_assert(lc_spin_wait(&spin, &inbox, UINT64_MAX));
  lc_inbox_init(&inbox);
}

START_TEST(a_spin_ends_when_a_link_is_there) {
  spin_that_pays();
  ck_assert_uint_eq(spin.next_ns, MOST_NS);
}
END_TEST

/* How many takes of several messages it needs to restore the patience. */
static int crowds_to_restore(void) {
  int crowds = 0;

  for (; spin.next_ns == 0; crowds++) {
    lc_spin_learn(&spin, false);
    ck_assert_uint_eq(spin.next_ns, 0);
    lc_spin_learn(&spin, true);
  }
  ck_assert_uint_eq(spin.next_ns, MOST_NS);
  return crowds;
}

START_TEST(spins_in_vain_become_shorter_and_cease) {
  static const uint64_t ns[] = {16000, 8000, 4000, 2000, 1000, 500, 0};
  size_t i;

  for (i = 0; i < sizeof ns / sizeof *ns; i++) {
    ck_assert_uint_eq(spin.next_ns, ns[i]);
    ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  }
  ck_assert_int_eq(lc_inbox_push(&inbox, &message, &message, LC_NO_STREAK),
                   LC_PUSHED);
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  ck_assert_int_eq(crowds_to_restore(), 2);
}
END_TEST

START_TEST(a_spin_that_pays_restores_the_patience) {
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  ck_assert_uint_eq(spin.next_ns, MOST_NS / 2);
  spin_that_pays();
  ck_assert_uint_eq(spin.next_ns, MOST_NS);
}
END_TEST

static void lose_patience(void) {
  while (spin.next_ns != 0)
    ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
}

START_TEST(several_messages_at_once_give_another_chance_ever_rarer) {
  static const int crowds[] = {2, 4, 8, 16, 32, 64, 64, 64};
  size_t i;

  for (i = 0; i < sizeof crowds / sizeof *crowds; i++) {
    lose_patience();
    ck_assert_int_eq(crowds_to_restore(), crowds[i]);
  }
  spin_that_pays();
  lose_patience();
  ck_assert_int_eq(crowds_to_restore(), 2);
}
END_TEST

START_TEST(several_messages_at_once_lengthen_no_spin) {
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  lc_spin_learn(&spin, true);
  lc_spin_learn(&spin, true);
  ck_assert_uint_eq(spin.next_ns, MOST_NS / 2);
}
END_TEST

#ifndef _WIN32
START_TEST(a_spin_that_cost_a_time_slice_makes_chances_rare) {
  spin.next_ns = HOUR_NS;
  yield_takes_ns = spin.next_ns + 2 * LC_STALL_NS;
  ck_assert(lc_spin_wait(&spin, &inbox, UINT64_MAX));
  lc_inbox_init(&inbox);
  yield_takes_ns = 0;
  ck_assert_uint_eq(spin.next_ns, 0);
  ck_assert_int_eq(crowds_to_restore(), 64);
}
END_TEST

START_TEST(who_need_not_yield_does_not) {
  lc_spin_init(&spin, MOST_NS, false);
  yield_takes_ns = 1; /* and would send */
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  yield_takes_ns = 0;
}
END_TEST
#endif

START_TEST(the_pause_grows_with_crowds_and_shrinks_with_single_messages) {
  unsigned pause;

  for (pause = 1; pause < 64; pause *= 2) {
    ck_assert_uint_eq(spin.pause, pause);
    lc_spin_learn(&spin, true);
  }
  ck_assert_uint_eq(spin.pause, 64);
  lc_spin_learn(&spin, true);
  for (; pause > 1; pause /= 2) {
    ck_assert_uint_eq(spin.pause, pause);
    lc_spin_learn(&spin, false);
  }
  lc_spin_learn(&spin, false);
  ck_assert_uint_eq(spin.pause, 1);
}
END_TEST

START_TEST(a_deadline_that_is_past_is_not_spun_for) {
  ck_assert_int_eq(lc_inbox_push(&inbox, &message, &message, LC_NO_STREAK),
                   LC_PUSHED);
  ck_assert(!lc_spin_wait(&spin, &inbox, 0));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room spin");

#ifndef _WIN32
  SUITE_CASE(suite, "stall", fresh, NULL,
             a_spin_that_cost_a_time_slice_makes_chances_rare,
             who_need_not_yield_does_not);
#endif
  SUITE_CASE(suite, "spin", fresh, NULL, a_spin_ends_when_a_link_is_there,
             spins_in_vain_become_shorter_and_cease,
             a_spin_that_pays_restores_the_patience,
             several_messages_at_once_give_another_chance_ever_rarer,
             several_messages_at_once_lengthen_no_spin,
             the_pause_grows_with_crowds_and_shrinks_with_single_messages,
             a_deadline_that_is_past_is_not_spun_for);
  return suite;
}
