/* Room credit: two counts, a gate and two marks. */
#include "credit.h"

#include <check.h>
#include <string.h>

#include "support/suite.h"

static lc_credit_t credit;

static void fresh(void) {
  lc_credit_init(&credit, 8);
}

START_TEST(no_more_places_than_the_capacity) {
  ck_assert(!lc_credit_is_full(&credit));
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 1);
  ck_assert_uint_eq(lc_credit_take(&credit, 5), 5);
  ck_assert_uint_eq(lc_credit_take(&credit, 5), 2);
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 0);
  ck_assert(lc_credit_is_full(&credit));
  ck_assert(!lc_credit_free(&credit));
  ck_assert(!lc_credit_is_full(&credit));
  ck_assert_uint_eq(lc_credit_take(&credit, SIZE_MAX), 1);
  ck_assert_uint_eq(lc_credit_take(&credit, SIZE_MAX), 0);
}
END_TEST

START_TEST(while_there_is_a_line_nobody_takes_past_it) {
  ck_assert_uint_eq(lc_credit_take(&credit, 6), 6);
  lc_credit_mark(&credit, LC_SERVE);
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 0);
  ck_assert(!lc_credit_is_full(&credit));
  ck_assert(lc_credit_take_in_line(&credit));
  ck_assert(lc_credit_take_in_line(&credit));
  ck_assert(!lc_credit_take_in_line(&credit));
  lc_credit_mark(&credit, 0);
  ck_assert(!lc_credit_free(&credit));
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 1);
}
END_TEST

START_TEST(a_patient_line_is_served_by_batches) {
  size_t i;

  ck_assert_uint_eq(lc_credit_take(&credit, 8), 8);
  lc_credit_mark(&credit, LC_SERVE);
  for (i = 1; i <= 8; i++)
    ck_assert_int_eq(lc_credit_free(&credit), i % 4 == 0);
  ck_assert_uint_eq(lc_credit_room(&credit, 8 * LC_PLACE), 8 * LC_PLACE);
}
END_TEST

START_TEST(a_hurried_line_is_served_by_each_place) {
  ck_assert_uint_eq(lc_credit_take(&credit, 8), 8);
  lc_credit_mark(&credit, LC_HURRY);
  ck_assert(lc_credit_free(&credit));
  ck_assert(lc_credit_free(&credit));
  lc_credit_mark(&credit, LC_SERVE);
  ck_assert(!lc_credit_free(&credit));
  lc_credit_mark(&credit, LC_HURRY);
  ck_assert(lc_credit_free(&credit));
  lc_credit_mark(&credit, 0);
  ck_assert(!lc_credit_free(&credit));
  ck_assert_uint_eq(lc_credit_take(&credit, 8), 5);
}
END_TEST

START_TEST(a_batch_is_half_the_capacity_at_most) {
  static const size_t capacities[] = {1, 2, 3, 4, 1000, 1024};
  static const size_t batches[] = {1, 1, 1, 2, 256, 512};
  size_t i;

  for (i = 0; i < 6; i++) {
    lc_credit_init(&credit, capacities[i]);
    ck_assert_uint_eq(credit.batch, batches[i] * LC_PLACE);
  }
  lc_credit_init(&credit, SIZE_MAX - 1);
  ck_assert_uint_eq(lc_credit_take(&credit, 1000), 1000);
}
END_TEST

/* Senders that overtake each other leave any limit that ever was. */
START_TEST(an_old_limit_neither_makes_room_nor_hides_it) {
  ck_assert_uint_eq(lc_credit_take(&credit, 8), 8);
  lc_atomic_init(&credit.limit, 0);
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 0);
  fresh();
  lc_atomic_init(&credit.limit, 3 * LC_PLACE);
  ck_assert_uint_eq(lc_credit_take(&credit, 5), 5);
}
END_TEST

START_TEST(what_lay_in_the_memory_before_does_not_matter) {
  memset(&credit, 0xff, sizeof credit);
  fresh();
  ck_assert_uint_eq(lc_credit_take(&credit, SIZE_MAX), 8);
  lc_credit_mark(&credit, LC_HURRY);
  ck_assert(lc_credit_free(&credit));
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 0);
}
END_TEST

/* More than half of what a count can tell apart, and an old limit would look
 * like a new one. */
START_TEST(a_capacity_is_at_most_half_of_what_the_counts_tell_apart) {
  lc_credit_init(&credit, SIZE_MAX - 1);
  ck_assert_uint_le(credit.capacity, SIZE_MAX / 2);
  ck_assert_uint_ge(credit.capacity, SIZE_MAX / 2 - LC_PLACE);
}
END_TEST

/* The counts go round, the difference is what matters. */
START_TEST(the_counts_may_overflow) {
  size_t i, near = SIZE_MAX - 3 * LC_PLACE + 1;

  lc_atomic_init(&credit.taken, near);
  lc_atomic_init(&credit.freed, near);
  lc_atomic_init(&credit.limit, near);
  for (i = 0; i < 100; i++) {
    ck_assert_uint_eq(lc_credit_take(&credit, 9), i == 0 ? 8 : 1);
    ck_assert(lc_credit_is_full(&credit));
    ck_assert(!lc_credit_free(&credit));
  }
}
END_TEST

START_TEST(who_looks_out_sees_a_line_and_a_batch) {
  ck_assert_uint_eq(lc_credit_take(&credit, 4), 4);
  ck_assert(!lc_credit_has_line(&credit));
  ck_assert(lc_credit_has_batch(&credit)); /* four places */
  ck_assert_uint_eq(lc_credit_take(&credit, 1), 1);
  ck_assert(!lc_credit_has_batch(&credit));
  lc_credit_mark(&credit, LC_HURRY);
  ck_assert(lc_credit_has_line(&credit));
  ck_assert(!lc_credit_has_batch(&credit));
  ck_assert(lc_credit_free(&credit));
  ck_assert(lc_credit_has_batch(&credit));
  lc_credit_mark(&credit, 0);
  ck_assert(!lc_credit_has_line(&credit));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room credit");

  SUITE_CASE(suite, "credit", fresh, NULL, no_more_places_than_the_capacity,
             while_there_is_a_line_nobody_takes_past_it,
             a_patient_line_is_served_by_batches,
             a_hurried_line_is_served_by_each_place,
             a_batch_is_half_the_capacity_at_most,
             an_old_limit_neither_makes_room_nor_hides_it,
             what_lay_in_the_memory_before_does_not_matter,
             a_capacity_is_at_most_half_of_what_the_counts_tell_apart,
             the_counts_may_overflow, who_looks_out_sees_a_line_and_a_batch);
  return suite;
}
