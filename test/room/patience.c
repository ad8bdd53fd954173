/* Room patience: what pays is done again. */
#include "wait/patience.h"

#include <string.h>

#include "support/suite.h"

#define MOST_NS 20000

static lc_patience_t patience;

/* What lay in the memory before must not matter. */
static void fresh(void) {
  memset(&patience, 0xff, sizeof patience);
  lc_patience_init(&patience, MOST_NS);
}

static void expect_next(uint64_t ns) {
  ck_assert_uint_eq(patience.next_ns, ns);
}

static void look_out_in_vain(void) {
  lc_patience_learn(&patience, false);
}

/* How many short looks in vain until there is a long one. */
static int shorts_to_a_long_one(void) {
  int shorts = 0;

  while (patience.next_ns > 1000)
    look_out_in_vain();
  for (; patience.next_ns == 1000; shorts++)
    look_out_in_vain();
  expect_next(MOST_NS);
  return shorts;
}

START_TEST(patience_in_vain_halves_down_to_a_microsecond) {
  static const uint64_t ns[] = {10000, 5000, 2500, 1250, 1000, 1000};
  size_t i;

  expect_next(MOST_NS);
  for (i = 0; i < sizeof ns / sizeof *ns; i++) {
    look_out_in_vain();
    expect_next(ns[i]);
  }
}
END_TEST

START_TEST(patience_that_pays_is_restored) {
  look_out_in_vain();
  lc_patience_learn(&patience, true);
  expect_next(MOST_NS);
  ck_assert_int_eq(shorts_to_a_long_one(), 2);
  while (patience.next_ns > 1000)
    look_out_in_vain();
  look_out_in_vain();
  lc_patience_learn(&patience, true);
  expect_next(MOST_NS);
  ck_assert_int_eq(shorts_to_a_long_one(), 2);
}
END_TEST

START_TEST(the_impatient_look_out_long_now_and_then_ever_rarer) {
  static const int shorts[] = {2, 4, 8, 16, 32, 64, 64, 64};
  size_t i;

  for (i = 0; i < sizeof shorts / sizeof *shorts; i++)
    ck_assert_int_eq(shorts_to_a_long_one(), shorts[i]);
}
END_TEST

START_TEST(halves_may_meet_the_least) {
  lc_patience_init(&patience, 2000);
  look_out_in_vain();
  expect_next(1000);
  look_out_in_vain();
  expect_next(1000);
  look_out_in_vain();
  expect_next(2000);
}
END_TEST

START_TEST(less_than_the_least_stays_as_it_is) {
  lc_patience_init(&patience, 600);
  look_out_in_vain();
  expect_next(600);
  lc_patience_init(&patience, 0);
  look_out_in_vain();
  expect_next(0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room patience");

  SUITE_CASE(suite, "patience", fresh, NULL,
             patience_in_vain_halves_down_to_a_microsecond,
             patience_that_pays_is_restored,
             the_impatient_look_out_long_now_and_then_ever_rarer,
             halves_may_meet_the_least, less_than_the_least_stays_as_it_is);
  return suite;
}
