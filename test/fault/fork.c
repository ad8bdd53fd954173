/* Fault: a fork in the middle of everything. The child lets the channels of its
 * parent alone; the parent's go on as if nothing had happened. A child that was
 * forked while no other thread used the library makes channels of its own. */
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/exchange.h"
#include "support/flavour.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define ROUNDS 5
#else
#define ROUNDS 20
#endif

static void expect_child(pid_t child) {
  int status;

  ck_assert_int_gt(child, 0);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status));
  ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static atomic_bool over;

static void fork_on_and_on(void *arg) {
  atomic_int *forks = arg;

  while (!over) {
    pid_t child = fork();
    if (child == 0)
      _exit(0);
    if (child > 0 && waitpid(child, NULL, 0) == child)
      ++*forks;
  }
}

START_TEST(a_parent_goes_on) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  exchange_t how = {
      .loop = &loop, .senders = 3, .each = 200, .writer = true, .end_after = 9};
  atomic_int forks = 0;
  uv_thread_t forker;

  over = false;
  ck_assert_int_eq(uv_thread_create(&forker, fork_on_and_on, &forks), 0);
  for (int round = 0; round < ROUNDS || forks == 0; round++) {
    how.ending = (ending_t) (round % 3);
    how.seed = (unsigned) round;
    ck_assert_int_eq(exchange(&options, flavours[_i].kind == ON_LOOP, &how), 0);
  }
  over = true;
  ck_assert_int_eq(uv_thread_join(&forker), 0);
}
END_TEST

/* One thread; with a loop of its own, as libuv wants it. */
static void live_in_the_child(int which) {
  int room = flavour_room(&flavours[which], 50);

  memset(&rx, 0, sizeof rx); /* the parent's is open */
  loop_open();
  open_flavour(which);
  send_ints(0, room);
  expect_ints(0, room);
  drop_tx();
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
  expect_loop_clean();
}

START_TEST(a_child_makes_channels_of_its_own) {
  pid_t child;

  open_flavour(_i);
  send_ints(0, flavour_room(&flavours[_i], 1));
  child = fork();
  if (child == 0) {
    for (int which = 0; which < FLAVOURS; which++)
      live_in_the_child(which);
    _exit(0);
  }
  expect_child(child);
  expect_ints(0, flavour_room(&flavours[_i], 1));
  drop_tx();
  close_rx();
}
END_TEST

static pid_t forked;

static void fork_here(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) msg;
  if (status == UV_EOF) {
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  if (forked != 0)
    return;
  forked = fork();
  if (forked != 0)
    return;
  for (int which = 0; which < FLAVOURS; which++)
    live_in_the_child(which);
  _exit(0);
}

/* The child's loop lies where its parent's was: in the middle of an iteration,
 * with more to deliver than the budget allows. */
START_TEST(a_child_is_forked_inside_a_callback) {
  loopchan_options_t options = flavour_options(&flavours[_i]);

  forked = 0;
  options.budget_messages = 1;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, fork_here), 0);
  while (forked == 0) {
    (void) loopchan_try_send(tx, &(int){1});
    (void) loopchan_try_send(tx, &(int){2});
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  expect_child(forked);
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault fork");

  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  a_parent_goes_on, a_child_makes_channels_of_its_own);
  SUITE_LOOP_CASE(suite, "callback", start_clean, expect_clean, CAPACITIES,
                  a_child_is_forked_inside_a_callback);
  return suite;
}
