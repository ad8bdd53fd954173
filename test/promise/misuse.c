/* Promise: a programmer's error that can be recognised is refused with a code,
 * or fails an assert in a debug build. */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

#include "support/channel.h"
#include "support/suite.h"

static void try_recv_elsewhere(void *arg) {
  int message;

  (void) arg;
  loopchan_try_recv(&rx, &message);
}

static void lend_to_a_thread(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, try_recv_elsewhere, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  exit(EXIT_FAILURE);
}

START_TEST(two_threads_in_a_receiver_abort) {
  ck_assert_int_eq(loopchan_recv_start(&rx, lend_to_a_thread), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

#ifndef SLOW /* a sanitizer may end it before */
static void select_elsewhere(void *arg) {
  loopchan_receiver_t *both[] = {arg, (loopchan_receiver_t *) arg + 1};

  loopchan_select(both, 2, LOOPCHAN_FOREVER);
}

/* Before the other thread selects, there is nothing wrong. */
START_TEST(a_call_on_a_receiver_that_is_selected_on_aborts) {
  static loopchan_receiver_t two[2];
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_sender_t *txs[2];
  uv_thread_t thread;
  int i, message;

  for (i = 0; i < 2; i++)
    ck_assert_int_eq(loopchan_open(NULL, &two[i], &txs[i], &options), 0);
  ck_assert_int_eq(uv_thread_create(&thread, select_elsewhere, two), 0);
  while (loopchan_try_recv(&two[1], &message) == UV_EAGAIN)
    sched_yield();
}
END_TEST
#endif

START_TEST(a_call_after_a_plain_uv_close_aborts) {
  int message;

  uv_close((uv_handle_t *) &rx, NULL);
  loopchan_try_recv(&rx, &message);
}
END_TEST

static loopchan_receiver_t other;
static loopchan_sender_t *other_tx;

static void run_the_loop_again(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  send_ints(1, 1);
  uv_run(&loop, UV_RUN_NOWAIT);
  exit(EXIT_FAILURE);
}

/* The inner run calls back only handles that the outer one has been at. */
START_TEST(a_run_of_the_loop_inside_a_receive_callback_aborts) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(loopchan_open(&loop, &other, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&other, run_the_loop_again), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, run_the_loop_again), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){0}), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static void on_closed(loopchan_receiver_t *receiver) {
  (void) receiver;
  exit(EXIT_FAILURE);
}

/* Its close callback would come while the message is in its callback's hands.
 */
static void wait_for_the_close(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_close(receiver, on_closed), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(a_wait_for_the_close_inside_a_receive_callback_aborts) {
  ck_assert_int_eq(loopchan_recv_start(&rx, wait_for_the_close), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static loopchan_writer_t writer;

static void write_again(loopchan_write_t *request, int status) {
  (void) status;
  ck_assert_int_eq(loopchan_write(request, &writer, &(int){2}, write_again), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
}

START_TEST(a_run_of_the_loop_inside_a_write_callback_aborts) {
  loopchan_write_t request;

  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){1}, write_again),
                   0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

/* Another loop is another matter. */
static uv_loop_t other_loop;

static void run_another_loop(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  (void) msg;
  if (status != 0)
    return;
  uv_run(&other_loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

static void close_it(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

START_TEST(another_loop_may_run_inside_a_callback) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(uv_loop_init(&other_loop), 0);
  ck_assert_int_eq(loopchan_open(&other_loop, &other, &other_tx, &options), 0);
  ck_assert_int_eq(loopchan_recv_start(&other, close_it), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){1}), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, run_another_loop), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  loopchan_sender_drop(other_tx);
  drop_tx();
  ck_assert_int_eq(uv_loop_close(&other_loop), 0);
}
END_TEST

static loopchan_receiver_t moved;

START_TEST(a_call_on_a_receiver_that_was_moved_aborts) {
  int message;

  memcpy(&moved, &rx, sizeof moved);
  loopchan_try_recv(&moved, &message);
}
END_TEST

static loopchan_writer_t moved_writer;

START_TEST(a_call_on_a_writer_that_was_moved_aborts) {
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  memcpy(&moved_writer, &writer, sizeof moved_writer);
  loopchan_try_write(&moved_writer, &(int){1});
}
END_TEST

#ifndef SLOW /* a sanitizer ends it before */
/* The memory is free by then; what the allocator does with it is small. */
START_TEST(to_drop_a_sender_twice_aborts) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx);

  loopchan_sender_drop(clone);
  loopchan_sender_drop(clone);
}
END_TEST
#endif

/* Its memory is there as long as the channel's: the first one's. _i: how. */
START_TEST(a_look_at_a_sender_that_was_dropped_aborts) {
  other_tx = loopchan_sender_clone(tx);
  loopchan_sender_drop(tx);
  if (_i == 0)
    (void) loopchan_is_closed(tx);
  else if (_i == 1)
    (void) loopchan_room(tx);
  else if (_i == 2)
    (void) loopchan_wait_closed(tx, 0);
  else
    (void) loopchan_writer_open(&loop, &writer, tx);
}
END_TEST

START_TEST(to_drop_a_writers_sender_aborts) {
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  loopchan_sender_drop(tx);
}
END_TEST

START_TEST(to_drop_a_sender_with_a_reserved_place_aborts) {
  void *place;

  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  loopchan_sender_drop(tx);
}
END_TEST

START_TEST(to_commit_a_place_twice_aborts) {
  void *place;

  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  ck_assert_int_eq(loopchan_commit(tx, place), 0);
  loopchan_commit(tx, place);
}
END_TEST

START_TEST(to_abandon_a_place_twice_aborts) {
  void *place;

  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  loopchan_abandon(tx, place);
  loopchan_abandon(tx, place);
}
END_TEST

static void try_write_elsewhere(void *arg) {
  (void) arg;
  loopchan_try_write(&writer, &(int){1});
}

static void lend_the_writer(loopchan_receiver_t *receiver, int status,
                            void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, try_write_elsewhere, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  exit(EXIT_FAILURE);
}

START_TEST(a_write_on_another_thread_during_a_callback_aborts) {
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &writer, loopchan_sender_clone(tx)), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, lend_the_writer), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

/* Of these a receiver in its callback is not woken. */
static void send_on_and_on(void *arg) {
  for (;;) {
    (void) loopchan_send_timeout(arg, &(int){1}, 1000000);
    sched_yield();
  }
}

static void run_for_the_next(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, send_on_and_on, tx), 0);
  for (;;)
    uv_run(&loop, UV_RUN_ONCE);
}

/* On the loop: _i is one of these. */
static const struct {
  size_t capacity;
  unsigned flags;
} awaited[] = {{LOOPCHAN_UNBOUNDED, 0},
               {1, 0},
               {LOOPCHAN_RENDEZVOUS, 0},
               {LOOPCHAN_UNBOUNDED, LOOPCHAN_LATEST},
               {LOOPCHAN_UNBOUNDED, LOOPCHAN_SHARED},
               {1, LOOPCHAN_SHARED},
               {LOOPCHAN_RENDEZVOUS, LOOPCHAN_SHARED},
               {LOOPCHAN_UNBOUNDED, LOOPCHAN_LATEST | LOOPCHAN_SHARED}};

#define AWAITED ((int) (sizeof awaited / sizeof *awaited))

START_TEST(a_run_for_ones_own_next_message_aborts) {
  loopchan_options_t options = int_options();

  options.capacity = awaited[_i].capacity;
  options.flags = awaited[_i].flags;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, run_for_the_next), 0);
  while (loopchan_try_send(tx, &(int){0}) != 0)
    uv_run(&loop, UV_RUN_NOWAIT);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static loopchan_sender_t *const nothing = NULL;

static void expect_busy(uv_loop_t *on, const loopchan_options_t *options) {
  loopchan_receiver_t before = rx;
  loopchan_sender_t *fresh = nothing;
  size_t blocks = memory_blocks();

  ck_assert_int_eq(loopchan_open(on, &rx, &fresh, options), UV_EBUSY);
  ck_assert_mem_eq(&rx, &before, sizeof rx);
  ck_assert_ptr_eq(fresh, nothing);
  ck_assert_uint_eq(memory_blocks(), blocks);
}

static int closed;

static void open_again_in_the_close(loopchan_receiver_t *receiver) {
  loopchan_options_t options = int_options();

  closed++;
  ck_assert_int_eq(loopchan_open(NULL, receiver, &other_tx, &options), 0);
}

/* _i: on a loop, for a thread; of several on a loop, for threads. */
START_TEST(to_open_a_receiver_that_is_open_is_refused) {
  loopchan_options_t options = int_options();
  uv_loop_t *on = _i % 2 == 0 ? &loop : NULL;

  options.flags = _i < 2 ? 0 : LOOPCHAN_SHARED;
  open_with(on, &options);
  expect_busy(on, &options);
  expect_busy(on == NULL ? &loop : NULL, &options);
  send_ints(1, 3);
  expect_ints(1, 3);
  closed = 0;
  ck_assert_int_eq(loopchan_close(&rx, open_again_in_the_close), 0);
  if (on != NULL)
    expect_busy(on, &options);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(closed, 1);
  close_rx();
  loopchan_sender_drop(other_tx);
  drop_tx();
}
END_TEST

START_TEST(to_clone_into_a_receiver_that_is_open_is_refused) {
  loopchan_options_t options = int_options();
  loopchan_receiver_t clone = {0}, before;

  options.flags = LOOPCHAN_SHARED;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clone, &rx), 0);
  before = clone;
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clone, &rx), UV_EBUSY);
  ck_assert_int_eq(loopchan_receiver_clone(&loop, &clone, &rx), UV_EBUSY);
  ck_assert_mem_eq(&clone, &before, sizeof clone);
  ck_assert_int_eq(loopchan_close(&clone, NULL), 0);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clone, &rx), 0);
  ck_assert_int_eq(loopchan_close(&clone, NULL), 0);
  close_rx();
  drop_tx();
}
END_TEST

static void open_again(loopchan_writer_t *w) {
  ck_assert_int_eq(loopchan_writer_open(&loop, w, other_tx), 0);
}

START_TEST(to_open_a_writer_that_is_open_is_refused) {
  loopchan_options_t options = int_options();
  loopchan_writer_t second;

  open_with(NULL, &options);
  other_tx = loopchan_sender_clone(tx);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, other_tx), UV_EBUSY);
  memset(&second, 0, sizeof second);
  ck_assert_int_eq(loopchan_writer_open(&loop, &second, tx), UV_EBUSY);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){1}), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, open_again), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, other_tx), UV_EBUSY);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){2}), 0);
  expect_ints(1, 2);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  close_rx();
}
END_TEST

#ifdef NDEBUG
/* Without asserts: the places are refused as long as their memory is there. */
START_TEST(a_place_is_given_back_once) {
  loopchan_options_t options = int_options();
  void *place;

  options.capacity = 1;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  *(int *) place = 1;
  ck_assert_int_eq(loopchan_commit(tx, place), 0);
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EINVAL);
  loopchan_abandon(tx, place);
  expect_ints(1, 1);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  loopchan_abandon(tx, place);
  loopchan_abandon(tx, place);
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EINVAL);
  ck_assert_uint_eq(loopchan_room(tx), 1);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(what_was_moved_is_refused) {
  loopchan_options_t options = int_options();
  int message;

  open_with(&loop, &options);
  memcpy(&moved, &rx, sizeof moved);
  ck_assert_int_eq(loopchan_try_recv(&moved, &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  memcpy(&moved_writer, &writer, sizeof moved_writer);
  ck_assert_int_eq(loopchan_try_write(&moved_writer, &(int){1}), UV_EINVAL);
  loopchan_sender_drop(tx); /* the writer's */
  close_rx();
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST
#endif

/* Asserts are there, and each test has a process of its own to die in. */
static bool can_abort(void) {
#ifdef NDEBUG
  return false;
#else
  return suite_forks();
#endif
}

static void add_aborts(TCase *aborts) {
  const TTest *const aborting[] = {
      two_threads_in_a_receiver_abort,
#ifndef SLOW
      a_call_on_a_receiver_that_is_selected_on_aborts,
#endif
      a_call_after_a_plain_uv_close_aborts,
      a_run_of_the_loop_inside_a_receive_callback_aborts,
      a_wait_for_the_close_inside_a_receive_callback_aborts,
      a_run_of_the_loop_inside_a_write_callback_aborts,
      a_call_on_a_receiver_that_was_moved_aborts,
      a_call_on_a_writer_that_was_moved_aborts,
#ifndef SLOW
      to_drop_a_sender_twice_aborts,
#endif
      to_drop_a_writers_sender_aborts,
      to_drop_a_sender_with_a_reserved_place_aborts,
      to_commit_a_place_twice_aborts,
      to_abandon_a_place_twice_aborts,
      a_write_on_another_thread_during_a_callback_aborts};
  size_t i;

  for (i = 0; i < sizeof aborting / sizeof *aborting; i++)
    tcase_add_test_raise_signal(aborts, aborting[i], SIGABRT);
  tcase_add_loop_test_raise_signal(
      aborts, a_look_at_a_sender_that_was_dropped_aborts, SIGABRT, 0, 4);
}

static void add_awaiting(TCase *awaits) {
  tcase_add_loop_test_raise_signal(
      awaits, a_run_for_ones_own_next_message_aborts, SIGABRT, 0, AWAITED);
}

static Suite *suite(void) {
  Suite *suite = suite_create("promise misuse");
  TCase *aborts = tcase_create("aborts"), *awaits = tcase_create("awaits");

  suite_add_tcase(suite, aborts);
  tcase_add_checked_fixture(aborts, open_loop, NULL);
  suite_add_tcase(suite, awaits);
  tcase_add_checked_fixture(awaits, start_clean, NULL);
  if (can_abort()) {
    add_aborts(aborts);
    add_awaiting(awaits);
  }
  SUITE_CASE(suite, "other", open_loop, expect_clean,
             another_loop_may_run_inside_a_callback);
  SUITE_LOOP_CASE(suite, "open", start_clean, expect_clean, 4,
                  to_open_a_receiver_that_is_open_is_refused);
  SUITE_CASE(suite, "refused", start_clean, expect_clean,
             to_clone_into_a_receiver_that_is_open_is_refused,
             to_open_a_writer_that_is_open_is_refused);
#ifdef NDEBUG
  SUITE_CASE(suite, "release", start_clean, expect_clean,
             a_place_is_given_back_once, what_was_moved_is_refused);
#endif
  return suite;
}
