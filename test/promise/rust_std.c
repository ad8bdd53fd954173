/* Promise: what Rust's std::sync::mpsc asks of its channels, asked of thread
 * receivers of every capacity. The list was drawn up after that library's
 * tests; each test names those that it stands for. What they ask beside this is
 * asked by promise_rust_std_ends, promise_flavours, promise_receive_on_thread
 * and promise_rendezvous. */
#include "support/senders.h"
#include "support/suite.h"
#include "support/waiting.h"

#ifdef SLOW /* under a sanitizer */
#define STRESS 50
#else
#define STRESS 300
#endif

static int on_its_way;

static void pass_on(int self) {
  int message = -1;

  if (self == 0)
    wrong += loopchan_send(tx, &on_its_way) != 0;
  else if (loopchan_recv(&rx, &message) != 0 || message != on_its_way)
    wrong++;
}

/* stream_send_recv_stress: both ends go from thread to thread. */
START_TEST(both_ends_wander_from_thread_to_thread) {
  open_for_senders(FIRST_ON_THREAD + _i);
  for (on_its_way = 0; on_its_way < STRESS; on_its_way++) {
    threads_start(2, pass_on);
    threads_join();
    ck_assert_int_eq(wrong, 0);
  }
  drop_tx();
  ck_assert_int_eq(loopchan_recv(&rx, &on_its_way), UV_EOF);
  close_rx();
}
END_TEST

static atomic_int given_up;

/* Now and then not before the receiver has given up once more. */
static void send_now_and_then(int self) {
  for (int i = 0; i < STRESS; i++) {
    int before = given_up;
    while (i % 16 == 0 && given_up == before)
      sched_yield();
    wrong += loopchan_send(txs[self], &i) != 0;
  }
  loopchan_sender_drop(txs[self]);
}

/* stress_recv_timeout_two_threads, stress_recv_timeout_shared,
 * recv_timeout_upgrade, shared_recv_timeout */
START_TEST(a_receiver_that_gives_up_and_comes_back_gets_all) {
  for (int count = 1; count <= SENDERS; count *= SENDERS) {
    int received = 0, message, err;
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(count);
    threads_start(count, send_now_and_then);
    while ((err = loopchan_recv_timeout(&rx, &message, 10000)) != UV_EOF) {
      ck_assert(err == 0 || err == UV_ETIMEDOUT);
      received += err == 0;
      given_up += err == UV_ETIMEDOUT;
    }
    threads_join();
    ck_assert_int_eq(received, count * STRESS);
    ck_assert_int_eq(wrong, 0);
    close_rx();
  }
}
END_TEST

/* oneshot_single_thread_recv_timeout, recv_timeout: it is there at once */
START_TEST(a_message_that_is_there_is_not_waited_for) {
  waiter_t waiter;
  int message;

  open_for_senders(FIRST_ON_THREAD + _i);
  waiter_start(&waiter, 5);
  while (loopchan_recv_timeout(&rx, &message, 0) == UV_ETIMEDOUT)
    sched_yield();
  ck_assert_int_eq(message, 5);
  waiter_expect(&waiter, 5, 0);
  close_and_drop();
}
END_TEST

static void send_a_lot(int self) {
  for (int i = 0; i < 10000; i++)
    wrong += loopchan_send(txs[self], &i) != 0;
  loopchan_sender_drop(txs[self]);
}

/* recv_a_lot, stress, no_runtime: the first burst, then a second one */
START_TEST(a_lot_is_received_in_order) {
  open_for_senders(FIRST_ON_THREAD + _i);
  clone_for(1);
  threads_start(1, send_a_lot);
  expect_next(FIRST_ON_THREAD + _i, 0, 10000);
  expect_eof(FIRST_ON_THREAD + _i);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  close_rx();
}
END_TEST

static loopchan_receiver_t total_rx;
static loopchan_sender_t *total_tx;

static void open_total(int capacity) {
  loopchan_options_t options =
      flavour_options(&flavours[FIRST_ON_THREAD + capacity]);

  ck_assert_int_eq(loopchan_open(NULL, &total_rx, &total_tx, &options), 0);
}

static void close_total(void) {
  ck_assert_int_eq(loopchan_close(&total_rx, NULL), 0);
  loopchan_sender_drop(total_tx);
}

static void add_up(int self) {
  int message, total = 0;

  (void) self;
  while (loopchan_recv(&rx, &message) == 0)
    total += message;
  wrong += loopchan_send(total_tx, &total) != 0;
}

/* test_nested_recv_iter, issue_15761: one channel's end is another's message */
START_TEST(one_channel_answers_for_another) {
  int total;

  open_for_senders(FIRST_ON_THREAD + _i);
  open_total(_i);
  threads_start(1, add_up);
  for (int i = 1; i <= 3; i++)
    ck_assert_int_eq(loopchan_send(tx, &i), 0);
  drop_tx();
  ck_assert_int_eq(loopchan_recv(&total_rx, &total), 0);
  ck_assert_int_eq(total, 6);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  close_total();
  close_rx();
}
END_TEST

static void break_off(int self) {
  int message, count = 0;

  (void) self;
  while (count < 3 && loopchan_recv(&rx, &message) == 0)
    count++;
  wrong += count != 3 || loopchan_send(total_tx, &count) != 0;
  wrong += loopchan_close(&rx, NULL) != 0;
}

/* test_recv_iter_break, issue_32114: who stops in between refuses the rest, for
 * ever */
START_TEST(a_receiver_that_breaks_off_takes_no_more) {
  int count, message = 2;

  open_for_senders(FIRST_ON_THREAD + _i);
  open_total(_i);
  threads_start(1, break_off);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(loopchan_send(tx, &message), 0);
  ck_assert_int_eq(loopchan_recv(&total_rx, &count), 0);
  threads_join();
  ck_assert_int_eq(count, 3);
  ck_assert_int_eq(wrong, 0);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(loopchan_send(tx, &message), UV_EPIPE);
  drop_tx();
  close_total();
}
END_TEST

static void answer_each(int self) {
  int message;

  (void) self;
  while (loopchan_recv(&rx, &message) == 0)
    if (loopchan_send(total_tx, &message) != 0)
      break;
}

/* test_recv_try_iter: asks for one more whenever it has taken what is there */
START_TEST(what_is_there_is_taken_without_waiting) {
  int taken = 0, message;

  open_for_senders(FIRST_ON_THREAD + _i);
  open_total(_i);
  threads_start(1, answer_each);
  while (taken < 6) {
    int err = loopchan_try_send(tx, &taken);
    ck_assert(err == 0 || err == UV_EAGAIN);
    while (taken < 6 && loopchan_try_recv(&total_rx, &message) == 0)
      taken++;
    sched_yield();
  }
  drop_tx();
  /* An answer too many may still wait to be taken. */
  ck_assert_int_eq(loopchan_shutdown(&total_rx), 0);
  threads_join();
  close_total();
  close_rx();
}
END_TEST

static uv_sem_t may_go_on, has_dropped;

static void send_then_drop(int self) {
  (void) self;
  uv_sem_wait(&may_go_on);
  wrong += loopchan_send(tx, &(int){1}) != 0;
  uv_sem_wait(&may_go_on);
  loopchan_sender_drop(tx);
  uv_sem_post(&has_dropped);
}

/* try_recv_states */
START_TEST(try_recv_tells_nothing_there_from_the_end) {
  int message, err;

  open_for_senders(FIRST_ON_THREAD + _i);
  ck_assert_int_eq(uv_sem_init(&may_go_on, 0), 0);
  ck_assert_int_eq(uv_sem_init(&has_dropped, 0), 0);
  threads_start(1, send_then_drop);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  uv_sem_post(&may_go_on);
  while ((err = loopchan_try_recv(&rx, &message)) == UV_EAGAIN)
    sched_yield();
  ck_assert_int_eq(err, 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  uv_sem_post(&may_go_on);
  uv_sem_wait(&has_dropped);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EOF);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  uv_sem_destroy(&may_go_on);
  uv_sem_destroy(&has_dropped);
  close_rx();
}
END_TEST

/* shared_chan_stress, stress_shared */
START_TEST(many_threads_with_a_clone_each_send_one_message) {
  int message, received = 0;

  open_for_senders(FIRST_ON_THREAD + _i);
  for (int round = 0; round < STRESS / 10; round++) {
    for (int i = 0; i < SENDERS; i++)
      txs[i] = loopchan_sender_clone(tx);
    threads_start(SENDERS, send_its_number);
    for (int i = 0; i < SENDERS; i++)
      received += loopchan_recv(&rx, &message) == 0;
    threads_join();
    ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  }
  ck_assert_int_eq(received, SENDERS * (STRESS / 10));
  ck_assert_int_eq(wrong, 0);
  drop_tx();
  ck_assert_int_eq(loopchan_recv(&rx, &message), UV_EOF);
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise rust_std");

  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  both_ends_wander_from_thread_to_thread,
                  a_receiver_that_gives_up_and_comes_back_gets_all,
                  a_message_that_is_there_is_not_waited_for,
                  a_lot_is_received_in_order, one_channel_answers_for_another,
                  a_receiver_that_breaks_off_takes_no_more,
                  what_is_there_is_taken_without_waiting,
                  try_recv_tells_nothing_there_from_the_end,
                  many_threads_with_a_clone_each_send_one_message);
  return suite;
}
