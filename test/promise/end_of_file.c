/* Promise §3.6: the channel ends gently, from either side: what was accepted
 * is delivered, then comes the end. */
#include "support/channel.h"
#include "support/suite.h"

static int received, eofs;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  ck_assert_int_eq(eofs, 0);
  if (status == UV_EOF) {
    eofs++;
    return;
  }
  ck_assert_int_eq(*(int *) msg, received++);
}

static void open_to_end(void) {
  received = eofs = 0;
  open_loop();
}

static void expect_refusal(void) {
  int message = 1;

  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  ck_assert_int_eq(loopchan_send(tx, &message), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_many(tx, &message, 1), UV_EPIPE);
}

START_TEST(a_shut_down_thread_receiver_drains_then_ends) {
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  expect_refusal();
  ck_assert_int_eq(loopchan_shutdown(&rx), UV_EALREADY);
  expect_ints(0, 3);
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_shut_down_loop_receiver_drains_then_ends) {
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  expect_refusal();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 3);
  ck_assert_int_eq(eofs, 1);
  drop_tx();
  uv_run(&loop, UV_RUN_NOWAIT);
  close_rx();
}
END_TEST

START_TEST(a_shutdown_of_an_idle_loop_receiver_is_told) {
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(eofs, 1);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_shutdown_before_the_start_is_told_after_it) {
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(eofs, 1);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_shutdown_after_the_last_drop_ends_once) {
  send_ints(0, 1);
  drop_tx();
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  close_rx();
}
END_TEST

START_TEST(a_shutdown_after_the_end_tells_nothing_more) {
  drop_tx();
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(eofs, 1);
  close_rx();
}
END_TEST

START_TEST(only_the_last_of_many_senders_ends_the_channel) {
  loopchan_sender_t *clones[10];
  int i;

  for (i = 0; i < 10; i++)
    clones[i] = loopchan_sender_clone(tx);
  send_ints(0, 1);
  drop_tx();
  for (i = 0; i < 10; i++) {
    int message = -1, err = loopchan_try_recv(&rx, &message);
    ck_assert_int_eq(err, i == 0 ? 0 : UV_EAGAIN);
    loopchan_sender_drop(clones[i]);
  }
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise end_of_file");

  SUITE_CASE(suite, "thread", open_thread, expect_clean,
             a_shut_down_thread_receiver_drains_then_ends,
             only_the_last_of_many_senders_ends_the_channel);
  SUITE_CASE(suite, "loop", open_to_end, expect_clean,
             a_shut_down_loop_receiver_drains_then_ends,
             a_shutdown_of_an_idle_loop_receiver_is_told,
             a_shutdown_before_the_start_is_told_after_it,
             a_shutdown_after_the_last_drop_ends_once,
             a_shutdown_after_the_end_tells_nothing_more);
  return suite;
}
