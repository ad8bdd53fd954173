/* Room receiver_loop: while started, the inbox is PARKED or a callback is on
 * its way. */
#include "api/receiver.h"
#include "support/loop.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;
static int received, stop_at;

static void fresh(void) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .budget_messages = 4,
                                .budget_ns = LOOPCHAN_FOREVER};

  loop_open();
  received = stop_at = 0;
  ck_assert_int_eq(loopchan_open(&loop, &rx, &tx, &options), 0);
}

static void expect_nothing_left(void) {
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  expect_loop_clean();
}

static void count(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received);
  if (++received == stop_at)
    ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
}

static bool is_parked(void) {
  return lc_load(&rx.channel->inbox.word, memory_order_relaxed) == LC_PARKED;
}

static void send_ints(int first, int count_of_them) {
  for (; count_of_them-- > 0; first++)
    ck_assert_int_eq(loopchan_send(tx, &first), 0);
}

START_TEST(starting_with_nothing_there_parks_at_once) {
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  ck_assert(is_parked());
  send_ints(0, 1);
  ck_assert(!is_parked());
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 1);
  ck_assert(is_parked());
}
END_TEST

START_TEST(starting_with_messages_there_needs_no_sender) {
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 3);
  ck_assert(is_parked());
}
END_TEST

START_TEST(a_backlog_left_by_a_stop_is_delivered_after_the_start) {
  send_ints(0, 3);
  stop_at = 1;
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  stop_at = 0;
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 3);
  ck_assert(is_parked());
}
END_TEST

START_TEST(a_wake_heard_while_stopped_is_made_up_for) {
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  send_ints(0, 2);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 2);
}
END_TEST

START_TEST(a_budget_cut_goes_on_by_itself) {
  loopchan_stats_t stats;

  send_ints(0, 10);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 4);
  ck_assert(!is_parked());
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 8);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 10);
  ck_assert(is_parked());
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.budget_cuts, 2);
  ck_assert_uint_eq(stats.wakeups, 0);
}
END_TEST

START_TEST(a_budget_that_just_suffices_cuts_nothing) {
  loopchan_stats_t stats;

  send_ints(0, 4);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 4);
  ck_assert(is_parked());
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.budget_cuts, 0);
}
END_TEST

START_TEST(try_recv_leaves_the_park_alone) {
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  ck_assert(is_parked());
}
END_TEST

/* A spin in vain would halve the next one. */
START_TEST(a_turn_without_a_message_does_not_spin) {
  const lc_backoff_t *backoff = &rx.channel->rx.backoff;

  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  lc_wake_self(&rx.channel->wake);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_uint_gt(backoff->most_ns, 0);
  ck_assert_uint_eq(backoff->next_ns, backoff->most_ns);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(received, 1);
  ck_assert_uint_lt(backoff->next_ns, backoff->most_ns);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room receiver_loop");

  SUITE_CASE(
      suite, "receiver_loop", fresh, expect_nothing_left,
      starting_with_nothing_there_parks_at_once,
      starting_with_messages_there_needs_no_sender,
      a_backlog_left_by_a_stop_is_delivered_after_the_start,
      a_wake_heard_while_stopped_is_made_up_for, a_budget_cut_goes_on_by_itself,
      a_budget_that_just_suffices_cuts_nothing, try_recv_leaves_the_park_alone,
      a_turn_without_a_message_does_not_spin);
  return suite;
}
