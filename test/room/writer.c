/* Room writer: what a writer says while its channel is just being closed. */
#include "core/channel.h"

#include "support/loop.h"
#include "support/memory.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;
static loopchan_writer_t writer;
static int refused;

static void fresh(void) {
  loopchan_options_t options = {.msg_size = sizeof(int), .capacity = 1};

  loop_open();
  memory_watch();
  refused = 0;
  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
}

static void expect_nothing_left(void) {
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  expect_loop_clean();
  ck_assert_uint_eq(memory_blocks(), 0);
}

static void on_refused(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert_int_eq(status, UV_EPIPE);
  refused++;
}

static int try_write(void) {
  return loopchan_try_write(&writer, &(int){2});
}

/* A close shuts the inbox first, and then answers the line: between the two
 * the writer's request still stands there. */
START_TEST(once_refused_a_try_write_is_always_refused) {
  lc_channel_t *channel = rx.channel;
  loopchan_write_t request;
  lc_chain_t chain;

  ck_assert_int_eq(try_write(), 0);
  ck_assert_int_eq(loopchan_write(&request, &writer, &(int){1}, on_refused), 0);
  ck_assert_int_eq(try_write(), UV_EAGAIN);
  ck_assert(lc_inbox_close(&channel->inbox, &chain));
  lc_backlog_add(&channel->rx.backlog, &chain);
  ck_assert_int_eq(try_write(), UV_EPIPE);
  ck_assert_int_eq(try_write(), UV_EPIPE);
  lc_waitq_refuse(&channel->waitq, false);
  ck_assert_int_eq(try_write(), UV_EPIPE);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(refused, 1);
  ck_assert_int_eq(try_write(), UV_EPIPE);
}
END_TEST

static void on_cancelled(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert(status == 0 || status == UV_ECANCELED);
}

/* Not one for each. */
START_TEST(writes_in_a_row_share_a_slab) {
  loopchan_write_t requests[8];
  size_t i, blocks;

  ck_assert_int_eq(
      loopchan_write(&requests[0], &writer, &(int){0}, on_cancelled), 0);
  blocks = memory_blocks();
  for (i = 1; i < 8; i++)
    ck_assert_int_eq(
        loopchan_write(&requests[i], &writer, &(int){0}, on_cancelled), 0);
  ck_assert_uint_eq(memory_blocks(), blocks);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  expect_loop_clean();
  ck_assert_uint_eq(memory_blocks(), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room writer");

  SUITE_CASE(suite, "writer", fresh, expect_nothing_left,
             once_refused_a_try_write_is_always_refused);
  SUITE_CASE(suite, "slab", fresh, NULL, writes_in_a_row_share_a_slab);
  return suite;
}
