/* Promise §3.3: a loop receiver behaves as a libuv handle, and handle close is
 * channel close. */
#include "support/channel.h"
#include "support/suite.h"

static int closed;

static void on_handle_close(uv_handle_t *handle) {
  (void) handle;
  closed++;
}

static void nothing(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
}

static void no_timer(uv_timer_t *timer) {
  (void) timer;
}

static void no_async(uv_async_t *async) {
  (void) async;
}

START_TEST(the_handle_is_active_and_referenced) {
  uv_handle_t *handle = (uv_handle_t *) &rx;

  ck_assert(uv_is_active(handle));
  ck_assert(uv_has_ref(handle));
  ck_assert(!uv_is_closing(handle));
  ck_assert_ptr_eq(uv_handle_get_loop(handle), &loop);
  ck_assert(uv_loop_alive(&loop));
  uv_unref(handle);
  ck_assert(!uv_has_ref(handle));
  ck_assert(!uv_loop_alive(&loop));
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  uv_ref(handle);
  drop_tx();
  close_rx();
  ck_assert(uv_is_closing(handle));
}
END_TEST

START_TEST(both_data_pointers_are_the_users) {
  loopchan_options_t options;
  int one, two;

  close_rx();
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
  rx.data = &one;
  rx.async.data = &two;
  options = int_options();
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, nothing), 0);
  send_ints(0, 5);
  drop_tx();
  uv_run(&loop, UV_RUN_NOWAIT);
  close_rx();
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_ptr_eq(rx.data, &one);
  ck_assert_ptr_eq(rx.async.data, &two);
}
END_TEST

START_TEST(a_receiver_is_told_from_other_handles) {
  static uv_timer_t timer;
  static uv_async_t async;

  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(uv_async_init(&loop, &async, no_async), 0);
  ck_assert_ptr_eq(loopchan_receiver_from_handle((uv_handle_t *) &rx), &rx);
  ck_assert_ptr_null(loopchan_receiver_from_handle((uv_handle_t *) &timer));
  ck_assert_ptr_null(loopchan_receiver_from_handle((uv_handle_t *) &async));
  loopchan_close_handle((uv_handle_t *) &timer, NULL);
  loopchan_close_handle((uv_handle_t *) &async, on_handle_close);
  loopchan_close_handle((uv_handle_t *) &rx, NULL);
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(closed, 1);
}
END_TEST

static void close_any(uv_handle_t *handle, void *arg) {
  int *found = arg;

  if (loopchan_receiver_from_handle(handle) != NULL)
    ++*found;
  if (!uv_is_closing(handle))
    loopchan_close_handle(handle, on_handle_close);
}

START_TEST(walk_and_close_everything) {
  loopchan_options_t options = int_options();
  static loopchan_receiver_t receivers[3];
  loopchan_sender_t *senders[3];
  static uv_timer_t timer;
  static uv_async_t async;
  int i, found = 0;

  closed = 0;
  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(uv_timer_start(&timer, no_timer, 1000000, 0), 0);
  ck_assert_int_eq(uv_async_init(&loop, &async, no_async), 0);
  for (i = 0; i < 3; i++)
    ck_assert_int_eq(loopchan_open(&loop, &receivers[i], &senders[i], &options),
                     0);
  ck_assert_int_eq(loopchan_recv_start(&receivers[1], nothing), 0);
  ck_assert_int_eq(loopchan_send(senders[1], &found), 0);
  uv_walk(&loop, close_any, &found);
  ck_assert_int_eq(found, 4);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(closed, 6);
  for (i = 0; i < 3; i++) {
    ck_assert_int_eq(loopchan_is_closed(senders[i]), 1);
    loopchan_sender_drop(senders[i]);
  }
  drop_tx();
}
END_TEST

START_TEST(a_closing_receiver_is_left_alone) {
  closed = 0;
  close_rx();
  loopchan_close_handle((uv_handle_t *) &rx, on_handle_close);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(closed, 0);
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise handle");

  SUITE_CASE(suite, "handle", open_loop, expect_clean,
             the_handle_is_active_and_referenced,
             both_data_pointers_are_the_users,
             a_receiver_is_told_from_other_handles, walk_and_close_everything,
             a_closing_receiver_is_left_alone);
  return suite;
}
