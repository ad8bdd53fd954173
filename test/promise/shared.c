/* Promise §3.4, LOOPCHAN_SHARED: one queue of jobs, many hands. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "support/suite.h"
#include "support/threads.h"
#include "support/waiting.h"

#define HANDS 4
#define MESSAGES 4000

static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 2, 1024,
                                    LOOPCHAN_RENDEZVOUS};
#define CAPACITIES 5

static void open_shared(size_t capacity) {
  loopchan_options_t options = int_options();

  options.capacity = capacity;
  options.flags = LOOPCHAN_SHARED;
  open_with(NULL, &options);
}

static atomic_int seen[MESSAGES], ends, wrong;

/* In each of the ways there are, until the end. */
static void receive_until_the_end(int self) {
  int messages[3], i, last = -1;

  for (;;) {
    ssize_t n = 1;
    int err;
    switch (self % 3) {
      case 0:
        err = loopchan_recv(&rx, messages);
        break;
      case 1:
        err = loopchan_recv_timeout(&rx, messages, 20000);
        break;
      default:
        n = loopchan_recv_many(&rx, messages, 3);
        err = n > 0 ? 0 : (int) n;
    }
    if (err == UV_ETIMEDOUT)
      continue;
    if (err != 0) {
      atomic_fetch_add(err == UV_EOF ? &ends : &wrong, 1);
      return;
    }
    for (i = 0; i < n; i++) {
      seen[messages[i]]++;
      wrong += messages[i] <= last;
      last = messages[i];
    }
  }
}

static void forget(void) {
  int i;

  for (i = 0; i < MESSAGES; i++)
    seen[i] = 0;
  ends = wrong = 0;
}

START_TEST(each_message_goes_to_one_and_the_end_to_all) {
  int i;

  forget();
  open_shared(capacities[_i]);
  threads_start(HANDS, receive_until_the_end);
  for (i = 0; i < MESSAGES; i++)
    if (loopchan_send(tx, &i) != 0)
      ck_abort_msg("%d was not sent", i);
  drop_tx();
  threads_join();
  for (i = 0; i < MESSAGES; i++)
    if (seen[i] != 1)
      ck_abort_msg("%d was received %d times", i, seen[i]);
  ck_assert_int_eq(ends, HANDS);
  ck_assert_int_eq(wrong, 0);
  close_rx();
}
END_TEST

static uv_barrier_t together;

/* Nobody goes on before each has a message in hand. */
static void receive_one_each(int self) {
  int message;

  (void) self;
  wrong += loopchan_recv(&rx, &message) != 0;
  uv_barrier_wait(&together);
  wrong += loopchan_recv(&rx, &message) != UV_EOF;
}

START_TEST(all_threads_are_woken_while_there_is_work) {
  int i;

  forget();
  open_shared(capacities[_i]);
  ck_assert_int_eq(uv_barrier_init(&together, HANDS), 0);
  threads_start(HANDS, receive_one_each);
  for (i = 0; i < HANDS; i++)
    ck_assert_int_eq(loopchan_send(tx, &i), 0);
  drop_tx();
  threads_join();
  uv_barrier_destroy(&together);
  ck_assert_int_eq(wrong, 0);
  close_rx();
}
END_TEST

static atomic_int short_jobs_done;
static uv_sem_t all_short_done;

/* The first job takes as long as all others together. */
static void work(int self) {
  int job;

  (void) self;
  while (loopchan_recv(&rx, &job) == 0)
    if (job == 0)
      uv_sem_wait(&all_short_done);
    else if (++short_jobs_done == MESSAGES - 1)
      uv_sem_post(&all_short_done);
}

START_TEST(a_long_job_holds_up_nobody_else) {
  int i;

  short_jobs_done = 0;
  ck_assert_int_eq(uv_sem_init(&all_short_done, 0), 0);
  open_shared(capacities[_i]);
  threads_start(HANDS, work);
  for (i = 0; i < MESSAGES; i++)
    if (loopchan_send(tx, &i) != 0)
      ck_abort_msg("%d was not sent", i);
  drop_tx();
  threads_join();
  uv_sem_destroy(&all_short_done);
  ck_assert_int_eq(short_jobs_done, MESSAGES - 1);
  close_rx();
}
END_TEST

START_TEST(a_close_by_one_ends_it_for_the_rest) {
  int round;

  for (round = 0; round < 100; round++) {
    int i;
    forget();
    open_shared(capacities[_i]);
    threads_start(HANDS, receive_until_the_end);
    for (i = 0; i < round % 4; i++)
      ck_assert_int_eq(loopchan_send(tx, &i), 0);
    close_rx();
    threads_join();
    ck_assert_int_eq(ends, HANDS);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(loopchan_recv(&rx, &i), UV_EOF);
    ck_assert_int_eq(loopchan_try_recv(&rx, &i), UV_EOF);
    ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
    ck_assert_int_eq(loopchan_send(tx, &i), UV_EPIPE);
    drop_tx();
  }
}
END_TEST

START_TEST(a_shutdown_by_one_ends_it_for_all) {
  int round;

  for (round = 0; round < 100; round++) {
    forget();
    open_shared(capacities[_i]);
    threads_start(HANDS, receive_until_the_end);
    ck_assert_int_eq(loopchan_shutdown(&rx), 0);
    ck_assert_int_eq(loopchan_shutdown(&rx), UV_EALREADY);
    threads_join();
    ck_assert_int_eq(ends, HANDS);
    close_and_drop();
  }
}
END_TEST

static void close_it(int self) {
  int err = loopchan_close(&rx, NULL);

  (void) self;
  if (err == 0)
    ends++;
  else if (err != UV_EALREADY)
    wrong++;
}

START_TEST(of_many_closes_one_is_the_first) {
  int round;

  for (round = 0; round < 100; round++) {
    forget();
    open_shared(capacities[_i]);
    threads_start(HANDS, close_it);
    threads_join();
    ck_assert_int_eq(ends, 1);
    ck_assert_int_eq(wrong, 0);
    drop_tx();
  }
}
END_TEST

static void time_out(int self) {
  int message;

  wrong += loopchan_recv_timeout(&rx, &message, (uint64_t) self * 100000) !=
           UV_ETIMEDOUT;
}

START_TEST(a_time_out_loses_nothing) {
  forget();
  open_shared(LOOPCHAN_UNBOUNDED);
  threads_start(HANDS, time_out);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  send_ints(0, 3);
  expect_ints(0, 3);
  close_and_drop();
}
END_TEST

static void look_until_closed(int self) {
  loopchan_stats_t stats;

  if (self == 0) {
    close_rx();
    return;
  }
  do {
    wrong += loopchan_stats(&rx, &stats) != 0;
    wrong += stats.sent != 100 || stats.received + stats.dropped > 100;
  } while (stats.dropped == 0);
  wrong += stats.received != 1 || stats.dropped != 99;
}

START_TEST(who_looks_in_during_a_close_sees_it_whole) {
  int round;

  for (round = 0; round < 100; round++) {
    memset(&rx, 0, sizeof rx);
    open_shared(LOOPCHAN_UNBOUNDED);
    send_ints(0, 100);
    expect_ints(0, 1);
    threads_start(2, look_until_closed);
    threads_join();
    ck_assert_int_eq(wrong, 0);
    drop_tx();
  }
}
END_TEST

static int dropped;

/* Inside drop the receiver counts as closed, for any call on it. */
static void count_drop(void *msg, void *arg) {
  loopchan_stats_t stats;

  ck_assert_ptr_eq(arg, &rx);
  ck_assert_int_eq(*(int *) msg, dropped++);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
}

static void open_shared_with_drop(void) {
  loopchan_options_t options = int_options();

  options.flags = LOOPCHAN_SHARED;
  options.drop = count_drop;
  options.drop_arg = &rx;
  open_with(NULL, &options);
}

START_TEST(what_is_left_is_dropped) {
  open_shared_with_drop();
  send_ints(0, 3);
  close_rx();
  ck_assert_int_eq(dropped, 3);
  drop_tx();
}
END_TEST

START_TEST(open_fails_whole_when_memory_runs_out) {
  loopchan_options_t options = int_options();
  size_t n;
  int err = UV_ENOMEM;

  options.flags = LOOPCHAN_SHARED;
  for (n = 1; err != 0; n++) {
    memory_fail(n);
    err = loopchan_open(NULL, &rx, &tx, &options);
    ck_assert(err == 0 || (err == UV_ENOMEM && memory_blocks() == 0));
  }
  ck_assert_uint_eq(n, 5);
  memory_fail(0);
  close_and_drop();
}
END_TEST

static uv_sem_t is_inside, may_go_on;
static atomic_bool stops;

static void stop_here(void) {
  if (!atomic_exchange(&stops, false))
    return;
  uv_sem_post(&is_inside);
  uv_sem_wait(&may_go_on);
}

/* With the receiving side's mutex held, if a receive allocates. */
static void *malloc_that_stops(size_t size) {
  stop_here();
  return malloc(size);
}

static void free_that_stops(void *block) {
  stop_here();
  free(block);
}

static void use_memory_that_stops(void) {
  atomic_store(&stops, false);
  ck_assert_int_eq(uv_sem_init(&is_inside, 0), 0);
  ck_assert_int_eq(uv_sem_init(&may_go_on, 0), 0);
  ck_assert_int_eq(loopchan_replace_allocator(malloc_that_stops, realloc,
                                              calloc, free_that_stops),
                   0);
}

static void forget_memory_that_stops(void) {
  uv_sem_destroy(&is_inside);
  uv_sem_destroy(&may_go_on);
}

static void receive_one(int self) {
  int message;

  (void) self;
  wrong += loopchan_recv(&rx, &message) != 0 || message != 0;
}

#define USE_UP_A_SLAB 100000

START_TEST(a_send_without_a_bound_waits_for_no_receiver) {
  wrong = 0;
  use_memory_that_stops();
  open_shared(LOOPCHAN_UNBOUNDED);
  atomic_store(&stops, true);
  threads_start(1, receive_one);
  uv_sem_wait(&is_inside);
  send_ints(0, USE_UP_A_SLAB);
  uv_sem_post(&may_go_on);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  expect_ints(1, USE_UP_A_SLAB - 1);
  close_and_drop();
  forget_memory_that_stops();
}
END_TEST

static void look_until_the_end(int self) {
  int err, message;

  (void) self;
  do
    err = loopchan_recv_timeout(&rx, &message, 0);
  while (err == UV_ETIMEDOUT);
  wrong += err != UV_EOF;
}

static void go_on_when_closed(void *arg) {
  (void) arg;
  while (!loopchan_is_closed(tx))
    sched_yield();
  uv_sem_post(&may_go_on);
}

/* The call frees what a flood has left, and is let go when the close has
 * counted what it drops. */
START_TEST(a_call_that_frees_during_the_close_takes_nothing) {
  uv_thread_t thread;

  wrong = dropped = 0;
  use_memory_that_stops();
  open_shared_with_drop();
  send_ints(0, USE_UP_A_SLAB);
  expect_ints(0, USE_UP_A_SLAB);
  atomic_store(&stops, true);
  threads_start(1, look_until_the_end);
  uv_sem_wait(&is_inside);
  send_ints(0, 3);
  ck_assert_int_eq(uv_thread_create(&thread, go_on_when_closed, NULL), 0);
  close_rx();
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  threads_join();
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(dropped, 3);
  drop_tx();
  forget_memory_that_stops();
}
END_TEST

#define MANY 100000

static int many[MANY], single[MANY];
static ssize_t many_count;
static size_t single_count;

/* One receives many at once, the other one by one until nothing is left. Its
 * message then ends a wait of the first. */
static void receive_many_or_one(int self) {
  const int last = MANY;

  if (self == 0) {
    many_count = loopchan_recv_many(&rx, many, MANY);
    return;
  }
  single_count = 0;
  while (single_count < MANY &&
         loopchan_recv_timeout(&rx, &single[single_count], 0) == 0)
    single_count++;
  wrong += loopchan_send(tx, &last) != 0;
}

static bool one_came_between_many(void) {
  size_t i;

  for (i = 0; i < single_count; i++)
    if (single[i] > many[0] && single[i] < many[many_count - 1])
      return true;
  return false;
}

/* If that never happens, this does not end. */
START_TEST(a_receive_of_many_lets_others_in) {
  wrong = 0;
  open_shared(LOOPCHAN_UNBOUNDED);
  do {
    send_ints(0, MANY);
    threads_start(2, receive_many_or_one);
    threads_join();
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_gt(many_count, 0);
    (void) loopchan_recv_timeout(&rx, single, 0); /* the last, if it is left */
  } while (!one_came_between_many());
  close_and_drop();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise shared");
  TCase *each_capacity = tcase_create("each capacity");

  tcase_add_checked_fixture(each_capacity, start_clean, expect_clean);
  tcase_set_timeout(each_capacity, 60);
  tcase_add_loop_test(each_capacity,
                      each_message_goes_to_one_and_the_end_to_all, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, all_threads_are_woken_while_there_is_work,
                      0, CAPACITIES);
  tcase_add_loop_test(each_capacity, a_long_job_holds_up_nobody_else, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, a_close_by_one_ends_it_for_the_rest, 0, 4);
  tcase_add_loop_test(each_capacity, a_shutdown_by_one_ends_it_for_all, 0,
                      CAPACITIES);
  tcase_add_loop_test(each_capacity, of_many_closes_one_is_the_first, 0,
                      CAPACITIES);
  suite_add_tcase(suite, each_capacity);
  SUITE_CASE(suite, "shared", start_clean, expect_clean,
             a_time_out_loses_nothing,
             who_looks_in_during_a_close_sees_it_whole, what_is_left_is_dropped,
             open_fails_whole_when_memory_runs_out,
             a_send_without_a_bound_waits_for_no_receiver,
             a_call_that_frees_during_the_close_takes_nothing,
             a_receive_of_many_lets_others_in);
  return suite;
}
