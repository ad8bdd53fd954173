/* Promise §3.5: a loop sends without ever waiting. The list was drawn up after
 * libuv's tests of write requests: test-tcp-write-queue-order.c and
 * test-tcp-write-after-connect.c. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

#define MOST 1000
#define BUDGET_NS 1000000

static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 2, 64, 1024,
                                    LOOPCHAN_RENDEZVOUS};
#define CAPACITIES 6

static loopchan_writer_t writer;
static loopchan_write_t requests[MOST];
static int called_back, accepted, refused, cancelled, closed, told;

static void start_to_write(void) {
  /* What lay in them before must not matter. */
  memset(requests, 0xff, sizeof requests);
  called_back = accepted = refused = cancelled = closed = told = 0;
  start_clean();
}

static void open_writer(uv_loop_t *receivers, size_t capacity) {
  open_capacity(receivers, capacity);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
}

/* In the order of the writes; what was not accepted is handed back. */
static void on_written(loopchan_write_t *req, int status) {
  int number = called_back++;

  ck_assert_ptr_eq(req, &requests[number]);
  ck_assert_int_eq(closed, 0);
  if (status == 0) {
    ck_assert_ptr_null(req->msg);
    accepted++;
    return;
  }
  ck_assert_int_eq(*(int *) req->msg, number);
  if (status == UV_EPIPE)
    refused++;
  else
    cancelled += status == UV_ECANCELED;
}

static void on_closed(loopchan_writer_t *w) {
  ck_assert_ptr_eq(w, &writer);
  closed++;
}

static void on_told(loopchan_writer_t *w) {
  ck_assert_ptr_eq(w, &writer);
  told++;
}

static void write_ints(int first, int count) {
  for (; count > 0; count--, first++) {
    int message = first;
    ck_assert_int_eq(
        loopchan_write(&requests[first], &writer, &message, on_written), 0);
  }
}

static void close_writer(void) {
  ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), UV_EALREADY);
}

static void finish(void) {
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(closed, 1);
}

START_TEST(a_write_is_called_back_when_there_is_room) {
  int i;

  open_writer(NULL, 2);
  write_ints(0, 5);
  ck_assert_int_eq(called_back, 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(accepted, 2);
  expect_waiting(3);
  for (i = 0; i < 5; i++) {
    expect_ints(i, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(accepted, i + 3 < 5 ? i + 3 : 5);
  }
  close_writer();
  finish();
  ck_assert_int_eq(loopchan_try_recv(&rx, &i), UV_EOF);
  close_rx();
}
END_TEST

/* Threads that wait are served some at a time, a loop is served at once. */
START_TEST(one_place_of_many_is_enough_for_a_write) {
  int i;

  open_writer(NULL, 1024);
  for (i = 0; i < 1024; i++)
    ck_assert_int_eq(loopchan_try_write(&writer, &i), 0);
  write_ints(0, 1);
  expect_ints(0, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(accepted, 1);
  close_writer();
  finish();
  close_rx();
}
END_TEST

START_TEST(a_try_write_never_overtakes) {
  int i = 9;

  open_writer(NULL, 2);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){0}), 0);
  write_ints(0, 2);
  ck_assert_int_eq(loopchan_try_write(&writer, &i), UV_EAGAIN);
  ck_assert_int_eq(loopchan_try_write(&writer, NULL), UV_EINVAL);
  expect_ints(0, 1);
  ck_assert_int_eq(loopchan_try_write(&writer, &i), UV_EAGAIN);
  expect_ints(0, 1);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){2}), 0);
  expect_ints(1, 2);
  close_writer();
  finish();
  close_rx();
}
END_TEST

START_TEST(a_receiver_that_goes_hands_the_messages_back) {
  bool rendezvous = capacities[_i] == LOOPCHAN_RENDEZVOUS;
  int room = rendezvous ? 0 : capacities[_i] > 50 ? 50 : (int) capacities[_i];

  if (capacities[_i] == LOOPCHAN_UNBOUNDED)
    room = 50;
  open_writer(NULL, capacities[_i]);
  ck_assert_int_eq(loopchan_writer_on_closed(&writer, on_told), 0);
  write_ints(0, 50);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(told, 0);
  close_rx();
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(told, 1);
  write_ints(50, 3);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){0}), UV_EPIPE);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(accepted, room);
  ck_assert_int_eq(refused, 53 - room);
  ck_assert_int_eq(loopchan_writer_on_closed(&writer, on_told), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(told, 2);
  close_writer();
  finish();
}
END_TEST

static void on_refused(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert_int_eq(status, UV_EPIPE);
  close_writer();
}

START_TEST(a_writer_closed_by_its_callback_is_told_no_more) {
  open_writer(NULL, 1);
  ck_assert_int_eq(loopchan_writer_on_closed(&writer, on_told), 0);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){0}), 0);
  ck_assert_int_eq(loopchan_write(&requests[0], &writer, &(int){1}, on_refused),
                   0);
  close_rx();
  finish();
  ck_assert_int_eq(told, 0);
}
END_TEST

/* So many that the last node of a slab is among those that come back. */
START_TEST(a_writer_that_closes_has_its_messages_back) {
  open_writer(NULL, capacities[_i]);
  write_ints(0, 500);
  close_writer();
  ck_assert_int_eq(loopchan_write(&requests[0], &writer, &(int){0}, on_written),
                   UV_EINVAL);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){0}), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_on_closed(&writer, on_told), UV_EINVAL);
  ck_assert_int_eq(called_back, 0);
  finish();
  ck_assert_int_eq(called_back, 500);
  ck_assert_int_eq(accepted + cancelled, 500);
  expect_ints(0, accepted);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

static int received;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF) {
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  if (*(int *) msg != received++)
    ck_abort_msg("message %d is %d", received - 1, *(int *) msg);
}

/* What a callback does to its channel while it has a message in hand. */
static void take_another(loopchan_receiver_t *receiver, int status, void *msg) {
  int message;

  on_message(receiver, status, msg);
  if (status == 0 && loopchan_try_recv(receiver, &message) == 0)
    on_message(receiver, 0, &message);
}

static void end_at_once(loopchan_receiver_t *receiver, int status, void *msg) {
  on_message(receiver, status, msg);
  if (status == 0)
    ck_assert_int_eq(loopchan_shutdown(receiver), 0);
}

START_TEST(the_message_in_hand_is_answered_first) {
  received = 0;
  open_writer(&loop, capacities[_i]);
  write_ints(0, 5);
  ck_assert_int_eq(loopchan_recv_start(&rx, take_another), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  close_writer();
  finish();
  ck_assert_int_eq(received, 5);
  ck_assert_int_eq(accepted, 5);
}
END_TEST

START_TEST(a_shutdown_refuses_those_behind_the_message_in_hand) {
  received = 0;
  open_writer(&loop, LOOPCHAN_RENDEZVOUS);
  write_ints(0, 5);
  ck_assert_int_eq(loopchan_recv_start(&rx, end_at_once), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  close_writer();
  finish();
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(accepted, 1);
  ck_assert_int_eq(refused, 4);
}
END_TEST

static int to_write;

/* Writes again from its own callback, twenty under way at a time. */
static void write_on(loopchan_write_t *req, int status) {
  on_written(req, status);
  if (to_write < MOST)
    ck_assert_int_eq(
        loopchan_write(&requests[to_write], &writer, &to_write, write_on), 0);
  to_write++;
  if (called_back == MOST)
    ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), 0);
}

static void begin_to_write(void) {
  for (to_write = 0; to_write < 20; to_write++)
    ck_assert_int_eq(
        loopchan_write(&requests[to_write], &writer, &to_write, write_on), 0);
}

START_TEST(writer_and_receiver_live_on_one_loop) {
  received = 0;
  open_writer(&loop, capacities[_i]);
  begin_to_write();
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  finish();
  ck_assert_int_eq(received, MOST);
  ck_assert_int_eq(accepted, MOST);
}
END_TEST

static uv_loop_t other;

static void run_other(int self) {
  (void) self;
  uv_run(&other, UV_RUN_DEFAULT);
}

START_TEST(writer_and_receiver_live_on_two_loops) {
  received = 0;
  ck_assert_int_eq(uv_loop_init(&other), 0);
  open_writer(&other, capacities[_i]);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  begin_to_write();
  threads_start(1, run_other);
  finish();
  threads_join();
  ck_assert_int_eq(uv_loop_close(&other), 0);
  ck_assert_int_eq(received, MOST);
  ck_assert_int_eq(accepted, MOST);
}
END_TEST

static uv_sem_t in_hand, let_go;

static void hold(loopchan_receiver_t *receiver, int status, void *msg) {
  on_message(receiver, status, msg);
  if (status != 0)
    return;
  uv_sem_post(&in_hand);
  uv_sem_wait(&let_go);
}

/* The other loop has the message in hand as long as it likes. */
START_TEST(a_writer_closes_when_its_message_is_out_of_hand) {
  received = 0;
  ck_assert_int_eq(uv_sem_init(&in_hand, 0), 0);
  ck_assert_int_eq(uv_sem_init(&let_go, 0), 0);
  ck_assert_int_eq(uv_loop_init(&other), 0);
  open_writer(&other, LOOPCHAN_RENDEZVOUS);
  ck_assert_int_eq(loopchan_recv_start(&rx, hold), 0);
  write_ints(0, 2);
  threads_start(1, run_other);
  uv_sem_wait(&in_hand);
  close_writer();
  uv_run(&loop, UV_RUN_NOWAIT);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(closed, 0);
  uv_sem_post(&let_go);
  finish();
  threads_join();
  ck_assert_int_eq(uv_loop_close(&other), 0);
  uv_sem_destroy(&in_hand);
  uv_sem_destroy(&let_go);
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(accepted, 1);
  ck_assert_int_eq(cancelled, 1);
}
END_TEST

/* A receiver's callback closes the writer whose message it has in hand. */
static void close_the_writer(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  if (status == UV_EOF) {
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  ck_assert_int_eq(*(int *) msg, received++);
  if (received == 1)
    close_writer();
}

START_TEST(a_receivers_callback_closes_the_writer) {
  received = 0;
  open_writer(&loop, capacities[_i]);
  write_ints(0, 10);
  ck_assert_int_eq(loopchan_recv_start(&rx, close_the_writer), 0);
  finish();
  ck_assert_int_eq(called_back, 10);
  ck_assert_int_eq(accepted + cancelled, 10);
  ck_assert_int_eq(received, accepted);
}
END_TEST

static void scribble(loopchan_write_t *req, int status) {
  ck_assert_int_eq(status, 0);
  memset(req, 0xff, sizeof *req);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){1}), 0);
}

START_TEST(a_request_is_the_users_again_from_its_callback_on) {
  open_writer(NULL, LOOPCHAN_UNBOUNDED);
  ck_assert_int_eq(loopchan_write(&requests[0], &writer, &(int){0}, scribble),
                   0);
  uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){2}), 0);
  expect_ints(0, 3);
  close_writer();
  finish();
  close_rx();
}
END_TEST

/* The whole budget of the turn goes, and one more write is accepted. */
static void write_on_and_take_long(loopchan_write_t *req, int status) {
  uint64_t end = uv_hrtime() + 2 * BUDGET_NS;

  ck_assert_ptr_eq(req, &requests[0]);
  ck_assert_int_eq(status, 0);
  called_back++;
  accepted++;
  write_ints(3, 1);
  expect_ints(0, 1);
  while (uv_hrtime() < end)
    ;
}

/* The wake of the write accepted meanwhile and the wake that the cut turn asks
 * for are one call. */
START_TEST(a_write_accepted_while_others_are_left_over_is_called_back) {
  loopchan_options_t options = int_options();
  int turns;

  options.capacity = 3;
  options.budget_ns = BUDGET_NS;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(
      loopchan_write(&requests[0], &writer, &(int){0}, write_on_and_take_long),
      0);
  write_ints(1, 2);
  for (turns = 0; turns < 10; turns++)
    uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(accepted, 4);
  expect_ints(1, 3);
  close_writer();
  finish();
  close_rx();
}
END_TEST

static void close_both(loopchan_write_t *req, int status) {
  (void) req;
  (void) status;
  if (called_back++ == 0) {
    close_rx();
    ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), 0);
  }
}

START_TEST(a_writers_callback_closes_both) {
  int i;

  received = 0;
  open_writer(&loop, capacities[_i]);
  for (i = 0; i < 10; i++)
    ck_assert_int_eq(loopchan_write(&requests[i], &writer, &i, close_both), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  finish();
  ck_assert_int_eq(called_back, 10);
}
END_TEST

static int handles_closed;

static void on_handle_closed(uv_handle_t *handle) {
  (void) handle;
  handles_closed++;
}

static void close_by_walk(uv_handle_t *handle, void *arg) {
  (void) arg;
  loopchan_close_handle(handle, on_handle_closed);
}

START_TEST(a_walk_closes_writers_too) {
  handles_closed = 0;
  open_writer(&loop, 1);
  write_ints(0, 3);
  ck_assert_ptr_null(
      loopchan_receiver_from_handle((uv_handle_t *) &writer.async));
  uv_walk(&loop, close_by_walk, NULL);
  uv_walk(&loop, close_by_walk, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(called_back, 3);
  /* The receiver and the writer, once each. */
  ck_assert_int_eq(handles_closed, 2);
}
END_TEST

START_TEST(waiting_threads_and_writers_share_one_queue) {
  waiter_t waiters[2];

  open_writer(NULL, 1);
  write_ints(0, 2);
  waiter_start(&waiters[0], 2);
  expect_waiting(2);
  write_ints(2, 1);
  waiter_start(&waiters[1], 4);
  expect_waiting(4);
  requests[2].data = &waiters;
  expect_ints(0, 2);
  expect_ints(2, 1);
  expect_ints(2, 1);
  expect_ints(4, 1);
  waiter_expect(&waiters[0], 2, 0);
  waiter_expect(&waiters[1], 4, 0);
  ck_assert_ptr_eq(requests[2].data, &waiters);
  close_writer();
  finish();
  close_rx();
}
END_TEST

static size_t bytes_at_second, bytes_at_last;

static void write_again(loopchan_write_t *req, int status) {
  ck_assert_int_eq(status, UV_EPIPE);
  bytes_at_last = memory_bytes();
  if (++called_back == 2)
    bytes_at_second = bytes_at_last;
  if (called_back < 1000)
    ck_assert_int_eq(loopchan_write(req, &writer, &called_back, write_again),
                     0);
  else
    close_writer();
}

START_TEST(writes_to_a_closed_channel_hold_no_memory) {
  open_writer(NULL, LOOPCHAN_UNBOUNDED);
  close_rx();
  ck_assert_int_eq(
      loopchan_write(&requests[0], &writer, &called_back, write_again), 0);
  finish();
  ck_assert_int_eq(called_back, 1000);
  ck_assert_uint_eq(bytes_at_last, bytes_at_second);
}
END_TEST

static void on_second(loopchan_write_t *req, int status) {
  ck_assert_ptr_nonnull(req->data);
  accepted += status == 0;
  cancelled += status == UV_ECANCELED;
}

static loopchan_writer_t second, third;

static void write_by(loopchan_writer_t *w, loopchan_write_t *req, int message) {
  req->data = w;
  ck_assert_int_eq(loopchan_write(req, w, &message, on_second), 0);
}

/* Three writers at one full channel: each gets its own back, wherever it stands
 * among them. */
START_TEST(a_writer_that_closes_leaves_the_others_waiting) {
  loopchan_write_t full, of_second[2], of_third;

  open_capacity(NULL, 1);
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &second, loopchan_sender_clone(tx)), 0);
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &third, loopchan_sender_clone(tx)), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  write_by(&second, &full, 0);
  write_by(&second, &of_second[0], 1);
  write_by(&third, &of_third, 2);
  write_by(&second, &of_second[1], 3);
  ck_assert_int_eq(loopchan_writer_close(&third, NULL), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(accepted, 1);
  ck_assert_int_eq(cancelled, 1);
  expect_ints(0, 2);
  expect_ints(3, 1);
  ck_assert_int_eq(loopchan_writer_close(&second, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(accepted, 3);
  close_rx();
}
END_TEST

START_TEST(a_bare_signal_is_written_without_a_message) {
  open_signals(NULL);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_write(requests, &writer, NULL, on_written), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), 0);
  finish();
  ck_assert_int_eq(accepted, 1);
  ck_assert_int_eq(loopchan_recv(&rx, NULL), 0);
  ck_assert_int_eq(loopchan_recv(&rx, NULL), UV_EOF);
  close_rx();
}
END_TEST

START_TEST(bad_input_is_refused) {
  loopchan_writer_t none;
  size_t n;
  int err = UV_ENOMEM;

  memset(&none, 0, sizeof none);
  open_capacity(NULL, 1);
  ck_assert_int_eq(loopchan_writer_open(NULL, &writer, tx), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_open(&loop, NULL, tx), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_close(&none, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_close(NULL, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_write(&none, &err), UV_EINVAL);
  for (n = 1; err != 0; n++) {
    memory_fail(n);
    err = loopchan_writer_open(&loop, &writer, tx);
  }
  ck_assert_uint_eq(n, 4);
  ck_assert_int_eq(loopchan_write(NULL, &writer, &err, on_written), UV_EINVAL);
  ck_assert_int_eq(loopchan_write(requests, NULL, &err, on_written), UV_EINVAL);
  ck_assert_int_eq(loopchan_write(requests, &writer, NULL, on_written),
                   UV_EINVAL);
  ck_assert_int_eq(loopchan_write(requests, &writer, &err, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_write(&writer, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_on_closed(NULL, on_told), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_on_closed(&writer, NULL), 0);
  memory_fail(1);
  ck_assert_int_eq(loopchan_write(requests, &writer, &err, on_written),
                   UV_ENOMEM);
  write_ints(0, 1);
  ck_assert_int_eq(loopchan_writer_close(&writer, on_closed), 0);
  finish();
  ck_assert_int_eq(accepted, 1);
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise writer");
  TCase *each_capacity = tcase_create("each capacity");

  tcase_add_checked_fixture(each_capacity, start_to_write, expect_clean);
  tcase_set_timeout(each_capacity, 60);
  tcase_add_loop_test(each_capacity,
                      a_receiver_that_goes_hands_the_messages_back, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_writer_that_closes_has_its_messages_back,
                      0, CAPACITIES);
  tcase_add_loop_test(each_capacity, writer_and_receiver_live_on_one_loop, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, writer_and_receiver_live_on_two_loops, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, the_message_in_hand_is_answered_first, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_receivers_callback_closes_the_writer, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_writers_callback_closes_both, 0,
                      CAPACITIES);
  suite_add_tcase(suite, each_capacity);
  SUITE_CASE(suite, "writer", start_to_write, expect_clean,
             a_write_is_called_back_when_there_is_room,
             one_place_of_many_is_enough_for_a_write,
             a_writer_closed_by_its_callback_is_told_no_more,
             a_try_write_never_overtakes,
             a_request_is_the_users_again_from_its_callback_on,
             a_write_accepted_while_others_are_left_over_is_called_back,
             a_writer_closes_when_its_message_is_out_of_hand,
             a_walk_closes_writers_too,
             waiting_threads_and_writers_share_one_queue,
             a_shutdown_refuses_those_behind_the_message_in_hand,
             writes_to_a_closed_channel_hold_no_memory,
             a_writer_that_closes_leaves_the_others_waiting,
             a_bare_signal_is_written_without_a_message, bad_input_is_refused);
  return suite;
}
