/* Room receiver: the states of a receiver, and nothing left after a failure. */
#include "api/receiver.h"

#include <string.h>

#include "support/loop.h"
#include "support/memory.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;
static const loopchan_options_t options = {.msg_size = sizeof(int)};

static void fresh(void) {
  loop_open();
  memory_watch();
}

static void expect_nothing_left(void) {
  expect_loop_clean();
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(states_go_one_way) {
  ck_assert_uint_eq(rx.state, LC_NEVER_OPENED);
  ck_assert_int_eq(loopchan_open(&loop, &rx, &tx, &options), 0);
  ck_assert_uint_eq(rx.state, lc_mark(&rx, LC_OPEN));
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  ck_assert_uint_eq(rx.state, lc_mark(&rx, LC_CLOSING));
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_uint_eq(rx.state, lc_mark(&rx, LC_CLOSED_FOR_GOOD));
  ck_assert_ptr_null(rx.channel);
  loopchan_sender_drop(tx);
}
END_TEST

START_TEST(a_failure_touches_neither_receiver_nor_sender) {
  loopchan_receiver_t before;
  loopchan_sender_t *const nobody = (loopchan_sender_t *) &before;
  size_t n;

  memset(&rx, 0xa5, sizeof rx);
  memcpy(&before, &rx, sizeof rx);
  for (n = 1; n <= 2; n++) {
    tx = nobody;
    memory_fail(n);
    ck_assert_int_eq(loopchan_open(&loop, &rx, &tx, &options), UV_ENOMEM);
    ck_assert(memory_has_failed());
    ck_assert_ptr_eq(tx, nobody);
    ck_assert_mem_eq(&rx, &before, sizeof rx);
    ck_assert_uint_eq(memory_blocks(), 0);
  }
}
END_TEST

START_TEST(a_thread_receiver_is_no_handle) {
  memset(&rx, 0xa5, sizeof rx);
  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  ck_assert_ptr_null(rx.async.loop);
  ck_assert_int_eq(rx.async.type, UV_UNKNOWN_HANDLE);
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room receiver");

  SUITE_CASE(suite, "receiver", fresh, expect_nothing_left, states_go_one_way,
             a_failure_touches_neither_receiver_nor_sender,
             a_thread_receiver_is_no_handle);
  return suite;
}
