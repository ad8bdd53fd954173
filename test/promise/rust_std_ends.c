/* Promise: what Rust's std::sync::mpsc asks of the two ends of a channel that
 * go one before the other, or at once; see promise_rust_std. */
#include "support/senders.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define STRESS 50
#else
#define STRESS 300
#endif

static void send_until_refused(int self) {
  int err;

  do
    err = loopchan_send(txs[self], &self);
  while (err == 0);
  wrong += err != UV_EPIPE;
  loopchan_sender_drop(txs[self]);
}

/* port_gone_concurrent, port_gone_concurrent_shared, send2, send3, send4 */
START_TEST(senders_learn_that_the_receiver_has_gone) {
  for (int round = 0; round < STRESS; round++) {
    int count = 1 + round % 3, message;
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(count);
    threads_start(count, send_until_refused);
    for (int i = 0; i < round % 5; i++)
      ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    close_rx();
    threads_join();
    ck_assert_int_eq(wrong, 0);
  }
}
END_TEST

/* chan_gone_concurrent, recv_into_iter_owned, recv_into_iter_borrowed */
START_TEST(the_receiver_learns_that_the_senders_have_gone) {
  for (int round = 0; round < STRESS; round++) {
    int count = 1 + round % SENDERS, message, sum = 0;
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(count);
    threads_start(count, send_its_number);
    while (loopchan_recv(&rx, &message) == 0)
      sum += message + 1;
    ck_assert_int_eq(sum, count * (count + 1) / 2);
    ck_assert_int_eq(loopchan_recv(&rx, &message), UV_EOF);
    threads_join();
    ck_assert_int_eq(wrong, 0);
    close_rx();
  }
}
END_TEST

/* oneshot_single_thread_close_chan_first, oneshot_single_thread_try_recv_open,
 * ..._recv_timeout, ..._peek_*, smoke_chan_gone */
START_TEST(one_thread_alone_sees_nothing_then_the_end) {
  int message = 7;

  open_for_senders(FIRST_ON_THREAD + _i);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 1000), UV_ETIMEDOUT);
  drop_tx();
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 1000), UV_EOF);
  ck_assert_int_eq(loopchan_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(message, 7);
  close_rx();
}
END_TEST

/* oneshot_multi_thread_close_stress, destroy_upgraded_shared_port_when_sender_
 * still_active */
START_TEST(both_ends_go_at_once) {
  for (int round = 0; round < STRESS; round++) {
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(2);
    threads_start(2, drop_its_own);
    if (round % 2 == 0)
      ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
    close_rx();
    threads_join();
  }
}
END_TEST

static void try_once(int self) {
  int err = loopchan_send(txs[self], &self);

  wrong += err != 0 && err != UV_EPIPE;
  loopchan_sender_drop(txs[self]);
}

/* oneshot_multi_thread_send_close_stress */
START_TEST(one_sends_while_the_other_goes) {
  loopchan_stats_t stats;

  for (int round = 0; round < STRESS; round++) {
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(1);
    threads_start(1, try_once);
    close_rx();
    threads_join();
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
    ck_assert_uint_eq(stats.sent, stats.dropped);
  }
}
END_TEST

static atomic_int got;

static void receive_one(int self) {
  int message, err = loopchan_recv(&rx, &message);

  (void) self;
  got += err == 0;
  wrong += err != 0 && err != UV_EOF;
}

static void receive_or_drop(int self) {
  if (self == 1)
    receive_one(self);
  else
    drop_its_own(self);
}

static void receive_or_send(int self) {
  if (self == 1)
    receive_one(self);
  else
    send_its_number(self);
}

/* oneshot_multi_thread_recv_close_stress, oneshot_multi_task_recv_then_close,
 * oneshot_multi_thread_send_recv_stress */
START_TEST(one_receives_while_the_other_drops_or_sends) {
  for (int round = 0; round < STRESS; round++) {
    got = 0;
    open_for_senders(FIRST_ON_THREAD + _i);
    clone_for(1);
    threads_start(2, round % 2 == 0 ? receive_or_drop : receive_or_send);
    threads_join();
    ck_assert_int_eq(got, round % 2);
    ck_assert_int_eq(wrong, 0);
    close_rx();
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise rust_std_ends");

  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  senders_learn_that_the_receiver_has_gone,
                  the_receiver_learns_that_the_senders_have_gone,
                  one_thread_alone_sees_nothing_then_the_end,
                  both_ends_go_at_once, one_sends_while_the_other_goes,
                  one_receives_while_the_other_drops_or_sends);
  return suite;
}
