/* Promise §3.2: all accepted messages have one order, and it agrees with real
 * time. */
#include <stdbool.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"

#define THREADS 4
#define TURNS 1000

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

static void run_turns(int flavour, bool one_sender) {
  int i;

  open_flavour(flavour);
  ck_assert_int_eq(uv_barrier_init(&barrier, THREADS), 0);
  for (i = 0; i < THREADS; i++)
    senders[i] = one_sender ? tx : loopchan_sender_clone(tx);
  threads_start(THREADS, take_turns);
  expect_next(flavour, 0, TURNS);
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
  run_turns(_i, false);
}
END_TEST

START_TEST(a_send_that_returned_comes_first_with_one_sender_for_all) {
  run_turns(_i, true);
}
END_TEST

/* By rendezvous a send returns when that has found it. */
static void send_on_another_thread(void *arg) {
  if (loopchan_send(tx, arg) != 0)
    failures[0]++;
}

START_TEST(try_recv_finds_what_another_thread_has_sent) {
  int i;

  open_flavour(_i);
  for (i = 0; i < 500 && flavour_room(&flavours[_i], 1) > 0; i++) {
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

/* Senders that are dropped leave links that are no messages: they hide none
 * that comes behind, however many there are in a row. */
#define DROPPED_FEW 40
#define DROPPED_MANY 1016
#define DROPPED_MOST 1040

START_TEST(dropped_senders_hide_no_message) {
  static loopchan_sender_t *clones[DROPPED_MOST];
  loopchan_options_t options = int_options();
  int count, i;

  for (count = 0; count < DROPPED_MOST; count++) {
    if (count == DROPPED_FEW)
      count = DROPPED_MANY;
    open_with(NULL, &options);
    for (i = 0; i < count; i++) {
      clones[i] = loopchan_sender_clone(tx);
      if (loopchan_send(clones[i], &i) != 0)
        ck_abort_msg("%d was not sent", i);
    }
    for (i = 0; i < count; i++)
      loopchan_sender_drop(clones[i]);
    send_ints(count, 1);
    expect_ints(0, count + 1);
    drop_tx();
    close_rx();
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise order");

  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  a_send_that_returned_comes_first_with_a_sender_per_thread,
                  a_send_that_returned_comes_first_with_one_sender_for_all,
                  try_recv_finds_what_another_thread_has_sent);
  SUITE_CASE(suite, "thread", start_clean, expect_clean,
             dropped_senders_hide_no_message);
  return suite;
}
