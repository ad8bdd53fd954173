/* Promise: in a debug build a programmer's error on a receiver is an assert. */
#include <signal.h>
#include <stdbool.h>

#include "support/channel.h"
#include "support/suite.h"

static void try_recv_elsewhere(void *arg) {
  int message;

  (void) arg;
  loopchan_try_recv(&rx, &message);
}

static void lend_to_a_thread(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, try_recv_elsewhere, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  exit(EXIT_FAILURE);
}

START_TEST(two_threads_in_a_receiver_abort) {
  ck_assert_int_eq(loopchan_recv_start(&rx, lend_to_a_thread), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

START_TEST(a_call_after_a_plain_uv_close_aborts) {
  int message;

  uv_close((uv_handle_t *) &rx, NULL);
  loopchan_try_recv(&rx, &message);
}
END_TEST

static loopchan_receiver_t other;
static loopchan_sender_t *other_tx;

static void run_the_loop_again(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  send_ints(1, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  exit(EXIT_FAILURE);
}

/* The inner run calls back only handles that the outer one has been at. */
START_TEST(a_run_of_the_loop_inside_a_receive_callback_aborts) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(loopchan_open(&loop, &other, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&other, run_the_loop_again), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, run_the_loop_again), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){0}), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static void on_closed(loopchan_receiver_t *receiver) {
  (void) receiver;
  exit(EXIT_FAILURE);
}

/* Its close callback would come while the message is in its callback's hands.
 */
static void wait_for_the_close(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_close(receiver, on_closed), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(a_wait_for_the_close_inside_a_receive_callback_aborts) {
  ck_assert_int_eq(loopchan_recv_start(&rx, wait_for_the_close), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static loopchan_writer_t writer;

static void write_again(loopchan_write_t *request, int status) {
  (void) status;
  ck_assert_int_eq(loopchan_write(request, &writer, &(int){2}, write_again), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
}

START_TEST(a_run_of_the_loop_inside_a_write_callback_aborts) {
  loopchan_write_t request;

  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){1}, write_again),
                   0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

/* Another loop is another matter. */
static uv_loop_t other_loop;

static void run_another_loop(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  (void) msg;
  if (status != 0)
    return;
  uv_run(&other_loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

static void close_it(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(another_loop_may_run_inside_a_callback) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(uv_loop_init(&other_loop), 0);
  ck_assert_int_eq(loopchan_open(&other_loop, &other, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&other, close_it), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){1}), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, run_another_loop), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  loopchan_sender_drop(other_tx);
  drop_tx();
  ck_assert_int_eq(uv_loop_close(&other_loop), 0);
}
END_TEST

/* Asserts are there, and each test has a process of its own to die in. */
static bool can_abort(void) {
#ifdef NDEBUG
  return false;
#else
  SRunner *runner = srunner_create(NULL);
  bool forks = srunner_fork_status(runner) == CK_FORK;
  srunner_free(runner);
  return forks;
#endif
}

static Suite *suite(void) {
  Suite *suite = suite_create("promise misuse");
  TCase *aborts = tcase_create("aborts");

  suite_add_tcase(suite, aborts);
  tcase_add_checked_fixture(aborts, open_loop, NULL);
  if (can_abort()) {
    tcase_add_test_raise_signal(aborts, two_threads_in_a_receiver_abort,
                                SIGABRT);
    tcase_add_test_raise_signal(aborts, a_call_after_a_plain_uv_close_aborts,
                                SIGABRT);
    tcase_add_test_raise_signal(
        aborts, a_run_of_the_loop_inside_a_receive_callback_aborts, SIGABRT);
    tcase_add_test_raise_signal(
        aborts, a_wait_for_the_close_inside_a_receive_callback_aborts, SIGABRT);
    tcase_add_test_raise_signal(
        aborts, a_run_of_the_loop_inside_a_write_callback_aborts, SIGABRT);
  }
  SUITE_CASE(suite, "other", open_loop, expect_clean,
             another_loop_may_run_inside_a_callback);
  return suite;
}
