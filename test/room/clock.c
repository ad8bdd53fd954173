/* Room clock: sums that do not overflow, and a wait that ends. */
#include "base/clock.h"

#include "support/suite.h"

START_TEST(what_comes_after_is_at_most_never) {
  ck_assert_uint_eq(lc_after(5, 0), 5);
  ck_assert_uint_eq(lc_after(5, 3), 8);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 6), LC_NEVER - 1);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 5), LC_NEVER);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 4), LC_NEVER);
  ck_assert_uint_eq(lc_after(5, LC_NEVER), LC_NEVER);
  ck_assert_uint_eq(lc_after(LC_NEVER, 0), LC_NEVER);
}
END_TEST

START_TEST(the_earlier_of_two) {
  ck_assert_uint_eq(lc_earlier(3, 4), 3);
  ck_assert_uint_eq(lc_earlier(4, 3), 3);
  ck_assert_uint_eq(lc_earlier(LC_NEVER, LC_NOW), LC_NOW);
}
END_TEST

/* Five microseconds: more than the moment, and what the calls take. */
#define MOMENT_NS 5000

START_TEST(a_look_at_the_clock_is_put_off_for_a_moment_only) {
  uint64_t ticks = 0, looked = 0, now;
  int i;

  for (i = 0; i < 100000; i++) {
    now = uv_hrtime();
    if (lc_clock_moved(&ticks))
      looked = uv_hrtime();
    else
      ck_assert_uint_le(now - looked, MOMENT_NS);
  }
  ck_assert_uint_ne(looked, 0);
}
END_TEST

START_TEST(a_look_at_the_clock_is_due_at_first_and_when_time_has_passed) {
  uint64_t ticks = 0, looked;
  int i;

  for (i = 0; i < 10; i++) {
    ck_assert(lc_clock_moved(&ticks));
    looked = uv_hrtime();
    while (uv_hrtime() - looked < MOMENT_NS) {
    }
  }
}
END_TEST

START_TEST(a_wait_lasts_until_its_time_and_says_when_that_was) {
  uint64_t until = uv_hrtime() + MOMENT_NS, is = lc_relax_until(until);

  ck_assert_uint_ge(is, until);
  ck_assert_uint_ge(uv_hrtime(), is);
  ck_assert_uint_ge(lc_relax_until(LC_NOW), is);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room clock");

  SUITE_CASE(suite, "clock", NULL, NULL, what_comes_after_is_at_most_never,
             the_earlier_of_two,
             a_look_at_the_clock_is_put_off_for_a_moment_only,
             a_look_at_the_clock_is_due_at_first_and_when_time_has_passed,
             a_wait_lasts_until_its_time_and_says_when_that_was);
  return suite;
}
