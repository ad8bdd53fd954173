/* Room tx: what a thread keeps of a sender. */
#include "core/tx.h"
#include "support/memory.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

/* Threads that go on living, for one that comes after another may get what the
 * system knew that one by. */
#define THREADS_MOST 32
static uv_thread_t threads[THREADS_MOST];
static size_t threads_count;
static uv_sem_t has_sent, may_end;

static void fresh(void) {
  loopchan_options_t options = {0};

  threads_count = 0;
  ck_assert_int_eq(uv_sem_init(&has_sent, 0), 0);
  ck_assert_int_eq(uv_sem_init(&may_end, 0), 0);
  memory_watch();
  options.msg_size = sizeof(int);
  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
}

static void expect_nothing_left(void) {
  size_t i;

  for (i = 0; i < threads_count; i++)
    uv_sem_post(&may_end);
  for (i = 0; i < threads_count; i++)
    ck_assert_int_eq(uv_thread_join(&threads[i]), 0);
  uv_sem_destroy(&has_sent);
  uv_sem_destroy(&may_end);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
  loopchan_sender_drop(tx);
  ck_assert_uint_eq(memory_blocks(), 0);
}

static void send_some(void *arg) {
  int *sent = arg, i;

  for (i = 0; i < 3; i++)
    *sent += loopchan_send(tx, &i) == 0;
  uv_sem_post(&has_sent);
  uv_sem_wait(&may_end);
}

/* A thread that never used the sender before. */
static void send_on_another_thread(void) {
  static int sent;

  sent = 0;
  ck_assert_uint_lt(threads_count, THREADS_MOST);
  ck_assert_int_eq(
      uv_thread_create(&threads[threads_count++], send_some, &sent), 0);
  uv_sem_wait(&has_sent);
  ck_assert_int_eq(sent, 3);
}

static lc_tx_other_t *more(void) {
  return lc_load(&tx->more, memory_order_relaxed);
}

static uint64_t sent(const lc_tx_cache_t *cache) {
  return lc_counter_read(&cache->sent);
}

START_TEST(the_first_thread_uses_the_senders_own_cache) {
  send_on_another_thread();
  ck_assert_uint_eq(sent(&tx->own), 3);
  ck_assert_ptr_null(more());
}
END_TEST

START_TEST(another_thread_has_a_cache_of_its_own) {
  const lc_slab_t *slab;
  const lc_link_t *newest;

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  slab = tx->own.slab;
  newest = tx->own.streak.last;
  ck_assert_ptr_nonnull(newest);
  send_on_another_thread();
  send_on_another_thread();
  ck_assert_ptr_eq(tx->own.slab, slab);
  ck_assert_ptr_eq(tx->own.streak.last, newest);
  ck_assert_uint_eq(slab->used, 1);
  ck_assert_uint_eq(sent(&tx->own), 1);
  ck_assert_uint_eq(sent(&more()[0].cache), 3);
  ck_assert_uint_eq(sent(&more()[1].cache), 3);
  ck_assert_ptr_nonnull(more()[0].cache.slab);
  ck_assert_ptr_ne(more()[0].cache.slab, more()[1].cache.slab);
  ck_assert_uint_eq(more()[0].cache.slab->used, 3);
  ck_assert_uint_eq(lc_counter_read(&tx->sent_by_temporary), 0);
}
END_TEST

static lc_tx_cache_t *lent(void) {
  return &more()[LC_TX_CACHES].cache;
}

/* Each keeps its cache, also when it has ended. */
static void send_on_as_many_threads_as_caches(void) {
  size_t i;

  for (i = 0; i < 1 + LC_TX_CACHES; i++)
    send_on_another_thread();
  ck_assert_ptr_null(lent()->slab);
}

static uint64_t sent_in_all(void) {
  uint64_t count = 0, replaced = 0;

  lc_tx_count(tx, &count, &replaced);
  ck_assert_uint_eq(replaced, 0);
  return count;
}

START_TEST(any_further_thread_borrows_the_last_cache) {
  const lc_slab_t *slab;

  send_on_as_many_threads_as_caches();
  send_on_another_thread();
  slab = lent()->slab;
  ck_assert_ptr_nonnull(slab);
  send_on_another_thread();
  ck_assert_ptr_eq(lent()->slab, slab);
  ck_assert_uint_eq(slab->used, 6);
  ck_assert_uint_eq(sent(lent()), 6);
  ck_assert_uint_eq(lc_counter_read(&tx->sent_by_temporary), 0);
  ck_assert_uint_eq(sent_in_all(), 3 * (3 + LC_TX_CACHES));
}
END_TEST

START_TEST(a_thread_too_many_leaves_nothing_behind) {
  send_on_as_many_threads_as_caches();
  lc_owner_set_here(&lent()->owner);
  send_on_another_thread();
  ck_assert_ptr_null(lent()->slab);
  lc_owner_set_none(&lent()->owner);
  ck_assert_uint_eq(lc_counter_read(&tx->sent_by_temporary), 3);
  ck_assert_uint_eq(sent_in_all(), 3 * (2 + LC_TX_CACHES));
}
END_TEST

/* The pool may not take back what they leave, and then each of these slabs goes
 * with a single message. */
START_TEST(threads_too_many_take_little_memory_at_once) {
  enum { AT_ONCE = 16, MANY = 100000 };
  lc_tx_cache_t temporary[AT_ONCE];
  lc_slab_t *slab;
  size_t before, i;
  int number = 0;

  for (i = 0; i < MANY; i++)
    ck_assert_int_eq(loopchan_send(tx, &number), 0);
  while (threads_count < LC_TX_CACHES)
    send_on_another_thread();
  lc_owner_set_here(&lent()->owner);
  lc_owner_set_none(&tx->own.owner);
  send_on_another_thread();
  before = memory_bytes();
  for (i = 0; i < AT_ONCE; i++) {
    ck_assert_ptr_eq(lc_tx_cache_of(tx, &temporary[i]), &temporary[i]);
    ck_assert_int_eq(lc_tx_take_slab(tx, &temporary[i], &slab), 0);
    lc_tx_keep_slab(tx, &temporary[i], slab);
  }
  ck_assert_uint_lt(memory_bytes() - before, LC_SLAB_LEAST * AT_ONCE);
  for (i = 0; i < AT_ONCE; i++)
    lc_tx_cache_return(tx, &temporary[i]);
  lc_owner_set_none(&lent()->owner);
}
END_TEST

START_TEST(without_memory_for_its_cache_a_thread_goes_without) {
  loopchan_stats_t stats;

  ck_assert_int_eq(loopchan_send(tx, &(int){0}), 0);
  memory_fail(1);
  send_on_another_thread();
  ck_assert(memory_has_failed());
  /* The second of its messages has found the memory. */
  ck_assert_uint_eq(lc_counter_read(&tx->sent_by_temporary), 1);
  ck_assert_uint_eq(sent(&more()[0].cache), 2);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, 4);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room tx");

  SUITE_CASE(suite, "tx", fresh, expect_nothing_left,
             the_first_thread_uses_the_senders_own_cache,
             another_thread_has_a_cache_of_its_own,
             any_further_thread_borrows_the_last_cache,
             a_thread_too_many_leaves_nothing_behind,
             threads_too_many_take_little_memory_at_once,
             without_memory_for_its_cache_a_thread_goes_without);
  return suite;
}
