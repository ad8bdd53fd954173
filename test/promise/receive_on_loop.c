/* Promise §3.3: delivery by callback, from start to stop. */
#include "support/channel.h"
#include "support/suite.h"

static int received, eofs, stop_at;

static void reset(void) {
  open_loop();
  received = eofs = stop_at = 0;
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_ptr_eq(receiver, &rx);
  if (status == UV_EOF) {
    ck_assert_ptr_null(msg);
    eofs++;
    return;
  }
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received);
  if (++received == stop_at)
    ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
}

static void never(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  ck_abort_msg("the second callback was never started");
}

static void start(void) {
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
}

static void send_ten(void *arg) {
  (void) arg;
  for (int i = 0; i < 10; i++)
    if (loopchan_send(tx, &i) != 0)
      return;
}

static void drop_on_worker(void *arg) {
  (void) arg;
  drop_tx();
}

static void finish(void) {
  drop_tx();
  close_rx();
}

START_TEST(what_was_sent_before_the_start_is_delivered) {
  send_ints(0, 3);
  start();
  ck_assert_int_eq(received, 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 3);
  finish();
}
END_TEST

START_TEST(a_send_from_a_worker_wakes_the_loop) {
  uv_thread_t worker;

  start();
  ck_assert_int_eq(uv_thread_create(&worker, send_ten, NULL), 0);
  while (received < 10)
    uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  finish();
}
END_TEST

START_TEST(starting_twice_keeps_the_first_callback) {
  start();
  ck_assert_int_eq(loopchan_recv_start(&rx, never), UV_EALREADY);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 1);
  finish();
}
END_TEST

START_TEST(messages_wait_while_stopped) {
  start();
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  send_ints(0, 2);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 0);
  start();
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 2);
  finish();
}
END_TEST

START_TEST(a_stop_in_the_callback_makes_its_message_the_last) {
  send_ints(0, 5);
  stop_at = 2;
  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 2);
  expect_ints(2, 1);
  received++;
  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 5);
  finish();
}
END_TEST

START_TEST(the_end_is_told_once_behind_all_messages) {
  send_ints(0, 3);
  drop_tx();
  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 3);
  ck_assert_int_eq(eofs, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  ck_assert_int_eq(loopchan_recv_start(&rx, never), UV_EOF);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, never), UV_EOF);
  ck_assert(uv_is_active((uv_handle_t *) &rx));
  close_rx();
}
END_TEST

START_TEST(the_end_keeps_until_the_start) {
  drop_tx();
  uv_run(&loop, UV_RUN_NOWAIT);
  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  close_rx();
}
END_TEST

START_TEST(the_last_drop_wakes_a_waiting_loop) {
  uv_thread_t worker;

  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(uv_thread_create(&worker, drop_on_worker, NULL), 0);
  while (eofs == 0)
    uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  close_rx();
}
END_TEST

START_TEST(try_recv_on_the_loops_thread_finds_what_was_sent) {
  send_ints(0, 2);
  expect_ints(0, 1);
  start();
  expect_ints(1, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 0);
  finish();
}
END_TEST

START_TEST(the_end_seen_by_try_recv_is_still_called_back) {
  drop_tx();
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  start();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  close_rx();
}
END_TEST

#define TRIPS 2000

static loopchan_receiver_t far_rx;
static loopchan_sender_t *far_tx;
static int far_failures;

static void send_back(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF)
    far_failures += loopchan_close(receiver, NULL) != 0;
  else
    far_failures += loopchan_send(tx, msg) != 0;
}

static void run_far(void *arg) {
  uv_run(arg, UV_RUN_DEFAULT);
}

static void send_there(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
  if (received < TRIPS) {
    ck_assert_int_eq(loopchan_send(far_tx, &received), 0);
    return;
  }
  loopchan_sender_drop(far_tx);
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

/* One message is under way, so a single wake-up that is lost ends it all. */
START_TEST(two_loops_answer_each_other) {
  loopchan_options_t options = int_options();
  uv_loop_t far_loop;
  uv_thread_t worker;

  options.spin_ns = LOOPCHAN_NO_SPIN;
  ck_assert_int_eq(uv_loop_init(&far_loop), 0);
  ck_assert_int_eq(loopchan_open(&far_loop, &far_rx, &far_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&far_rx, send_back), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, send_there), 0);
  ck_assert_int_eq(loopchan_send(far_tx, &received), 0);
  ck_assert_int_eq(uv_thread_create(&worker, run_far, &far_loop), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  ck_assert_int_eq(uv_loop_close(&far_loop), 0);
  ck_assert_int_eq(received, TRIPS);
  ck_assert_int_eq(far_failures, 0);
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise receive_on_loop");

  SUITE_CASE(suite, "receive_on_loop", reset, expect_clean,
             what_was_sent_before_the_start_is_delivered,
             a_send_from_a_worker_wakes_the_loop,
             starting_twice_keeps_the_first_callback,
             messages_wait_while_stopped,
             a_stop_in_the_callback_makes_its_message_the_last,
             the_end_is_told_once_behind_all_messages,
             the_end_keeps_until_the_start, the_last_drop_wakes_a_waiting_loop,
             try_recv_on_the_loops_thread_finds_what_was_sent,
             the_end_seen_by_try_recv_is_still_called_back,
             two_loops_answer_each_other);
  return suite;
}
