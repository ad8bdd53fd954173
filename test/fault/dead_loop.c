/* Fault: a receiver whose loop never runs again. Senders see a receiver that
 * sleeps: they go on while there is room, wait as long as they said, and learn
 * of the end from whoever makes it. (The loops are run a last time by the
 * teardown, so that a leak would show.) */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

static int received, dropped;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
}

static void on_drop(void *msg, void *arg) {
  (void) arg;
  ck_assert_int_eq(*(int *) msg, received + dropped++);
}

/* Receives two messages, and then is left alone: asleep, with a wake that
 * nobody hears. Returns how many more messages there is room for. By
 * rendezvous, a receiver asleep takes one. */
static int abandon_loop(int which) {
  const flavour_t *flavour = &flavours[which];
  loopchan_options_t options = flavour_options(flavour);

  received = dropped = 0;
  options.drop = on_drop;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  for (int i = 0; i < 2; i++) {
    expect_try_send(i, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  ck_assert_int_eq(received, 2);
  return flavour->capacity == LOOPCHAN_RENDEZVOUS ? 1
                                                  : flavour_room(flavour, 2000);
}

static int went, code;

/* As a stranger to the loop, who may wait. */
static void send_what_fits(int self) {
  int message = 2 + went;

  (void) self;
  while (went < 2000 && (code = loopchan_try_send(tx, &message)) == 0)
    message = 2 + ++went;
  if (code == UV_EAGAIN)
    code = loopchan_send_timeout(tx, &message, 1000000);
}

START_TEST(senders_go_on_while_there_is_room) {
  int room = abandon_loop(_i);

  went = code = 0;
  threads_start(1, send_what_fits);
  threads_join();
  ck_assert_int_eq(went, room);
  ck_assert_int_eq(code, _i == 0 ? 0 : UV_ETIMEDOUT);
  close_rx();
  ck_assert_int_eq(dropped, room);
  drop_tx();
}
END_TEST

static void expect_end(int which, int (*end)(void)) {
  int room = abandon_loop(which), count = which == 0 ? 0 : 3, err;
  waiter_t waiters[3];

  for (int i = 0; i < room; i++)
    expect_try_send(2 + i, 0);
  for (int i = 0; i < count; i++) {
    waiter_start(&waiters[i], 5000 + i);
    expect_waiting((size_t) i + 1);
  }
  ck_assert_int_eq(end(), 0);
  for (int i = 0; i < count; i++)
    waiter_expect(&waiters[i], 5000 + i, UV_EPIPE);
  expect_try_send(-1, UV_EPIPE);
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  err = loopchan_close(&rx, NULL);
  ck_assert(err == 0 || err == UV_EALREADY);
  ck_assert_int_eq(dropped, room);
  drop_tx();
}

static int close_here(void) {
  return loopchan_close(&rx, NULL);
}

static int shut_down_here(void) {
  return loopchan_shutdown(&rx);
}

START_TEST(a_close_in_its_place_refuses_those_who_wait) {
  expect_end(_i, close_here);
}
END_TEST

START_TEST(a_shutdown_in_its_place_refuses_those_who_wait) {
  expect_end(_i, shut_down_here);
}
END_TEST

/* The loop's thread has ended; who joined it has its place. */
static void count_message(loopchan_receiver_t *receiver, int status,
                          void *msg) {
  (void) receiver;
  (void) msg;
  received += status == 0;
}

static void count_drop(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  dropped++;
}

static atomic_int accepted;
static atomic_bool dead;

/* However long the loop takes to come to run, senders outlive it. */
static void run_or_send(int self) {
  loopchan_sender_t *mine;
  int err;

  if (self == 0) {
    while (received < 100)
      uv_run(&loop, UV_RUN_ONCE);
    dead = true;
    return;
  }
  mine = loopchan_sender_clone(tx);
  do {
    err = loopchan_send_timeout(mine, &self, 5000000);
    accepted += err == 0;
  } while (!dead || (err == 0 && accepted < 4000));
  loopchan_sender_drop(mine);
}

START_TEST(a_loop_that_dies_among_senders_loses_nothing) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  loopchan_stats_t stats;

  options.drop = count_drop;
  received = dropped = 0;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_message), 0);
  threads_start(4, run_or_send);
  threads_join();
  ck_assert_int_ge(received, 100);
  close_rx();
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_ge(stats.sent, (uint64_t) accepted);
  ck_assert_uint_eq(stats.sent, (uint64_t) (received + dropped));
  drop_tx();
}
END_TEST

/* The last sender is dropped when the loop is gone; the end of file stays. */
START_TEST(the_last_sender_leaves_without_waiting) {
  int room = abandon_loop(_i);

  for (int i = 0; i < room; i++)
    expect_try_send(2 + i, 0);
  drop_tx();
  close_rx();
  ck_assert_int_eq(dropped, room);
}
END_TEST

static int told, refused, written;

static void on_told(loopchan_write_t *req, int status) {
  told++;
  if (status == 0)
    return;
  ck_assert_int_eq(status, UV_EPIPE);
  ck_assert_int_eq(*(int *) req->msg, written);
  refused++;
}

/* A writer on a loop that runs, its receiver on one that does not. */
START_TEST(a_writer_waits_without_blocking_and_is_told) {
  loopchan_writer_t writer;
  loopchan_write_t request;
  uv_loop_t own;

  told = refused = 0;
  written = 2 + abandon_loop(_i);
  for (int i = 2; i < written; i++)
    expect_try_send(i, 0);
  ck_assert_int_eq(uv_loop_init(&own), 0);
  ck_assert_int_eq(loopchan_writer_open(&own, &writer, tx), 0);
  ck_assert_int_eq(loopchan_write(&request, &writer, &written, on_told), 0);
  uv_run(&own, UV_RUN_NOWAIT);
  ck_assert_int_eq(told, _i == 0);
  close_rx();
  uv_run(&own, UV_RUN_NOWAIT);
  ck_assert_int_eq(told, 1);
  ck_assert_int_eq(refused, _i != 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&own, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_loop_close(&own), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault dead_loop");

  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  senders_go_on_while_there_is_room,
                  a_loop_that_dies_among_senders_loses_nothing,
                  the_last_sender_leaves_without_waiting,
                  a_close_in_its_place_refuses_those_who_wait,
                  a_shutdown_in_its_place_refuses_those_who_wait,
                  a_writer_waits_without_blocking_and_is_told);
  return suite;
}
