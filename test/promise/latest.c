/* Promise, LOOPCHAN_LATEST: a channel of the newest message only, on a loop, on
 * a thread, on shared threads, and in a select. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

/* Of each kind of receiver, as a flavour that receives as it does. */
static const int kinds[] = {0, FIRST_ON_THREAD, FIRST_SHARED};
#define KINDS 3

#define MOST 64

static int dropped[MOST], drops;
static uv_thread_t dropping_thread;

/* Without its argument it counts nothing, and each test misses that. */
static void on_drop(void *msg, void *arg) {
  if (arg != &drops)
    return;
  if (drops < MOST)
    dropped[drops] = *(int *) msg;
  drops++;
  dropping_thread = uv_thread_self();
}

static loopchan_options_t latest_options(int kind) {
  loopchan_options_t options = flavour_options(&flavours[kinds[kind]]);

  options.capacity = 1;
  options.flags |= LOOPCHAN_LATEST;
  options.drop = on_drop;
  options.drop_arg = &drops;
  return options;
}

static void open_latest(int kind) {
  loopchan_options_t options = latest_options(kind);

  drops = 0;
  open_with(flavour_loop(&flavours[kinds[kind]]), &options);
}

static void expect_stats(uint64_t sent, uint64_t received, uint64_t gone) {
  loopchan_stats_t stats;

  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, sent);
  ck_assert_uint_eq(stats.received, received);
  ck_assert_uint_eq(stats.dropped, gone);
  ck_assert_uint_eq(stats.queued, sent - received - gone);
  ck_assert_uint_le(stats.queued, 1);
}

START_TEST(a_bound_other_than_one_is_refused) {
  static const size_t wrong[] = {2, 1024, SIZE_MAX - 1, LOOPCHAN_RENDEZVOUS};
  loopchan_options_t options = latest_options(_i);
  uv_loop_t *on = flavour_loop(&flavours[kinds[_i]]);

  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    options.capacity = wrong[i];
    ck_assert_int_eq(loopchan_open(on, &rx, &tx, &options), UV_EINVAL);
  }
  options.capacity = LOOPCHAN_UNBOUNDED;
  open_with(on, &options);
  send_ints(0, 3);
  expect_next(kinds[_i], 2, 1);
  close_and_drop();
}
END_TEST

START_TEST(only_the_newest_message_is_received) {
  open_latest(_i);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  send_ints(0, 10);
  expect_stats(10, 0, 9);
  expect_next(kinds[_i], 9, 1);
  expect_stats(10, 1, 9);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  send_ints(10, 1);
  expect_next(kinds[_i], 10, 1);
  send_ints(11, 2);
  expect_ints(12, 1);
  expect_stats(13, 3, 10);
  close_and_drop();
}
END_TEST

START_TEST(what_is_replaced_is_dropped_inside_the_send) {
  uv_thread_t self = uv_thread_self();

  open_latest(_i);
  send_ints(0, 1);
  ck_assert_int_eq(drops, 0);
  for (int i = 1; i < 10; i++) {
    send_ints(i, 1);
    ck_assert_int_eq(drops, i);
    ck_assert_int_eq(dropped[i - 1], i - 1);
  }
  ck_assert(uv_thread_equal(&dropping_thread, &self));
  expect_next(kinds[_i], 9, 1);
  send_ints(10, 1);
  ck_assert_int_eq(drops, 9);
  close_and_drop();
}
END_TEST

static uv_thread_t sending_thread;

static void send_as_another(int self) {
  (void) self;
  sending_thread = uv_thread_self();
  (void) loopchan_send(tx, &(int){2});
}

START_TEST(it_is_dropped_on_the_thread_of_the_sender) {
  open_latest(_i);
  send_ints(1, 1);
  threads_start(1, send_as_another);
  threads_join();
  ck_assert_int_eq(drops, 1);
  ck_assert(uv_thread_equal(&dropping_thread, &sending_thread));
  expect_next(kinds[_i], 2, 1);
  close_and_drop();
}
END_TEST

START_TEST(no_send_waits_or_is_refused) {
  void *place;

  open_latest(_i);
  for (int i = 0; i < 100; i++) {
    expect_try_send(i, 0);
    ck_assert_int_eq(loopchan_send(tx, &i), 0);
    ck_assert_int_eq(loopchan_send_timeout(tx, &i, 0), 0);
    ck_assert_int_eq(loopchan_send_timeout(tx, &i, LOOPCHAN_FOREVER), 0);
    ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
    memcpy(place, &i, sizeof i);
    ck_assert_int_eq(loopchan_commit(tx, place), 0);
  }
  ck_assert_uint_eq(loopchan_room(tx), SIZE_MAX);
  expect_stats(500, 0, 499);
  ck_assert_int_eq(drops, 499);
  close_and_drop();
  ck_assert_int_eq(drops, 500);
}
END_TEST

START_TEST(of_many_the_last_one_stays) {
  int messages[] = {1, 2, 3, 4, 5};

  open_latest(_i);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 5), 5);
  ck_assert_int_eq(drops, 5);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq(dropped[i], i);
  expect_stats(6, 0, 5);
  expect_next(kinds[_i], 5, 1);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 1), 1);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 0), 0);
  ck_assert_int_eq(drops, 5);
  expect_next(kinds[_i], 1, 1);
  expect_stats(7, 2, 5);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq(messages[i], i + 1);
  close_rx();
  ck_assert_int_eq(loopchan_send_many(tx, messages, 5), UV_EPIPE);
  ck_assert_int_eq(drops, 5);
  drop_tx();
}
END_TEST

START_TEST(without_a_drop_function_they_are_discarded) {
  loopchan_options_t options = latest_options(_i);
  int messages[] = {1, 2, 3};

  options.drop = NULL;
  open_with(flavour_loop(&flavours[kinds[_i]]), &options);
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 3), 3);
  expect_next(kinds[_i], 3, 1);
  expect_stats(6, 1, 5);
  close_and_drop();
}
END_TEST

START_TEST(a_commit_replaces_and_an_abandon_does_not) {
  void *first, *second;

  open_latest(_i);
  ck_assert_int_eq(loopchan_reserve(tx, &first), 0);
  ck_assert_int_eq(loopchan_reserve(tx, &second), 0);
  ck_assert_ptr_ne(first, second);
  send_ints(1, 1);
  memcpy(first, &(int){2}, sizeof(int));
  memcpy(second, &(int){3}, sizeof(int));
  expect_stats(1, 0, 0);
  ck_assert_int_eq(loopchan_commit(tx, second), 0);
  ck_assert_int_eq(drops, 1);
  loopchan_abandon(tx, first);
  ck_assert_int_eq(drops, 1);
  expect_next(kinds[_i], 3, 1);
  ck_assert_int_eq(loopchan_reserve(tx, &first), 0);
  close_rx();
  ck_assert_int_eq(loopchan_commit(tx, first), UV_EPIPE);
  loopchan_abandon(tx, first);
  drop_tx();
}
END_TEST

START_TEST(after_a_shutdown_the_message_that_waits_is_received) {
  open_latest(_i);
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  expect_try_send(4, UV_EPIPE);
  expect_stats(3, 0, 2);
  expect_next(kinds[_i], 2, 1);
  expect_eof(kinds[_i]);
  expect_stats(3, 1, 2);
  close_and_drop();
  ck_assert_int_eq(drops, 2);
}
END_TEST

START_TEST(after_the_last_drop_the_message_that_waits_is_received) {
  loopchan_sender_t *clone;

  open_latest(_i);
  clone = loopchan_sender_clone(tx);
  send_ints(0, 3);
  drop_tx();
  ck_assert_int_eq(loopchan_send(clone, &(int){7}), 0);
  loopchan_sender_drop(clone);
  expect_stats(4, 0, 3);
  expect_next(kinds[_i], 7, 1);
  expect_eof(kinds[_i]);
  expect_stats(4, 1, 3);
  close_rx();
  ck_assert_int_eq(drops, 3);
}
END_TEST

START_TEST(the_end_of_file_comes_without_a_message_too) {
  open_latest(_i);
  drop_tx();
  expect_eof(kinds[_i]);
  close_rx();
}
END_TEST

START_TEST(a_close_drops_the_message_that_waits) {
  loopchan_stats_t stats;

  open_latest(_i);
  send_ints(0, 3);
  if (_i == 0)
    drop_tx();
  close_rx();
  ck_assert_int_eq(drops, 3);
  ck_assert_int_eq(dropped[2], 2);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, 3);
  ck_assert_uint_eq(stats.dropped, 3);
  ck_assert_uint_eq(stats.queued, 0);
  drop_tx();
}
END_TEST

START_TEST(a_close_after_a_shutdown_drops_it_too) {
  open_latest(_i);
  send_ints(0, 2);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  close_rx();
  ck_assert_int_eq(drops, 2);
  ck_assert_int_eq(dropped[1], 1);
  drop_tx();
}
END_TEST

/* Also of messages that are large, and of none. */
START_TEST(a_steady_state_allocates_nothing) {
  static const size_t sizes[] = {0, 1, sizeof(int), 100, 4096, 300000};
  static char message[300000];

  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    loopchan_options_t options = latest_options(_i);
    size_t allocations = 0;
    options.msg_size = sizes[i];
    options.drop = NULL;
    open_with(flavour_loop(&flavours[kinds[_i]]), &options);
    for (int n = 0; n < 1000; n++) {
      if (n == 100)
        allocations = memory_allocations();
      ck_assert_int_eq(loopchan_send(tx, message), 0);
      if (n % 3 == 0)
        ck_assert_int_eq(loopchan_try_recv(&rx, message), 0);
      if (n % 7 == 0)
        ck_assert_int_eq(loopchan_send_many(tx, message, 1), 1);
    }
    ck_assert_uint_eq(memory_allocations(), allocations);
    close_and_drop();
    uv_run(&loop, UV_RUN_NOWAIT);
  }
}
END_TEST

static int seen, last_seen;

static void see(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  if (status != 0)
    return;
  seen++;
  ck_assert_int_gt(*(int *) msg, last_seen);
  last_seen = *(int *) msg;
}

START_TEST(a_delivery_takes_one_wake_at_most) {
  loopchan_stats_t stats;

  seen = 0;
  last_seen = -1;
  open_latest(0);
  ck_assert_int_eq(loopchan_recv_start(&rx, see), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  for (int turn = 0; turn < 10; turn++) {
    send_ints(100 * turn, 100);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(seen, turn + 1);
    ck_assert_int_eq(last_seen, 100 * turn + 99);
  }
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_le(stats.wakeups, 10);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  send_ints(1000, 100);
  uv_run(&loop, UV_RUN_NOWAIT);
  send_ints(1100, 100);
  ck_assert_int_eq(loopchan_recv_start(&rx, see), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(seen, 11);
  ck_assert_int_eq(last_seen, 1199);
  close_and_drop();
}
END_TEST

/* In its callback it sends, takes what it sent, sends again, and closes: what
 * it has in hand stays as it is. */
static void do_all(loopchan_receiver_t *receiver, int status, void *msg) {
  int message = 0;

  if (status != 0)
    return;
  seen++;
  ck_assert_int_eq(*(int *) msg, 3 * seen - 3);
  send_ints(3 * seen - 2, 1);
  ck_assert_int_eq(loopchan_try_recv(receiver, &message), 0);
  ck_assert_int_eq(message, 3 * seen - 2);
  send_ints(100, 1);
  send_ints(3 * seen, 1);
  ck_assert_int_eq(*(int *) msg, 3 * seen - 3);
  if (seen < 20)
    return;
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
  ck_assert_int_eq(*(int *) msg, 3 * seen - 3);
}

START_TEST(a_callback_may_do_everything) {
  seen = 0;
  open_latest(0);
  ck_assert_int_eq(loopchan_recv_start(&rx, do_all), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(seen, 20);
  ck_assert_int_eq(drops, 21);
  drop_tx();
}
END_TEST

START_TEST(the_budget_cuts_a_callback_that_answers_itself) {
  loopchan_options_t options = latest_options(0);
  loopchan_stats_t stats;

  options.budget_messages = 4;
  seen = drops = 0;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, do_all), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(seen, 4);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.budget_cuts, 1);
  /* What waits may still be replaced. */
  send_ints(3 * seen, 1);
  expect_ints(3 * seen, 1);
  close_and_drop();
}
END_TEST

/* Drop sends, which replaces what was just sent. */
static void send_from_drop(void *msg, void *arg) {
  int message = *(int *) msg;

  (void) arg;
  drops++;
  if (message < 10)
    ck_assert_int_eq(loopchan_send(tx, &(int){message + 10}), 0);
}

START_TEST(a_drop_function_may_send) {
  loopchan_options_t options = latest_options(_i);

  drops = 0;
  options.drop = send_from_drop;
  open_with(flavour_loop(&flavours[kinds[_i]]), &options);
  send_ints(1, 1);
  send_ints(2, 1);
  ck_assert_int_eq(drops, 3); /* 1, then 2 by 11, then 11 by 12 */
  expect_stats(4, 0, 3);
  expect_next(kinds[_i], 12, 1);
  close_and_drop();
}
END_TEST

START_TEST(a_selected_message_may_be_replaced) {
  loopchan_receiver_t *const rxs[] = {&rx};

  open_latest(1);
  ck_assert_int_eq(loopchan_select(rxs, 1, 0), UV_ETIMEDOUT);
  send_ints(1, 1);
  ck_assert_int_eq(loopchan_select(rxs, 1, LOOPCHAN_FOREVER), 0);
  send_ints(2, 1);
  ck_assert_int_eq(loopchan_select(rxs, 1, 0), 0);
  expect_ints(2, 1);
  ck_assert_int_eq(loopchan_select(rxs, 1, 1000), UV_ETIMEDOUT);
  send_ints(3, 1);
  drop_tx();
  ck_assert_int_eq(loopchan_select(rxs, 1, 0), 0);
  expect_ints(3, 1);
  ck_assert_int_eq(loopchan_select(rxs, 1, 0), 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}
END_TEST

static loopchan_writer_t writer;
static loopchan_write_t requests[MOST];
static int written, results[MOST];

static void on_written(loopchan_write_t *req, int status) {
  ck_assert_ptr_eq(req, &requests[written]);
  ck_assert_int_eq(req->msg == NULL, status == 0);
  results[written++] = status;
}

static void write_int(int number) {
  ck_assert_int_eq(
      loopchan_write(&requests[number], &writer, &number, on_written), 0);
}

START_TEST(writes_replace_and_are_called_back_in_order) {
  written = 0;
  open_latest(_i);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  for (int i = 0; i < 5; i++)
    write_int(i);
  ck_assert_int_eq(drops, 4);
  ck_assert_int_eq(written, 0);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){5}), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(written, 5);
  expect_stats(6, 0, 5);
  expect_next(kinds[_i], 5, 1);
  close_rx();
  write_int(5);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){6}), UV_EPIPE);
  while (written < 6)
    uv_run(&loop, UV_RUN_ONCE);
  ck_assert_int_eq(results[4], 0);
  ck_assert_int_eq(results[5], UV_EPIPE);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
}
END_TEST

static void write_from_drop(void *msg, void *arg) {
  int message = *(int *) msg;

  (void) arg;
  drops++;
  if (message < 2)
    write_int(message + 2);
}

START_TEST(a_write_from_drop_is_called_back_behind_the_one_that_dropped) {
  loopchan_options_t options = latest_options(_i);

  written = drops = 0;
  options.drop = write_from_drop;
  open_with(flavour_loop(&flavours[kinds[_i]]), &options);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  write_int(0);
  write_int(1); /* drops 0, which writes 2, which drops 1, which writes 3 */
  ck_assert_int_eq(drops, 3);
  expect_ints(3, 1);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(written, 4);
  close_rx();
}
END_TEST

#ifdef SLOW /* under a sanitizer */
#define REPLACEMENTS 100000
#else
#define REPLACEMENTS 1000000
#endif
#define SENDERS 3
#define ALL ((int) sizeof outcome)

/* How often each message was received or dropped; and, for each sender, the
 * last of its messages whose send has returned. */
static atomic_char outcome[SENDERS * (REPLACEMENTS / SENDERS)];
static atomic_int returned[SENDERS], wrong;
static loopchan_sender_t *senders[SENDERS];

static void count_drop(void *msg, void *arg) {
  (void) arg;
  outcome[*(int *) msg]++;
}

/* Sender s sends s * EACH and those that follow. */
#define EACH (REPLACEMENTS / SENDERS)

static void send_all(int self) {
  for (int i = self * EACH; i < (self + 1) * EACH; i++) {
    wrong += loopchan_send(senders[self], &i) != 0;
    returned[self] = i;
  }
  loopchan_sender_drop(senders[self]);
}

static int newest[SENDERS], total;

/* Of each sender, in order. */
static void receive(int message) {
  int sender = message / EACH;

  outcome[message]++;
  total++;
  if (message <= newest[sender])
    ck_abort_msg("%d came after %d", message, newest[sender]);
  newest[sender] = message;
}

static void on_one(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == 0)
    receive(*(int *) msg);
  else
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

static void open_senders(int kind) {
  loopchan_options_t options = latest_options(kind);

  wrong = total = 0;
  options.drop = count_drop;
  open_with(flavour_loop(&flavours[kinds[kind]]), &options);
  for (int i = 0; i < ALL; i++)
    outcome[i] = 0;
  for (int i = 0; i < SENDERS; i++) {
    newest[i] = -1;
    returned[i] = -1;
    senders[i] = i == 0 ? tx : loopchan_sender_clone(tx);
    ck_assert_ptr_nonnull(senders[i]);
  }
}

static void expect_each_once(void) {
  loopchan_stats_t stats;

  ck_assert_int_eq(wrong, 0);
  for (int i = 0; i < ALL; i++)
    if (outcome[i] != 1)
      ck_abort_msg("%d was received or dropped %d times", i, outcome[i]);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, (uint64_t) ALL);
  ck_assert_uint_eq(stats.received, (uint64_t) total);
  ck_assert_uint_eq(stats.dropped, (uint64_t) (ALL - total));
}

/* The last message of one of them is the last of all: it is received. */
static void expect_last_received(void) {
  int last = 0;

  for (int i = 0; i < SENDERS; i++)
    last += newest[i] == (i + 1) * EACH - 1;
  ck_assert_int_gt(last, 0);
}

START_TEST(of_many_messages_each_is_received_or_dropped_once) {
  open_senders(_i);
  threads_start(SENDERS, send_all);
  if (_i == 0) {
    ck_assert_int_eq(loopchan_recv_start(&rx, on_one), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
  } else {
    int message, err;
    while ((err = loopchan_recv(&rx, &message)) == 0)
      receive(message);
    ck_assert_int_eq(err, UV_EOF);
    close_rx();
  }
  threads_join();
  expect_last_received();
  expect_each_once();
}
END_TEST

static loopchan_receiver_t *selected[1] = {&rx};

START_TEST(a_select_gets_each_newest_message) {
  int message, err;

  open_senders(1);
  threads_start(SENDERS, send_all);
  for (;;) {
    ck_assert_int_eq(loopchan_select(selected, 1, LOOPCHAN_FOREVER), 0);
    err = loopchan_try_recv(&rx, &message);
    if (err != 0)
      break;
    receive(message);
  }
  ck_assert_int_eq(err, UV_EOF);
  threads_join();
  close_rx();
  expect_last_received();
  expect_each_once();
}
END_TEST

/* One sender: what a receive finds is not older than what was sent before. */
START_TEST(a_receive_gets_what_was_sent_before_or_newer) {
  int message, before, err;

  open_senders(_i);
  for (int i = 1; i < SENDERS; i++)
    loopchan_sender_drop(senders[i]);
  threads_start(1, send_all);
  do {
    before = returned[0];
    err = loopchan_try_recv(&rx, &message);
    if (err == 0)
      receive(message);
    if (newest[0] < before)
      ck_abort_msg("%d had been sent, %d was the newest", before, newest[0]);
  } while (err == 0 || err == UV_EAGAIN);
  ck_assert_int_eq(err, UV_EOF);
  threads_join();
  ck_assert_int_eq(newest[0], EACH - 1);
  close_rx();
}
END_TEST

/* A million under the sanitizers too; how many of them a receiver gets is the
 * scheduler's choice. */
#define MILLION 1000000

static atomic_int counted;

static void count_all(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  counted++;
}

static void send_a_third(int self) {
  for (int i = self; i < MILLION; i += SENDERS)
    wrong += loopchan_send(senders[self], &i) != 0;
  loopchan_sender_drop(senders[self]);
}

START_TEST(a_million_replacements_lose_nothing) {
  loopchan_options_t options = latest_options(1);
  loopchan_stats_t stats;
  int message, err;

  wrong = counted = 0;
  options.drop = count_all;
  open_with(NULL, &options);
  senders[0] = tx;
  for (int i = 1; i < SENDERS; i++)
    senders[i] = loopchan_sender_clone(tx);
  threads_start(SENDERS, send_a_third);
  while ((err = loopchan_recv(&rx, &message)) == 0)
    counted++;
  threads_join();
  ck_assert_int_eq(err, UV_EOF);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(counted, MILLION);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, MILLION);
  ck_assert_uint_eq(stats.received + stats.dropped, MILLION);
  close_rx();
}
END_TEST

static atomic_int taken, receivers_wrong;

static void take_shared(int self) {
  int message, last[SENDERS] = {-1, -1, -1};

  (void) self;
  while (loopchan_recv(&rx, &message) == 0) {
    outcome[message]++;
    taken++;
    receivers_wrong += message <= last[message / EACH];
    last[message / EACH] = message;
  }
}

static void send_or_take(int self) {
  if (self < SENDERS)
    send_all(self);
  else
    take_shared(self);
}

START_TEST(each_is_received_by_one_of_several_threads) {
  open_senders(2);
  taken = receivers_wrong = 0;
  threads_start(SENDERS + 3, send_or_take);
  threads_join();
  total = taken;
  ck_assert_int_eq(receivers_wrong, 0);
  close_rx();
  expect_each_once();
}
END_TEST

/* Ends amid the sends: what was refused is neither received nor dropped. */
static void send_until_closed(int self) {
  int i;

  for (i = self * EACH; i < (self + 1) * EACH; i++)
    if (loopchan_send(senders[self], &i) != 0)
      break;
  for (; i < (self + 1) * EACH; i++)
    outcome[i]++;
  loopchan_sender_drop(senders[self]);
}

START_TEST(a_close_amid_the_sends_loses_nothing) {
  for (int round = 0; round < 20; round++) {
    int message, take = round * 37;
    open_senders(_i);
    threads_start(SENDERS, send_until_closed);
    while (take-- > 0)
      if (loopchan_try_recv(&rx, &message) == 0)
        receive(message);
    if (round % 2 == 0) {
      ck_assert_int_eq(loopchan_shutdown(&rx), 0);
      while (loopchan_try_recv(&rx, &message) == 0)
        receive(message);
    }
    close_rx();
    threads_join();
    for (int i = 0; i < ALL; i++)
      if (outcome[i] != 1)
        ck_abort_msg("%d was received or dropped %d times", i, outcome[i]);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise latest");

  SUITE_LOOP_CASE(
      suite, "each kind", start_clean, expect_clean, KINDS,
      a_bound_other_than_one_is_refused, only_the_newest_message_is_received,
      what_is_replaced_is_dropped_inside_the_send,
      it_is_dropped_on_the_thread_of_the_sender, no_send_waits_or_is_refused,
      of_many_the_last_one_stays, without_a_drop_function_they_are_discarded,
      a_commit_replaces_and_an_abandon_does_not,
      after_a_shutdown_the_message_that_waits_is_received,
      after_the_last_drop_the_message_that_waits_is_received,
      the_end_of_file_comes_without_a_message_too,
      a_close_drops_the_message_that_waits,
      a_close_after_a_shutdown_drops_it_too, a_steady_state_allocates_nothing,
      a_drop_function_may_send, writes_replace_and_are_called_back_in_order,
      a_write_from_drop_is_called_back_behind_the_one_that_dropped,
      of_many_messages_each_is_received_or_dropped_once,
      a_receive_gets_what_was_sent_before_or_newer,
      a_close_amid_the_sends_loses_nothing);
  SUITE_CASE(suite, "one kind", start_clean, expect_clean,
             a_delivery_takes_one_wake_at_most, a_callback_may_do_everything,
             the_budget_cuts_a_callback_that_answers_itself,
             a_selected_message_may_be_replaced,
             a_select_gets_each_newest_message,
             a_million_replacements_lose_nothing,
             each_is_received_by_one_of_several_threads);
  return suite;
}
