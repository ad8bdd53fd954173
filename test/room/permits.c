/* Room permits: two counts and their marks. */
#include "wait/permits.h"

#include <check.h>
#include <string.h>

#include "support/suite.h"

static lc_permits_t permits;

static void fresh(void) {
  lc_permits_init(&permits, 8);
}

START_TEST(no_more_places_than_the_capacity) {
  ck_assert(!lc_permits_is_full(&permits));
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 1);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 5), 5);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 5), 2);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 0);
  ck_assert(lc_permits_is_full(&permits));
  ck_assert(!lc_permits_release(&permits));
  ck_assert(!lc_permits_is_full(&permits));
  ck_assert_uint_eq(lc_permits_acquire(&permits, SIZE_MAX), 1);
  ck_assert_uint_eq(lc_permits_acquire(&permits, SIZE_MAX), 0);
}
END_TEST

START_TEST(while_there_is_a_line_nobody_takes_past_it) {
  ck_assert_uint_eq(lc_permits_acquire(&permits, 6), 6);
  lc_permits_mark(&permits, LC_NOTIFY_BATCH);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 0);
  ck_assert(!lc_permits_is_full(&permits));
  ck_assert(lc_permits_acquire_for_waiter(&permits));
  ck_assert(lc_permits_acquire_for_waiter(&permits));
  ck_assert(!lc_permits_acquire_for_waiter(&permits));
  lc_permits_mark(&permits, 0);
  ck_assert(!lc_permits_release(&permits));
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 1);
}
END_TEST

START_TEST(a_patient_line_is_served_by_batches) {
  size_t i;

  ck_assert_uint_eq(lc_permits_acquire(&permits, 8), 8);
  lc_permits_mark(&permits, LC_NOTIFY_BATCH);
  for (i = 1; i <= 8; i++)
    ck_assert_int_eq(lc_permits_release(&permits), i % 4 == 0);
  ck_assert_uint_eq(lc_permits_available(&permits, 8 * LC_PERMIT),
                    8 * LC_PERMIT);
}
END_TEST

START_TEST(a_hurried_line_is_served_by_each_place) {
  ck_assert_uint_eq(lc_permits_acquire(&permits, 8), 8);
  lc_permits_mark(&permits, LC_NOTIFY_EACH);
  ck_assert(lc_permits_release(&permits));
  ck_assert(lc_permits_release(&permits));
  lc_permits_mark(&permits, LC_NOTIFY_BATCH);
  ck_assert(!lc_permits_release(&permits));
  lc_permits_mark(&permits, LC_NOTIFY_EACH);
  ck_assert(lc_permits_release(&permits));
  lc_permits_mark(&permits, 0);
  ck_assert(!lc_permits_release(&permits));
  ck_assert_uint_eq(lc_permits_acquire(&permits, 8), 5);
}
END_TEST

START_TEST(a_batch_is_half_the_capacity_at_most) {
  static const size_t capacities[] = {1, 2, 3, 4, 1000, 1024};
  static const size_t batches[] = {1, 1, 1, 2, 256, 512};
  size_t i;

  for (i = 0; i < 6; i++) {
    lc_permits_init(&permits, capacities[i]);
    ck_assert_uint_eq(permits.batch, batches[i] * LC_PERMIT);
    ck_assert_int_eq(lc_permits_are_batched(&permits), batches[i] > 1);
  }
  lc_permits_init(&permits, SIZE_MAX - 1);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1000), 1000);
}
END_TEST

/* Senders that overtake each other leave any limit that ever was. */
START_TEST(an_old_limit_neither_makes_room_nor_hides_it) {
  ck_assert_uint_eq(lc_permits_acquire(&permits, 8), 8);
  lc_atomic_init(&permits.limit, 0);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 0);
  fresh();
  lc_atomic_init(&permits.limit, 3 * LC_PERMIT);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 5), 5);
}
END_TEST

START_TEST(what_lay_in_the_memory_before_does_not_matter) {
  memset(&permits, 0xff, sizeof permits);
  fresh();
  ck_assert_uint_eq(lc_permits_acquire(&permits, SIZE_MAX), 8);
  lc_permits_mark(&permits, LC_NOTIFY_EACH);
  ck_assert(lc_permits_release(&permits));
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 0);
}
END_TEST

/* More than half of what a count can tell apart, and an old limit would look
 * like a new one. */
START_TEST(a_capacity_is_at_most_half_of_what_the_counts_tell_apart) {
  lc_permits_init(&permits, SIZE_MAX - 1);
  ck_assert_uint_le(permits.capacity, SIZE_MAX / 2);
  ck_assert_uint_ge(permits.capacity, SIZE_MAX / 2 - LC_PERMIT);
}
END_TEST

/* The counts go round, the difference is what matters. */
START_TEST(the_counts_may_overflow) {
  size_t i, high = SIZE_MAX - 3 * LC_PERMIT + 1;

  lc_atomic_init(&permits.acquired, high);
  lc_atomic_init(&permits.released, high);
  lc_atomic_init(&permits.limit, high);
  for (i = 0; i < 100; i++) {
    ck_assert_uint_eq(lc_permits_acquire(&permits, 9), i == 0 ? 8 : 1);
    ck_assert(lc_permits_is_full(&permits));
    ck_assert(!lc_permits_release(&permits));
  }
}
END_TEST

START_TEST(room_is_what_could_be_acquired) {
  ck_assert_uint_eq(lc_permits_room(&permits), 8);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 6), 6);
  ck_assert_uint_eq(lc_permits_room(&permits), 2);
  lc_permits_mark(&permits, LC_NOTIFY_BATCH);
  ck_assert_uint_eq(lc_permits_room(&permits), 0);
  lc_permits_mark(&permits, 0);
  ck_assert_uint_eq(lc_permits_acquire(&permits, 2), 2);
  ck_assert_uint_eq(lc_permits_room(&permits), 0);
  ck_assert(!lc_permits_release(&permits));
  ck_assert_uint_eq(lc_permits_room(&permits), 1);
}
END_TEST

START_TEST(who_looks_out_sees_a_line_and_a_batch) {
  ck_assert_uint_eq(lc_permits_acquire(&permits, 4), 4);
  ck_assert(!lc_permits_has_waiters(&permits));
  ck_assert(lc_permits_has_batch(&permits)); /* four places */
  ck_assert_uint_eq(lc_permits_acquire(&permits, 1), 1);
  ck_assert(!lc_permits_has_batch(&permits));
  lc_permits_mark(&permits, LC_NOTIFY_EACH);
  ck_assert(lc_permits_has_waiters(&permits));
  ck_assert(!lc_permits_has_batch(&permits));
  ck_assert(lc_permits_release(&permits));
  ck_assert(lc_permits_has_batch(&permits));
  lc_permits_mark(&permits, 0);
  ck_assert(!lc_permits_has_waiters(&permits));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room permits");

  SUITE_CASE(suite, "permits", fresh, NULL, no_more_places_than_the_capacity,
             while_there_is_a_line_nobody_takes_past_it,
             a_patient_line_is_served_by_batches,
             a_hurried_line_is_served_by_each_place,
             a_batch_is_half_the_capacity_at_most,
             an_old_limit_neither_makes_room_nor_hides_it,
             what_lay_in_the_memory_before_does_not_matter,
             a_capacity_is_at_most_half_of_what_the_counts_tell_apart,
             the_counts_may_overflow, room_is_what_could_be_acquired,
             who_looks_out_sees_a_line_and_a_batch);
  return suite;
}
