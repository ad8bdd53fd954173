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
  }
  return suite;
}
