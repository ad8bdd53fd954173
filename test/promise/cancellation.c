/* Promise: no call is a cancellation point. A thread whose cancellation is
 * pending makes a call and gets its result; it goes at its own next point, and
 * the channel goes on for all others. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "support/channel.h"
#include "support/locks.h"
#include "support/suite.h"

#define NOT_BACK 1000

/* A call that comes to a cancellation point of the system's, what it has to
 * return, and what the main thread does as soon as it sleeps. */
typedef struct {
  size_t capacity;
  unsigned flags;
  int (*call)(void);
  int returns;
  void (*meanwhile)(void);
} case_t;

static loopchan_sender_t *other_tx;
static pthread_t thread;
static atomic_bool is_cancelled;
static atomic_int code;
static int message;

/* How often the thread that is cancelled has gone to sleep: in all cases but
 * one the point is there. */
static _Thread_local bool is_watched;
static atomic_int sleeps;

/* Set: another thread that is woken stays where it slept until the one that is
 * cancelled sleeps too. */
static _Thread_local bool is_held;
static atomic_int held_sleeps;

static void before_sleep(void) {
  sleeps += is_watched;
  held_sleeps += is_held;
}

static void after_sleep(void) {
  while (is_held && sleeps == 0)
    (void) sched_yield();
}

static bool sees_sleeps;
static uint64_t brief_ns;

static void watch_sleeps(void) {
  start_clean();
  sees_sleeps = locks_around_waits(before_sleep, after_sleep);
}

static int receive(void) {
  return loopchan_recv(&rx, &message);
}

static int receive_briefly(void) {
  return loopchan_recv_timeout(&rx, &message, brief_ns);
}

static int receive_many(void) {
  return (int) loopchan_recv_many(&rx, &message, 1);
}

static int select_it(void) {
  return loopchan_select(&(loopchan_receiver_t *){&rx}, 1, LOOPCHAN_FOREVER);
}

static int select_briefly(void) {
  return loopchan_select(&(loopchan_receiver_t *){&rx}, 1, brief_ns);
}

static int send_it(void) {
  return loopchan_send(tx, &(int){1});
}

static int send_briefly(void) {
  return loopchan_send_timeout(tx, &(int){1}, brief_ns);
}

static int send_many(void) {
  return (int) loopchan_send_many(tx, (int[]){1, 2}, 2);
}

static int close_it(void) {
  return loopchan_close(&rx, NULL);
}

static int wait_closed(void) {
  return loopchan_wait_closed(tx, LOOPCHAN_FOREVER);
}

static int wait_closed_briefly(void) {
  return loopchan_wait_closed(tx, brief_ns);
}

static void fill(void) {
  send_ints(0, 1);
}

static void send_one(void) {
  ck_assert_int_eq(loopchan_send(other_tx, &(int){1}), 0);
}

static void shut_down(void) {
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
}

static void receive_two(void) {
  int received;

  ck_assert_int_eq(loopchan_recv(&rx, &received), 0);
  ck_assert_int_eq(loopchan_recv(&rx, &received), 0);
}

static void receive_one(void) {
  int received;

  ck_assert_int_eq(loopchan_recv(&rx, &received), 0);
}

static const case_t cases[] = {
    {0, 0, receive, 0, send_one},
    {0, 0, receive_briefly, UV_ETIMEDOUT, NULL},
    {0, 0, receive_many, 1, send_one},
    {0, 0, select_it, 0, send_one},
    {0, 0, select_briefly, UV_ETIMEDOUT, NULL},
    {0, LOOPCHAN_SHARED, receive, 0, send_one},
    {0, LOOPCHAN_SHARED, receive_briefly, UV_ETIMEDOUT, NULL},
    {1, 0, send_it, 0, receive_two},
    {1, 0, send_briefly, UV_ETIMEDOUT, NULL},
    {1, 0, send_many, 2, receive_two},
    {LOOPCHAN_RENDEZVOUS, 0, send_it, 0, receive_one},
    {LOOPCHAN_RENDEZVOUS, 0, send_briefly, UV_ETIMEDOUT, NULL},
    {LOOPCHAN_RENDEZVOUS, 0, receive, 0, send_one},
    {0, 0, wait_closed_briefly, UV_ETIMEDOUT, NULL},
    {0, LOOPCHAN_SHARED, receive_many, 1, send_one},
    {0, 0, wait_closed, 0, shut_down},
};

#define CASES ((int) (sizeof cases / sizeof *cases))

static void *make_call(void *arg) {
  const case_t *is = arg;
  int (*call)(void) = is->call;

  /* No point of its own until the cancellation is pending. */
  while (!is_cancelled)
    (void) sched_yield();
  is_watched = true;
  code = call();
  pthread_testcancel();
  return NULL;
}

static void start(const case_t *is) {
  code = NOT_BACK;
  is_cancelled = false;
  sleeps = held_sleeps = 0;
  ck_assert_int_eq(pthread_create(&thread, NULL, make_call, (void *) is), 0);
  ck_assert_int_eq(pthread_cancel(thread), 0);
  is_cancelled = true;
}

/* Not before the call sleeps. */
static void do_meanwhile(const case_t *is) {
  if (is->meanwhile == NULL)
    return;
  while (sees_sleeps && sleeps == 0)
    (void) sched_yield();
  is->meanwhile();
}

static void expect_cancelled(int returned) {
  void *end = NULL;

  ck_assert_int_eq(pthread_join(thread, &end), 0);
  ck_assert_int_eq(code, returned);
  ck_assert_ptr_eq(end, PTHREAD_CANCELED);
}

/* All others go on. */
static void exchange(const case_t *is) {
  int received;

  if (is->capacity == LOOPCHAN_RENDEZVOUS || is->call == wait_closed)
    return;
  while (loopchan_try_recv(&rx, &received) == 0) {
  }
  ck_assert_int_eq(loopchan_send(other_tx, &(int){7}), 0);
  ck_assert_int_eq(loopchan_recv(&rx, &received), 0);
  ck_assert_int_eq(received, 7);
}

static void cancel_in(const case_t *is) {
  loopchan_options_t options = int_options();

  options.capacity = is->capacity;
  options.flags = is->flags;
  options.spin_ns = LOOPCHAN_NO_SPIN; /* it sleeps */
  open_with(NULL, &options);
  other_tx = loopchan_sender_clone(tx);
  if (is->capacity == 1)
    fill();
  start(is);
  do_meanwhile(is);
  expect_cancelled(is->returns);
  exchange(is);
  close_rx();
  loopchan_sender_drop(other_tx);
  drop_tx();
}

/* On a slow machine a brief time may be up before the call can sleep. */
START_TEST(a_call_returns_and_its_thread_goes_at_its_own_point) {
  const case_t *is = &cases[_i];

  brief_ns = 1000000;
  do {
    brief_ns *= 2;
    cancel_in(is);
  } while (sees_sleeps && sleeps == 0 && is->meanwhile == NULL);
  ck_assert(!sees_sleeps || sleeps > 0);
}
END_TEST

static void close_in_callback(loopchan_receiver_t *receiver, int status,
                              void *msg) {
  (void) msg;
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

/* It writes to the descriptor of the loop, whether that polls yet or not. */
START_TEST(a_send_that_wakes_a_loop_returns) {
  static const case_t sends = {.call = send_it};
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;

  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, close_in_callback), 0);
  start(&sends);
  uv_run(&loop, UV_RUN_DEFAULT);
  expect_cancelled(0);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.wakeups, 1);
  drop_tx();
}
END_TEST

static void *receive_until_closed(void *result) {
  is_held = true;
  *(int *) result = loopchan_recv(&rx, &message);
  return NULL;
}

START_TEST(a_close_that_waits_for_another_thread_returns) {
  static const case_t closes = {.call = close_it};
  loopchan_options_t options = int_options();
  int received = NOT_BACK;
  pthread_t receiver;

  options.flags = LOOPCHAN_SHARED;
  options.spin_ns = LOOPCHAN_NO_SPIN;
  open_with(NULL, &options);
  held_sleeps = 0;
  ck_assert_int_eq(
      pthread_create(&receiver, NULL, receive_until_closed, &received), 0);
  while (sees_sleeps && held_sleeps == 0)
    (void) sched_yield();
  start(&closes);
  expect_cancelled(0);
  ck_assert(!sees_sleeps || sleeps > 0);
  ck_assert_int_eq(pthread_join(receiver, NULL), 0);
  ck_assert_int_eq(received, UV_EOF);
  drop_tx();
}
END_TEST

static atomic_int dropped;

static void drop_at_a_point(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  pthread_testcancel();
  dropped++;
}

/* They would be lost, and the close left half done. */
START_TEST(a_close_drops_all_messages_whatever_their_drop_does) {
  static const case_t closes = {.call = close_it};
  loopchan_options_t options = int_options();

  options.drop = drop_at_a_point;
  open_with(NULL, &options);
  send_ints(0, 10);
  dropped = 0;
  start(&closes);
  expect_cancelled(0);
  ck_assert_int_eq(dropped, 10);
  drop_tx();
}
END_TEST

/* Its node would be lost. */
START_TEST(a_send_that_replaces_drops_whatever_the_drop_does) {
  static const case_t sends = {.call = send_it};
  loopchan_options_t options = int_options();

  options.flags = LOOPCHAN_LATEST;
  options.drop = drop_at_a_point;
  open_with(NULL, &options);
  send_ints(0, 1);
  dropped = 0;
  start(&sends);
  expect_cancelled(0);
  ck_assert_int_eq(dropped, 1);
  expect_ints(1, 1);
  close_rx();
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise cancellation");

  SUITE_LOOP_CASE(suite, "calls", watch_sleeps, expect_clean, CASES,
                  a_call_returns_and_its_thread_goes_at_its_own_point);
  SUITE_CASE(suite, "others", watch_sleeps, expect_clean,
             a_send_that_wakes_a_loop_returns,
             a_close_that_waits_for_another_thread_returns);
  SUITE_CASE(suite, "drop", start_clean, expect_clean,
             a_close_drops_all_messages_whatever_their_drop_does,
             a_send_that_replaces_drops_whatever_the_drop_does);
  return suite;
}
