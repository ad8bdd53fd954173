/* Promise §3.2, capacity N: never more than N messages accepted and not
 * received, refused only while that many are, and those that wait are served
 * in turn. The list was drawn up after crossbeam's tests/array.rs and tokio's
 * sync_mpsc.rs. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

static const int capacities[] = {1, 2, 3, 64, 1024};
#define CAPACITIES 5

static void open_full(int capacity) {
  open_capacity(NULL, (size_t) capacity);
  send_ints(0, capacity);
}

START_TEST(refused_only_while_full) {
  int n = capacities[_i], i;

  open_full(n);
  for (i = 0; i < 3 * n; i++) {
    expect_try_send(-1, UV_EAGAIN);
    ck_assert_int_eq(loopchan_send_timeout(tx, &(int){-1}, 0), UV_ETIMEDOUT);
    expect_ints(i, 1);
    expect_try_send(n + i, 0);
  }
  expect_ints(3 * n, n);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  send_ints(0, n);
  expect_try_send(-1, UV_EAGAIN);
  close_and_drop();
}
END_TEST

/* Whether or not the sender has come to run: its message has the place. */
START_TEST(one_place_is_enough_for_a_waiting_send) {
  int n = capacities[_i];
  waiter_t waiter;

  open_full(n);
  waiter_start(&waiter, n);
  expect_waiting(1);
  expect_ints(0, 1);
  waiter_expect(&waiter, n, 0);
  expect_try_send(-1, UV_EAGAIN);
  expect_ints(1, n);
  close_and_drop();
}
END_TEST

START_TEST(who_waits_is_served_first_come_first_served) {
  int n = capacities[_i], i;
  waiter_t waiters[4];

  open_full(n);
  for (i = 0; i < 4; i++) {
    waiter_start(&waiters[i], n + i);
    expect_waiting((size_t) i + 1);
    expect_try_send(-1, UV_EAGAIN);
  }
  /* A later try_send is behind them, whatever room there is. */
  for (i = 0; i < n; i++) {
    expect_ints(i, 1);
    expect_try_send(n + 4 + i, i < 4 ? UV_EAGAIN : 0);
  }
  expect_ints(n, 4);
  for (i = 0; i < 4; i++)
    waiter_expect(&waiters[i], n + i, 0);
  close_and_drop();
}
END_TEST

START_TEST(a_time_out_hands_the_message_back) {
  waiter_t waiter;
  int i;

  open_full(2);
  for (i = 0; i < 3; i++) {
    waiter.message = 7;
    waiter.tx = tx;
    waiter.timeout_ns = 1000 * (uint64_t) (i + 1) * (uint64_t) (i * 100 + 1);
    waiter_send(&waiter);
    ck_assert_int_eq(waiter.result, UV_ETIMEDOUT);
    ck_assert_int_eq(waiter.message, 7);
    expect_waiting(0);
  }
  expect_ints(0, 2);
  ck_assert_int_eq(loopchan_try_recv(&rx, &i), UV_EAGAIN);
  send_ints(0, 2);
  expect_ints(0, 2);
  close_and_drop();
}
END_TEST

static void who_waits_is_refused(int (*end)(void)) {
  waiter_t waiters[3];
  int i;

  open_full(2);
  for (i = 0; i < 3; i++) {
    waiter_start(&waiters[i], 10 + i);
    expect_waiting((size_t) i + 1);
  }
  ck_assert_int_eq(end(), 0);
  for (i = 0; i < 3; i++)
    waiter_expect(&waiters[i], 10 + i, UV_EPIPE);
  expect_try_send(-1, UV_EPIPE);
  ck_assert_int_eq(loopchan_send(tx, &i), UV_EPIPE);
  ck_assert_int_eq(loopchan_send_timeout(tx, &i, 0), UV_EPIPE);
}

static int end_by_close(void) {
  return loopchan_close(&rx, NULL);
}

static int end_by_shutdown(void) {
  return loopchan_shutdown(&rx);
}

START_TEST(close_wakes_waiting_senders_and_hands_messages_back) {
  who_waits_is_refused(end_by_close);
  drop_tx();
}
END_TEST

START_TEST(shutdown_wakes_waiting_senders_and_keeps_what_was_accepted) {
  who_waits_is_refused(end_by_shutdown);
  expect_ints(0, 2);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_and_drop();
}
END_TEST

static int next_echo, own_sends;

/* In the callback the message is received, so there is a place. */
static void echo(loopchan_receiver_t *receiver, int status, void *msg) {
  int again = *(int *) msg + 1;

  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, next_echo++);
  if (again == 10) {
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  ck_assert_int_eq(loopchan_send(tx, &again), 0);
  own_sends++;
  /* The loop never waits for itself. */
  ck_assert_int_eq(loopchan_send(tx, &again), UV_EAGAIN);
  ck_assert_int_eq(loopchan_send_timeout(tx, &again, LOOPCHAN_FOREVER),
                   UV_EAGAIN);
  ck_assert_int_eq((int) loopchan_send_many(tx, &again, 1), UV_EAGAIN);
}

START_TEST(a_loop_never_waits_for_itself) {
  open_capacity(&loop, 1);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_send(tx, &(int){-1}), UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_start(&rx, echo), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(own_sends, 9);
  drop_tx();
}
END_TEST

static int many[1000];
static ssize_t went;

static void send_all_of_many(int self) {
  int i;

  (void) self;
  for (i = 0; i < 1000; i++)
    many[i] = i;
  went = loopchan_send_many(tx, many, 1000);
}

static int sent_on_loop;

static void fill_again(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) status;
  (void) loopchan_recv_stop(receiver);
  (void) loopchan_try_send(tx, msg);
}

static void send_on_loop(uv_check_t *handle) {
  sent_on_loop = loopchan_send(tx, &(int){2});
  uv_close((uv_handle_t *) handle, NULL);
  close_and_drop();
}

static void run_loop(void *arg) {
  (void) arg;
  uv_run(&loop, UV_RUN_DEFAULT);
}

/* The thread that opens the receiver does not run the loop. The receiver's
 * callback tells, before the loop's check callbacks of that turn. */
START_TEST(a_loop_on_another_thread_never_waits_for_itself) {
  static uv_check_t check;
  uv_thread_t thread;

  open_capacity(&loop, 1);
  expect_try_send(1, 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, fill_again), 0);
  ck_assert_int_eq(uv_check_init(&loop, &check), 0);
  ck_assert_int_eq(uv_check_start(&check, send_on_loop), 0);
  ck_assert_int_eq(uv_thread_create(&thread, run_loop, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
}
END_TEST

static void no_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) msg;
  ck_abort_msg("called back with %d", status);
}

static int call_start(void) {
  return loopchan_recv_start(&rx, no_message);
}

static int call_stop(void) {
  return loopchan_recv_stop(&rx);
}

static int call_stats(void) {
  return loopchan_stats(&rx, &(loopchan_stats_t){0});
}

static int call_try_recv(void) {
  return loopchan_try_recv(&rx, &(int){0}) + loopchan_try_send(tx, &(int){2});
}

static int (*const calls[])(void) = {call_start, call_stop, call_stats,
                                     call_try_recv};
#define CALLS ((int) (sizeof calls / sizeof *calls))

static int called;

static void call_and_send(void *call) {
  called = (*(int (*const *)(void)) call)();
  sent_on_loop = loopchan_send(tx, &(int){3});
}

/* Before the loop has run at all. */
START_TEST(who_calls_on_the_receiver_never_waits_for_it) {
  uv_thread_t thread;

  open_capacity(&loop, 1);
  expect_try_send(1, 0);
  ck_assert_int_eq(
      uv_thread_create(&thread, call_and_send, (void *) &calls[_i]), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(called, 0);
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  close_and_drop();
}
END_TEST

/* However long it may spin. */
START_TEST(a_time_out_ends_a_spin) {
  loopchan_options_t options = int_options();
  int message = 2;

  options.capacity = 1;
  options.spin_ns = LOOPCHAN_FOREVER;
  open_with(NULL, &options);
  expect_try_send(1, 0);
  ck_assert_int_eq(loopchan_send_timeout(tx, &message, 1000), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_send_timeout(tx, &message, 1000000), UV_ETIMEDOUT);
  expect_ints(1, 1);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 1000), UV_ETIMEDOUT);
  close_and_drop();
}
END_TEST

/* One place is less than a batch of them, which a spin looks out for. */
START_TEST(who_may_spin_for_ever_stands_in_line_all_the_same) {
  loopchan_options_t options = int_options();
  waiter_t waiters[2];

  options.capacity = 4;
  options.spin_ns = LOOPCHAN_FOREVER;
  open_with(NULL, &options);
  send_ints(0, 4);
  waiter_start(&waiters[0], 4);
  expect_waiting(1);
  waiter_start(&waiters[1], 5);
  expect_waiting(2);
  expect_ints(0, 1);
  waiter_expect(&waiters[0], 4, 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  waiter_expect(&waiters[1], 5, UV_EPIPE);
  expect_ints(1, 4);
  close_and_drop();
}
END_TEST

START_TEST(send_many_fills_what_fits_and_waits_for_the_rest) {
  int i;

  open_capacity(NULL, (size_t) capacities[_i]);
  threads_start(1, send_all_of_many);
  for (i = 0; i < 1000; i++) {
    int message;
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    ck_assert_int_eq(message, i);
  }
  threads_join();
  ck_assert_int_eq((int) went, 1000);
  close_and_drop();
}
END_TEST

START_TEST(send_many_tells_how_many_went_before_the_close) {
  open_capacity(NULL, 64);
  threads_start(1, send_all_of_many);
  expect_waiting(1);
  expect_ints(0, 5);
  expect_waiting(1);
  close_rx();
  threads_join();
  ck_assert_int_eq((int) went, 69);
  ck_assert_int_eq((int) loopchan_send_many(tx, many, 1000), UV_EPIPE);
  drop_tx();
}
END_TEST

START_TEST(a_reserved_place_is_a_place) {
  void *first, *second;
  waiter_t waiter;

  open_capacity(NULL, 2);
  ck_assert_int_eq(loopchan_reserve(tx, &first), 0);
  ck_assert_int_eq(loopchan_reserve(tx, &second), 0);
  ck_assert_int_eq(loopchan_reserve(tx, &(void *){NULL}), UV_EAGAIN);
  expect_try_send(-1, UV_EAGAIN);
  memcpy(first, &(int){0}, sizeof(int));
  ck_assert_int_eq(loopchan_commit(tx, first), 0);
  expect_try_send(-1, UV_EAGAIN);
  waiter_start(&waiter, 1);
  expect_waiting(1);
  loopchan_abandon(tx, second);
  waiter_expect(&waiter, 1, 0);
  expect_try_send(-1, UV_EAGAIN);
  expect_ints(0, 2);
  close_and_drop();
}
END_TEST

START_TEST(memory_that_runs_out_costs_no_place) {
  int i;

  open_capacity(NULL, 2);
  memory_fail(1);
  expect_try_send(-1, UV_ENOMEM);
  memory_fail(1);
  ck_assert_int_eq(loopchan_reserve(tx, &(void *){NULL}), UV_ENOMEM);
  memory_fail(1);
  ck_assert_int_eq((int) loopchan_send_many(tx, many, 2), UV_ENOMEM);
  for (i = 0; i < 2; i++)
    expect_try_send(i, 0);
  expect_try_send(-1, UV_EAGAIN);
  close_and_drop();
}
END_TEST

START_TEST(memory_that_runs_out_makes_no_place) {
  loopchan_sender_t *other;

  open_capacity(NULL, 1);
  expect_try_send(1, 0);
  other = loopchan_sender_clone(tx);
  memory_fail(1);
  ck_assert_int_eq(loopchan_send(other, &(int){2}), UV_ENOMEM);
  ck_assert(memory_has_failed());
  expect_try_send(2, UV_EAGAIN);
  loopchan_sender_drop(other);
  close_and_drop();
}
END_TEST

START_TEST(stats_tell_the_queue) {
  loopchan_stats_t stats;
  waiter_t waiter;

  open_full(3);
  waiter_start(&waiter, 3);
  expect_waiting(1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.capacity, 3);
  ck_assert_uint_eq(stats.queued, 3);
  expect_ints(0, 1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.queued, 3);
  ck_assert_uint_eq(stats.sent, 4);
  waiter_expect(&waiter, 3, 0);
  close_and_drop();
}
END_TEST

/* Sends that returned 0, and receives that began: their difference is never
 * more than the capacity. */
static atomic_int accepted, begun, too_many;
static int bound, each;

static void send_in_every_way(int self) {
  int i, err;

  for (i = 0; i < each; i++) {
    int message = self * each + i;
    do {
      switch ((i + self) % 3) {
        case 0:
          err = loopchan_send(tx, &message);
          break;
        case 1:
          err = loopchan_try_send(tx, &message);
          break;
        default:
          err =
              loopchan_send_timeout(tx, &message, 1000 * (uint64_t) (i % 100));
      }
    } while (err == UV_EAGAIN || err == UV_ETIMEDOUT);
    if (err != 0 || atomic_fetch_add(&accepted, 1) + 1 - begun > bound)
      too_many = 1;
  }
}

START_TEST(the_bound_is_exact_while_many_send) {
  static int next[8];
  int i, message = 0;

  bound = capacities[_i];
  each = bound < 64 ? 300 : 3000;
  accepted = begun = too_many = 0;
  open_capacity(NULL, (size_t) bound);
  memset(next, 0, sizeof next);
  threads_start(8, send_in_every_way);
  for (i = 0; i < 8 * each; i++) {
    begun++;
    if (loopchan_recv(&rx, &message) != 0 ||
        message % each != next[message / each]++)
      ck_abort_msg("message %d is %d", i, message);
  }
  threads_join();
  ck_assert_int_eq(too_many, 0);
  expect_waiting(0);
  /* Every place is free again. */
  send_ints(0, bound);
  expect_try_send(-1, UV_EAGAIN);
  close_and_drop();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise bounded");
  TCase *each_capacity = tcase_create("each capacity");
  TCase *each_call = tcase_create("each call");

  tcase_add_checked_fixture(each_capacity, start_clean, expect_clean);
  tcase_set_timeout(each_capacity, 60);
  tcase_add_loop_test(each_capacity, refused_only_while_full, 0, CAPACITIES);
  tcase_add_loop_test(each_capacity, one_place_is_enough_for_a_waiting_send, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity,
                      who_waits_is_served_first_come_first_served, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity,
                      send_many_fills_what_fits_and_waits_for_the_rest, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, the_bound_is_exact_while_many_send, 0,
                      CAPACITIES);
  suite_add_tcase(suite, each_capacity);
  tcase_add_checked_fixture(each_call, start_clean, expect_clean);
  tcase_add_loop_test(each_call, who_calls_on_the_receiver_never_waits_for_it,
                      0, CALLS);
  suite_add_tcase(suite, each_call);
  SUITE_CASE(suite, "bounded", start_clean, expect_clean,
             a_time_out_hands_the_message_back,
             close_wakes_waiting_senders_and_hands_messages_back,
             shutdown_wakes_waiting_senders_and_keeps_what_was_accepted,
             a_loop_never_waits_for_itself,
             a_loop_on_another_thread_never_waits_for_itself,
             a_time_out_ends_a_spin,
             who_may_spin_for_ever_stands_in_line_all_the_same,
             send_many_tells_how_many_went_before_the_close,
             a_reserved_place_is_a_place, memory_that_runs_out_costs_no_place,
             memory_that_runs_out_makes_no_place, stats_tell_the_queue);
  return suite;
}
