/* Promise §3.2: all accepted messages have one order, and it agrees with real
 * time. */
#include <stdbool.h>

#include "support/channel.h"
#include "support/suite.h"
#include "support/threads.h"

#define THREADS 4
#define TURNS 2000

static uv_barrier_t barrier;
static loopchan_sender_t *senders[THREADS];
static int failures[THREADS];

/* The threads take turns: each sends only after the one before has returned
 * from its send, and the barrier between says so. */
static void take_turns(int self) {
  int turn;

  for (turn = 0; turn < TURNS; turn++) {
    if (turn % THREADS == self && loopchan_send(senders[self], &turn) != 0)
      failures[self]++;
    uv_barrier_wait(&barrier);
  }
}

static int received;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
}

static void receive_turns(bool on_loop) {
  if (on_loop)
    ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  while (received < TURNS) {
    int message, err = 0;
    if (on_loop)
      uv_run(&loop, UV_RUN_ONCE);
    else if ((err = loopchan_recv(&rx, &message)) == 0)
      on_message(&rx, 0, &message);
    ck_assert_int_eq(err, 0);
  }
}

static void run_turns(bool on_loop, bool one_sender) {
  loopchan_options_t options = int_options();
  int i;

  open_with(on_loop ? &loop : NULL, &options);
  ck_assert_int_eq(uv_barrier_init(&barrier, THREADS), 0);
  for (i = 0; i < THREADS; i++)
    senders[i] = one_sender ? tx : loopchan_sender_clone(tx);
  threads_start(THREADS, take_turns);
  receive_turns(on_loop);
  threads_join();
  for (i = 0; i < THREADS; i++) {
    ck_assert_int_eq(failures[i], 0);
    if (!one_sender)
      loopchan_sender_drop(senders[i]);
  }
  uv_barrier_destroy(&barrier);
  drop_tx();
  close_rx();
}

START_TEST(a_send_that_returned_comes_first_with_a_sender_per_thread) {
  run_turns(_i == 1, false);
}
END_TEST

START_TEST(a_send_that_returned_comes_first_with_one_sender_for_all) {
  run_turns(_i == 1, true);
}
END_TEST

static void send_on_another_thread(void *arg) {
  if (loopchan_send(tx, arg) != 0)
    failures[0]++;
}

START_TEST(try_recv_finds_what_another_thread_has_sent) {
  loopchan_options_t options = int_options();
  int i;

  open_with(_i == 1 ? &loop : NULL, &options);
  for (i = 0; i < 500; i++) {
    uv_thread_t thread;
    ck_assert_int_eq(uv_thread_create(&thread, send_on_another_thread, &i), 0);
    ck_assert_int_eq(uv_thread_join(&thread), 0);
    expect_ints(i, 1);
  }
  ck_assert_int_eq(failures[0], 0);
  drop_tx();
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise order");
  TCase *order = tcase_create("thread, then loop");

  tcase_add_checked_fixture(order, start_clean, expect_clean);
  tcase_set_timeout(order, 60);
  tcase_add_loop_test(
      order, a_send_that_returned_comes_first_with_a_sender_per_thread, 0, 2);
  tcase_add_loop_test(
      order, a_send_that_returned_comes_first_with_one_sender_for_all, 0, 2);
  tcase_add_loop_test(order, try_recv_finds_what_another_thread_has_sent, 0, 2);
  suite_add_tcase(suite, order);
  return suite;
}
