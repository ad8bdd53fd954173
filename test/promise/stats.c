/* Promise §3.7: the figures are right. */
#include "support/channel.h"
#include "support/suite.h"

static loopchan_stats_t stats;

static void look(void) {
  size_t i;

  memset(&stats, 0xff, sizeof stats);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  for (i = 0; i < sizeof stats.reserved / sizeof *stats.reserved; i++)
    ck_assert_uint_eq(stats.reserved[i], 0);
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

static void ignore_write(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert_int_eq(status, 0);
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
static void close_and_look(unsigned flags) {
  loopchan_options_t options = int_options();

  options.drop = look_while_dropping;
  options.flags = flags;
  memset(&rx, 0xaa, sizeof rx);
  open_with(NULL, &options);
  drops = 0;
  send_ints(0, 10);
  expect_ints(0, 4);
  close_rx();
  ck_assert_int_eq(drops, 6);
  drop_tx();
}

START_TEST(inside_drop_they_are_those_of_the_close) {
  close_and_look(0);
  close_and_look(LOOPCHAN_SHARED);
}
END_TEST

static size_t turns_cut;

static void count_cut(loopchan_receiver_t *receiver, int status, void *msg) {
  loopchan_stats_t now;

  (void) msg;
  ck_assert_int_eq(loopchan_stats(receiver, &now), 0);
  ck_assert_uint_eq(now.budget_cuts, turns_cut);
  turns_cut += now.waiting > 0;
  if (status == 0 && now.waiting == 0)
    close_rx();
}

/* With one message to a turn, each that leaves others waiting cuts one. */
START_TEST(by_rendezvous_cuts_are_counted_too) {
  loopchan_options_t options = int_options();
  static loopchan_write_t requests[3];
  static loopchan_writer_t writer;
  int i;

  options.capacity = LOOPCHAN_RENDEZVOUS;
  options.budget_messages = 1;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  for (i = 0; i < 3; i++)
    ck_assert_int_eq(loopchan_write(&requests[i], &writer, &i, ignore_write),
                     0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_cut), 0);
  while (turns_cut < 2 || !uv_is_closing((uv_handle_t *) &rx))
    uv_run(&loop, UV_RUN_ONCE);
  ck_assert_uint_eq(turns_cut, 2);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT); /* the last write may not be called back yet */
}
END_TEST

/* Its thread is there, and needs no waking. */
START_TEST(a_receiver_that_ends_the_channel_is_not_woken) {
  ck_assert_int_eq(loopchan_recv_start(&rx, ignore), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  close_rx();
  look();
  ck_assert_uint_eq(stats.wakeups, 0);
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise stats");

  SUITE_CASE(suite, "thread", open_thread, expect_clean,
             a_new_channel_has_done_nothing,
             messages_are_counted_where_they_are,
             the_figures_of_the_close_stay);
  SUITE_CASE(suite, "loop", open_loop, expect_clean,
             the_figures_of_the_close_stay, abandoned_and_refused_are_not_sent,
             a_burst_to_a_sleeping_loop_is_one_wakeup,
             a_receiver_that_ends_the_channel_is_not_woken);
  SUITE_CASE(suite, "own options", start_clean, expect_clean,
             inside_drop_they_are_those_of_the_close,
             by_rendezvous_cuts_are_counted_too);
  return suite;
}
