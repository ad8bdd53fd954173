/* Promise: bad input answers with a code, loses nothing, leaves nothing. */
#include "support/channel.h"
#include "support/faults.h"
#include "support/suite.h"

/* The fewest messages of more than SSIZE_MAX bytes. */
#define TOO_MANY (SIZE_MAX / 2 / sizeof(int) + 1)

static int ignored;

static void no_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  ck_abort_msg("nothing was to be delivered");
}

static void expect_refused(uv_loop_t *on, const loopchan_options_t *options,
                           int code) {
  loopchan_sender_t *const nobody = (loopchan_sender_t *) (void *) &ignored;
  loopchan_receiver_t before;

  memset(&rx, 0x5a, sizeof rx);
  memcpy(&before, &rx, sizeof rx);
  tx = nobody;
  ck_assert_int_eq(loopchan_open(on, &rx, &tx, options), code);
  ck_assert_mem_eq(&rx, &before, sizeof rx);
  ck_assert_ptr_eq(tx, nobody);
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(open_refuses_nulls) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(loopchan_open(&loop, NULL, &tx, &options), UV_EINVAL);
  ck_assert_int_eq(loopchan_open(&loop, &rx, NULL, &options), UV_EINVAL);
  expect_refused(&loop, NULL, UV_EINVAL);
}
END_TEST

START_TEST(open_refuses_flags_that_do_not_exist) {
  loopchan_options_t options = int_options();
  unsigned bit;

  for (bit = 2; bit < 32; bit++) {
    options.flags = 1u << bit;
    expect_refused(&loop, &options, UV_EINVAL);
  }
}
END_TEST

START_TEST(open_refuses_what_a_later_version_may_mean) {
  loopchan_options_t options = int_options();
  size_t i;

  for (i = 0; i < sizeof options.reserved / sizeof *options.reserved; i++) {
    options.reserved[i] = 1;
    expect_refused(&loop, &options, UV_EINVAL);
    options.reserved[i] = UINT64_C(1) << 63;
    expect_refused(NULL, &options, UV_EINVAL);
    options.reserved[i] = 0;
  }
}
END_TEST

START_TEST(open_refuses_a_size_that_overflows) {
  static const size_t sizes[] = {SIZE_MAX,      SIZE_MAX - 7,
                                 SIZE_MAX - 64, SIZE_MAX / 2 + 1,
                                 SIZE_MAX / 2,  SIZE_MAX / 2 - 7};
  loopchan_options_t options = int_options();
  size_t i;

  for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    options.msg_size = sizes[i];
    expect_refused(&loop, &options, UV_EINVAL);
    expect_refused(NULL, &options, UV_EINVAL);
  }
}
END_TEST

START_TEST(a_message_larger_than_memory_is_enomem_at_the_send) {
  loopchan_options_t options = int_options();

  options.msg_size = SIZE_MAX / 4 + 1; /* two of them are too many to count */
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &ignored, 0), UV_ETIMEDOUT);
  memory_fail(1);
  ck_assert_int_eq(loopchan_send(tx, &ignored), UV_ENOMEM);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(open_passes_on_what_uv_async_init_says) {
  loopchan_options_t options = int_options();

  fault_arm(UV_ASYNC_INIT, 1, UV_EMFILE);
  expect_refused(&loop, &options, UV_EMFILE);
  open_with(&loop, &options);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(senders_calls_refuse_nulls) {
  int message = 1;
  void *place;

  ck_assert_int_eq(loopchan_send(NULL, &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_send(tx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_send(NULL, &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_send(tx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_timeout(NULL, &message, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_timeout(tx, NULL, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_many(NULL, &message, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_many(tx, NULL, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_many(tx, &message, SIZE_MAX), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_many(tx, &message, TOO_MANY), UV_EINVAL);
  ck_assert_int_eq(loopchan_send_many(tx, NULL, 0), 0);
  ck_assert_int_eq(loopchan_reserve(NULL, &place), UV_EINVAL);
  ck_assert_int_eq(loopchan_reserve(tx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_commit(NULL, &message), UV_EINVAL);
  ck_assert_int_eq(loopchan_commit(tx, NULL), UV_EINVAL);
  loopchan_abandon(NULL, &message);
  loopchan_abandon(tx, NULL);
  ck_assert_ptr_null(loopchan_sender_clone(NULL));
  loopchan_sender_drop(NULL);
  ck_assert_int_eq(loopchan_is_closed(NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  drop_tx();
  close_rx();
}
END_TEST

static void stop_at_first(loopchan_receiver_t *receiver, int status,
                          void *msg) {
  (void) status;
  (void) msg;
  ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
}

static void send_most_from_loop(size_t msg_size, size_t most) {
  loopchan_options_t options = int_options();

  options.msg_size = msg_size;
  options.capacity = 1;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, stop_at_first), 0);
  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  uv_run(&loop, UV_RUN_NOWAIT); /* its callback says: this is its thread */
  ck_assert_int_eq(loopchan_send_many(tx, &(int){1}, most), 1);
  drop_tx();
  close_rx();
  uv_run(&loop, UV_RUN_DEFAULT);
}

/* There is room for one, and a loop does not wait. */
START_TEST(send_many_takes_as_many_as_its_answer_can_count) {
  send_most_from_loop(sizeof(int), TOO_MANY - 1);
  send_most_from_loop(0, SIZE_MAX / 2);
}
END_TEST

START_TEST(receivers_calls_refuse_nulls) {
  loopchan_stats_t stats;

  ck_assert_int_eq(loopchan_recv_start(NULL, no_message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_start(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_stop(NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(NULL, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv(NULL, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(NULL, &ignored, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(NULL, &ignored, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_shutdown(NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_close(NULL, NULL), UV_EINVAL);
  ck_assert_ptr_null(loopchan_receiver_from_handle(NULL));
  loopchan_close_handle(NULL, NULL);
  ck_assert_int_eq(loopchan_stats(NULL, &stats), UV_EINVAL);
  ck_assert_int_eq(loopchan_stats(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_replace_allocator(NULL, realloc, calloc, free),
                   UV_EINVAL);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, NULL, calloc, free),
                   UV_EINVAL);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, NULL, free),
                   UV_EINVAL);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, NULL),
                   UV_EINVAL);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(a_receiver_never_opened_is_refused) {
  loopchan_receiver_t never;
  loopchan_stats_t stats;

  memset(&never, 0, sizeof never);
  ck_assert_int_eq(loopchan_recv_start(&never, no_message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_stop(&never), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&never, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv(&never, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_shutdown(&never), UV_EINVAL);
  ck_assert_int_eq(loopchan_close(&never, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_stats(&never, &stats), UV_EINVAL);
}
END_TEST

START_TEST(a_shared_receiver_is_free_again_after_a_refusal) {
  loopchan_options_t options = int_options();

  options.flags = LOOPCHAN_SHARED;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_recv(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &ignored, 0), UV_ETIMEDOUT);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(signals_are_received_as_many_as_can_be_counted) {
  open_signals(NULL);
  ck_assert_int_eq(loopchan_send(tx, NULL), 0);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, SIZE_MAX / 2), 1);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, SIZE_MAX / 2 + 1), UV_EINVAL);
  close_rx();
  drop_tx();
}
END_TEST

START_TEST(blocking_calls_refuse_a_loop_receiver) {
  send_ints(7, 1);
  ck_assert_int_eq(loopchan_recv(&rx, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &ignored, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, &ignored, 1), UV_EINVAL);
  expect_ints(7, 1);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(loop_calls_refuse_a_thread_receiver) {
  ck_assert_int_eq(loopchan_recv_start(&rx, no_message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_stop(&rx), UV_EINVAL);
  ck_assert_ptr_null(loopchan_receiver_from_handle((uv_handle_t *) &rx));
  ck_assert_int_eq(loopchan_recv(&rx, NULL), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, NULL, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, &ignored, SIZE_MAX), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, &ignored, TOO_MANY), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, NULL, 0), 0);
  drop_tx();
  ck_assert_int_eq(loopchan_recv_many(&rx, &ignored, TOO_MANY - 1), UV_EOF);
  close_rx();
}
END_TEST

START_TEST(a_closed_receiver_is_refused) {
  close_rx();
  ck_assert_int_eq(loopchan_recv(&rx, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_try_recv(&rx, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &ignored, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_many(&rx, &ignored, 1), UV_EINVAL);
  ck_assert_int_eq(loopchan_shutdown(&rx), UV_EALREADY);
  ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
  drop_tx();
}
END_TEST

START_TEST(a_closing_loop_receiver_is_refused) {
  close_rx();
  ck_assert_int_eq(loopchan_recv_start(&rx, no_message), UV_EINVAL);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &ignored), UV_EINVAL);
  ck_assert_int_eq(loopchan_shutdown(&rx), UV_EALREADY);
  ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
  drop_tx();
}
END_TEST

START_TEST(the_allocator_stays_while_a_sender_lives) {
  close_rx();
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   UV_EBUSY);
  drop_tx();
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
}
END_TEST

START_TEST(versions_agree) {
  char text[32];

  snprintf(text, sizeof text, "%d.%d.%d", LOOPCHAN_VERSION_MAJOR,
           LOOPCHAN_VERSION_MINOR, LOOPCHAN_VERSION_PATCH);
  ck_assert_str_eq(loopchan_version_string(), text);
  ck_assert_uint_eq(loopchan_version(), LOOPCHAN_VERSION_HEX);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise bad_input");

  SUITE_CASE(suite, "open", start_clean, expect_clean, open_refuses_nulls,
             open_refuses_flags_that_do_not_exist,
             open_refuses_what_a_later_version_may_mean,
             open_refuses_a_size_that_overflows,
             a_message_larger_than_memory_is_enomem_at_the_send,
             open_passes_on_what_uv_async_init_says, versions_agree,
             a_receiver_never_opened_is_refused,
             send_many_takes_as_many_as_its_answer_can_count,
             a_shared_receiver_is_free_again_after_a_refusal,
             signals_are_received_as_many_as_can_be_counted);
  SUITE_CASE(suite, "loop", open_loop, expect_clean, senders_calls_refuse_nulls,
             receivers_calls_refuse_nulls,
             blocking_calls_refuse_a_loop_receiver,
             a_closing_loop_receiver_is_refused);
  SUITE_CASE(suite, "thread", open_thread, expect_clean,
             loop_calls_refuse_a_thread_receiver, a_closed_receiver_is_refused,
             the_allocator_stays_while_a_sender_lives);
  return suite;
}
