/* Promise: what is known of the thread that runs a loop, and what a blocking
 * send does there, and before it is known. */
#include <stdbool.h>

#include "support/suite.h"
#include "support/waiting.h"

#define SECOND UINT64_C(1000000000)

static loopchan_receiver_t other_rx;
static loopchan_sender_t *other_tx;
static loopchan_writer_t writer;
static loopchan_write_t request;
static uv_timer_t timer;
static uv_thread_t thread;
static int received, sent_on_loop, timer_calls;

static void setup(void) {
  received = timer_calls = 0;
  sent_on_loop = 1;
  start_clean();
}

static void open_of(size_t capacity) {
  loopchan_options_t options = int_options();

  options.capacity = capacity;
  open_with(&loop, &options);
}

static void run_loop(void *arg) {
  (void) arg;
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void run_elsewhere(void (*run)(void *arg)) {
  ck_assert_int_eq(uv_thread_create(&thread, run, NULL), 0);
}

static void join(void) {
  ck_assert_int_eq(uv_thread_join(&thread), 0);
}

static void count_to_the_end(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  (void) msg;
  if (status == UV_EOF)
    (void) loopchan_close(receiver, NULL);
  else
    received++;
}

static void close_at_message(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  (void) msg;
  (void) loopchan_close(receiver, NULL);
  received += status == 0;
}

/* A send on rx, where there is no room. */
static void send_into_full(void) {
  sent_on_loop = loopchan_send(tx, &(int){-1});
}

static const size_t capacities[] = {1, 16, LOOPCHAN_RENDEZVOUS};
#define CAPACITIES 3

START_TEST(the_opener_waits_for_room_on_a_loop_that_another_thread_runs) {
  open_of(capacities[_i]);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  run_elsewhere(run_loop);
  send_ints(0, 1000);
  drop_tx();
  join();
  ck_assert_int_eq(received, 1000);
}
END_TEST

START_TEST(its_calls_before_the_loop_begins_change_nothing) {
  loopchan_stats_t stats;

  open_of(1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  run_elsewhere(run_loop);
  send_ints(0, 1000);
  drop_tx();
  join();
  ck_assert_int_eq(received, 1000);
}
END_TEST

/* Nothing else could make room. */
START_TEST(the_opener_gives_the_loop_a_second_to_begin) {
  uint64_t before = uv_hrtime();
  int message = 7;

  open_of(1);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_send(tx, &message), UV_EAGAIN);
  ck_assert_uint_ge(uv_hrtime() - before, SECOND);
  ck_assert_int_eq(message, 7);
  expect_ints(0, 1);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_time_out_that_comes_first_is_a_time_out) {
  uint64_t before;

  open_of(1);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000000), UV_ETIMEDOUT);
  before = uv_hrtime();
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){1}, 1000 * SECOND),
                   UV_EAGAIN);
  ck_assert_uint_ge(uv_hrtime() - before, SECOND);
  ck_assert_int_eq((int) loopchan_send_many(tx, (int[]){1, 2}, 2), UV_EAGAIN);
  close_rx();
  drop_tx();
}
END_TEST

/* Here nothing else could close it. */
START_TEST(a_wait_for_the_closure_gives_the_loop_a_second_too) {
  uint64_t before = uv_hrtime();

  open_of(1);
  ck_assert_int_eq(loopchan_wait_closed(tx, 1000000), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_wait_closed(tx, LOOPCHAN_FOREVER), UV_EAGAIN);
  ck_assert_uint_ge(uv_hrtime() - before, SECOND);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(the_opener_waits_for_the_closure_by_another_thread) {
  open_of(1);
  ck_assert_int_eq(loopchan_recv_start(&rx, close_at_message), 0);
  send_ints(0, 1);
  run_elsewhere(run_loop);
  ck_assert_int_eq(loopchan_wait_closed(tx, LOOPCHAN_FOREVER), 0);
  join();
  ck_assert_int_eq(received, 1);
  drop_tx();
}
END_TEST

static void on_second(uv_timer_t *handle) {
  uv_close((uv_handle_t *) handle, NULL);
  (void) loopchan_recv_start(&rx, count_to_the_end);
}

/* The other receiver's callback says that the loop runs elsewhere. The timer's
 * makes room when the second is over. */
START_TEST(a_loop_that_has_begun_is_waited_for_as_by_anybody) {
  loopchan_options_t options = int_options();

  open_of(1);
  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&other_rx, close_at_message), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){0}), 0);
  loopchan_sender_drop(other_tx);
  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(uv_timer_start(&timer, on_second, 1200, 0), 0);
  send_ints(0, 1);
  run_elsewhere(run_loop);
  send_ints(1, 1);
  drop_tx();
  join();
  ck_assert_int_eq(received, 3);
}
END_TEST

static void send_and_close(loopchan_receiver_t *receiver, int status,
                           void *msg) {
  (void) status;
  (void) msg;
  send_into_full();
  (void) loopchan_close(receiver, NULL);
  (void) loopchan_close(&rx, NULL);
}

/* In the loop's first turn, and before the full one has been called back. */
START_TEST(a_callback_of_one_receiver_says_it_for_all) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  open_of(capacities[_i]);
  ck_assert_int_eq(loopchan_recv_start(&other_rx, send_and_close), 0);
  while (loopchan_try_send(tx, &(int){0}) == 0) {
  }
  ck_assert_int_eq(loopchan_send(other_tx, &(int){0}), 0);
  run_elsewhere(run_loop);
  join();
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

static void on_written(loopchan_write_t *req, int status) {
  (void) req;
  received += status == 0;
  send_into_full();
  (void) loopchan_close(&rx, NULL);
  (void) loopchan_writer_close(&writer, NULL);
}

START_TEST(so_does_a_writers) {
  loopchan_options_t options = int_options();

  open_of(1);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_open(NULL, &other_rx, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, other_tx), 0);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){0}, on_written), 0);
  run_elsewhere(run_loop);
  join();
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  ck_assert_int_eq(loopchan_close(&other_rx, NULL), 0);
  drop_tx();
}
END_TEST

static void send_when_closed(loopchan_receiver_t *receiver) {
  (void) receiver;
  send_into_full();
  (void) loopchan_close(&rx, NULL);
}

START_TEST(so_does_a_close_callback) {
  loopchan_options_t options = int_options();

  open_of(1);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_close(&other_rx, send_when_closed), 0);
  run_elsewhere(run_loop);
  join();
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

static void on_timer(uv_timer_t *handle) {
  timer_calls++;
  uv_close((uv_handle_t *) handle, NULL);
}

/* Not in a process that had other loops: where libuv uses io_uring, their rings
 * interrupt the wait as they go, and libuv 1.50 and 1.52 then wait for too
 * short a time. */
START_TEST(opening_asks_for_no_turn) {
#if defined(__linux__)
  if (!suite_forks())
    return;
#endif
  open_of(1);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(uv_timer_start(&timer, on_timer, 50, 0), 0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(timer_calls, 1);
  close_rx();
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
}
END_TEST

/* Runs the loop here for one message, with its receiver stopped behind it. */
static void run_here_once(void) {
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
}

static void call_and_send(void *arg) {
  (void) arg;
  (void) loopchan_recv_stop(&rx);
  send_into_full();
}

/* From then on the old thread is one like any. */
START_TEST(a_call_says_that_the_loop_has_moved) {
  open_of(1);
  run_here_once();
  send_ints(1, 1);
  send_into_full();
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  sent_on_loop = 1;
  run_elsewhere(call_and_send);
  join();
  ck_assert_int_eq(sent_on_loop, UV_EAGAIN);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){2}, 1000000), UV_ETIMEDOUT);
  close_rx();
  drop_tx();
}
END_TEST

static void stop_at_message(loopchan_receiver_t *receiver, int status,
                            void *msg) {
  received += status == 0;
  (void) msg;
  (void) loopchan_recv_stop(receiver);
  uv_stop(&loop);
}

START_TEST(a_callback_says_that_the_loop_has_moved) {
  open_of(1);
  run_here_once();
  ck_assert_int_eq(loopchan_recv_start(&rx, stop_at_message), 0);
  send_ints(1, 1);
  run_elsewhere(run_loop);
  join();
  ck_assert_int_eq(received, 2);
  send_ints(2, 1);
  ck_assert_int_eq(loopchan_send_timeout(tx, &(int){3}, 1000000), UV_ETIMEDOUT);
  close_rx();
  drop_tx();
}
END_TEST

/* With its last handle's close callback. */
START_TEST(a_loop_without_receivers_and_writers_is_forgotten) {
  loopchan_sender_t *old;

  open_of(1);
  run_here_once();
  close_rx();
  uv_run(&loop, UV_RUN_DEFAULT);
  old = tx; /* it outlives them */
  received = 0;
  open_of(1);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_to_the_end), 0);
  run_elsewhere(run_loop);
  send_ints(0, 1000);
  drop_tx();
  join();
  ck_assert_int_eq(received, 1000);
  loopchan_sender_drop(old);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise whose_loop");

  SUITE_LOOP_CASE(suite, "capacities", setup, expect_clean, CAPACITIES,
                  the_opener_waits_for_room_on_a_loop_that_another_thread_runs,
                  a_callback_of_one_receiver_says_it_for_all);
  SUITE_CASE(suite, "whose_loop", setup, expect_clean,
             its_calls_before_the_loop_begins_change_nothing,
             the_opener_gives_the_loop_a_second_to_begin,
             a_time_out_that_comes_first_is_a_time_out,
             a_wait_for_the_closure_gives_the_loop_a_second_too,
             the_opener_waits_for_the_closure_by_another_thread,
             a_loop_that_has_begun_is_waited_for_as_by_anybody,
             so_does_a_writers, so_does_a_close_callback,
             opening_asks_for_no_turn, a_call_says_that_the_loop_has_moved,
             a_callback_says_that_the_loop_has_moved,
             a_loop_without_receivers_and_writers_is_forgotten);
  return suite;
}
