/* Fault: libuv cannot make a mutex, a condition, an async handle or a thread.
 * The call that needed it says so, and what it was to do has not begun. */
#include "support/faults.h"
#include "support/flavour.h"
#include "support/scenario.h"
#include "support/suite.h"

static void fail_mutex(size_t n) {
  fault_arm(UV_MUTEX_INIT, n, UV_ENOMEM);
}

static int mutex_has_failed(void) {
  return fault_has_happened(UV_MUTEX_INIT);
}

static void fail_cond(size_t n) {
  fault_arm(UV_COND_INIT, n, UV_ENOMEM);
}

static int cond_has_failed(void) {
  return fault_has_happened(UV_COND_INIT);
}

static void fail_async(size_t n) {
  fault_arm(UV_ASYNC_INIT, n, UV_EMFILE);
}

static int async_has_failed(void) {
  return fault_has_happened(UV_ASYNC_INIT);
}

static const source_t no_mutex = {fail_mutex, mutex_has_failed, UV_ENOMEM};
static const source_t no_cond = {fail_cond, cond_has_failed, UV_ENOMEM};
static const source_t no_async = {fail_async, async_has_failed, UV_EMFILE};

/* Of a channel: the line's, the receiver's, its own. */
START_TEST(any_mutex_may_fail_while_threads_and_a_writer_send) {
  ck_assert_uint_gt(sweep(scenario_exchange, &loop, _i, &no_mutex), 3);
}
END_TEST

START_TEST(any_condition_may_fail_while_threads_and_a_writer_send) {
  ck_assert_uint_gt(sweep(scenario_exchange, &loop, _i, &no_cond), 1);
}
END_TEST

START_TEST(any_mutex_may_fail_while_a_select_waits) {
  ck_assert_uint_ge(
      sweep(scenario_select, &loop, FIRST_ON_THREAD + _i, &no_mutex), 9);
}
END_TEST

START_TEST(any_condition_may_fail_while_a_select_waits) {
  ck_assert_uint_ge(
      sweep(scenario_select, &loop, FIRST_ON_THREAD + _i, &no_cond), 3);
}
END_TEST

/* A writer's, and a loop receiver's. */
START_TEST(any_async_handle_may_fail) {
  ck_assert_uint_eq(sweep(scenario_exchange, &loop, _i, &no_async),
                    flavours[_i].kind == ON_LOOP ? 2 : 1);
}
END_TEST

/* All threads are the user's: here two that send and the receiver's. */
START_TEST(no_call_makes_a_thread) {
  static const size_t hands[] = {0, 1, 3};

  fault_arm(UV_THREAD_CREATE, 0, 0);
  ck_assert_int_eq(scenario_exchange(&loop, _i, 0), 0);
  ck_assert_uint_eq(fault_calls(UV_THREAD_CREATE),
                    2 + hands[flavours[_i].kind]);
}
END_TEST

static void never_run(void *arg) {
  (void) arg;
}

/* What was meant for it is still its maker's: a sender, and the receiver. */
START_TEST(a_thread_that_cannot_be_made_leaves_its_channel_whole) {
  int room = flavour_room(&flavours[_i], 10);
  uv_thread_t thread;

  open_flavour(_i);
  fault_arm(UV_THREAD_CREATE, 1, UV_EAGAIN);
  ck_assert_int_eq(uv_thread_create(&thread, never_run, tx), UV_EAGAIN);
  send_ints(0, room);
  drop_tx();
  expect_ints(0, room);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

/* That is a try_send, and has nothing to wait with. */
START_TEST(a_time_out_of_nothing_makes_no_condition) {
  int room = flavour_room(&flavours[_i], 2000);
  int bounded = flavours[_i].capacity != LOOPCHAN_UNBOUNDED;

  open_flavour(_i);
  send_ints(0, room);
  fault_arm(UV_COND_INIT, 1, UV_ENOMEM);
  ck_assert_int_eq(loopchan_send_timeout(tx, &room, 0),
                   bounded ? UV_ETIMEDOUT : 0);
  ck_assert_uint_eq(fault_calls(UV_COND_INIT), 0);
  drop_tx();
  expect_ints(0, bounded ? room : room + 1);
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault init");

  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  any_mutex_may_fail_while_threads_and_a_writer_send,
                  any_condition_may_fail_while_threads_and_a_writer_send,
                  any_async_handle_may_fail, no_call_makes_a_thread,
                  a_thread_that_cannot_be_made_leaves_its_channel_whole,
                  a_time_out_of_nothing_makes_no_condition);
  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  any_mutex_may_fail_while_a_select_waits,
                  any_condition_may_fail_while_a_select_waits);
  return suite;
}
