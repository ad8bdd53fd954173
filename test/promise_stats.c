/* Promise §3.7: the figures are right. */
#include "support/channel.h"
#include "support/suite.h"

static loopchan_stats_t stats;

static void look(void) {
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, stats.received + stats.dropped + stats.queued);
  ck_assert_uint_eq(stats.waiting, 0);
  ck_assert_uint_eq(stats.capacity, 0);
}

START_TEST(a_new_channel_has_done_nothing) {
  look();
  ck_assert_uint_eq(stats.sent, 0);
  ck_assert_uint_eq(stats.senders, 1);
  ck_assert_uint_eq(stats.wakeups, 0);
  ck_assert_uint_eq(stats.budget_cuts, 0);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(messages_are_counted_where_they_are) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx);

  send_ints(0, 10);
  ck_assert_int_eq(loopchan_send(clone, &(int){10}), 0);
  expect_ints(0, 4);
  look();
  ck_assert_uint_eq(stats.sent, 11);
  ck_assert_uint_eq(stats.received, 4);
  ck_assert_uint_eq(stats.queued, 7);
  ck_assert_uint_eq(stats.senders, 2);
  loopchan_sender_drop(clone);
  look();
  ck_assert_uint_eq(stats.sent, 11);
  ck_assert_uint_eq(stats.senders, 1);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(the_figures_of_the_close_stay) {
  send_ints(0, 10);
  expect_ints(0, 4);
  close_rx();
  look();
  ck_assert_uint_eq(stats.sent, 10);
  ck_assert_uint_eq(stats.received, 4);
  ck_assert_uint_eq(stats.dropped, 6);
  ck_assert_uint_eq(stats.queued, 0);
  ck_assert_uint_eq(stats.senders, 1);
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
  look();
  ck_assert_uint_eq(stats.dropped, 6);
}
END_TEST

START_TEST(abandoned_and_refused_are_not_sent) {
  void *place;

  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  loopchan_abandon(tx, place);
  close_rx();
  ck_assert_int_eq(loopchan_send(tx, &(int){0}), UV_EPIPE);
  look();
  ck_assert_uint_eq(stats.sent, 0);
  drop_tx();
}
END_TEST

static void ignore(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
}

START_TEST(a_burst_to_a_sleeping_loop_is_one_wakeup) {
  uint64_t round;

  ck_assert_int_eq(loopchan_recv_start(&rx, ignore), 0);
  for (round = 1; round <= 10; round++) {
    send_ints(0, 1000);
    look();
    ck_assert_uint_eq(stats.wakeups, round);
    uv_run(&loop, UV_RUN_ONCE);
  }
  look();
  ck_assert_uint_eq(stats.received, 10000);
  ck_assert_uint_eq(stats.wakeups, 10);
  drop_tx();
  close_rx();
}
END_TEST

static int drops;

static void look_while_dropping(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  drops++;
  look();
  ck_assert_uint_eq(stats.sent, 10);
  ck_assert_uint_eq(stats.received, 4);
  ck_assert_uint_eq(stats.dropped, 6);
}

/* Inside drop the receiver counts as closed. */
START_TEST(the_figures_of_the_close_are_there_inside_drop) {
  loopchan_options_t options = int_options();

  options.drop = look_while_dropping;
  options.flags = _i == 0 ? 0 : LOOPCHAN_SHARED;
  open_with(NULL, &options);
  drops = 0;
  send_ints(0, 10);
  expect_ints(0, 4);
  close_rx();
  ck_assert_int_eq(drops, 6);
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise stats");
  TCase *dropping = tcase_create("dropping");

  SUITE_CASE(suite, "thread", open_thread, expect_clean,
             a_new_channel_has_done_nothing,
             messages_are_counted_where_they_are,
             the_figures_of_the_close_stay);
  SUITE_CASE(suite, "loop", open_loop, expect_clean,
             the_figures_of_the_close_stay, abandoned_and_refused_are_not_sent,
             a_burst_to_a_sleeping_loop_is_one_wakeup);
  tcase_add_checked_fixture(dropping, start_clean, expect_clean);
  tcase_add_loop_test(dropping, the_figures_of_the_close_are_there_inside_drop,
                      0, 2);
  suite_add_tcase(suite, dropping);
  return suite;
}
