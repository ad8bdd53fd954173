/* Room wake: each debt wakes once, and none after the receiver has gone. */
#include "wait/wake.h"

#include <sched.h>
#include <string.h>

#include "support/locks.h"
#include "support/loop.h"
#include "support/suite.h"

static lc_wake_t wake;
static lc_monitor_t monitor;
static uv_async_t async;
static int callbacks, locks_before;

/* What lay in the memory before must not matter. */
static void init(uv_async_t *on) {
  memset(&wake, 0xff, sizeof wake);
  locks_before = locks_alive();
  if (on != NULL)
    lc_wake_init_async(&wake, on);
  else
    lc_wake_init(&wake, &monitor);
}

static void destroy(void) {
  lc_wake_destroy(&wake);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static void count_callback(uv_async_t *handle) {
  (void) handle;
  callbacks++;
}

static void open_on_loop(void) {
  loop_open();
  callbacks = 0;
  ck_assert_int_eq(uv_async_init(&loop, &async, count_callback), 0);
  init(&async);
}

static void close_on_loop(void) {
  destroy();
  uv_close((uv_handle_t *) &async, NULL);
  expect_loop_clean();
}

static void open_on_thread(void) {
  init(NULL);
}

static void open_with_monitor(void) {
  init(NULL);
  ck_assert_int_eq(lc_wake_make_monitor(&wake), 0);
}

START_TEST(a_debt_paid_calls_back) {
  lc_wake_signal(&wake);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(callbacks, 1);
  lc_wake_signal(&wake);
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
  lc_wake_signal(&wake);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(callbacks, 0);
}
END_TEST

static void pay(void *arg) {
  lc_wake_signal(arg);
}

START_TEST(a_waiting_thread_is_woken) {
  uv_thread_t payer;

  ck_assert_int_eq(uv_thread_create(&payer, pay, &wake), 0);
  ck_assert(lc_wake_wait(&wake, UINT64_MAX));
  ck_assert_int_eq(uv_thread_join(&payer), 0);
}
END_TEST

START_TEST(a_debt_is_collected_once) {
  lc_wake_signal(&wake);
  ck_assert(lc_wake_wait(&wake, UINT64_MAX));
  ck_assert(!lc_wake_wait(&wake, 0));
  lc_wake_signal(&wake);
  ck_assert(lc_wake_wait(&wake, 0));
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline) {
  uint64_t deadline = uv_hrtime() + 1000000;

  ck_assert(!lc_wake_wait(&wake, deadline));
  ck_assert(uv_hrtime() >= deadline);
}
END_TEST

/* Pays on another thread; from its return on the debt may be seen. */
static void pay_elsewhere(void) {
  uv_thread_t payer;

  ck_assert_int_eq(uv_thread_create(&payer, pay, &wake), 0);
  ck_assert_int_eq(uv_thread_join(&payer), 0);
}

START_TEST(a_wait_with_a_deadline_is_woken_too) {
  uv_thread_t payer;
  uint64_t never = uv_hrtime() + UINT64_C(3600000000000);

  ck_assert_int_eq(uv_thread_create(&payer, pay, &wake), 0);
  ck_assert(lc_wake_wait(&wake, never));
  ck_assert(uv_hrtime() < never);
  ck_assert_int_eq(uv_thread_join(&payer), 0);
}
END_TEST

static int waits_before;

static void pay_one_who_waits(void *arg) {
  while (locks_timed_waits() == waits_before)
    sched_yield();
  lc_wake_signal(arg);
}

/* Longer than libuv can count on every system: locks.c looks. */
START_TEST(a_wait_of_centuries_is_woken_too) {
  uv_thread_t payer;

  waits_before = locks_timed_waits();
  ck_assert_int_eq(uv_thread_create(&payer, pay_one_who_waits, &wake), 0);
  ck_assert(lc_wake_wait(&wake, LC_NEVER - 1));
  ck_assert_int_eq(uv_thread_join(&payer), 0);
}
END_TEST

START_TEST(who_looks_out_sees_a_payment_and_leaves_it) {
  uint64_t begin = uv_hrtime();
  lc_backoff_t backoff;

  lc_backoff_init(&backoff, 1000000, false); /* a yield may be long */
  ck_assert(!lc_wake_spin(&wake, &backoff, LC_NEVER));
  ck_assert(uv_hrtime() >= begin + 1000000);
  ck_assert_uint_eq(backoff.next_ns, 500000);
  pay_elsewhere();
  ck_assert(lc_wake_spin(&wake, &backoff, LC_NOW));
  ck_assert_uint_eq(backoff.next_ns, 1000000);
  /* An hour's patience ends with the payment. */
  lc_backoff_init(&backoff, UINT64_C(3600000000000), true);
  ck_assert(lc_wake_spin(&wake, &backoff, LC_NEVER));
  ck_assert(lc_wake_wait(&wake, LC_NOW));
  ck_assert(!lc_wake_spin(&wake, &backoff, LC_NOW));
}
END_TEST

START_TEST(two_wakes_that_nobody_waits_for_are_collected_as_one) {
  lc_number_t said;

  lc_number_init(&said);
  lc_wake_signal(&wake);
  lc_wake_help(&wake, &said, 7);
  ck_assert_uint_eq(lc_number_read(&said), 7);
  ck_assert(lc_wake_wait(&wake, 0));
  ck_assert(!lc_wake_wait(&wake, 0));
  ck_assert_uint_eq(lc_wake_count(&wake), 1);
}
END_TEST

START_TEST(a_wake_is_renewed_when_its_payer_has_come) {
  lc_wake_promise(&wake);
  ck_assert(!lc_wake_renew(&wake));
  pay_elsewhere();
  ck_assert(lc_wake_renew(&wake));
  ck_assert(!lc_wake_wait(&wake, 0));
}
END_TEST

START_TEST(a_debt_is_told_to_the_relay_while_there_is_one) {
  lc_monitor_t own;
  lc_wake_t forward;

  lc_wake_init(&forward, &own);
  ck_assert(!lc_wake_is_forwarded(&wake));
  lc_wake_forward(&wake, &forward);
  ck_assert(lc_wake_is_forwarded(&wake));
  pay_elsewhere();
  ck_assert(lc_wake_wait(&wake, 0));
  pay_elsewhere();
  ck_assert(lc_wake_wait(&wake, 0));
  ck_assert(lc_wake_wait(&forward, 0));
  ck_assert(!lc_wake_wait(&forward, 0));
  lc_wake_forward(&wake, NULL);
  ck_assert(!lc_wake_is_forwarded(&wake));
  pay_elsewhere();
  ck_assert(lc_wake_wait(&wake, 0));
  ck_assert(!lc_wake_wait(&forward, 0));
  ck_assert_uint_eq(lc_wake_count(&wake), 3);
  ck_assert_uint_eq(lc_wake_count(&forward), 0);
  lc_wake_destroy(&forward);
}
END_TEST

START_TEST(a_sleeper_is_woken_by_a_forwarded_wake) {
  lc_monitor_t own;
  lc_wake_t forward;
  uv_thread_t payer;

  lc_wake_init(&forward, &own);
  lc_wake_forward(&wake, &forward);
  ck_assert_int_eq(uv_thread_create(&payer, pay, &wake), 0);
  ck_assert(lc_wake_wait(&forward, UINT64_MAX));
  ck_assert(lc_wake_wait(&wake, UINT64_MAX));
  ck_assert_int_eq(uv_thread_join(&payer), 0);
  lc_wake_destroy(&forward);
}
END_TEST

/* Nobody has slept: there is nothing to lock, and nothing to unmake. */
START_TEST(what_a_thread_sleeps_by_is_made_when_it_first_sleeps) {
  lc_wake_signal(&wake);
  ck_assert(lc_wake_wait(&wake, LC_NEVER));
  lc_wake_signal(&wake);
  lc_wake_forget(&wake);
  lc_wake_forget(&wake);
  ck_assert_int_eq(locks_alive(), locks_before);
  ck_assert(!lc_wake_wait(&wake, LC_NOW));
  if (locks_alive() != 0) /* they are counted */
    ck_assert_int_eq(locks_alive(), locks_before + 2);
  ck_assert_int_eq(lc_wake_make_monitor(&wake), 0);
  pay_elsewhere();
  lc_wake_forget(&wake);
  ck_assert(!lc_wake_wait(&wake, LC_NOW));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room wake");

  SUITE_CASE(suite, "loop", open_on_loop, close_on_loop, a_debt_paid_calls_back,
             a_wake_of_oneself_calls_back_and_is_no_debt,
             a_debt_paid_too_late_does_nothing);
  SUITE_CASE(suite, "thread", open_on_thread, destroy,
             what_a_thread_sleeps_by_is_made_when_it_first_sleeps,
             a_waiting_thread_is_woken, a_debt_is_collected_once,
             a_wait_ends_at_its_deadline, a_wait_with_a_deadline_is_woken_too,
             a_wait_of_centuries_is_woken_too,
             who_looks_out_sees_a_payment_and_leaves_it,
             two_wakes_that_nobody_waits_for_are_collected_as_one);
  SUITE_CASE(suite, "thread that has slept", open_with_monitor, destroy,
             a_waiting_thread_is_woken, a_debt_is_collected_once,
             a_wait_ends_at_its_deadline, a_wait_with_a_deadline_is_woken_too,
             who_looks_out_sees_a_payment_and_leaves_it,
             two_wakes_that_nobody_waits_for_are_collected_as_one,
             a_wake_is_renewed_when_its_payer_has_come,
             a_debt_is_told_to_the_relay_while_there_is_one,
             a_sleeper_is_woken_by_a_forwarded_wake);
  return suite;
}
