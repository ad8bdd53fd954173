/* Promise §3: what holds of every channel, on every flavour of it: unbounded,
 * of 1, 2 or 1024, by rendezvous; on a loop, on a thread, on shared threads. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

#define MESSAGES 3000
#define MOST 1100

/* How many go without a receiver that waits. */
static int room(int which) {
  return flavour_room(&flavours[which], MOST);
}

static atomic_int wrong;

static void send_them(int self) {
  (void) self;
  for (int i = 0; i < MESSAGES; i++)
    wrong += loopchan_send(tx, &i) != 0;
}

START_TEST(what_is_sent_is_received_in_order_and_then_the_end) {
  wrong = 0;
  open_flavour(_i);
  threads_start(1, send_them);
  expect_next(_i, 0, MESSAGES);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  drop_tx();
  expect_eof(_i);
  close_rx();
}
END_TEST

START_TEST(the_end_comes_behind_what_was_accepted) {
  int accepted = room(_i);

  open_flavour(_i);
  send_ints(0, accepted);
  drop_tx();
  expect_next(_i, 0, accepted);
  expect_eof(_i);
  close_rx();
}
END_TEST

START_TEST(only_the_last_of_several_senders_ends_it) {
  loopchan_sender_t *clones[3];

  open_flavour(_i);
  for (int i = 0; i < 3; i++) {
    clones[i] = loopchan_sender_clone(i == 0 ? tx : clones[i - 1]);
    ck_assert_ptr_nonnull(clones[i]);
  }
  drop_tx();
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
    loopchan_sender_drop(clones[i]);
  }
  expect_eof(_i);
  close_rx();
}
END_TEST

/* A bound is exact; without one there is room for all of MOST. */
START_TEST(a_try_is_refused_only_while_there_is_no_room) {
  int accepted = room(_i);

  open_flavour(_i);
  for (int i = 0; i < accepted; i++)
    expect_try_send(i, 0);
  if (accepted < MOST) {
    expect_try_send(-1, UV_EAGAIN);
    ck_assert_int_eq(loopchan_send_timeout(tx, &(int){-1}, 0), UV_ETIMEDOUT);
  }
  expect_ints(0, accepted);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  for (int i = 0; i < accepted; i++)
    expect_try_send(i, 0);
  close_and_drop();
}
END_TEST

/* Whoever still waits is refused, its message its own. */
static void expect_refused(int which, int (*end)(void)) {
  int accepted = room(which), count = accepted < MOST ? 3 : 0;
  waiter_t waiters[3];

  open_flavour(which);
  send_ints(0, accepted);
  for (int i = 0; i < count; i++) {
    waiter_start(&waiters[i], 5000 + i);
    expect_waiting((size_t) i + 1);
  }
  ck_assert_int_eq(end(), 0);
  ck_assert_int_eq(end(), UV_EALREADY);
  for (int i = 0; i < count; i++)
    waiter_expect(&waiters[i], 5000 + i, UV_EPIPE);
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
}

static void expect_sends_refused(void) {
  int messages[2] = {7, 8};
  void *place = messages;

  ck_assert_int_eq(loopchan_send(tx, messages), UV_EPIPE);
  ck_assert_int_eq(loopchan_try_send(tx, messages), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_timeout(tx, messages, 0), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_timeout(tx, messages, 1000000), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 2), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_many(tx, NULL, 0), UV_EPIPE);
  ck_assert_int_eq(loopchan_reserve(tx, &place), UV_EPIPE);
  ck_assert_ptr_eq(place, messages);
  ck_assert_int_eq(messages[0], 7);
  ck_assert_int_eq(messages[1], 8);
}

static int close_it(void) {
  return loopchan_close(&rx, NULL);
}

static int shut_it_down(void) {
  return loopchan_shutdown(&rx);
}

START_TEST(a_close_refuses_every_send) {
  expect_refused(_i, close_it);
  expect_sends_refused();
  drop_tx();
}
END_TEST

START_TEST(a_shutdown_refuses_every_send_and_keeps_what_was_accepted) {
  expect_refused(_i, shut_it_down);
  expect_sends_refused();
  expect_next(_i, 0, room(_i));
  expect_eof(_i);
  close_and_drop();
}
END_TEST

static int dropped;

static void count_drop(void *msg, void *arg) {
  ck_assert_ptr_eq(arg, &rx);
  ck_assert_int_eq(*(int *) msg, dropped++);
}

START_TEST(a_close_drops_what_is_left_oldest_first_before_it_returns) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  loopchan_stats_t stats;
  int accepted = room(_i);

  options.drop = count_drop;
  options.drop_arg = &rx;
  open_with(flavour_loop(&flavours[_i]), &options);
  send_ints(0, accepted);
  expect_ints(0, accepted / 2);
  dropped = accepted / 2;
  close_rx();
  ck_assert_int_eq(dropped, accepted);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, (uint64_t) accepted);
  ck_assert_uint_eq(stats.received, (uint64_t) (accepted / 2));
  ck_assert_uint_eq(stats.dropped, (uint64_t) (accepted - accepted / 2));
  drop_tx();
}
END_TEST

START_TEST(who_waits_is_served_in_turn) {
  int accepted = room(_i), count = accepted < MOST ? 4 : 0;
  waiter_t waiters[4];

  open_flavour(_i);
  send_ints(0, accepted);
  for (int i = 0; i < count; i++) {
    waiter_start(&waiters[i], accepted + i);
    expect_waiting((size_t) i + 1);
    expect_try_send(-1, UV_EAGAIN);
  }
  expect_next(_i, 0, accepted + count);
  for (int i = 0; i < count; i++)
    waiter_expect(&waiters[i], accepted + i, 0);
  expect_waiting(0);
  close_and_drop();
}
END_TEST

START_TEST(a_time_out_hands_the_message_back) {
  int accepted = room(_i);
  waiter_t waiter;

  open_flavour(_i);
  send_ints(0, accepted);
  if (accepted < MOST) {
    waiter.tx = loopchan_sender_clone(tx);
    waiter.message = 7;
    waiter.timeout_ns = 1000000;
    ck_assert_int_eq(uv_thread_create(&waiter.thread, waiter_send, &waiter), 0);
    waiter_expect(&waiter, 7, UV_ETIMEDOUT);
    expect_waiting(0);
  }
  expect_ints(0, accepted);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  close_and_drop();
}
END_TEST

static void send_in_batches(int self) {
  int batch[50];

  (void) self;
  for (int i = 0; i < MESSAGES; i += 50) {
    for (int k = 0; k < 50; k++)
      batch[k] = i + k;
    wrong += loopchan_send_many(tx, batch, 50) != 50;
  }
}

START_TEST(send_many_sends_all_in_order) {
  wrong = 0;
  open_flavour(_i);
  threads_start(1, send_in_batches);
  expect_next(_i, 0, MESSAGES);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  close_and_drop();
}
END_TEST

static void send_all_at_once(int self) {
  static int all[MOST];

  (void) self;
  for (int i = 0; i < MOST; i++)
    all[i] = i;
  wrong += loopchan_send_many(tx, all, MOST) != MOST;
}

START_TEST(send_many_takes_no_more_places_than_there_are) {
  int accepted = room(_i);
  loopchan_stats_t stats;

  wrong = 0;
  open_flavour(_i);
  threads_start(1, send_all_at_once);
  if (accepted < MOST) {
    expect_waiting(1);
    ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
    ck_assert_uint_eq(stats.queued, (uint64_t) accepted);
  }
  expect_next(_i, 0, MOST);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  close_and_drop();
}
END_TEST

/* By rendezvous the places are free, but a commit wants a receiver that waits.
 */
START_TEST(a_reserved_place_counts_until_it_is_given_back) {
  int accepted = room(_i), places = accepted == 0 ? 3 : accepted;
  static void *place[MOST];

  open_flavour(_i);
  for (int i = 0; i < places; i++)
    ck_assert_int_eq(loopchan_reserve(tx, &place[i]), 0);
  if (accepted > 0 && accepted < MOST) {
    ck_assert_int_eq(loopchan_reserve(tx, &(void *){NULL}), UV_EAGAIN);
    expect_try_send(-1, UV_EAGAIN);
  }
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  for (int i = 0; i < places; i++) {
    memcpy(place[i], &i, sizeof i);
    ck_assert_int_eq(loopchan_commit(tx, place[i]),
                     accepted > 0 ? 0 : UV_EAGAIN);
    if (accepted == 0)
      loopchan_abandon(tx, place[i]);
  }
  expect_ints(0, accepted);
  close_and_drop();
}
END_TEST

START_TEST(stats_tell_of_each_message_where_it_is) {
  int accepted = room(_i);
  loopchan_stats_t stats;

  open_flavour(_i);
  send_ints(0, accepted);
  expect_ints(0, accepted / 2);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, (uint64_t) accepted);
  ck_assert_uint_eq(stats.received, (uint64_t) (accepted / 2));
  ck_assert_uint_eq(stats.queued, (uint64_t) (accepted - accepted / 2));
  ck_assert_uint_eq(stats.dropped, 0);
  ck_assert_uint_eq(stats.senders, 1);
  ck_assert_uint_eq(stats.waiting, 0);
  ck_assert_uint_eq(stats.capacity, flavours[_i].capacity);
  close_and_drop();
}
END_TEST

START_TEST(a_receiver_is_opened_again_after_its_close) {
  for (int round = 0; round < 3; round++) {
    open_flavour(_i);
    send_ints(round, room(_i));
    expect_ints(round, room(_i));
    close_and_drop();
    uv_run(&loop, UV_RUN_DEFAULT);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise flavours");

  SUITE_LOOP_CASE(
      suite, "each flavour", start_clean, expect_clean, FLAVOURS,
      what_is_sent_is_received_in_order_and_then_the_end,
      the_end_comes_behind_what_was_accepted,
      only_the_last_of_several_senders_ends_it,
      a_try_is_refused_only_while_there_is_no_room, a_close_refuses_every_send,
      a_shutdown_refuses_every_send_and_keeps_what_was_accepted,
      a_close_drops_what_is_left_oldest_first_before_it_returns,
      who_waits_is_served_in_turn, a_time_out_hands_the_message_back,
      send_many_sends_all_in_order,
      send_many_takes_no_more_places_than_there_are,
      a_reserved_place_counts_until_it_is_given_back,
      stats_tell_of_each_message_where_it_is,
      a_receiver_is_opened_again_after_its_close);
  return suite;
}
