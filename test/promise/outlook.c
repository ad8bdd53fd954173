/* Promise: what a sender can learn of its channel: how many messages could be
 * sent without waiting, and that sends are refused. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

#define MOST 1100

static bool is_bounded(int which) {
  return flavours[which].capacity != LOOPCHAN_UNBOUNDED &&
         flavours[which].capacity != LOOPCHAN_RENDEZVOUS;
}

/* What room is when so many places are taken. */
static size_t room_behind(int which, size_t taken) {
  if (is_bounded(which))
    return flavours[which].capacity - taken;
  return flavours[which].capacity == LOOPCHAN_UNBOUNDED ? SIZE_MAX : 0;
}

static void expect_room(size_t room) {
  ck_assert_uint_eq(loopchan_room(tx), room);
}

START_TEST(room_counts_what_is_sent_and_received) {
  int accepted = flavour_room(&flavours[_i], MOST);

  open_flavour(_i);
  expect_room(room_behind(_i, 0));
  for (int i = 0; i < accepted; i++) {
    expect_try_send(i, 0);
    expect_room(room_behind(_i, (size_t) i + 1));
  }
  for (int i = 0; i < accepted; i++) {
    expect_ints(i, 1);
    expect_room(room_behind(_i, (size_t) (accepted - i) - 1));
  }
  close_and_drop();
}
END_TEST

START_TEST(reserved_places_count_as_taken) {
  void *place;

  open_flavour(_i);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  expect_room(room_behind(_i, 1));
  loopchan_abandon(tx, place);
  expect_room(room_behind(_i, 0));
  close_and_drop();
}
END_TEST

/* A batch of places has not come free, so the one that waits waits on. */
START_TEST(there_is_no_room_while_others_wait) {
  waiter_t waiter;
  int message, capacity = (int) flavours[_i].capacity;

  open_flavour(_i);
  if (!is_bounded(_i)) {
    close_and_drop();
    return;
  }
  send_ints(0, capacity);
  waiter_start(&waiter, 5000);
  expect_waiting(1);
  expect_room(0);
  for (int i = 0; i < capacity; i++) {
    ck_assert_int_eq(loopchan_try_recv(&rx, &message), 0);
    if (loopchan_room(tx) != 0)
      break;
  }
  waiter_expect(&waiter, 5000, 0);
  close_and_drop();
}
END_TEST

START_TEST(a_closed_channel_has_no_room) {
  open_flavour(_i);
  if (_i % 2 == 0)
    ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  else
    close_rx();
  expect_room(0);
  if (_i % 2 == 0)
    close_rx();
  drop_tx();
}
END_TEST

START_TEST(without_a_sender_there_is_no_room) {
  ck_assert_uint_eq(loopchan_room(NULL), 0);
}
END_TEST

static atomic_bool seen;

static void see_room(int self) {
  (void) self;
  while (loopchan_room(tx) != 1)
    sched_yield();
  seen = loopchan_try_send(tx, &(int){7}) == 0;
}

START_TEST(by_rendezvous_a_receiver_that_waits_is_room_for_one) {
  int message = 0;

  seen = false;
  open_capacity(NULL, LOOPCHAN_RENDEZVOUS);
  expect_room(0);
  threads_start(1, see_room);
  ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
  threads_join();
  ck_assert(seen);
  ck_assert_int_eq(message, 7);
  expect_room(0);
  close_and_drop();
}
END_TEST

static void ignore(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
}

START_TEST(by_rendezvous_a_started_loop_is_room_for_one) {
  open_capacity(&loop, LOOPCHAN_RENDEZVOUS);
  ck_assert_int_eq(loopchan_recv_start(&rx, ignore), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  expect_room(1);
  expect_try_send(1, 0);
  expect_room(0);
  uv_run(&loop, UV_RUN_NOWAIT);
  expect_room(1);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  expect_room(0);
  close_and_drop();
}
END_TEST

#define WAITING 4

static atomic_int waiting;
static int results[WAITING];
static uint64_t time_out_ns;

static void wait_for_it(int self) {
  waiting++;
  results[self] = loopchan_wait_closed(tx, time_out_ns);
}

/* Several at once on one sender. */
static void start_waiting(uint64_t timeout_ns) {
  waiting = 0;
  time_out_ns = timeout_ns;
  threads_start(WAITING, wait_for_it);
  while (waiting < WAITING)
    sched_yield();
}

static void expect_results(int result) {
  threads_join();
  for (int i = 0; i < WAITING; i++)
    ck_assert_int_eq(results[i], result);
}

START_TEST(a_close_wakes_all_who_wait_for_it) {
  open_flavour(_i);
  start_waiting(LOOPCHAN_FOREVER);
  close_rx();
  expect_results(0);
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  drop_tx();
}
END_TEST

/* A close right behind it finds some that have been woken, and not run. */
START_TEST(a_shutdown_wakes_all_who_wait_for_it) {
  open_flavour(_i);
  start_waiting(LOOPCHAN_FOREVER);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  close_rx();
  expect_results(0);
  drop_tx();
}
END_TEST

START_TEST(a_closed_channel_is_not_waited_for) {
  open_flavour(_i);
  close_rx();
  ck_assert_int_eq(loopchan_wait_closed(tx, 0), 0);
  ck_assert_int_eq(loopchan_wait_closed(tx, 1), 0);
  ck_assert_int_eq(loopchan_wait_closed(tx, LOOPCHAN_FOREVER), 0);
  drop_tx();
}
END_TEST

START_TEST(the_time_is_up_while_sends_are_accepted) {
  open_flavour(_i);
  start_waiting(1000);
  expect_results(UV_ETIMEDOUT);
  start_waiting(0);
  expect_results(UV_ETIMEDOUT);
  close_and_drop();
}
END_TEST

START_TEST(a_loop_does_not_wait_for_itself) {
  open_flavour(_i);
  if (flavours[_i].kind == ON_LOOP) { /* from its first callback on */
    ck_assert_int_eq(loopchan_recv_start(&rx, ignore), 0);
    expect_try_send(0, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  ck_assert_int_eq(loopchan_wait_closed(tx, 0), UV_ETIMEDOUT);
  if (flavours[_i].kind == ON_LOOP) {
    ck_assert_int_eq(loopchan_wait_closed(tx, LOOPCHAN_FOREVER), UV_EAGAIN);
    ck_assert_int_eq(loopchan_wait_closed(tx, 1), UV_EAGAIN);
  } else {
    ck_assert_int_eq(loopchan_wait_closed(tx, 1), UV_ETIMEDOUT);
  }
  close_and_drop();
}
END_TEST

START_TEST(nobody_waits_without_a_sender) {
  ck_assert_int_eq(loopchan_wait_closed(NULL, LOOPCHAN_FOREVER), UV_EINVAL);
}
END_TEST

#ifdef SLOW /* under a sanitizer */
#define ROUNDS 100
#else
#define ROUNDS 500
#endif

static void wait_for_two(int self) {
  int err;

  do {
    err = loopchan_wait_closed(tx, self == 0 ? LOOPCHAN_FOREVER : 1);
  } while (err == UV_ETIMEDOUT);
  results[self] = err;
}

/* Their waits begin, end and begin again while the channel is closed. */
START_TEST(no_closure_is_missed) {
  for (int round = 0; round < ROUNDS; round++) {
    open_flavour(_i);
    threads_start(2, wait_for_two);
    if (round % 2 == 0)
      ck_assert_int_eq(loopchan_shutdown(&rx), 0);
    close_rx();
    threads_join();
    ck_assert_int_eq(results[0], 0);
    ck_assert_int_eq(results[1], 0);
    drop_tx();
    uv_run(&loop, UV_RUN_NOWAIT);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise outlook");

  SUITE_LOOP_CASE(
      suite, "each flavour", start_clean, expect_clean, FLAVOURS,
      room_counts_what_is_sent_and_received, reserved_places_count_as_taken,
      there_is_no_room_while_others_wait, a_closed_channel_has_no_room,
      a_close_wakes_all_who_wait_for_it, a_shutdown_wakes_all_who_wait_for_it,
      a_closed_channel_is_not_waited_for,
      the_time_is_up_while_sends_are_accepted, a_loop_does_not_wait_for_itself,
      no_closure_is_missed);
  SUITE_CASE(suite, "one flavour", start_clean, expect_clean,
             without_a_sender_there_is_no_room,
             by_rendezvous_a_receiver_that_waits_is_room_for_one,
             by_rendezvous_a_started_loop_is_room_for_one,
             nobody_waits_without_a_sender);
  return suite;
}
