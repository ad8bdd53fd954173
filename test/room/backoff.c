/* Room backoff: a spin that ends, and what is learned from it. */
#include "wait/backoff.h"

#include <string.h>

#include "base/clock.h"
#include "support/suite.h"

#define MOST_NS 16000
#define BRIEF_NS 1000
#define YIELD_NS 500
#define STALL_NS 500000
#define HOUR_NS UINT64_C(3600000000000)

static lc_backoff_t backoff;
static bool is_there; /* what is looked for */

#ifdef _WIN32
/* The clock is the system's, so a yield may really lose a time slice. */
#define YIELDS false
#else
#define YIELDS true

/* In the place of the system's: a clock that each look moves on, and a yield in
 * which another thread has the processor for so long, and brings what is looked
 * for. So how busy the machine is does not matter. */
static uint64_t now_ns = HOUR_NS, yield_takes_ns;

int sched_yield(void) {
  if (yield_takes_ns == 0)
    return 0;
  is_there = true;
  now_ns += yield_takes_ns;
  return 0;
}

uint64_t uv_hrtime(void) {
  return now_ns += 10;
}
#endif

/* What was in the memory before must not matter. */
static void fresh(void) {
  memset(&backoff, 0xff, sizeof backoff);
  lc_backoff_init(&backoff, MOST_NS, YIELDS);
  is_there = false;
}

/* As those who wait do it. */
static bool spin_until(uint64_t deadline_ns) {
  bool found = false;
  lc_spin_t spin;

  lc_spin_begin(&spin, &backoff, deadline_ns);
  while (!found && lc_spin_goes_on(&spin))
    found = is_there;
  lc_spin_end(&spin, found);
  return found;
}

static void spin_in_vain(void) {
  ck_assert(!spin_until(LC_NEVER));
}

/* An hour's patience, or the thread might not run in time. */
static void spin_that_pays(void) {
  backoff.next_ns = HOUR_NS;
  is_there = true;
  ck_assert(spin_until(LC_NEVER));
  is_there = false;
}

static void expect_next(uint64_t ns) {
  ck_assert_uint_eq(backoff.next_ns, ns);
}

/* How many brief spins in vain until there is a whole one. */
static int briefs_to_a_whole_one(void) {
  int briefs = 0;

  while (backoff.next_ns > BRIEF_NS)
    spin_in_vain();
  for (; backoff.next_ns == BRIEF_NS; briefs++)
    spin_in_vain();
  expect_next(MOST_NS);
  return briefs;
}

START_TEST(a_spin_lasts_its_time_or_until_the_deadline) {
  uint64_t before = uv_hrtime(), after;
  lc_spin_t spin;

  lc_backoff_init(&backoff, MOST_NS, true);
  lc_spin_begin(&spin, &backoff, LC_NEVER);
  after = uv_hrtime();
  ck_assert_uint_ge(spin.end_ns, before + MOST_NS);
  ck_assert_uint_le(spin.end_ns, after + MOST_NS);
  ck_assert_uint_ge(spin.yield_ns, before + YIELD_NS);
  ck_assert_uint_le(spin.yield_ns, after + YIELD_NS);
  lc_spin_begin(&spin, &backoff, before + 5);
  ck_assert_uint_eq(spin.end_ns, before + 5);
  backoff.next_ns = LC_NEVER;
  lc_spin_begin(&spin, &backoff, LC_NEVER);
  ck_assert_uint_eq(spin.end_ns, LC_NEVER);
}
END_TEST

START_TEST(a_spin_goes_on_until_its_end) {
  lc_spin_t spin;
  int looks = 0;

  backoff.next_ns = 100000;
  lc_spin_begin(&spin, &backoff, LC_NEVER);
  while (lc_spin_goes_on(&spin))
    looks++;
  ck_assert_uint_ge(uv_hrtime(), spin.end_ns);
  ck_assert_int_ge(looks, 1);
}
END_TEST

START_TEST(a_gap_lies_between_two_looks) {
  uint64_t before;
  lc_spin_t spin;

  backoff.next_ns = HOUR_NS;
  backoff.gap_ns = 60000;
  lc_spin_begin(&spin, &backoff, LC_NEVER);
  before = spin.now_ns;
  ck_assert(lc_spin_goes_on(&spin));
  ck_assert_uint_ge(uv_hrtime(), before + 60000);
  before = spin.now_ns;
  ck_assert(lc_spin_goes_on(&spin));
  ck_assert_uint_ge(uv_hrtime(), before + 60000);
}
END_TEST

START_TEST(a_deadline_that_is_past_is_not_spun_for) {
  is_there = true;
  ck_assert(!spin_until(LC_NOW));
}
END_TEST

START_TEST(a_spin_ends_when_something_is_there) {
  spin_that_pays();
  expect_next(MOST_NS);
}
END_TEST

START_TEST(spins_in_vain_become_shorter_down_to_a_brief_one) {
  static const uint64_t ns[] = {16000, 8000, 4000, 2000, 1000, 1000, 16000};
  size_t i;

  for (i = 0; i < sizeof ns / sizeof *ns; i++) {
    expect_next(ns[i]);
    spin_in_vain();
  }
}
END_TEST

/* Also where halves do not meet the least, but pass it. */
START_TEST(the_briefest_spin_is_a_microsecond) {
  static const uint64_t ns[] = {10000, 5000, 2500, 1250, 1000, 1000, 20000};
  size_t i;

  lc_backoff_init(&backoff, 20000, YIELDS);
  for (i = 0; i < sizeof ns / sizeof *ns; i++) {
    spin_in_vain();
    expect_next(ns[i]);
  }
}
END_TEST

START_TEST(less_than_the_briefest_stays_as_it_is) {
  lc_backoff_init(&backoff, 600, YIELDS);
  spin_in_vain();
  expect_next(600);
  lc_backoff_init(&backoff, 0, YIELDS);
  is_there = true;
  ck_assert(!spin_until(LC_NEVER));
  expect_next(0);
}
END_TEST

START_TEST(a_spin_that_its_deadline_cut_short_teaches_nothing) {
  ck_assert(!spin_until(uv_hrtime() + 1));
  expect_next(MOST_NS);
  while (backoff.next_ns > BRIEF_NS)
    spin_in_vain();
  ck_assert(!spin_until(uv_hrtime() + 1));
  ck_assert(!spin_until(uv_hrtime() + 1));
  ck_assert(!spin_until(uv_hrtime() + 1));
  ck_assert_int_eq(briefs_to_a_whole_one(), 2);
}
END_TEST

START_TEST(a_spin_that_pays_restores_the_whole_time) {
  spin_in_vain();
  expect_next(MOST_NS / 2);
  spin_that_pays();
  expect_next(MOST_NS);
}
END_TEST

START_TEST(whole_spins_in_vain_become_rarer_until_one_pays) {
  static const int briefs[] = {2, 4, 8, 16, 32, 64, 64, 64};
  size_t i;

  for (i = 0; i < sizeof briefs / sizeof *briefs; i++)
    ck_assert_int_eq(briefs_to_a_whole_one(), briefs[i]);
  spin_that_pays();
  ck_assert_int_eq(briefs_to_a_whole_one(), 2);
}
END_TEST

START_TEST(what_passed_before_a_spin_that_paid_does_not_count) {
  ck_assert_int_eq(briefs_to_a_whole_one(), 2);
  while (backoff.next_ns > BRIEF_NS)
    spin_in_vain();
  spin_in_vain();
  spin_that_pays();
  ck_assert_int_eq(briefs_to_a_whole_one(), 2);
}
END_TEST

START_TEST(several_things_at_once_lengthen_no_spin) {
  spin_in_vain();
  lc_backoff_pace(&backoff, true);
  lc_backoff_pace(&backoff, true);
  expect_next(MOST_NS / 2);
}
END_TEST

START_TEST(the_gap_grows_with_several_things_and_shrinks_with_single_ones) {
  unsigned gap;

  for (gap = 32; gap < 2048; gap *= 2) {
    ck_assert_uint_eq(backoff.gap_ns, gap);
    lc_backoff_pace(&backoff, true);
  }
  ck_assert_uint_eq(backoff.gap_ns, 2048);
  lc_backoff_pace(&backoff, true);
  for (; gap > 32; gap /= 2) {
    ck_assert_uint_eq(backoff.gap_ns, gap);
    lc_backoff_pace(&backoff, false);
  }
  lc_backoff_pace(&backoff, false);
  ck_assert_uint_eq(backoff.gap_ns, 32);
}
END_TEST

#ifndef _WIN32
/* A spin of an hour in which a yield takes so long. */
static void spin_and_yield(uint64_t ns) {
  backoff.next_ns = HOUR_NS;
  yield_takes_ns = ns;
  ck_assert(spin_until(LC_NEVER));
  yield_takes_ns = 0;
  is_there = false;
}

#define STALLS_NS (HOUR_NS + 2 * STALL_NS)

/* How many brief spins in vain there are, none of which yields, until one
 * yields, for so long. That one finds what is looked for. */
static int briefs_until_a_yield(uint64_t ns) {
  int briefs;

  yield_takes_ns = ns;
  for (briefs = 0;; briefs++) {
    uint64_t begun_ns = now_ns;
    if (spin_until(LC_NEVER))
      break;
    ck_assert_uint_ge(now_ns, begun_ns + BRIEF_NS);
    ck_assert_uint_lt(now_ns, begun_ns + BRIEF_NS + YIELD_NS);
  }
  yield_takes_ns = 0;
  is_there = false;
  return briefs;
}

START_TEST(after_a_lost_slice_brief_spins_follow_that_do_not_yield) {
  spin_and_yield(STALLS_NS);
  ck_assert_int_eq(briefs_until_a_yield(1), 63);
}
END_TEST

/* What came meanwhile may have been taken by another thread, so the spin that
 * lost a slice may be in vain. */
START_TEST(a_spin_in_vain_that_lost_a_slice_counts_too) {
  lc_spin_t spin;

  lc_spin_begin(&spin, &backoff, LC_NEVER);
  spin.yielded = true;
  spin.now_ns = spin.end_ns + 2 * STALL_NS;
  lc_spin_end(&spin, false);
  expect_next(MOST_NS / 2);
  ck_assert_int_eq(briefs_until_a_yield(1), 63);
}
END_TEST

START_TEST(lost_slices_become_rarer) {
  static const int briefs[] = {63,   189,   441,   945,   1953,  3969,
                               8001, 16065, 32193, 64449, 65535, 65535};
  size_t i;

  spin_and_yield(STALLS_NS);
  for (i = 0; i < sizeof briefs / sizeof *briefs; i++) {
    backoff.next_ns = HOUR_NS;
    ck_assert_int_eq(briefs_until_a_yield(STALLS_NS), briefs[i]);
  }
}
END_TEST

START_TEST(yields_that_cost_nothing_make_up_for_lost_slices) {
  int i;

  spin_and_yield(STALLS_NS);
  ck_assert_int_eq(briefs_until_a_yield(1), 63);
  spin_and_yield(STALLS_NS);
  ck_assert_int_eq(briefs_until_a_yield(1), 2 * (63 - 16) + 63);
  for (i = 0; i < 20; i++)
    ck_assert_int_eq(briefs_until_a_yield(1), 0);
  spin_and_yield(STALLS_NS);
  ck_assert_int_eq(briefs_until_a_yield(1), 63);
}
END_TEST

START_TEST(a_spin_that_did_not_yield_makes_up_for_nothing) {
  spin_and_yield(STALLS_NS);
  is_there = true;
  while (backoff.rest > 0)
    ck_assert(spin_until(LC_NEVER));
  is_there = false;
  spin_and_yield(STALLS_NS);
  ck_assert_int_eq(briefs_until_a_yield(1), 189);
}
END_TEST

/* A spin after a lost slice is brief anyway, so that it was in vain says
 * nothing. */
START_TEST(the_brief_spins_after_a_lost_slice_teach_nothing) {
  spin_and_yield(STALLS_NS);
  backoff.next_ns = MOST_NS;
  while (backoff.rest > 0)
    spin_in_vain();
  expect_next(MOST_NS);
}
END_TEST

/* Long, and within the spin. */
START_TEST(a_yield_within_the_spin_is_no_lost_slice) {
  spin_and_yield(HOUR_NS / 2);
  expect_next(MOST_NS);
}
END_TEST

START_TEST(time_that_is_lost_without_a_yield_is_no_lost_slice) {
  lc_spin_t spin;

  memset(&spin, 1, sizeof spin);
  lc_spin_begin(&spin, &backoff, LC_NEVER);
  spin.now_ns = spin.end_ns + 2 * STALL_NS;
  lc_spin_end(&spin, true);
  expect_next(MOST_NS);
}
END_TEST

START_TEST(a_thread_that_need_not_yield_does_not) {
  lc_backoff_init(&backoff, MOST_NS, false);
  yield_takes_ns = 1; /* and what is looked for would be there */
  spin_in_vain();
  yield_takes_ns = 0;
}
END_TEST
#endif

static Suite *suite(void) {
  Suite *suite = suite_create("room backoff");

#ifndef _WIN32
  SUITE_CASE(suite, "stall", fresh, NULL,
             after_a_lost_slice_brief_spins_follow_that_do_not_yield,
             a_spin_in_vain_that_lost_a_slice_counts_too,
             lost_slices_become_rarer,
             yields_that_cost_nothing_make_up_for_lost_slices,
             a_spin_that_did_not_yield_makes_up_for_nothing,
             the_brief_spins_after_a_lost_slice_teach_nothing,
             a_yield_within_the_spin_is_no_lost_slice,
             time_that_is_lost_without_a_yield_is_no_lost_slice,
             a_thread_that_need_not_yield_does_not);
#endif
  SUITE_CASE(
      suite, "backoff", fresh, NULL,
      a_spin_lasts_its_time_or_until_the_deadline, a_spin_goes_on_until_its_end,
      a_gap_lies_between_two_looks, a_deadline_that_is_past_is_not_spun_for,
      a_spin_ends_when_something_is_there,
      spins_in_vain_become_shorter_down_to_a_brief_one,
      the_briefest_spin_is_a_microsecond, less_than_the_briefest_stays_as_it_is,
      a_spin_that_its_deadline_cut_short_teaches_nothing,
      a_spin_that_pays_restores_the_whole_time,
      whole_spins_in_vain_become_rarer_until_one_pays,
      what_passed_before_a_spin_that_paid_does_not_count,
      several_things_at_once_lengthen_no_spin,
      the_gap_grows_with_several_things_and_shrinks_with_single_ones);
  return suite;
}
