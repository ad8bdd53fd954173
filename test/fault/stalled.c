/* Fault: a thread loses its processor in the middle of the wake that it owes,
 * and does not get it back before the others are through. A time-out ends all
 * the same, and a message of another sender is received: a lost wake shows as a
 * test's time-out. With LOOPCHAN_SHARED such a thread may also stand at a lock
 * of ours: room/shared.c has it stand there. */
#include <sched.h>
#include <stdatomic.h>

#include "support/channel.h"
#include "support/faults.h"
#include "support/locks.h"
#include "support/suite.h"

#define BRIEFLY UINT64_C(1000000)

static loopchan_sender_t *other_tx;
static int got_last;
static atomic_int received;

/* Sends one after the other, each when the one before has been received, until
 * a receiver that sleeps has to be woken; and stands still then. */
static void send_and_stand(void *arg) {
  int sent = 0;
  void *place;

  fault_arm(UV_ASYNC_INIT, 0, 0); /* with it comes its uv_async_send */
  while (!locks_stand()) {
    while (received < sent)
      sched_yield();
    /* A sender that has a slab locks nothing before it wakes. */
    if (loopchan_reserve(arg, &place) != 0)
      break;
    loopchan_abandon(arg, place);
    locks_stand_still(0);
    if (loopchan_send(arg, &(int){1}) != 0)
      break;
    locks_walk_on();
    sent++;
  }
}

static bool sends_by_trying;

static void send_latest(void *arg) {
  while (!locks_stand())
    sched_yield();
  if (!sends_by_trying)
    (void) loopchan_send(arg, &(int){2});
  while (sends_by_trying && loopchan_try_send(arg, &(int){2}) == UV_EAGAIN)
    sched_yield();
}

static uv_thread_t threads[2];

static void start(unsigned flags, size_t capacity) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .capacity = capacity,
                                .flags = flags,
                                .spin_ns = LOOPCHAN_NO_SPIN};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  other_tx = loopchan_sender_clone(tx);
  received = 0;
  sends_by_trying = false;
}

static void run_threads(bool another) {
  ck_assert_int_eq(uv_thread_create(&threads[0], send_and_stand, tx), 0);
  if (another)
    ck_assert_int_eq(uv_thread_create(&threads[1], send_latest, other_tx), 0);
}

/* A thread receiver is closed, and its memory gone, before the debt is paid. */
static void finish(bool another) {
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  memset(&rx, 0, sizeof rx);
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  if (another)
    ck_assert_int_eq(uv_thread_join(&threads[1]), 0);
  loopchan_sender_drop(tx);
  loopchan_sender_drop(other_tx);
}

static void receive_briefly(void) {
  int message, err = loopchan_recv_timeout(&rx, &message, BRIEFLY);

  ck_assert(err == 0 || err == UV_ETIMEDOUT);
  received += err == 0;
}

static uv_thread_t receiving;
static int timed_waits;

/* A receiver that waits without a time-out sleeps at a lock. The sender may be
 * the one that has to wake it there: that wake is not meant, and not delayed.
 */
static void let_go_at_a_lock(void) {
  uv_thread_t self = uv_thread_self();

  if (!uv_thread_equal(&self, &receiving))
    return;
  if (locks_timed_waits() == timed_waits)
    locks_go_on();
  timed_waits = locks_timed_waits();
}

static void do_nothing(void) {
}

START_TEST(a_time_out_does_not_wait_for_the_wake) {
  receiving = uv_thread_self();
  timed_waits = locks_timed_waits();
  (void) locks_around_waits(let_go_at_a_lock, do_nothing);
  start(_i == 0 ? 0 : LOOPCHAN_SHARED, 0);
  run_threads(false);
  while (!locks_stand())
    receive_briefly();
  receive_briefly();
  receive_briefly();
  finish(false);
  (void) locks_around_waits(do_nothing, do_nothing);
}
END_TEST

START_TEST(a_select_does_not_wait_for_the_wake) {
  loopchan_receiver_t *rxs[] = {&rx};
  int message;

  start(0, 0);
  run_threads(false);
  while (!locks_stand())
    if (loopchan_select(rxs, 1, BRIEFLY) == 0)
      received += loopchan_try_recv(&rx, &message) == 0;
  (void) (loopchan_select(rxs, 1, BRIEFLY) == 0);
  finish(false);
}
END_TEST

/* Without a bound, and with one, which the message that waits has reached: then
 * the other sender waits too, or is refused. */
START_TEST(a_message_does_not_wait_for_the_wake_of_another) {
  int message = 0;

  start(0, _i != 0);
  sends_by_trying = _i == 2;
  run_threads(true);
  while (message != 2) {
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    received++;
  }
  finish(true);
}
END_TEST

static void take_until_last(loopchan_receiver_t *receiver, int status,
                            void *msg) {
  ck_assert_int_eq(status, 0);
  received++;
  if (*(int *) msg != 2)
    return;
  got_last++;
  locks_go_on(); /* whoever is in the middle of a wake has the handle */
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(nor_does_it_on_a_loop) {
  got_last = 0;
  received = 0;
  sends_by_trying = false;
  other_tx = loopchan_sender_clone(tx);
  ck_assert_int_eq(loopchan_recv_start(&rx, take_until_last), 0);
  run_threads(true);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(got_last, 1);
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(uv_thread_join(&threads[1]), 0);
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

/* It stands before it serves the line, or between that and the wake. */
static void receive_and_stand(void *arg) {
  int message;

  (void) arg;
  locks_stand_still(1);
  while (!locks_stand() && loopchan_try_recv(&rx, &message) != UV_EOF)
    sched_yield();
}

START_TEST(a_send_in_line_does_not_wait_for_the_wake) {
  loopchan_options_t options = {
      .msg_size = sizeof(int), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  int err;

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  ck_assert_int_eq(uv_thread_create(&threads[0], receive_and_stand, NULL), 0);
  while (!locks_stand()) {
    err = loopchan_send_timeout(tx, &(int){1}, BRIEFLY);
    ck_assert(err == 0 || err == UV_ETIMEDOUT);
  }
  err = loopchan_send_timeout(tx, &(int){1}, BRIEFLY);
  ck_assert(err == 0 || err == UV_ETIMEDOUT);
  locks_go_on();
  loopchan_sender_drop(tx);
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}
END_TEST

static atomic_int asleep;

static void fall_asleep(void) {
  asleep++;
}

static void sleep_in(void (*call)(void *arg), void *arg) {
  asleep = 0;
  (void) locks_around_waits(fall_asleep, do_nothing);
  ck_assert_int_eq(uv_thread_create(&threads[1], call, arg), 0);
  while (asleep == 0)
    sched_yield();
}

static void stand_in(void (*call)(void *arg), void *arg) {
  ck_assert_int_eq(uv_thread_create(&threads[0], call, arg), 0);
  while (!locks_stand())
    sched_yield();
}

static void join_both(void) {
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(uv_thread_join(&threads[1]), 0);
  (void) locks_around_waits(do_nothing, do_nothing);
}

static void receive_for_a_writer(void *arg) {
  int message;

  (void) arg;
  fault_arm(UV_ASYNC_INIT, 0, 0);
  locks_stand_still(0);
  (void) loopchan_recv(&rx, &message);
}

static void on_one_write(loopchan_write_t *request, int status) {
  (void) request;
  ck_assert_int_eq(status, 0);
}

/* A receiver stands where it wakes a writer, whose message it has let in. */
START_TEST(a_send_does_not_wait_for_a_writers_wake) {
  static loopchan_write_t request;
  static loopchan_writer_t writer;

  start(0, 1);
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &writer, loopchan_sender_clone(tx)), 0);
  send_ints(1, 1);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){2}, on_one_write),
                   0);
  stand_in(receive_for_a_writer, NULL);
  ck_assert_int_eq(loopchan_send_timeout(other_tx, &(int){3}, BRIEFLY),
                   UV_ETIMEDOUT);
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

static void on_any_write(loopchan_write_t *request, int status) {
  (void) request;
  ck_assert(status == 0 || status == UV_ECANCELED);
}

static void fall_asleep_and_let_go(void) {
  fall_asleep();
  locks_go_on();
}

/* The same, and the writer is closed meanwhile. */
START_TEST(a_writers_close_waits_for_its_wake) {
  static loopchan_write_t request;
  static loopchan_writer_t writer;

  start(0, 1);
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &writer, loopchan_sender_clone(tx)), 0);
  send_ints(1, 1);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){2}, on_any_write),
                   0);
  stand_in(receive_for_a_writer, NULL);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  asleep = 0;
  (void) locks_around_waits(fall_asleep_and_let_go, do_nothing);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_ge(asleep, 1);
  (void) locks_around_waits(do_nothing, do_nothing);
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

/* The first call takes what its thread needs for any. */
static void send_standing(void *arg) {
  (void) loopchan_send_timeout(arg, &(int){2}, BRIEFLY);
  locks_stand_still(0);
  (void) loopchan_send(arg, &(int){2});
}

/* A sender stands where it takes what it waits with, or at its next lock. */
START_TEST(a_wait_does_not_wait_for_the_start_of_another) {
  start(_i < 2 ? 0 : LOOPCHAN_SHARED, _i % 2 == 0 ? 1 : LOOPCHAN_RENDEZVOUS);
  if (_i % 2 == 0)
    send_ints(1, 1);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){2}, BRIEFLY),
                   UV_ETIMEDOUT); /* leaves something to wait with */
  stand_in(send_standing, tx);
  ck_assert_int_eq(loopchan_send_timeout(other_tx, &(int){3}, BRIEFLY),
                   UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_wait_closed(other_tx, BRIEFLY), UV_ETIMEDOUT);
  finish(false);
}
END_TEST

static void wait_closed(void *arg) {
  (void) loopchan_wait_closed(arg, UINT64_MAX);
}

static atomic_bool may_close;

static void close_and_stand(void *arg) {
  while (!may_close)
    sched_yield();
  locks_stand_still(0);
  (void) loopchan_close(arg, NULL);
}

/* Called with the mutex of the thread that is about to wait. */
static void let_it_close(void) {
  may_close = true;
  while (!locks_stand())
    sched_yield();
}

/* A close stands where it wakes the first of two threads that wait for it. */
START_TEST(a_wait_for_the_close_does_not_wait_for_anothers_wake) {
  int err;

  start(0, 0);
  may_close = false;
  sleep_in(wait_closed, other_tx);
  ck_assert_int_eq(uv_thread_create(&threads[0], close_and_stand, &rx), 0);
  (void) locks_around_waits(let_it_close, do_nothing);
  err = loopchan_wait_closed(tx, BRIEFLY);
  ck_assert(err == 0 || err == UV_ETIMEDOUT);
  join_both();
  loopchan_sender_drop(tx);
  loopchan_sender_drop(other_tx);
}
END_TEST

static void receive_until_closed(void *arg) {
  int message;

  (void) loopchan_recv(arg, &message);
}

/* A close of one of two receivers stands where it wakes a thread that waits in
 * a call on it. */
START_TEST(a_receiver_does_not_wait_for_the_close_of_another) {
  loopchan_receiver_t clone;
  int message;

  start(LOOPCHAN_SHARED, 0);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clone, &rx), 0);
  sleep_in(receive_until_closed, &rx);
  may_close = true;
  stand_in(close_and_stand, &rx);
  ck_assert_int_eq(loopchan_recv_timeout(&clone, &message, BRIEFLY),
                   UV_ETIMEDOUT);
  join_both();
  ck_assert_int_eq(loopchan_close(&clone, NULL), 0);
  loopchan_sender_drop(tx);
  loopchan_sender_drop(other_tx);
}
END_TEST

/* A sender that has a slab locks nothing before it wakes. */
static void send_and_stand_once(void *arg) {
  fault_arm(UV_ASYNC_INIT, 0, 0);
  (void) loopchan_send(arg, &(int){0});
  while (received == 0)
    sched_yield();
  locks_stand_still(0);
  (void) loopchan_send(arg, &(int){1});
}

static void take_first(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, 0);
}

static void on_write(loopchan_write_t *request, int status) {
  (void) request;
  ck_assert_int_eq(status, 0);
}

/* What is granted behind a message whose sender owes the wake helps it to be
 * received; the receiver had to be woken once. */
START_TEST(a_help_is_not_counted_as_a_wake) {
  static loopchan_write_t request;
  static loopchan_writer_t writer;
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;

  options.capacity = 1;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, take_first), 0);
  received = 0;
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &writer, loopchan_sender_clone(tx)), 0);
  ck_assert_int_eq(uv_thread_create(&threads[0], send_and_stand_once, tx), 0);
  uv_run(&loop, UV_RUN_ONCE); /* it parks behind the message */
  received = 1;
  while (!locks_stand())
    sched_yield();
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){2}, on_write), 0);
  expect_ints(1, 1);
  expect_ints(2, 1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.wakeups, 2);
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&threads[0]), 0);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  drop_tx();
}
END_TEST

/* In one process, what a test before has left would be taken for this one's:
 * whether a thread stands is known until another is to stand. */
static void nothing_stands(void) {
  locks_stand_still(0);
  locks_walk_on();
}

static void open_stalled(void) {
  start_clean();
  nothing_stands();
}

static void open_stalled_loop(void) {
  open_loop();
  nothing_stands();
}

static Suite *suite(void) {
  Suite *suite = suite_create("fault stalled");

  SUITE_CASE(suite, "thread", open_stalled, expect_clean,
             a_select_does_not_wait_for_the_wake,
             a_send_in_line_does_not_wait_for_the_wake,
             a_help_is_not_counted_as_a_wake,
             a_send_does_not_wait_for_a_writers_wake,
             a_writers_close_waits_for_its_wake,
             a_wait_for_the_close_does_not_wait_for_anothers_wake,
             a_receiver_does_not_wait_for_the_close_of_another);
  SUITE_LOOP_CASE(suite, "with a bound, and not", open_stalled, expect_clean, 3,
                  a_message_does_not_wait_for_the_wake_of_another);
  SUITE_LOOP_CASE(suite, "bounded and rendezvous, shared, and not",
                  open_stalled, expect_clean, 4,
                  a_wait_does_not_wait_for_the_start_of_another);
  SUITE_LOOP_CASE(suite, "shared, and not", open_stalled, expect_clean, 2,
                  a_time_out_does_not_wait_for_the_wake);
  SUITE_CASE(suite, "loop", open_stalled_loop, expect_clean,
             nor_does_it_on_a_loop);
  return suite;
}
