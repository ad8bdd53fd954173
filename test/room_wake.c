/* Room wake: each debt rouses once, and none after the receiver has gone. */
#include "wake.h"

#include "support/loop.h"
#include "support/suite.h"

static lc_wake_t wake;
static uv_async_t async;
static int callbacks;

static void count_callback(uv_async_t *handle) {
  (void) handle;
  lc_wake_heard();
  callbacks++;
}

static void open_on_loop(void) {
  loop_open();
  callbacks = 0;
  ck_assert_int_eq(uv_async_init(&loop, &async, count_callback), 0);
  ck_assert_int_eq(lc_wake_init(&wake, &async), 0);
}

static void close_on_loop(void) {
  uv_close((uv_handle_t *) &async, NULL);
  expect_loop_clean();
  lc_wake_destroy(&wake);
}

static void open_on_thread(void) {
  ck_assert_int_eq(lc_wake_init(&wake, NULL), 0);
}

static void close_on_thread(void) {
  lc_wake_destroy(&wake);
}

START_TEST(a_debt_paid_calls_back) {
  lc_wake_pay(&wake);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(callbacks, 1);
  lc_wake_pay(&wake);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(callbacks, 2);
  ck_assert_uint_eq(lc_wake_count(&wake), 2);
}
END_TEST

START_TEST(a_wake_of_oneself_calls_back_and_is_no_debt) {
  lc_wake_self(&wake);
  ck_assert_int_eq(callbacks, 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(callbacks, 1);
  ck_assert_uint_eq(lc_wake_count(&wake), 0);
}
END_TEST

START_TEST(a_debt_paid_too_late_does_nothing) {
  lc_wake_leave(&wake);
  lc_wake_pay(&wake);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(callbacks, 0);
}
END_TEST

static void pay(void *arg) {
  lc_wake_pay(arg);
}

START_TEST(a_waiting_thread_is_roused) {
  uv_thread_t payer;

  ck_assert_int_eq(uv_thread_create(&payer, pay, &wake), 0);
  ck_assert(lc_wake_wait(&wake, UINT64_MAX));
  ck_assert_int_eq(uv_thread_join(&payer), 0);
}
END_TEST

START_TEST(a_debt_is_collected_once) {
  lc_wake_pay(&wake);
  ck_assert(lc_wake_wait(&wake, UINT64_MAX));
  ck_assert(!lc_wake_wait(&wake, 0));
  lc_wake_pay(&wake);
  ck_assert(lc_wake_wait(&wake, 0));
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline) {
  uint64_t deadline = uv_hrtime() + 1000000;

  ck_assert(!lc_wake_wait(&wake, deadline));
  ck_assert(uv_hrtime() >= deadline);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room wake");

  SUITE_CASE(suite, "loop", open_on_loop, close_on_loop, a_debt_paid_calls_back,
             a_wake_of_oneself_calls_back_and_is_no_debt,
             a_debt_paid_too_late_does_nothing);
  SUITE_CASE(suite, "thread", open_on_thread, close_on_thread,
             a_waiting_thread_is_roused, a_debt_is_collected_once,
             a_wait_ends_at_its_deadline);
  return suite;
}
