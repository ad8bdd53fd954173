/* Promise §3.6: close refuses, drops what waits, and lets go of the loop. */
#include "support/channel.h"
#include "support/suite.h"

static int dropped, closed;

static void drop_message(void *msg, void *arg) {
  ck_assert_ptr_eq(arg, &dropped);
  ck_assert_int_eq(*(int *) msg, dropped++);
  ck_assert_int_eq(closed, 0);
}

static void open_on(uv_loop_t *on) {
  loopchan_options_t options = int_options();

  start_clean();
  dropped = closed = 0;
  options.drop = drop_message;
  options.drop_arg = &dropped;
  open_with(on, &options);
}

static void setup_loop(void) {
  open_on(&loop);
}

static void setup_thread(void) {
  open_on(NULL);
}

static void on_close(loopchan_receiver_t *receiver) {
  ck_assert_ptr_eq(receiver, &rx);
  closed++;
}

START_TEST(a_thread_receiver_closes_at_once) {
  send_ints(0, 100);
  ck_assert_int_eq(loopchan_close(&rx, on_close), 0);
  ck_assert_int_eq(dropped, 100);
  ck_assert_int_eq(closed, 1);
  memset(&rx, 0xff, sizeof rx);
  ck_assert_int_eq(loopchan_send(tx, &dropped), UV_EPIPE);
  drop_tx();
}
END_TEST

START_TEST(a_loop_receiver_closes_in_a_later_turn) {
  send_ints(0, 100);
  ck_assert_int_eq(loopchan_close(&rx, on_close), 0);
  ck_assert_int_eq(dropped, 100);
  ck_assert_int_eq(closed, 0);
  ck_assert(uv_is_closing((uv_handle_t *) &rx));
  ck_assert_int_eq(loopchan_send(tx, &dropped), UV_EPIPE);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(closed, 1);
  memset(&rx, 0xff, sizeof rx);
  ck_assert_int_eq(loopchan_send(tx, &dropped), UV_EPIPE);
  drop_tx();
}
END_TEST

START_TEST(what_was_received_is_not_dropped) {
  send_ints(0, 10);
  expect_ints(0, 4);
  dropped = 4;
  close_rx();
  ck_assert_int_eq(dropped, 10);
  drop_tx();
}
END_TEST

START_TEST(without_a_drop_function_messages_are_forgotten) {
  loopchan_options_t options = int_options();

  close_rx();
  drop_tx();
  open_with(NULL, &options);
  send_ints(0, 1000);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(senders_outlive_loop_and_receiver) {
  loopchan_sender_t *clone;
  int message = 3;

  close_rx();
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
  clone = loopchan_sender_clone(tx);
  ck_assert_ptr_nonnull(clone);
  ck_assert_int_eq(loopchan_send(clone, &message), UV_EPIPE);
  loopchan_sender_drop(clone);
  drop_tx();
  loop_open();
}
END_TEST

#define ROUNDS 300

/* A worker that sends into a closing receiver pays its wakes late. */
static void flood(void *arg) {
  loopchan_sender_t *mine = arg;
  int message;

  for (message = 0; loopchan_send(mine, &message) == 0; message++) {
  }
  loopchan_sender_drop(mine);
}

static void count_up(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) msg;
  ck_assert_int_eq(status, 0);
  if (++*(int *) receiver->data == 50)
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(no_wake_touches_a_loop_that_is_gone) {
  int round;

  close_rx();
  drop_tx();
  for (round = 0; round < ROUNDS; round++) {
    loopchan_options_t options = int_options();
    uv_loop_t *own = malloc(sizeof *own);
    loopchan_receiver_t *receiver = calloc(1, sizeof *receiver);
    uv_thread_t worker;
    int received = 0;
    ck_assert_int_eq(uv_loop_init(own), 0);
    ck_assert_int_eq(loopchan_open(own, receiver, &tx, &options), 0);
    receiver->data = &received;
    ck_assert_int_eq(loopchan_recv_start(receiver, count_up), 0);
    ck_assert_int_eq(uv_thread_create(&worker, flood, tx), 0);
    uv_run(own, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(own), 0);
    free(receiver);
    free(own);
    ck_assert_int_eq(uv_thread_join(&worker), 0);
    ck_assert_int_eq(received, 50);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise close");

  SUITE_CASE(suite, "thread", setup_thread, expect_clean,
             a_thread_receiver_closes_at_once, what_was_received_is_not_dropped,
             without_a_drop_function_messages_are_forgotten);
  SUITE_CASE(suite, "loop", setup_loop, expect_clean,
             a_loop_receiver_closes_in_a_later_turn,
             senders_outlive_loop_and_receiver,
             no_wake_touches_a_loop_that_is_gone);
  return suite;
}
