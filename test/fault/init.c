/* Fault: libuv cannot make a mutex, a condition, an async handle or a thread.
 * The call that needed it says so, and what it was to do has not begun; or it
 * goes on without, and looks again where it would have slept. */
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

static const source_t no_mutex = {fail_mutex, mutex_has_failed, UV_ENOMEM,
                                  true};
static const source_t no_cond = {fail_cond, cond_has_failed, UV_ENOMEM, true};
static const source_t no_async = {fail_async, async_has_failed, UV_EMFILE,
                                  false};

/* They are made when a thread first sleeps: whether one does is chance. */
START_TEST(any_mutex_may_fail_while_threads_and_a_writer_send) {
  (void) sweep(scenario_exchange, &loop, _i, &no_mutex);
}
END_TEST

START_TEST(any_condition_may_fail_while_threads_and_a_writer_send) {
  (void) sweep(scenario_exchange, &loop, _i, &no_cond);
}
END_TEST

START_TEST(any_mutex_may_fail_while_a_select_waits) {
  (void) sweep(scenario_select, &loop, FIRST_ON_THREAD + _i, &no_mutex);
}
END_TEST

START_TEST(any_condition_may_fail_while_a_select_waits) {
  (void) sweep(scenario_select, &loop, FIRST_ON_THREAD + _i, &no_cond);
}
END_TEST

static const source_t *const sources[] = {&no_mutex, &no_cond};

/* Nobody has slept, or waited. */
START_TEST(a_channel_needs_neither_before_a_thread_sleeps) {
  int room = flavour_room(&flavours[_i], 10);

  sources[0]->arm(1);
  sources[1]->arm(1);
  open_flavour(_i);
  send_ints(0, room);
  expect_ints(0, room);
  drop_tx();
  close_rx();
  ck_assert_uint_eq(fault_calls(UV_MUTEX_INIT), 0);
  ck_assert_uint_eq(fault_calls(UV_COND_INIT), 0);
}
END_TEST

static void send_one(void *arg) {
  *(int *) arg = loopchan_send(tx, &(int){7});
}

/* It is not told: it looks again until its time is up, or a message comes. */
static void receive_without(const source_t *source) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  uv_thread_t sender;
  int message = 0, sent = -1;

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  source->arm(1);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 1000000), UV_ETIMEDOUT);
  ck_assert(source->has_happened());
  source->arm(1);
  ck_assert_int_eq(uv_thread_create(&sender, send_one, &sent), 0);
  ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
  ck_assert_int_eq(message, 7);
  ck_assert_int_eq(uv_thread_join(&sender), 0);
  ck_assert_int_eq(sent, 0);
  drop_tx();
  close_rx();
}

START_TEST(a_receive_that_cannot_sleep_looks_again) {
  receive_without(sources[_i]);
}
END_TEST

/* The send that has to wait says so. */
START_TEST(a_send_that_has_nothing_to_wait_with_is_refused) {
  loopchan_options_t options = {
      .msg_size = sizeof(int), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  send_ints(0, 1);
  sources[_i]->arm(1);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000000), UV_ENOMEM);
  ck_assert(sources[_i]->has_happened());
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000000), UV_ETIMEDOUT);
  expect_ints(0, 1);
  drop_tx();
  close_rx();
}
END_TEST

/* What it has in hand is made before it parks: nothing is left of it. */
START_TEST(a_select_that_has_nothing_to_wait_with_is_refused) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_receiver_t *rxs[] = {&rx};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  sources[_i]->arm(1);
  ck_assert_int_eq(loopchan_select(rxs, 1, 1000000), UV_ENOMEM);
  ck_assert(sources[_i]->has_happened());
  sources[_i]->arm(2); /* the one that all are forwarded to */
  ck_assert_int_eq(loopchan_select(rxs, 1, 1000000), UV_ETIMEDOUT);
  ck_assert(sources[_i]->has_happened());
  ck_assert_int_eq(loopchan_select(rxs, 1, 1000000), UV_ETIMEDOUT);
  send_ints(7, 1);
  ck_assert_int_eq(loopchan_select(rxs, 1, LOOPCHAN_FOREVER), 0);
  expect_ints(7, 1);
  drop_tx();
  close_rx();
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
                  a_time_out_of_nothing_makes_no_condition,
                  a_channel_needs_neither_before_a_thread_sleeps);
  SUITE_LOOP_CASE(suite, "each kind", start_clean, expect_clean, 2,
                  a_receive_that_cannot_sleep_looks_again,
                  a_send_that_has_nothing_to_wait_with_is_refused,
                  a_select_that_has_nothing_to_wait_with_is_refused);
  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  any_mutex_may_fail_while_a_select_waits,
                  any_condition_may_fail_while_a_select_waits);
  return suite;
}
