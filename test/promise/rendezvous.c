/* Promise §3.2, LOOPCHAN_RENDEZVOUS: a send returns when its message has been
 * received, a try_send goes only to a receiver that waits. The list was drawn
 * up after crossbeam's tests/zero.rs. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

static void open_thread_rendezvous(void) {
  start_clean();
  open_capacity(NULL, LOOPCHAN_RENDEZVOUS);
}

static atomic_int returned;
static int received;

static void open_loop_rendezvous(void) {
  returned = received = 0;
  start_clean();
  open_capacity(&loop, LOOPCHAN_RENDEZVOUS);
}

START_TEST(a_send_returns_when_its_message_was_received) {
  waiter_t waiters[3];
  int i;

  for (i = 0; i < 3; i++) {
    waiter_start(&waiters[i], i);
    expect_waiting((size_t) i + 1);
  }
  for (i = 0; i < 3; i++) {
    int message = -1;
    ck_assert_int_eq(i == 1 ? loopchan_recv(&rx, &message)
                            : loopchan_try_recv(&rx, &message),
                     0);
    ck_assert_int_eq(message, i);
    waiter_expect(&waiters[i], i, 0);
    expect_waiting((size_t) 2 - (size_t) i);
  }
  ck_assert_int_eq(loopchan_try_recv(&rx, &i), UV_EAGAIN);
  close_and_drop();
}
END_TEST

START_TEST(without_a_receiver_nothing_is_sent) {
  void *place;

  expect_try_send(1, UV_EAGAIN);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 0), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000000), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EAGAIN);
  loopchan_abandon(tx, place);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &(int){0}, 1000), UV_ETIMEDOUT);
  expect_try_send(1, UV_EAGAIN);
  close_and_drop();
}
END_TEST

static int tries_that_went;

static void try_until_it_goes(int self) {
  int i;

  (void) self;
  for (i = 0; i < 100; i++) {
    void *place;
    int err;
    do {
      sched_yield();
      err = UV_EAGAIN;
      if (i % 2 == 0) {
        err = loopchan_try_send(tx, &i);
      } else if (loopchan_reserve(tx, &place) == 0) {
        memcpy(place, &i, sizeof i);
        err = loopchan_commit(tx, place);
        if (err != 0)
          loopchan_abandon(tx, place);
      }
    } while (err == UV_EAGAIN);
    tries_that_went += err == 0;
  }
}

START_TEST(a_parked_receiver_takes_a_try_send) {
  int i, message = -1;

  threads_start(1, try_until_it_goes);
  for (i = 0; i < 100; i++) {
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    ck_assert_int_eq(message, i);
  }
  threads_join();
  ck_assert_int_eq(tries_that_went, 100);
  close_and_drop();
}
END_TEST

static void who_waits_is_refused(int (*end)(void)) {
  waiter_t waiters[3];
  int i;

  for (i = 0; i < 3; i++) {
    waiter_start(&waiters[i], i);
    expect_waiting((size_t) i + 1);
  }
  ck_assert_int_eq(end(), 0);
  for (i = 0; i < 3; i++)
    waiter_expect(&waiters[i], i, UV_EPIPE);
  expect_try_send(1, UV_EPIPE);
  ck_assert_int_eq(loopchan_send(tx, &i), UV_EPIPE);
}

static int end_by_close(void) {
  return loopchan_close(&rx, NULL);
}

static int end_by_shutdown(void) {
  return loopchan_shutdown(&rx);
}

START_TEST(close_refuses_who_waits) {
  who_waits_is_refused(end_by_close);
  drop_tx();
}
END_TEST

START_TEST(shutdown_refuses_who_waits) {
  who_waits_is_refused(end_by_shutdown);
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
  close_and_drop();
}
END_TEST

START_TEST(the_last_drop_ends_it) {
  drop_tx();
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

#define TRIPS 20000
static atomic_int trips_failed;

static void send_trips(int self) {
  int i;

  for (i = 0; i < TRIPS; i++)
    if (loopchan_send(tx, &i) != 0)
      trips_failed++;
  (void) self;
}

START_TEST(round_trips_lose_nothing) {
  int i, message = -1;

  threads_start(1, send_trips);
  for (i = 0; i < TRIPS; i++)
    if (loopchan_recv(&rx, &message) != 0 || message != i)
      ck_abort_msg("message %d is %d", i, message);
  threads_join();
  ck_assert_int_eq(trips_failed, 0);
  close_and_drop();
}
END_TEST

static void send_three(int self) {
  (void) self;
  while (returned < 3 && loopchan_send(tx, &(int){returned}) == 0)
    returned++;
}

/* However long the callback takes, its sender waits. */
static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  int i;

  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received);
  for (i = 0; i < 1000; i++)
    sched_yield();
  ck_assert_int_eq(returned, received);
  if (++received == 3)
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(a_send_returns_when_the_callback_has_returned) {
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  threads_start(1, send_three);
  uv_run(&loop, UV_RUN_DEFAULT);
  threads_join();
  ck_assert_int_eq(returned, 3);
  drop_tx();
}
END_TEST

static void close_at_once(loopchan_receiver_t *receiver, int status,
                          void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, 0);
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(a_close_in_the_callback_refuses_the_others) {
  waiter_t first, second;

  waiter_start(&first, 0);
  expect_waiting(1);
  waiter_start(&second, 1);
  expect_waiting(2);
  ck_assert_int_eq(loopchan_recv_start(&rx, close_at_once), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  waiter_expect(&first, 0, 0);
  waiter_expect(&second, 1, UV_EPIPE);
  drop_tx();
}
END_TEST

static void count_message(loopchan_receiver_t *receiver, int status,
                          void *msg) {
  (void) receiver;
  (void) msg;
  ck_assert_int_eq(status, 0);
  received++;
}

START_TEST(a_try_send_goes_to_a_loop_receiver_that_sleeps) {
  expect_try_send(1, UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  expect_try_send(1, 0);
  expect_try_send(2, UV_EAGAIN);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  /* On its own thread a send is a try. */
  ck_assert_int_eq(loopchan_send(tx, &(int){2}), 0);
  ck_assert_int_eq(loopchan_send(tx, &(int){3}), UV_EAGAIN);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 2);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  expect_try_send(3, UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  expect_try_send(3, 0);
  close_and_drop();
}
END_TEST

/* However much memory they give back. */
START_TEST(senders_that_go_leave_a_sleeping_receiver_asleep) {
  loopchan_sender_t *others[40];
  int i, last = 40;

  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  for (i = 0; i < last; i++) {
    others[i] = loopchan_sender_clone(tx);
    ck_assert_int_eq(loopchan_try_send(others[i], &(int){i}), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  while (i-- > 0) {
    loopchan_sender_drop(others[i]);
    expect_try_send(last++, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  ck_assert_int_eq(received, last);
  close_and_drop();
}
END_TEST

/* A callback that runs is no receiver that waits, whatever it does. */
static void start_again(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, 1);
  expect_try_send(2, UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
  expect_try_send(2, UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_start(receiver, count_message), 0);
  expect_try_send(2, UV_EAGAIN);
}

START_TEST(a_callback_that_starts_again_does_not_wait) {
  waiter_t waiter;

  ck_assert_int_eq(loopchan_recv_start(&rx, start_again), 0);
  expect_try_send(1, 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  /* But now it does. */
  expect_try_send(2, 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  waiter_start(&waiter, 3);
  while (received == 1)
    uv_run(&loop, UV_RUN_ONCE);
  waiter_expect(&waiter, 3, 0);
  close_and_drop();
}
END_TEST

/* What it has in hand is still its sender's here. */
START_TEST(nor_does_one_that_serves_a_sender_that_waits) {
  waiter_t waiter;

  waiter_start(&waiter, 1);
  expect_waiting(1);
  ck_assert_int_eq(loopchan_recv_start(&rx, start_again), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  waiter_expect(&waiter, 1, 0);
  expect_try_send(2, 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  close_and_drop();
}
END_TEST

static loopchan_stats_t at_close;

START_TEST(a_try_send_that_went_is_dropped_by_a_close) {
  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  expect_try_send(1, 0);
  close_and_drop();
  ck_assert_int_eq(loopchan_stats(&rx, &at_close), 0);
  ck_assert_uint_eq(at_close.sent, 1);
  ck_assert_uint_eq(at_close.dropped, 1);
}
END_TEST

START_TEST(who_waits_at_a_stopped_receiver_is_served_by_the_next_start) {
  waiter_t waiter;

  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  waiter_start(&waiter, 5);
  expect_waiting(1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  while (received == 0)
    uv_run(&loop, UV_RUN_ONCE);
  waiter_expect(&waiter, 5, 0);
  close_and_drop();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise rendezvous");

  SUITE_CASE(suite, "thread", open_thread_rendezvous, expect_clean,
             a_send_returns_when_its_message_was_received,
             without_a_receiver_nothing_is_sent,
             a_parked_receiver_takes_a_try_send, close_refuses_who_waits,
             shutdown_refuses_who_waits, the_last_drop_ends_it,
             round_trips_lose_nothing);
  SUITE_CASE(suite, "loop", open_loop_rendezvous, expect_clean,
             a_send_returns_when_the_callback_has_returned,
             a_close_in_the_callback_refuses_the_others,
             a_try_send_goes_to_a_loop_receiver_that_sleeps,
             senders_that_go_leave_a_sleeping_receiver_asleep,
             a_callback_that_starts_again_does_not_wait,
             nor_does_one_that_serves_a_sender_that_waits,
             a_try_send_that_went_is_dropped_by_a_close,
             who_waits_at_a_stopped_receiver_is_served_by_the_next_start);
  return suite;
}
