/* Promise: several receivers of one channel, on loops and for threads. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

#define MESSAGES 2000
#define SENDERS 2
#define RECEIVERS 4

static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 2, 1024,
                                    LOOPCHAN_RENDEZVOUS};
#define CAPACITIES 5

static loopchan_receiver_t clones[RECEIVERS];

static void open_shared(uv_loop_t *on, size_t capacity) {
  loopchan_options_t options = int_options();

  options.capacity = capacity;
  options.flags = LOOPCHAN_SHARED;
  open_with(on, &options);
}

static void expect_clone(uv_loop_t *on, loopchan_receiver_t *clone) {
  ck_assert_int_eq(loopchan_receiver_clone(on, clone, &rx), 0);
}

static void expect_start(loopchan_receiver_t *of, loopchan_recv_cb cb) {
  ck_assert_int_eq(loopchan_recv_start(of, cb), 0);
}

static void expect_close(loopchan_receiver_t *of) {
  ck_assert_int_eq(loopchan_close(of, NULL), 0);
}

static void run_once(void) {
  uv_run(&loop, UV_RUN_NOWAIT);
}

/* ------------------------------------------------- on one loop, on one thread
 */

static int got[RECEIVERS], ends[RECEIVERS];

static void count(loopchan_receiver_t *at, int status, void *msg) {
  size_t i = at == &rx ? 0 : (size_t) (at - clones) + 1;

  (void) msg;
  if (status == 0)
    got[i]++;
  else
    ends[i] += status == UV_EOF;
}

static void forget(void) {
  memset(got, 0, sizeof got);
  memset(ends, 0, sizeof ends);
}

/* rx and two clones on the loop, all started. */
static void open_three(size_t capacity) {
  forget();
  open_shared(&loop, capacity);
  expect_start(&rx, count);
  expect_clone(&loop, &clones[0]);
  expect_start(&clones[0], count);
  expect_clone(&loop, &clones[1]);
  expect_start(&clones[1], count);
  run_once();
}

static void close_three(void) {
  close_rx();
  expect_close(&clones[0]);
  expect_close(&clones[1]);
  drop_tx();
}

START_TEST(a_send_wakes_one_that_is_idle) {
  loopchan_stats_t stats;

  open_three(LOOPCHAN_UNBOUNDED);
  send_ints(0, 1);
  run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 1);
  ck_assert_int_eq(loopchan_stats(&clones[1], &stats), 0);
  ck_assert_uint_eq(stats.wakeups, 1);
  ck_assert_uint_eq(stats.received, 1);
  close_three();
}
END_TEST

START_TEST(several_messages_wake_as_many) {
  int messages[3] = {1, 2, 3};

  open_three(LOOPCHAN_UNBOUNDED);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 3), 3);
  run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 3);
  close_three();
}
END_TEST

START_TEST(one_that_is_stopped_when_woken_passes_it_on) {
  open_three(LOOPCHAN_UNBOUNDED);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_recv_stop(&clones[0]), 0);
  run_once();
  ck_assert_int_eq(got[2], 1);
  close_three();
}
END_TEST

START_TEST(one_that_is_closed_when_woken_passes_it_on) {
  open_three(capacities[_i]);
  expect_try_send(1, 0);
  close_rx();
  expect_close(&clones[0]);
  run_once();
  ck_assert_int_eq(got[2], 1);
  expect_close(&clones[1]);
  drop_tx();
}
END_TEST

START_TEST(as_many_try_sends_meet_as_receivers_are_idle) {
  int i;

  open_three(LOOPCHAN_RENDEZVOUS);
  ck_assert_uint_eq(loopchan_room(tx), 1);
  for (i = 0; i < 3; i++)
    expect_try_send(i, 0);
  ck_assert_uint_eq(loopchan_room(tx), 0);
  expect_try_send(3, UV_EAGAIN);
  run_once();
  for (i = 0; i < 3; i++)
    ck_assert_int_eq(got[i], 1);
  expect_try_send(3, 0);
  run_once();
  close_three();
}
END_TEST

START_TEST(what_was_accepted_is_for_those_who_waited) {
  int message = -1;

  open_three(LOOPCHAN_RENDEZVOUS);
  expect_clone(NULL, &clones[2]);
  expect_try_send(1, 0);
  expect_try_send(2, 0);
  ck_assert_int_eq(loopchan_try_recv(&clones[2], &message), UV_EAGAIN);
  run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 2);
  expect_close(&clones[2]);
  close_three();
}
END_TEST

static int order[2];
static size_t order_length;

static void note_order(loopchan_receiver_t *at, int status, void *msg) {
  ck_assert_ptr_eq(at, &clones[0]);
  ck_assert_int_eq(status, 0);
  ck_assert_uint_lt(order_length, 2);
  order[order_length++] = *(int *) msg;
}

/* Both messages have been accepted, one for each receiver. */
START_TEST(one_that_leaves_when_woken_passes_it_on_in_order) {
  uv_loop_t other;

  ck_assert_int_eq(uv_loop_init(&other), 0);
  order_length = 0;
  open_shared(&loop, LOOPCHAN_RENDEZVOUS);
  expect_start(&rx, note_order);
  expect_clone(&other, &clones[0]);
  expect_start(&clones[0], note_order);
  expect_try_send(1, 0);
  expect_try_send(2, 0);
  uv_run(&other, UV_RUN_NOWAIT);
  ck_assert_uint_eq(order_length, 1);
  if (_i == 0)
    ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  else
    close_rx();
  uv_run(&other, UV_RUN_NOWAIT);
  ck_assert_uint_eq(order_length, 2);
  ck_assert_int_eq(order[0], 1);
  ck_assert_int_eq(order[1], 2);
  expect_close(&clones[0]);
  ck_assert_int_eq(uv_run(&other, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&other), 0);
  if (_i == 0)
    close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_loops_own_call_finds_what_was_given_to_it) {
  open_three(LOOPCHAN_RENDEZVOUS);
  expect_try_send(5, 0);
  expect_ints(5, 1);
  run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 0);
  expect_try_send(6, 0);
  run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 1);
  close_three();
}
END_TEST

static void send_meanwhile(loopchan_receiver_t *at, int status, void *msg) {
  (void) at;
  ck_assert_int_eq(status, 0);
  expect_try_send(*(int *) msg, 0);
}

/* The first that is idle is on a loop where another receiver's callback runs.
 */
START_TEST(a_loop_that_is_busy_is_passed_over) {
  static loopchan_receiver_t busy;
  static uv_loop_t other_loop;
  loopchan_options_t options = int_options();
  loopchan_sender_t *busy_tx;
  int i;

  forget();
  open_shared(&loop, capacities[_i]);
  expect_start(&rx, count);
  uv_loop_init(&other_loop);
  expect_clone(&other_loop, &clones[0]);
  expect_start(&clones[0], count);
  ck_assert_int_eq(loopchan_open(&loop, &busy, &busy_tx, &options), 0);
  expect_start(&busy, send_meanwhile);
  for (i = 1; i <= 3; i++) {
    ck_assert_int_eq(loopchan_send(busy_tx, &i), 0);
    run_once();
    ck_assert_int_eq(got[0], 0);
    uv_run(&other_loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(got[1], i);
  }
  /* If there is none but busy ones, it waits for one of them. */
  expect_close(&clones[0]);
  uv_run(&other_loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_loop_close(&other_loop), 0);
  ck_assert_int_eq(loopchan_send(busy_tx, &i), 0);
  run_once();
  run_once();
  ck_assert_int_eq(got[0], 1);
  expect_close(&busy);
  loopchan_sender_drop(busy_tx);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_close_of_one_leaves_the_others) {
  open_three(capacities[_i]);
  close_rx();
  ck_assert_int_eq(loopchan_is_closed(tx), 0);
  expect_try_send(1, 0);
  run_once();
  ck_assert_int_eq(got[1] + got[2], 1);
  expect_close(&clones[1]);
  expect_try_send(2, 0);
  run_once();
  ck_assert_int_eq(got[1] + got[2], 2);
  expect_close(&clones[0]);
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  expect_try_send(3, UV_EPIPE);
  drop_tx();
}
END_TEST

START_TEST(a_shutdown_of_one_ends_all_once) {
  int i;

  open_three(capacities[_i]);
  expect_try_send(1, 0);
  ck_assert_int_eq(loopchan_shutdown(&clones[1]), 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), UV_EALREADY);
  for (i = 0; i < 3; i++)
    run_once();
  ck_assert_int_eq(got[0] + got[1] + got[2], 1);
  for (i = 0; i < 3; i++)
    ck_assert_int_eq(ends[i], 1);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), UV_EOF);
  close_three();
}
END_TEST

START_TEST(the_last_sender_ends_all_once) {
  int i;

  open_three(capacities[_i]);
  drop_tx();
  for (i = 0; i < 3; i++)
    run_once();
  for (i = 0; i < 3; i++)
    ck_assert_int_eq(ends[i], 1);
  close_three();
}
END_TEST

static void close_itself(loopchan_receiver_t *at, int status, void *msg) {
  count(at, status, msg);
  ck_assert_int_eq(loopchan_close(at, NULL), 0);
}

START_TEST(a_callback_may_close_its_receiver) {
  open_three(LOOPCHAN_UNBOUNDED);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  expect_start(&rx, close_itself);
  ck_assert_int_eq(loopchan_recv_stop(&clones[0]), 0);
  ck_assert_int_eq(loopchan_recv_stop(&clones[1]), 0);
  send_ints(0, 2);
  run_once();
  ck_assert_int_eq(got[0], 1);
  ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
  expect_start(&clones[0], count);
  run_once();
  ck_assert_int_eq(got[1], 1);
  expect_close(&clones[0]);
  expect_close(&clones[1]);
  drop_tx();
}
END_TEST

static int dropped;

static void count_dropped(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  dropped++;
}

START_TEST(the_last_close_drops_what_is_left) {
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;

  dropped = 0;
  options.flags = LOOPCHAN_SHARED;
  options.drop = count_dropped;
  open_with(NULL, &options);
  expect_clone(&loop, &clones[0]);
  send_ints(0, 5);
  close_rx();
  ck_assert_int_eq(dropped, 0);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.queued, 5);
  expect_close(&clones[0]);
  ck_assert_int_eq(dropped, 5);
  ck_assert_int_eq(loopchan_stats(&clones[0], &stats), 0);
  ck_assert_uint_eq(stats.dropped, 5);
  drop_tx();
}
END_TEST

START_TEST(what_a_closed_one_was_given_is_dropped_with_the_channel) {
  loopchan_options_t options = int_options();

  dropped = 0;
  forget();
  options.flags = LOOPCHAN_SHARED;
  options.capacity = LOOPCHAN_RENDEZVOUS;
  options.drop = count_dropped;
  open_with(&loop, &options);
  expect_start(&rx, count);
  run_once();
  expect_try_send(1, 0);
  close_rx();
  ck_assert_int_eq(dropped, 1);
  drop_tx();
}
END_TEST

static void on_handle_closed(uv_handle_t *handle) {
  (void) handle;
}

static void close_any(uv_handle_t *handle, void *arg) {
  ck_assert_ptr_nonnull(loopchan_receiver_from_handle(handle));
  loopchan_close_handle(handle, on_handle_closed);
  (void) arg;
}

START_TEST(a_walk_closes_clones_too) {
  open_three(LOOPCHAN_UNBOUNDED);
  uv_walk(&loop, close_any, NULL);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  expect_try_send(1, UV_EPIPE);
  drop_tx();
}
END_TEST

static int refusals;

/* A send that would wait for this thread. */
static void fill(loopchan_receiver_t *at, int status, void *msg) {
  int i = 0;

  (void) msg;
  while (status == 0 && loopchan_send(tx, &i) == 0)
    i++;
  refusals += status == 0 && i == 1;
  (void) loopchan_recv_stop(at);
}

START_TEST(no_loop_that_receives_waits_for_itself) {
  refusals = 0;
  open_shared(NULL, 1);
  expect_clone(&loop, &clones[0]);
  expect_start(&clones[0], fill);
  send_ints(0, 1);
  run_once();
  ck_assert_int_eq(refusals, 1);
  expect_close(&clones[0]);
  close_and_drop();
}
END_TEST

START_TEST(each_has_its_own_kind_of_calls) {
  loopchan_receiver_t *rxs[1] = {&clones[0]};
  int message;

  open_shared(&loop, LOOPCHAN_UNBOUNDED);
  expect_clone(NULL, &clones[0]);
  expect_clone(&loop, &clones[1]);
  ck_assert_int_eq(loopchan_recv_start(&clones[0], count), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_stop(&clones[0]), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv(&clones[1], &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_start(&clones[1], NULL), UV_EINVAL);
  expect_start(&clones[1], count);
  ck_assert_int_eq(loopchan_recv_start(&clones[1], count), UV_EALREADY);
  ck_assert_int_eq(loopchan_select(rxs, 1, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&clones[1], &message), UV_EAGAIN);
  ck_assert_int_eq(loopchan_recv_timeout(&clones[0], &message, 1),
                   UV_ETIMEDOUT);
  expect_close(&clones[0]);
  ck_assert_int_eq(loopchan_recv(&clones[0], &message), UV_EOF);
  ck_assert_int_eq(loopchan_try_recv(&clones[0], &message), UV_EOF);
  expect_close(&clones[1]);
  ck_assert_int_eq(loopchan_recv(&clones[1], &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(&clones[1], &message, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&clones[1], &message, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&clones[1], &message), UV_EOF);
  ck_assert_int_eq(loopchan_recv_start(&clones[1], count), UV_EOF);
  close_and_drop();
}
END_TEST

START_TEST(clone_refuses_what_cannot_be_cloned) {
  loopchan_receiver_t fresh;

  memset(&fresh, 0, sizeof fresh);
  memset(&clones[0], 0, sizeof clones[0]);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, NULL, &fresh), UV_EINVAL);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clones[0], NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clones[0], &fresh),
                   UV_EINVAL);
  open_capacity(&loop, 1);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clones[0], &rx), UV_EINVAL);
  close_and_drop();
  run_once();
  open_shared(NULL, 1);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &rx, &rx), UV_EINVAL);
  close_rx();
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clones[0], &rx), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&clones[0], NULL), UV_EINVAL);
  drop_tx();
}
END_TEST

START_TEST(a_clone_fails_whole_when_memory_runs_out) {
  size_t n, before;
  int err = UV_ENOMEM;

  open_shared(NULL, 1);
  memset(&clones[0], 0, sizeof clones[0]);
  before = memory_blocks();
  for (n = 1; err != 0; n++) {
    memory_fail(n);
    err = loopchan_receiver_clone(&loop, &clones[0], &rx);
    memory_fail(0);
    ck_assert(err == 0 || (err == UV_ENOMEM && memory_blocks() == before));
  }
  ck_assert_uint_ge(n, 5);
  expect_close(&clones[0]);
  expect_try_send(1, 0);
  expect_ints(1, 1);
  close_and_drop();
}
END_TEST

START_TEST(the_first_may_go_and_its_clone_be_cloned) {
  open_shared(NULL, LOOPCHAN_UNBOUNDED);
  expect_clone(&loop, &clones[0]);
  close_rx();
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &rx, &clones[0]), 0);
  expect_close(&clones[0]);
  send_ints(0, 3);
  expect_ints(0, 3);
  close_and_drop();
}
END_TEST

/* --------------------------------------------------------- on several threads
 */

static atomic_int seen[SENDERS * MESSAGES], ended, wrong;
static uv_loop_t loops[RECEIVERS];
static int last_of[RECEIVERS][SENDERS];
static uv_barrier_t all_open;

/* Worker i's receiver is clones[i]; the even ones are on loops. */
static size_t index_of(const loopchan_receiver_t *at) {
  return (size_t) (at - clones);
}

static void note(size_t self, int message) {
  int *last = &last_of[self][message / MESSAGES];

  seen[message]++;
  wrong += message <= *last;
  *last = message;
}

static void on_message(loopchan_receiver_t *at, int status, void *msg) {
  if (status == 0) {
    note(index_of(at), *(int *) msg);
    return;
  }
  ended += status == UV_EOF;
  wrong += loopchan_close(at, NULL) != 0;
}

static void receive_on_loop(size_t self) {
  wrong += uv_loop_init(&loops[self]) != 0;
  wrong += loopchan_receiver_clone(&loops[self], &clones[self], &rx) != 0;
  wrong += loopchan_recv_start(&clones[self], on_message) != 0;
  uv_barrier_wait(&all_open);
  wrong += uv_run(&loops[self], UV_RUN_DEFAULT) != 0;
  wrong += uv_loop_close(&loops[self]) != 0;
}

static void receive_on_thread(size_t self) {
  int message, err;

  wrong += loopchan_receiver_clone(NULL, &clones[self], &rx) != 0;
  uv_barrier_wait(&all_open);
  while ((err = loopchan_recv(&clones[self], &message)) == 0)
    note(self, message);
  ended += err == UV_EOF;
  wrong += loopchan_close(&clones[self], NULL) != 0;
}

static void send_all(int which) {
  int i;

  uv_barrier_wait(&all_open);
  for (i = 0; i < MESSAGES; i++)
    wrong += loopchan_send(tx, &(int){which * MESSAGES + i}) != 0;
}

static void take_part(int self) {
  if (self >= RECEIVERS)
    send_all(self - RECEIVERS);
  else if (self % 2 == 0)
    receive_on_loop((size_t) self);
  else
    receive_on_thread((size_t) self);
}

static void forget_all(void) {
  size_t i;

  for (i = 0; i < SENDERS * MESSAGES; i++)
    seen[i] = 0;
  for (i = 0; i < RECEIVERS * SENDERS; i++)
    last_of[i / SENDERS][i % SENDERS] = -1;
  ended = wrong = 0;
}

START_TEST(each_message_goes_to_one_and_the_end_to_all) {
  loopchan_stats_t stats;
  int i;

  forget_all();
  open_shared(NULL, capacities[_i]);
  ck_assert_int_eq(uv_barrier_init(&all_open, RECEIVERS + SENDERS + 1), 0);
  threads_start(RECEIVERS + SENDERS, take_part);
  uv_barrier_wait(&all_open);
  close_rx();
  for (i = 0; i < SENDERS; i++)
    ck_assert_int_eq(uv_thread_join(&workers[RECEIVERS + i].thread), 0);
  workers_count = RECEIVERS;
  drop_tx();
  threads_join();
  uv_barrier_destroy(&all_open);
  for (i = 0; i < SENDERS * MESSAGES; i++)
    if (seen[i] != 1)
      ck_abort_msg("%d was received %d times", i, seen[i]);
  ck_assert_int_eq(ended, RECEIVERS);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
}
END_TEST

/* The first message stays in its receiver's hands until all others have been
 * received. */
static atomic_int received;
static uv_sem_t others_done;

static void hold_the_first(const int *message) {
  if (*message == 0)
    uv_sem_wait(&others_done);
  else if (++received == MESSAGES - 1)
    uv_sem_post(&others_done);
}

static void on_held(loopchan_receiver_t *at, int status, void *msg) {
  if (status == 0)
    hold_the_first(msg);
  else
    wrong += loopchan_close(at, NULL) != 0;
}

static void serve_held(int self) {
  int message;

  if (self == RECEIVERS - 1) {
    uv_barrier_wait(&all_open);
    while (loopchan_recv(&rx, &message) == 0)
      hold_the_first(&message);
    return;
  }
  wrong += uv_loop_init(&loops[self]) != 0;
  wrong += loopchan_receiver_clone(&loops[self], &clones[self], &rx) != 0;
  wrong += loopchan_recv_start(&clones[self], on_held) != 0;
  uv_barrier_wait(&all_open);
  wrong += uv_run(&loops[self], UV_RUN_DEFAULT) != 0;
  wrong += uv_loop_close(&loops[self]) != 0;
}

START_TEST(no_message_waits_behind_a_slow_callback) {
  int i;

  received = wrong = 0;
  open_shared(NULL, capacities[_i]);
  ck_assert_int_eq(uv_sem_init(&others_done, 0), 0);
  ck_assert_int_eq(uv_barrier_init(&all_open, RECEIVERS + 1), 0);
  threads_start(RECEIVERS, serve_held);
  uv_barrier_wait(&all_open);
  for (i = 0; i < MESSAGES; i++)
    if (loopchan_send(tx, &i) != 0)
      ck_abort_msg("%d was not sent", i);
  drop_tx();
  threads_join();
  uv_barrier_destroy(&all_open);
  uv_sem_destroy(&others_done);
  ck_assert_int_eq(wrong, 0);
  close_rx();
}
END_TEST

static void receive_one(int self) {
  int message;

  (void) self;
  wrong += loopchan_recv(&rx, &message) != 0;
  received++;
}

START_TEST(threads_asleep_meet_as_many_try_sends) {
  int accepted = 0, message = 7;

  received = wrong = 0;
  open_shared(NULL, LOOPCHAN_RENDEZVOUS);
  threads_start(RECEIVERS, receive_one);
  while (accepted < RECEIVERS) {
    if (loopchan_try_send(tx, &message) == 0)
      accepted++;
    if (loopchan_try_recv(&rx, &message) == 0)
      wrong++;
  }
  ck_assert_int_eq(loopchan_try_send(tx, &message), UV_EAGAIN);
  threads_join();
  ck_assert_int_eq(received, RECEIVERS);
  ck_assert_int_eq(wrong, 0);
  close_and_drop();
}
END_TEST

static atomic_int newest[RECEIVERS];

static void take_newest(loopchan_receiver_t *at, int status, void *msg) {
  size_t self = index_of(at);

  if (status == 0) {
    wrong += *(int *) msg < newest[self];
    newest[self] = *(int *) msg;
    received++;
  } else {
    wrong += loopchan_close(at, NULL) != 0;
  }
}

static void serve_newest(int self) {
  wrong += uv_loop_init(&loops[self]) != 0;
  wrong += loopchan_receiver_clone(&loops[self], &clones[self], &rx) != 0;
  wrong += loopchan_recv_start(&clones[self], take_newest) != 0;
  uv_barrier_wait(&all_open);
  wrong += uv_run(&loops[self], UV_RUN_DEFAULT) != 0;
  wrong += uv_loop_close(&loops[self]) != 0;
}

START_TEST(each_newest_value_is_received_by_one) {
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;
  int i, last = -1;

  received = wrong = 0;
  for (i = 0; i < RECEIVERS; i++)
    newest[i] = -1;
  options.flags = LOOPCHAN_SHARED | LOOPCHAN_LATEST;
  open_with(NULL, &options);
  ck_assert_int_eq(uv_barrier_init(&all_open, 3), 0);
  threads_start(2, serve_newest);
  uv_barrier_wait(&all_open);
  close_rx();
  send_ints(0, SENDERS * MESSAGES);
  drop_tx();
  threads_join();
  uv_barrier_destroy(&all_open);
  for (i = 0; i < 2; i++)
    last = newest[i] > last ? newest[i] : last;
  ck_assert_int_eq(last, SENDERS * MESSAGES - 1);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(loopchan_stats(&clones[0], &stats), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise receivers");
  TCase *each_capacity = tcase_create("each capacity");

  SUITE_CASE(
      suite, "one loop", start_clean, expect_clean,
      a_send_wakes_one_that_is_idle, several_messages_wake_as_many,
      one_that_is_stopped_when_woken_passes_it_on,
      as_many_try_sends_meet_as_receivers_are_idle,
      what_was_accepted_is_for_those_who_waited,
      a_loops_own_call_finds_what_was_given_to_it,
      a_callback_may_close_its_receiver, the_last_close_drops_what_is_left,
      what_a_closed_one_was_given_is_dropped_with_the_channel,
      a_walk_closes_clones_too, no_loop_that_receives_waits_for_itself,
      each_has_its_own_kind_of_calls, clone_refuses_what_cannot_be_cloned,
      a_clone_fails_whole_when_memory_runs_out,
      the_first_may_go_and_its_clone_be_cloned,
      threads_asleep_meet_as_many_try_sends,
      each_newest_value_is_received_by_one);
  tcase_add_checked_fixture(each_capacity, start_clean, expect_clean);
  tcase_set_timeout(each_capacity, 120);
  tcase_add_loop_test(each_capacity, one_that_is_closed_when_woken_passes_it_on,
                      0, CAPACITIES);
  tcase_add_loop_test(each_capacity, a_loop_that_is_busy_is_passed_over, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_close_of_one_leaves_the_others, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_shutdown_of_one_ends_all_once, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, the_last_sender_ends_all_once, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity,
                      each_message_goes_to_one_and_the_end_to_all, 0,
                      CAPACITIES);
  /* By rendezvous the sender waits until the callback has returned. */
  tcase_add_loop_test(each_capacity, no_message_waits_behind_a_slow_callback, 0,
                      CAPACITIES - 1);
  tcase_add_loop_test(each_capacity,
                      one_that_leaves_when_woken_passes_it_on_in_order, 0, 2);
  suite_add_tcase(suite, each_capacity);
  return suite;
}
