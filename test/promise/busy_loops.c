/* Promise: no message waits for a loop that is in a callback of another
 * receiver, while a loop that shares the channel is free.
 *
 * Both loops run on the test's thread, the second one in callbacks of the
 * first: a loop stands still in its callback for as long as the test likes. */
#include "support/suite.h"
#include "support/waiting.h"

/* rx is on the first loop, and free_rx on the other. What keeps each loop busy
 * is a channel of its own, which has one message. */
static uv_loop_t other_loop;
static loopchan_receiver_t free_rx, busy_rxs[2];
static loopchan_sender_t *busy_txs[2];
static int got_here, got_there;

typedef struct {
  size_t capacity;
  unsigned flags;
} kind_t;

static const kind_t kinds[] = {{LOOPCHAN_UNBOUNDED, 0},
                               {1, 0},
                               {1024, 0},
                               {LOOPCHAN_RENDEZVOUS, 0},
                               {LOOPCHAN_UNBOUNDED, LOOPCHAN_LATEST}};
#define KINDS 5

static void on_shared(loopchan_receiver_t *at, int status, void *msg) {
  (void) msg;
  ck_assert_int_eq(status, 0);
  got_here += at == &rx;
  got_there += at == &free_rx;
}

static void open_busy(uv_loop_t *on, int which, loopchan_recv_cb cb) {
  loopchan_options_t options = int_options();
  int message = 0;

  ck_assert_int_eq(
      loopchan_open(on, &busy_rxs[which], &busy_txs[which], &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&busy_rxs[which], cb), 0);
  ck_assert_int_eq(loopchan_send(busy_txs[which], &message), 0);
}

/* The busy receiver on the first loop is called back before rx. */
static void open_all(int kind, loopchan_recv_cb here) {
  loopchan_options_t options = int_options();

  got_here = got_there = 0;
  ck_assert_int_eq(uv_loop_init(&other_loop), 0);
  options.capacity = kinds[kind].capacity;
  options.flags = kinds[kind].flags | LOOPCHAN_SHARED;
  open_busy(&loop, 0, here);
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_shared), 0);
  ck_assert_int_eq(loopchan_receiver_clone(&other_loop, &free_rx, &rx), 0);
}

static void close_busy(int which) {
  ck_assert_int_eq(loopchan_close(&busy_rxs[which], NULL), 0);
  loopchan_sender_drop(busy_txs[which]);
}

static void close_all(void) {
  close_busy(0);
  ck_assert_int_eq(loopchan_close(&free_rx, NULL), 0);
  ck_assert_int_eq(uv_run(&other_loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&other_loop), 0);
  close_and_drop();
}

static void run_here(void) {
  (void) uv_run(&loop, UV_RUN_NOWAIT);
}

/* As it may wake itself, twice. */
static void run_there(void) {
  (void) uv_run(&other_loop, UV_RUN_NOWAIT);
  (void) uv_run(&other_loop, UV_RUN_NOWAIT);
}

static void start_there(void) {
  ck_assert_int_eq(loopchan_recv_start(&free_rx, on_shared), 0);
}

static void let_there_have_it(loopchan_receiver_t *at, int status, void *msg) {
  (void) at;
  (void) status;
  (void) msg;
  run_there();
  ck_assert_int_eq(got_there, 1);
}

START_TEST(one_that_was_called_and_is_busy_now_hands_it_on) {
  open_all(_i, let_there_have_it);
  start_there();
  expect_try_send(1, 0);
  run_here();
  run_here();
  ck_assert_int_eq(got_here, 0);
  ck_assert_int_eq(got_there, 1);
  expect_try_send(2, 0);
  run_here();
  run_there();
  ck_assert_int_eq(got_here + got_there, 2);
  close_all();
}
END_TEST

static void send_when_both_are_busy(loopchan_receiver_t *at, int status,
                                    void *msg) {
  (void) at;
  (void) status;
  (void) msg;
  expect_try_send(1, 0);
}

START_TEST(when_both_are_busy_the_first_that_is_free_has_it) {
  open_all(_i, let_there_have_it);
  start_there();
  open_busy(&other_loop, 1, send_when_both_are_busy);
  run_here();
  run_here();
  ck_assert_int_eq(got_here, 0);
  ck_assert_int_eq(got_there, 1);
  close_busy(1);
  close_all();
}
END_TEST

static void send_then_start_there(loopchan_receiver_t *at, int status,
                                  void *msg) {
  expect_try_send(1, 0);
  start_there();
  let_there_have_it(at, status, msg);
}

START_TEST(one_that_starts_while_the_other_is_busy_has_it) {
  open_all(_i, send_then_start_there);
  run_here();
  run_here();
  ck_assert_int_eq(got_here, 0);
  ck_assert_int_eq(got_there, 1);
  close_all();
}
END_TEST

static void send_then_let_it_stop(loopchan_receiver_t *at, int status,
                                  void *msg) {
  (void) at;
  (void) status;
  (void) msg;
  expect_try_send(1, 0);
  run_there();
}

static void stop_there(loopchan_receiver_t *at, int status, void *msg) {
  (void) at;
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_recv_stop(&free_rx), 0);
}

START_TEST(if_no_other_is_free_it_waits_for_the_busy_one) {
  open_all(_i, send_then_let_it_stop);
  start_there();
  open_busy(&other_loop, 1, stop_there);
  run_here();
  run_here();
  ck_assert_int_eq(got_here + got_there, 1);
  close_busy(1);
  close_all();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise busy loops");

  SUITE_LOOP_CASE(suite, "busy loops", start_clean, expect_clean, KINDS,
                  one_that_was_called_and_is_busy_now_hands_it_on,
                  when_both_are_busy_the_first_that_is_free_has_it,
                  one_that_starts_while_the_other_is_busy_has_it,
                  if_no_other_is_free_it_waits_for_the_busy_one);
  return suite;
}
