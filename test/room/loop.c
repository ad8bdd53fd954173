/* Room loop: one record for one loop, and what it says of the thread. */
#include "wait/loop.h"

#include "support/memory.h"
#include "support/suite.h"

static uv_loop_t one, two; /* their addresses are all that is used */

static void no_record_is_left(void) {
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(handles_on_one_loop_share_a_record) {
  lc_loop_t *first = lc_loop_attach(&one);

  ck_assert_ptr_nonnull(first);
  ck_assert_ptr_eq(lc_loop_attach(&one), first);
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_loop_detach(first);
  ck_assert_ptr_eq(lc_loop_attach(&one), first);
  lc_loop_detach(first);
  lc_loop_detach(first);
}
END_TEST

START_TEST(each_loop_has_its_own_and_they_go_in_any_order) {
  lc_loop_t *of_one = lc_loop_attach(&one), *of_two = lc_loop_attach(&two);

  ck_assert_ptr_ne(of_one, of_two);
  lc_loop_detach(of_one);
  ck_assert_ptr_eq(lc_loop_attach(&two), of_two);
  of_one = lc_loop_attach(&one);
  lc_loop_detach(of_two);
  lc_loop_detach(of_two);
  ck_assert_ptr_eq(lc_loop_attach(&one), of_one);
  lc_loop_detach(of_one);
  lc_loop_detach(of_one);
}
END_TEST

/* Another loop may have the address by then. */
START_TEST(a_record_that_only_a_core_leads_to_is_found_no_more) {
  lc_loop_t *old = lc_loop_attach(&one), *fresh;

  lc_loop_hold(old);
  lc_loop_in_callback(old);
  lc_loop_detach(old);
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert(lc_loop_is_here(old));
  fresh = lc_loop_attach(&one);
  ck_assert_ptr_ne(fresh, old);
  ck_assert(!lc_loop_is_here(fresh));
  lc_loop_release(old);
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_loop_detach(fresh);
}
END_TEST

START_TEST(without_memory_there_is_no_record) {
  lc_loop_t *loop;

  memory_fail(1);
  ck_assert_ptr_null(lc_loop_attach(&one));
  loop = lc_loop_attach(&one);
  ck_assert_ptr_nonnull(loop);
  memory_fail(1);
  ck_assert_ptr_eq(lc_loop_attach(&one), loop);
  memory_fail(0);
  lc_loop_detach(loop);
  lc_loop_detach(loop);
}
END_TEST

static lc_loop_t *record;
static bool is_here, may_be_here;

static void look(void) {
  is_here = lc_loop_is_here(record);
  may_be_here = lc_loop_may_be_here(record);
}

static void call_elsewhere(void *arg) {
  (void) arg;
  lc_loop_in_call(record);
  look();
}

static void call_back_elsewhere(void *arg) {
  (void) arg;
  lc_loop_in_callback(record);
  look();
}

static void elsewhere(void (*what)(void *arg)) {
  uv_thread_t thread;

  ck_assert_int_eq(uv_thread_create(&thread, what, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
}

static void expect_here(bool here, bool may_be) {
  look();
  ck_assert_int_eq(is_here, here);
  ck_assert_int_eq(may_be_here, may_be);
}

START_TEST(the_last_call_is_a_guess_until_the_first_callback) {
  record = lc_loop_attach(&one);
  expect_here(false, false);
  lc_loop_in_call(record);
  expect_here(false, true);
  elsewhere(call_elsewhere);
  ck_assert(!is_here && may_be_here);
  expect_here(false, false);
  lc_loop_in_call(record);
  elsewhere(call_back_elsewhere);
  ck_assert(is_here && !may_be_here);
  expect_here(false, false);
  lc_loop_detach(record);
}
END_TEST

START_TEST(then_a_call_is_as_good_as_a_callback) {
  record = lc_loop_attach(&one);
  lc_loop_in_callback(record);
  expect_here(true, false);
  elsewhere(call_elsewhere);
  ck_assert(is_here && !may_be_here);
  expect_here(false, false);
  lc_loop_in_callback(record);
  expect_here(true, false);
  lc_loop_detach(record);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room loop");

  SUITE_CASE(suite, "record", memory_watch, no_record_is_left,
             handles_on_one_loop_share_a_record,
             each_loop_has_its_own_and_they_go_in_any_order,
             a_record_that_only_a_core_leads_to_is_found_no_more,
             without_memory_there_is_no_record,
             the_last_call_is_a_guess_until_the_first_callback,
             then_a_call_is_as_good_as_a_callback);
  return suite;
}
