/* Promise §3.3: everything is allowed inside the callback, also while senders
 * wait for room; on a loop receiver of every capacity. */
#include "support/senders.h"
#include "support/suite.h"
#include "support/waiting.h"

#define AT_MESSAGE 5

static int received, ends;
static void (*at_message)(loopchan_receiver_t *receiver);

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF) {
    ends++;
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  ck_assert_int_eq(*(int *) msg, received);
  if (++received == AT_MESSAGE)
    at_message(receiver);
}

static void send_on_and_on(int self) {
  int message = 0;

  while (loopchan_send(txs[self], &message) == 0)
    message++;
  wrong += message < AT_MESSAGE || loopchan_is_closed(txs[self]) != 1;
  loopchan_sender_drop(txs[self]);
}

static void run_with(int capacity, void (*action)(loopchan_receiver_t *)) {
  loopchan_stats_t stats;

  received = ends = 0;
  at_message = action;
  open_for_senders(capacity);
  clone_for(1);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  threads_start(1, send_on_and_on);
  uv_run(&loop, UV_RUN_DEFAULT);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.received, (uint64_t) received);
  ck_assert_uint_eq(stats.sent, stats.received + stats.dropped);
}

static void close_it(loopchan_receiver_t *receiver) {
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(a_close_in_the_callback_makes_its_message_the_last) {
  run_with(_i, close_it);
  ck_assert_int_eq(received, AT_MESSAGE);
  ck_assert_int_eq(ends, 0);
}
END_TEST

static void shut_it_down(loopchan_receiver_t *receiver) {
  ck_assert_int_eq(loopchan_shutdown(receiver), 0);
}

START_TEST(a_shutdown_in_the_callback_leaves_what_was_accepted_to_come) {
  loopchan_stats_t stats;

  run_with(_i, shut_it_down);
  ck_assert_int_ge(received, AT_MESSAGE);
  ck_assert_int_eq(ends, 1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.dropped, 0);
}
END_TEST

static loopchan_receiver_t other_rx;
static loopchan_sender_t *other_tx;

static void close_the_other(loopchan_receiver_t *receiver) {
  ck_assert_int_eq(loopchan_close(&other_rx, NULL), 0);
  close_it(receiver);
}

static void send_to_the_other(void *arg) {
  int i = 0;

  (void) arg;
  while (loopchan_send(other_tx, &i) == 0 && i < 3000)
    i++;
}

/* Whoever waits at the other, where nobody receives, is refused. */
START_TEST(another_receiver_is_closed_in_the_callback) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  uv_thread_t thread;

  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  ck_assert_int_eq(uv_thread_create(&thread, send_to_the_other, NULL), 0);
  run_with(_i, close_the_other);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(loopchan_is_closed(other_tx), 1);
  loopchan_sender_drop(other_tx);
}
END_TEST

static void drop_the_last(loopchan_receiver_t *receiver) {
  (void) receiver;
  drop_tx();
}

/* The loop itself sends, as often as there is room, and then has no sender. */
static void send_to_itself(loopchan_receiver_t *receiver, int status,
                           void *msg) {
  int next;

  on_message(receiver, status, msg);
  if (status != 0 || tx == NULL)
    return;
  next = received;
  wrong += loopchan_send(tx, &next) != 0;
}

/* By rendezvous there is nobody who waits while it has a message in hand. */
START_TEST(it_sends_to_itself_and_drops_the_last_sender_in_the_callback) {
  if (flavour_room(&flavours[_i], 1) > 0) {
    received = ends = 0;
    at_message = drop_the_last;
    open_for_senders(_i);
    ck_assert_int_eq(loopchan_recv_start(&rx, send_to_itself), 0);
    send_ints(0, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(received, AT_MESSAGE);
    ck_assert_int_eq(ends, 1);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise callbacks_bounded");

  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  a_close_in_the_callback_makes_its_message_the_last,
                  a_shutdown_in_the_callback_leaves_what_was_accepted_to_come,
                  another_receiver_is_closed_in_the_callback,
                  it_sends_to_itself_and_drops_the_last_sender_in_the_callback);
  return suite;
}
