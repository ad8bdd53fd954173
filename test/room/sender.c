/* Room sender: which slab a message goes to. */
#include "core/channel.h"
#include "support/memory.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

static void fresh(void) {
  loopchan_options_t options = {0};

  memory_watch();
  options.msg_size = sizeof(int);
  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
}

static void expect_nothing_left(void) {
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  loopchan_sender_drop(tx);
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(the_first_thread_keeps_its_slab) {
  lc_slab_t *slab;

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  slab = tx->own.slab;
  ck_assert_ptr_nonnull(slab);
  ck_assert_int_eq(loopchan_send(tx, &(int){1}), 0);
  ck_assert_ptr_eq(tx->own.slab, slab);
  ck_assert_uint_eq(slab->used, 2);
}
END_TEST

START_TEST(each_sender_begins_with_a_small_slab) {
  loopchan_sender_t *other = loopchan_sender_clone(tx);
  size_t bytes;

  ck_assert_ptr_nonnull(other);
  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  bytes = tx->own.slab->bytes;
  while (tx->own.slab == NULL || tx->own.slab->bytes == bytes)
    ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  ck_assert_uint_eq(tx->own.slab->bytes, 2 * bytes);
  ck_assert_int_eq(loopchan_send(other, &(int){0}), 0);
  ck_assert_uint_eq(other->own.slab->bytes, bytes);
  loopchan_sender_drop(other);
}
END_TEST

START_TEST(a_reserved_place_holds_its_slab_alone) {
  void *first, *second;
  lc_slab_t *slab;

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  slab = tx->own.slab;
  ck_assert_int_eq(loopchan_reserve(tx, &first), 0);
  ck_assert_ptr_null(tx->own.slab);
  ck_assert_int_eq(loopchan_reserve(tx, &second), 0);
  *(int *) first = *(int *) second = 1;
  ck_assert_int_eq(loopchan_commit(tx, first), 0);
  ck_assert_ptr_eq(tx->own.slab, slab);
  loopchan_abandon(tx, second);
  ck_assert_ptr_eq(tx->own.slab, slab);
  ck_assert_uint_eq(slab->used, 2);
}
END_TEST

START_TEST(an_abandoned_place_is_used_again) {
  void *first, *again;

  ck_assert_int_eq(loopchan_reserve(tx, &first), 0);
  loopchan_abandon(tx, first);
  ck_assert_int_eq(loopchan_reserve(tx, &again), 0);
  ck_assert_ptr_eq(again, first);
  loopchan_abandon(tx, again);
}
END_TEST

START_TEST(a_dropped_senders_slab_serves_the_next) {
  loopchan_sender_t *other = loopchan_sender_clone(tx);
  lc_slab_t *slab;

  ck_assert_ptr_nonnull(other);
  ck_assert_int_eq(loopchan_send(other, &(int){0}), 0);
  slab = other->own.slab;
  loopchan_sender_drop(other);
  ck_assert_int_eq(loopchan_send(tx, &(int){1}), 0);
  ck_assert_ptr_eq(tx->own.slab, slab);
  ck_assert_uint_eq(slab->used, 2);
}
END_TEST

START_TEST(slabs_beyond_the_pool_are_retired_and_come_back) {
  loopchan_sender_t *many[2 * LC_POOL_SLABS];
  size_t i;
  int message;

  for (i = 0; i < 2 * LC_POOL_SLABS; i++) {
    many[i] = loopchan_sender_clone(tx);
    ck_assert_int_eq(loopchan_send(many[i], &(int){(int) i}), 0);
  }
  for (i = 0; i < 2 * LC_POOL_SLABS; i++)
    loopchan_sender_drop(many[i]);
  for (i = 0; i < 2 * LC_POOL_SLABS; i++) {
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    ck_assert_int_eq(message, (int) i);
  }
  for (i = 0; i < 100; i++)
    ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  /* In the pool, the core, the sender; and one that is held. */
  ck_assert_uint_le(memory_blocks(), LC_POOL_SLABS + 2 + 1);
}
END_TEST

START_TEST(a_message_that_is_refused_leaves_its_node) {
  loopchan_sender_t *other = loopchan_sender_clone(tx);

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_send(tx, &(int){1}), UV_EPIPE);
  ck_assert_uint_eq(tx->own.slab->used, 1);
  ck_assert_int_eq(loopchan_send(other, &(int){1}), UV_EPIPE);
  ck_assert_ptr_null(other->own.slab);
  loopchan_sender_drop(other);
}
END_TEST

START_TEST(a_slab_refused_by_a_closed_channel_is_kept_for_its_end) {
  loopchan_sender_t *many[LC_POOL_SLABS + 1];
  size_t i;

  for (i = 0; i < LC_POOL_SLABS + 1; i++) {
    many[i] = loopchan_sender_clone(tx);
    ck_assert_int_eq(loopchan_send(many[i], &(int){0}), 0);
  }
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  for (i = 0; i < LC_POOL_SLABS + 1; i++)
    loopchan_sender_drop(many[i]);
  for (i = 0; i < LC_POOL_SLABS + 1; i++)
    ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), 0);
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
}
END_TEST

START_TEST(the_slabs_of_a_refused_chain_are_kept_for_the_channels_end) {
  static int messages[2000];

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_send_many(tx, messages, 2000), UV_EPIPE);
  ck_assert_ptr_null(tx->own.slab);
}
END_TEST

/* Full, of one message; the first thread is this one. */
static void fill_one_place(uv_loop_t *on, loopchan_receiver_t *of_one,
                           loopchan_sender_t **full) {
  loopchan_options_t options = {0};

  options.msg_size = sizeof(int);
  options.capacity = 1;
  ck_assert_int_eq(loopchan_open(on, of_one, full, &options), 0);
  ck_assert_int_eq(loopchan_send(*full, &(int){0}), 0);
}

START_TEST(the_loops_own_thread_does_not_spin_for_a_place) {
  loopchan_receiver_t of_one = {0};
  loopchan_sender_t *full;
  uint64_t before_ns;
  uv_loop_t loop;

  ck_assert_int_eq(uv_loop_init(&loop), 0);
  fill_one_place(&loop, &of_one, &full);
  lc_loop_note_callback(of_one.channel->loop); /* from here: its thread */
  before_ns = full->own.backoff.next_ns;
  ck_assert_int_eq(loopchan_send(full, &(int){1}), UV_EAGAIN);
  ck_assert_uint_eq(full->own.backoff.next_ns, before_ns);
  loopchan_sender_drop(full);
  ck_assert_int_eq(loopchan_close(&of_one, NULL), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

static int vain;

static void wait_in_vain(void *full) {
  vain = loopchan_send_timeout(full, &(int){1}, 1000000);
}

START_TEST(the_first_thread_alone_learns_how_long_to_spin) {
  loopchan_receiver_t of_one = {0};
  loopchan_sender_t *full;
  uint64_t before_ns;
  uv_thread_t thread;

  fill_one_place(NULL, &of_one, &full);
  before_ns = full->own.backoff.next_ns;
  ck_assert_int_eq(uv_thread_create(&thread, wait_in_vain, full), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(vain, UV_ETIMEDOUT);
  ck_assert_uint_eq(full->own.backoff.next_ns, before_ns);
  wait_in_vain(full);
  ck_assert_int_eq(vain, UV_ETIMEDOUT);
  ck_assert_uint_lt(full->own.backoff.next_ns, before_ns);
  ck_assert_int_eq(loopchan_close(&of_one, NULL), 0);
  loopchan_sender_drop(full);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room sender");

  SUITE_CASE(
      suite, "sender", fresh, expect_nothing_left,
      the_first_thread_keeps_its_slab, each_sender_begins_with_a_small_slab,
      a_reserved_place_holds_its_slab_alone, an_abandoned_place_is_used_again,
      a_dropped_senders_slab_serves_the_next,
      slabs_beyond_the_pool_are_retired_and_come_back,
      a_message_that_is_refused_leaves_its_node,
      a_slab_refused_by_a_closed_channel_is_kept_for_its_end,
      the_slabs_of_a_refused_chain_are_kept_for_the_channels_end,
      the_loops_own_thread_does_not_spin_for_a_place,
      the_first_thread_alone_learns_how_long_to_spin);
  return suite;
}
