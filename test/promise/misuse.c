/* Promise: a programmer's error that can be recognised is refused with a code;
 * or a debug build aborts, and says in which call and what was wrong. */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "support/channel.h"
#include "support/suite.h"

/* The last line that stderr must get before an abort. */
static char expected[200];
static int said = -1; /* the file that stderr is */

/* In a signal handler, so it uses no stdio until it has failed. */
static void compare_what_was_said(int signal) {
  char text[1000];
  size_t length = strlen(expected);
  long got;

  (void) signal;
  (void) lseek(said, 0, SEEK_SET);
  got = (long) read(said, text, sizeof text - 1);
  text[got > 0 ? got : 0] = '\0';
  if (strlen(text) >= length &&
      strcmp(text + strlen(text) - length, expected) == 0)
    return;
  printf("expected on stderr: %sgot: %s", expected, text);
  fflush(stdout);
  _exit(EXIT_FAILURE);
}

/* call: the name of the function that is called in error. */
static void expect_message(const char *call, const char *sentence) {
  FILE *file = tmpfile();

  snprintf(expected, sizeof expected, "%s: %s\n", call, sentence);
  ck_assert_ptr_nonnull(file);
  said = fileno(file);
  ck_assert_int_ge(dup2(said, STDERR_FILENO), 0);
  ck_assert(signal(SIGABRT, compare_what_was_said) != SIG_ERR);
}

#define MOVED "the receiver was moved while it was open, or was not zeroed"
#define MOVED_WRITER "the writer was moved while it was open, or was not zeroed"
#define PLAINLY_CLOSED "uv_close was called on the receiver, not loopchan_close"
#define PLAINLY_CLOSED_WRITER \
  "uv_close was called on the writer, not loopchan_writer_close"
#define TWO_THREADS "another thread is in a call on the receiver"
#define WRONG_THREAD "called on a thread that does not run the loop"
#define NESTED "called inside a callback of the same loop"
#define DROPPED "the sender was dropped"
#define NO_PLACE "this is no reserved place"
#define PLACE_LEFT "a place that the sender reserved was not given back"

/* Calls on an end in a state that is an error. In a release build each returns
 * UV_EINVAL on one that was moved. */
typedef struct {
  const char *name;
  int (*call)(void);
} call_t;

#define CALLS(of) ((int) (sizeof of / sizeof *of))

static loopchan_receiver_t *subject;

static void ignore(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
}

static int call_recv_start(void) {
  return loopchan_recv_start(subject, ignore);
}

static int call_recv_stop(void) {
  return loopchan_recv_stop(subject);
}

static int call_try_recv(void) {
  int message;

  return loopchan_try_recv(subject, &message);
}

static int call_shutdown(void) {
  return loopchan_shutdown(subject);
}

static int call_close(void) {
  return loopchan_close(subject, NULL);
}

static int call_stats(void) {
  loopchan_stats_t stats;

  return loopchan_stats(subject, &stats);
}

static int call_from_handle(void) {
  return loopchan_receiver_from_handle((uv_handle_t *) subject) == NULL
             ? UV_EINVAL
             : 0;
}

static void no_close(uv_handle_t *handle) {
  (void) handle;
  exit(EXIT_FAILURE);
}

static int call_close_handle(void) {
  loopchan_close_handle((uv_handle_t *) subject, no_close);
  return uv_is_closing((uv_handle_t *) subject) ? 0 : UV_EINVAL;
}

/* Of one that is not shared it returns UV_EINVAL anyway. */
static int call_clone(void) {
  static loopchan_receiver_t clone;

  return loopchan_receiver_clone(NULL, &clone, subject);
}

static int call_open(void) {
  loopchan_options_t options = int_options();
  loopchan_sender_t *fresh;

  return loopchan_open(NULL, subject, &fresh, &options);
}

static const call_t on_loop_receivers[] = {
    {"loopchan_recv_start", call_recv_start},
    {"loopchan_recv_stop", call_recv_stop},
    {"loopchan_try_recv", call_try_recv},
    {"loopchan_shutdown", call_shutdown},
    {"loopchan_close", call_close},
    {"loopchan_stats", call_stats},
    {"loopchan_receiver_from_handle", call_from_handle},
    {"loopchan_close_handle", call_close_handle},
    /* not on one that was moved; the last one only on a shared one */
    {"loopchan_open", call_open},
    {"loopchan_receiver_clone", call_clone}};

#define ON_LOOP (CALLS(on_loop_receivers) - 2)

static int call_recv(void) {
  int message;

  return loopchan_recv(subject, &message);
}

static int call_recv_timeout(void) {
  int message;

  return loopchan_recv_timeout(subject, &message, 0);
}

static int call_recv_many(void) {
  int message;

  return (int) loopchan_recv_many(subject, &message, 1);
}

static int call_select(void) {
  return loopchan_select(&subject, 1, 0);
}

static const call_t on_thread_receivers[] = {
    {"loopchan_recv", call_recv},
    {"loopchan_recv_timeout", call_recv_timeout},
    {"loopchan_recv_many", call_recv_many},
    {"loopchan_try_recv", call_try_recv},
    {"loopchan_shutdown", call_shutdown},
    {"loopchan_close", call_close},
    {"loopchan_stats", call_stats},
    /* in turn: not for a shared one, for no other */
    {"loopchan_select", call_select},
    {"loopchan_receiver_clone", call_clone}};

#define ON_THREAD (CALLS(on_thread_receivers) - 2)

static loopchan_writer_t writer, *writer_subject = &writer;

static void no_write(loopchan_write_t *request, int status) {
  (void) request;
  (void) status;
}

static int call_write(void) {
  static loopchan_write_t request;

  return loopchan_write(&request, writer_subject, &(int){1}, no_write);
}

static int call_try_write(void) {
  return loopchan_try_write(writer_subject, &(int){1});
}

static int call_on_closed(void) {
  return loopchan_writer_on_closed(writer_subject, NULL);
}

static int call_writer_close(void) {
  return loopchan_writer_close(writer_subject, NULL);
}

static int call_close_writers_handle(void) {
  loopchan_close_handle((uv_handle_t *) writer_subject, no_close);
  return uv_is_closing((uv_handle_t *) writer_subject) ? 0 : UV_EINVAL;
}

static int call_writer_open(void) {
  return loopchan_writer_open(&loop, writer_subject, loopchan_sender_clone(tx));
}

static const call_t on_writers[] = {
    {"loopchan_write", call_write},
    {"loopchan_try_write", call_try_write},
    {"loopchan_writer_on_closed", call_on_closed},
    {"loopchan_writer_close", call_writer_close},
    {"loopchan_close_handle", call_close_writers_handle},
    /* not called on what was moved */
    {"loopchan_writer_open", call_writer_open}};

#define ON_WRITERS (CALLS(on_writers) - 1)

static void reopen(uv_loop_t *on, unsigned flags) {
  loopchan_options_t options = int_options();

  options.flags = flags;
  open_with(on, &options);
  subject = &rx;
}

static void open_writer(void) {
  ck_assert_int_eq(
      loopchan_writer_open(&loop, &writer, loopchan_sender_clone(tx)), 0);
}

static void try_recv_elsewhere(void *arg) {
  subject = arg;
  call_try_recv();
}

static void lend_to_a_thread(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, try_recv_elsewhere, &rx), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  exit(EXIT_FAILURE);
}

START_TEST(two_threads_in_a_receiver_abort) {
  expect_message("loopchan_try_recv", WRONG_THREAD);
  ck_assert_int_eq(loopchan_recv_start(&rx, lend_to_a_thread), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

/* On these a thread waits, as their senders learn. */
static loopchan_receiver_t two[2];
static loopchan_sender_t *txs[2];

static void recv_elsewhere(void *arg) {
  int message;

  loopchan_recv(arg, &message);
}

static void select_elsewhere(void *arg) {
  loopchan_receiver_t *both[] = {arg, (loopchan_receiver_t *) arg + 1};

  loopchan_select(both, 2, LOOPCHAN_FOREVER);
}

/* _i: each call while another thread receives, then while it selects. */
START_TEST(a_call_on_a_receiver_that_another_thread_is_in_aborts) {
  const call_t *call = &on_thread_receivers[_i % (ON_THREAD + 1)];
  int busy = _i / (ON_THREAD + 1);
  loopchan_options_t options = int_options();
  uv_thread_t thread;
  int i;

  expect_message(call->name, TWO_THREADS);
  options.capacity = LOOPCHAN_RENDEZVOUS;
  for (i = 0; i < 2; i++)
    ck_assert_int_eq(loopchan_open(NULL, &two[i], &txs[i], &options), 0);
  ck_assert_int_eq(
      uv_thread_create(&thread, busy == 0 ? recv_elsewhere : select_elsewhere,
                       two),
      0);
  while (loopchan_room(txs[busy]) == 0)
    sched_yield();
  subject = &two[busy];
  call->call();
}
END_TEST

/* _i: each call but a clone, then each call on one of several. */
START_TEST(a_call_after_a_plain_uv_close_aborts) {
  bool is_shared = _i > ON_LOOP;
  const call_t *call = &on_loop_receivers[_i - is_shared * (ON_LOOP + 1)];

  expect_message(call->name, PLAINLY_CLOSED);
  reopen(&loop, is_shared ? LOOPCHAN_SHARED : 0);
  uv_close((uv_handle_t *) &rx, NULL);
  if (_i % 3 == 0)
    uv_run(&loop, UV_RUN_NOWAIT);
  call->call();
}
END_TEST

START_TEST(a_clone_over_one_after_a_plain_uv_close_aborts) {
  static loopchan_receiver_t closed_plainly;

  expect_message("loopchan_receiver_clone", PLAINLY_CLOSED);
  reopen(NULL, LOOPCHAN_SHARED);
  subject = &closed_plainly;
  ck_assert_int_eq(loopchan_receiver_clone(&loop, subject, &rx), 0);
  uv_close((uv_handle_t *) subject, NULL);
  loopchan_receiver_clone(NULL, subject, &rx);
}
END_TEST

START_TEST(a_call_on_a_writer_after_a_plain_uv_close_aborts) {
  expect_message(on_writers[_i].name, PLAINLY_CLOSED_WRITER);
  reopen(NULL, 0);
  open_writer();
  uv_close((uv_handle_t *) &writer, NULL);
  on_writers[_i].call();
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

  expect_message("uv_run", NESTED);
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
  expect_message("uv_run", NESTED);
  ck_assert_int_eq(loopchan_recv_start(&rx, wait_for_the_close), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static void write_again(loopchan_write_t *request, int status) {
  (void) status;
  ck_assert_int_eq(loopchan_write(request, &writer, &(int){2}, write_again), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
}

START_TEST(a_run_of_the_loop_inside_a_write_callback_aborts) {
  loopchan_write_t request;

  expect_message("uv_run", NESTED);
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

static void move_rx(void) {
  memcpy(&moved, &rx, sizeof moved);
  subject = &moved;
}

/* _i: each call, on a loop; then for threads; then the same of several. */
#define MOVES (ON_LOOP + ON_THREAD + 1)

static const call_t *open_and_move(int i) {
  unsigned flags = i < MOVES ? 0 : LOOPCHAN_SHARED;
  bool is_on_loop = i % MOVES < ON_LOOP;
  int at = i % MOVES - (is_on_loop ? 0 : ON_LOOP);

  reopen(is_on_loop ? &loop : NULL, flags);
  move_rx();
  if (!is_on_loop && at == ON_THREAD && flags != 0)
    at++;
  return is_on_loop ? &on_loop_receivers[at] : &on_thread_receivers[at];
}

START_TEST(a_call_on_a_receiver_that_was_moved_aborts) {
  const call_t *call = open_and_move(_i);

  expect_message(call->name, MOVED);
  call->call();
}
END_TEST

static loopchan_writer_t moved_writer;

static void move_writer(void) {
  memcpy(&moved_writer, &writer, sizeof moved_writer);
  writer_subject = &moved_writer;
}

START_TEST(a_call_on_a_writer_that_was_moved_aborts) {
  expect_message(on_writers[_i].name, MOVED_WRITER);
  reopen(NULL, 0);
  open_writer();
  move_writer();
  on_writers[_i].call();
}
END_TEST

#ifndef SLOW /* a sanitizer ends it before */
/* The memory is free by then; what the allocator does with it is small. */
START_TEST(to_drop_a_sender_twice_aborts) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx);

  expect_message("loopchan_sender_drop", DROPPED);
  loopchan_sender_drop(clone);
  loopchan_sender_drop(clone);
}
END_TEST
#endif

static int call_send(void) {
  return loopchan_send(tx, &(int){1});
}

static int call_try_send(void) {
  return loopchan_try_send(tx, &(int){1});
}

static int call_send_timeout(void) {
  return loopchan_send_timeout(tx, &(int){1}, 0);
}

static int call_send_many(void) {
  return (int) loopchan_send_many(tx, &(int){1}, 1);
}

static void *place;

static int call_reserve(void) {
  return loopchan_reserve(tx, &place);
}

static int call_commit(void) {
  return loopchan_commit(tx, place);
}

static int call_abandon(void) {
  loopchan_abandon(tx, place);
  return 0;
}

static int call_sender_clone(void) {
  return loopchan_sender_clone(tx) != NULL;
}

static int call_is_closed(void) {
  return loopchan_is_closed(tx);
}

static int call_wait_closed(void) {
  return loopchan_wait_closed(tx, 0);
}

static int call_room(void) {
  return (int) loopchan_room(tx);
}

static int call_drop(void) {
  loopchan_sender_drop(tx);
  return 0;
}

static int call_writer_open_with(void) {
  return loopchan_writer_open(&loop, &writer, tx);
}

static const call_t on_senders[] = {
    {"loopchan_send", call_send},
    {"loopchan_try_send", call_try_send},
    {"loopchan_send_timeout", call_send_timeout},
    {"loopchan_send_many", call_send_many},
    {"loopchan_reserve", call_reserve},
    {"loopchan_commit", call_commit},
    {"loopchan_abandon", call_abandon},
    {"loopchan_sender_clone", call_sender_clone},
    {"loopchan_is_closed", call_is_closed},
    {"loopchan_wait_closed", call_wait_closed},
    {"loopchan_room", call_room},
    {"loopchan_sender_drop", call_drop},
    {"loopchan_writer_open", call_writer_open_with}};

/* Its memory is there as long as the channel's: the first one's. */
START_TEST(a_call_on_a_sender_that_was_dropped_aborts) {
  expect_message(on_senders[_i].name, DROPPED);
  other_tx = loopchan_sender_clone(tx);
  place = &other;
  loopchan_sender_drop(tx);
  on_senders[_i].call();
}
END_TEST

START_TEST(to_drop_a_writers_sender_aborts) {
  expect_message("loopchan_sender_drop",
                 "the sender is a writer's, which drops it");
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  loopchan_sender_drop(tx);
}
END_TEST

START_TEST(to_drop_a_sender_with_a_reserved_place_aborts) {
  expect_message("loopchan_sender_drop", PLACE_LEFT);
  ck_assert_int_eq(call_reserve(), 0);
  loopchan_sender_drop(tx);
}
END_TEST

/* Its sender is dropped when the loop has closed the handle. */
START_TEST(to_close_a_writer_with_a_reserved_place_aborts) {
  expect_message("loopchan_writer_close", PLACE_LEFT);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(call_reserve(), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

START_TEST(to_commit_a_place_twice_aborts) {
  expect_message("loopchan_commit", NO_PLACE);
  ck_assert_int_eq(call_reserve(), 0);
  ck_assert_int_eq(call_commit(), 0);
  call_commit();
}
END_TEST

START_TEST(to_abandon_a_place_twice_aborts) {
  expect_message("loopchan_abandon", NO_PLACE);
  ck_assert_int_eq(call_reserve(), 0);
  call_abandon();
  call_abandon();
}
END_TEST

static void call_it(void *call) {
  ((const call_t *) call)->call();
}

static call_t elsewhere;

static void call_elsewhere(loopchan_receiver_t *receiver, int status,
                           void *msg) {
  uv_thread_t thread;

  (void) receiver;
  (void) status;
  (void) msg;
  ck_assert_int_eq(uv_thread_create(&thread, call_it, &elsewhere), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  exit(EXIT_FAILURE);
}

/* Each call, then each on one of several, then each on a writer. The callback
 * is that of another receiver. */
#define WRONGS (2 * ON_LOOP + ON_WRITERS)

START_TEST(a_call_on_another_thread_during_a_callback_aborts) {
  loopchan_options_t options = int_options();

  elsewhere = _i < 2 * ON_LOOP ? on_loop_receivers[_i % ON_LOOP]
                               : on_writers[_i - 2 * ON_LOOP];
  expect_message(elsewhere.name, WRONG_THREAD);
  ck_assert_int_eq(loopchan_open(&loop, &other, &other_tx, &options), 0);
  reopen(&loop, _i < ON_LOOP ? 0 : LOOPCHAN_SHARED);
  open_writer();
  ck_assert_int_eq(loopchan_recv_start(&other, call_elsewhere), 0);
  ck_assert_int_eq(loopchan_send(other_tx, &(int){0}), 0);
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
  expect_message("uv_run", NESTED);
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

/* _i: as above. */
START_TEST(a_call_on_a_receiver_that_was_moved_is_refused) {
  const call_t *call = open_and_move(_i);

  ck_assert_int_eq(call->call(), UV_EINVAL);
  ck_assert_mem_eq(&moved, &rx, sizeof moved);
  send_ints(1, 3);
  expect_ints(1, 3);
  close_rx();
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

START_TEST(a_call_on_a_writer_that_was_moved_is_refused) {
  reopen(NULL, 0);
  open_writer();
  move_writer();
  ck_assert_int_eq(on_writers[_i].call(), UV_EINVAL);
  ck_assert_mem_eq(&moved_writer, &writer, sizeof moved_writer);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){1}), 0);
  expect_ints(1, 1);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(a_writers_sender_is_dropped_by_the_writer) {
  reopen(NULL, 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_try_write(&writer, &(int){1}), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  expect_ints(1, 1);
  close_rx();
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
      a_run_of_the_loop_inside_a_receive_callback_aborts,
      a_wait_for_the_close_inside_a_receive_callback_aborts,
      a_run_of_the_loop_inside_a_write_callback_aborts,
#ifndef SLOW
      to_drop_a_sender_twice_aborts,
#endif
      to_drop_a_writers_sender_aborts,
      to_drop_a_sender_with_a_reserved_place_aborts,
      to_close_a_writer_with_a_reserved_place_aborts,
      to_commit_a_place_twice_aborts,
      to_abandon_a_place_twice_aborts};
  size_t i;

  for (i = 0; i < sizeof aborting / sizeof *aborting; i++)
    tcase_add_test_raise_signal(aborts, aborting[i], SIGABRT);
  tcase_add_loop_test_raise_signal(aborts,
                                   a_call_on_a_sender_that_was_dropped_aborts,
                                   SIGABRT, 0, CALLS(on_senders));
}

/* These open what they need. */
static void add_each_call(TCase *each) {
  const struct {
    const TTest *test;
    int calls;
  } tests[] = {
      {a_call_after_a_plain_uv_close_aborts, 2 * ON_LOOP + 3},
      {a_clone_over_one_after_a_plain_uv_close_aborts, 1},
      {a_call_on_a_writer_after_a_plain_uv_close_aborts, CALLS(on_writers)},
      {a_call_on_a_receiver_that_was_moved_aborts, 2 * MOVES},
      {a_call_on_a_writer_that_was_moved_aborts, ON_WRITERS},
      {a_call_on_a_receiver_that_another_thread_is_in_aborts,
       2 * (ON_THREAD + 1)},
      {a_call_on_another_thread_during_a_callback_aborts, WRONGS},
      {a_run_for_ones_own_next_message_aborts, AWAITED}};
  size_t i;

  for (i = 0; i < sizeof tests / sizeof *tests; i++)
    tcase_add_loop_test_raise_signal(each, tests[i].test, SIGABRT, 0,
                                     tests[i].calls);
}

static Suite *suite(void) {
  Suite *suite = suite_create("promise misuse");
  TCase *aborts = tcase_create("aborts"), *each = tcase_create("each");

  suite_add_tcase(suite, aborts);
  tcase_add_checked_fixture(aborts, open_loop, NULL);
  suite_add_tcase(suite, each);
  tcase_add_checked_fixture(each, start_clean, NULL);
  if (can_abort()) {
    add_aborts(aborts);
    add_each_call(each);
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
             a_place_is_given_back_once,
             a_writers_sender_is_dropped_by_the_writer);
  SUITE_LOOP_CASE(suite, "moved", start_clean, expect_clean, 2 * MOVES,
                  a_call_on_a_receiver_that_was_moved_is_refused);
  SUITE_LOOP_CASE(suite, "moved writer", start_clean, expect_clean, ON_WRITERS,
                  a_call_on_a_writer_that_was_moved_is_refused);
#endif
  return suite;
}
