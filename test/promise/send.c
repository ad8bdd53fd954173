/* Promise: a send that returned 0 is in the channel, in order; one that did
 * not has left its message alone. */
#include "support/channel.h"
#include "support/suite.h"
#include "support/threads.h"

START_TEST(what_was_sent_is_received_in_order) {
  send_ints(0, 1000);
  expect_ints(0, 1000);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(try_send_sends) {
  int message = 5;

  ck_assert_int_eq(loopchan_try_send(tx, &message), 0);
  expect_ints(5, 1);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(send_many_sends_all_in_order) {
  static int messages[5000];
  int i;

  for (i = 0; i < 5000; i++)
    messages[i] = i + 1;
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 5000), 5000);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 0), 0);
  send_ints(5001, 1);
  expect_ints(0, 5002);
  drop_tx();
  close_rx();
}
END_TEST

#define THREADS 4
#define BLOCKS 400
#define BLOCK 50

static loopchan_sender_t *senders[THREADS];
static int failures[THREADS];

static void send_blocks(int self) {
  int block[BLOCK], i, n;

  for (n = 0; n < BLOCKS; n++) {
    for (i = 0; i < BLOCK; i++)
      block[i] = i;
    if (loopchan_send_many(senders[self], block, BLOCK) != BLOCK)
      break;
  }
  loopchan_sender_drop(senders[self]);
}

START_TEST(no_other_message_comes_between_those_of_one_send_many) {
  int i, message, received = 0;

  for (i = 0; i < THREADS; i++)
    senders[i] = loopchan_sender_clone(tx);
  drop_tx();
  threads_start(THREADS, send_blocks);
  while (loopchan_recv(&rx, &message) == 0)
    if (message != received++ % BLOCK)
      ck_abort_msg("%d is out of its block", message);
  ck_assert_int_eq(received, THREADS * BLOCKS * BLOCK);
  threads_join();
  close_rx();
}
END_TEST

START_TEST(send_many_wakes_once_at_most) {
  static int messages[1000];
  loopchan_stats_t stats;

  ck_assert_int_eq(loopchan_send_many(tx, messages, 1000), 1000);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_le(stats.wakeups, 1);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(send_many_tells_how_many_went_when_memory_runs_out) {
  static int messages[2000];
  ssize_t went;
  int i;

  for (i = 0; i < 2000; i++)
    messages[i] = i;
  memory_fail(3);
  went = loopchan_send_many(tx, messages, 2000);
  ck_assert(memory_has_failed());
  ck_assert_int_gt(went, 0);
  ck_assert_int_lt(went, 2000);
  ck_assert_int_eq(
      loopchan_send_many(tx, messages + went, 2000 - (size_t) went),
      2000 - went);
  expect_ints(0, 2000);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(send_many_of_which_none_went_is_an_error) {
  int message = 1;

  memory_fail(1);
  ck_assert_int_eq(loopchan_send_many(tx, &message, 1), UV_ENOMEM);
  close_rx();
  ck_assert_int_eq(loopchan_send_many(tx, &message, 1), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_many(tx, &message, 0), UV_EPIPE);
  drop_tx();
}
END_TEST

START_TEST(a_refused_message_is_untouched) {
  int message = 77;

  ck_assert_int_eq(loopchan_is_closed(tx), 0);
  close_rx();
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  ck_assert_int_eq(loopchan_send(tx, &message), UV_EPIPE);
  ck_assert_int_eq(loopchan_try_send(tx, &message), UV_EPIPE);
  ck_assert_int_eq(message, 77);
  drop_tx();
}
END_TEST

START_TEST(a_clone_is_a_sender_of_its_own) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx), *third;

  ck_assert_ptr_nonnull(clone);
  ck_assert_ptr_ne(clone, tx);
  drop_tx();
  tx = clone;
  send_ints(1, 2);
  expect_ints(1, 2);
  close_rx();
  third = loopchan_sender_clone(tx);
  ck_assert_ptr_nonnull(third);
  ck_assert_int_eq(loopchan_send(third, &(int){0}), UV_EPIPE);
  loopchan_sender_drop(third);
  drop_tx();
}
END_TEST

#ifdef SLOW /* under a sanitizer */
#define EACH 5000
#else
#define EACH 50000
#endif

/* Each worker's messages come whole and in its order. */
static void expect_all(void) {
  int i, message, next[THREADS] = {0};

  for (i = 0; i < THREADS * EACH; i++) {
    if (loopchan_recv(&rx, &message) != 0)
      ck_abort_msg("lost after %d", i);
    if (message % EACH != next[message / EACH]++)
      ck_abort_msg("%d is out of order", message);
  }
  threads_join();
  for (i = 0; i < THREADS; i++)
    ck_assert_int_eq(failures[i], 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
}

static void send_on_shared(int self) {
  int i;

  for (i = self * EACH; i < (self + 1) * EACH; i++)
    if (loopchan_send(tx, &i) != 0)
      failures[self]++;
}

START_TEST(several_threads_use_one_sender_at_once) {
  threads_start(THREADS, send_on_shared);
  expect_all();
  drop_tx();
  close_rx();
}
END_TEST

static void clone_send_and_drop(int self) {
  int i;

  for (i = self * EACH; i < (self + 1) * EACH; i++) {
    loopchan_sender_t *clone = loopchan_sender_clone(tx);
    loopchan_sender_t *second = loopchan_sender_clone(clone);
    loopchan_sender_drop(clone);
    if (second == NULL || loopchan_send(second, &i) != 0)
      failures[self]++;
    loopchan_sender_drop(second);
  }
}

START_TEST(several_threads_clone_and_drop_at_once) {
  loopchan_stats_t stats;

  threads_start(THREADS, clone_send_and_drop);
  expect_all();
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, THREADS * EACH);
  ck_assert_uint_eq(stats.senders, 1);
  drop_tx();
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

/* Only NULLs: there is nothing to copy, neither in nor out. */
START_TEST(a_bare_signal_needs_no_message) {
  close_rx();
  drop_tx();
  open_signals(NULL);
  ck_assert_int_eq(loopchan_send(tx, NULL), 0);
  ck_assert_int_eq(loopchan_send_many(tx, NULL, 2), 2);
  ck_assert_int_eq(loopchan_try_recv(&rx, NULL), 0);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, 3), 2);
  ck_assert_int_eq(loopchan_try_recv(&rx, NULL), UV_EAGAIN);
  close_rx();
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise send");

  SUITE_CASE(
      suite, "send", open_thread, expect_clean,
      what_was_sent_is_received_in_order, try_send_sends,
      send_many_sends_all_in_order,
      no_other_message_comes_between_those_of_one_send_many,
      send_many_wakes_once_at_most,
      send_many_tells_how_many_went_when_memory_runs_out,
      send_many_of_which_none_went_is_an_error, a_refused_message_is_untouched,
      a_clone_is_a_sender_of_its_own, several_threads_use_one_sender_at_once,
      several_threads_clone_and_drop_at_once, a_bare_signal_needs_no_message);
  return suite;
}
