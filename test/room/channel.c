/* Room channel: links in, messages out; control links are obeyed on the way. */
#include "core/rx.h"
#include "core/tx.h"

#include "support/locks.h"
#include "support/memory.h"
#include "support/suite.h"

static lc_channel_t *channel;
static loopchan_sender_t *tx;
static int locks_before;

/* The calling thread is the receiver's, as in a call. */
static void new_core(lc_channel_t **core, const loopchan_options_t *options) {
  ck_assert_int_eq(lc_channel_new(core, NULL, options), 0);
  (void) lc_guard_enter(&(*core)->rx.guard);
}

static void fresh(void) {
  loopchan_options_t options = {0};

  memory_watch();
  locks_before = locks_alive();
  options.msg_size = sizeof(int);
  new_core(&channel, &options);
  tx = lc_channel_add_sender(channel);
  ck_assert_ptr_nonnull(tx);
}

/* The receiver leaves, and then the sender if it is still there. */
static void expect_nothing_left(void) {
  lc_rx_refuse(channel);
  lc_rx_give_up(channel);
  lc_rx_drop_all(channel);
  lc_channel_leave(channel);
  loopchan_sender_drop(tx);
  ck_assert_uint_eq(memory_blocks(), 0);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static void send_ints(int first, int count) {
  while (count-- > 0) {
    ck_assert_int_eq(loopchan_send(tx, &first), 0);
    first++;
  }
}

static void expect(int first, int count) {
  while (count-- > 0) {
    lc_link_t *node = lc_rx_next(channel);
    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(*(int *) lc_node_message(&channel->pool, node), first);
    channel->rx.received++;
    first++;
  }
}

/* Until the sender's slab is full. Returns the number after the last. */
static int send_a_slab(int first) {
  do
    send_ints(first++, 1);
  while (tx->own.slab != NULL);
  return first;
}

static void expect_link(lc_channel_t *other, const lc_link_t *link) {
  lc_chain_t chain;

  ck_assert(lc_inbox_take(&other->inbox, &chain));
  ck_assert_ptr_eq(chain.newest, link);
}

START_TEST(peek_leaves_and_next_takes) {
  send_ints(1, 2);
  ck_assert_ptr_eq(lc_rx_peek(channel), lc_rx_peek(channel));
  expect(1, 2);
  ck_assert_ptr_null(lc_rx_peek(channel));
  ck_assert_ptr_null(lc_rx_next(channel));
}
END_TEST

START_TEST(slabs_are_recycled_when_all_their_messages_are_out) {
  size_t allocations;
  int round;

  send_ints(0, 5000);
  expect(0, 5000);
  allocations = memory_allocations();
  for (round = 0; round < 100; round++) {
    send_ints(0, 500);
    expect(0, 500);
  }
  ck_assert_uint_eq(memory_allocations(), allocations);
}
END_TEST

START_TEST(a_slab_is_kept_while_a_message_is_lent) {
  lc_link_t *node;
  int *message;

  send_ints(7, 1);
  node = lc_rx_next(channel);
  message = lc_node_message(&channel->pool, node);
  channel->rx.received++;
  channel->rx.in_callback = true;
  /* Many slabs come and go, the one of the message in hand among them. */
  send_ints(100, 3000);
  expect(100, 3000);
  ck_assert_ptr_nonnull(channel->rx.recycle_after_callback);
  send_ints(5000, 3000);
  ck_assert_int_eq(*message, 7);
  lc_rx_end_callback(channel);
  ck_assert_ptr_null(channel->rx.recycle_after_callback);
  expect(5000, 3000);
}
END_TEST

START_TEST(a_slab_is_held_while_the_inbox_leads_to_it) {
  int count = send_a_slab(0), next = count;
  lc_slab_t *slab;

  expect(0, count);
  ck_assert_ptr_null(lc_rx_peek(channel));
  slab = channel->rx.deferred;
  ck_assert_ptr_nonnull(slab);
  next = send_a_slab(next);
  ck_assert_uint_eq(lc_slab_left(slab), 0);
  expect(count, 1);
  ck_assert_ptr_null(channel->rx.deferred);
  ck_assert_int_gt(lc_slab_left(slab), 0);
  expect(count + 1, next - count - 1);
  ck_assert_ptr_null(lc_rx_peek(channel));
  ck_assert_ptr_nonnull(channel->rx.deferred);
  ck_assert(lc_rx_park(channel));
  ck_assert_ptr_null(channel->rx.deferred);
}
END_TEST

START_TEST(a_slab_held_is_not_let_go_while_a_message_is_lent) {
  int count = send_a_slab(0);
  lc_slab_t *slab;

  expect(0, count);
  channel->rx.in_callback = true;
  ck_assert_ptr_null(lc_rx_peek(channel));
  slab = channel->rx.deferred;
  send_ints(count, 1);
  ck_assert_ptr_nonnull(lc_rx_peek(channel));
  ck_assert_ptr_null(channel->rx.deferred);
  ck_assert_ptr_eq(channel->rx.recycle_after_callback, slab);
  lc_rx_end_callback(channel);
  ck_assert_int_gt(lc_slab_left(slab), 0);
  expect(count, 1);
}
END_TEST

/* Else the word would be the same again, as if nothing had come. */
START_TEST(no_message_is_lost_when_each_slab_is_filled_again) {
  int round, first = 0;

  for (round = 0; round < 100; round++) {
    int next = send_a_slab(first);
    expect(first, next - first);
    ck_assert_ptr_null(lc_rx_peek(channel));
    first = next;
  }
}
END_TEST

START_TEST(slabs_are_no_larger_than_what_may_wait) {
  static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1,
                                      LOOPCHAN_RENDEZVOUS};
  static const size_t most[] = {LC_SLAB_MOST, LC_SLAB_LEAST, LC_SLAB_LEAST};
  size_t i;

  for (i = 0; i < sizeof capacities / sizeof *capacities; i++) {
    loopchan_options_t options = {.msg_size = 8, .capacity = capacities[i]};
    lc_channel_t *other;
    new_core(&other, &options);
    ck_assert_uint_le(other->pool.most, most[i]);
    ck_assert_uint_gt(other->pool.most + other->pool.stride, most[i]);
    lc_channel_leave(other);
  }
}
END_TEST

START_TEST(the_last_senders_eof_comes_behind_its_messages) {
  loopchan_sender_t *other = lc_channel_add_sender(channel);

  ck_assert_ptr_nonnull(other);
  send_ints(1, 3);
  loopchan_sender_drop(tx);
  tx = NULL;
  expect(1, 2);
  loopchan_sender_drop(other);
  expect(3, 1);
  ck_assert(!channel->rx.ended);
  ck_assert_ptr_null(lc_rx_next(channel));
  ck_assert(channel->rx.ended);
}
END_TEST

START_TEST(refuse_keeps_what_was_accepted) {
  int message = 9;

  send_ints(1, 2);
  lc_rx_refuse(channel);
  ck_assert_int_eq(loopchan_send(tx, &message), UV_EPIPE);
  expect(1, 2);
  ck_assert_ptr_null(lc_rx_next(channel));
}
END_TEST

START_TEST(senders_are_summed_when_alive_and_when_gone) {
  loopchan_sender_t *other = lc_channel_add_sender(channel);
  loopchan_stats_t stats;

  ck_assert_ptr_nonnull(other);
  send_ints(0, 3);
  ck_assert_int_eq(loopchan_send(other, &(int){3}), 0);
  loopchan_sender_drop(other);
  expect(0, 1);
  lc_channel_stats(channel, &stats);
  ck_assert_uint_eq(stats.sent, 4);
  ck_assert_uint_eq(stats.received, 1);
  ck_assert_uint_eq(stats.queued, 3);
  ck_assert_uint_eq(stats.senders, 1);
}
END_TEST

/* As when the sender has published and not yet counted. */
START_TEST(what_was_received_has_been_sent) {
  loopchan_stats_t stats;

  send_ints(0, 2);
  lc_counter_add_alone(&tx->own.sent, -2);
  expect(0, 1);
  lc_channel_stats(channel, &stats);
  ck_assert_uint_eq(stats.received, 1);
  ck_assert_uint_eq(stats.sent, 1);
  ck_assert_uint_eq(stats.queued, 0);
  lc_counter_add_alone(&tx->own.sent, 2);
  lc_channel_stats(channel, &stats);
  ck_assert_uint_eq(stats.sent, 2);
  ck_assert_uint_eq(stats.queued, 1);
}
END_TEST

/* Its slab's first node: a retire link that comes later must not lead there. */
START_TEST(a_lone_message_that_was_taken_leads_to_no_older_one) {
  lc_link_t *node;

  send_ints(0, 1);
  node = lc_rx_next(channel);
  ck_assert_ptr_nonnull(node);
  ck_assert(!lc_link_is_to_older(node));
  channel->rx.received++;
}
END_TEST

static uint64_t sent_in_all(void) {
  loopchan_stats_t stats;

  lc_channel_stats(channel, &stats);
  return stats.sent;
}

/* The first on the list, one in the middle, the last: tx. */
START_TEST(senders_leave_from_anywhere_on_the_list) {
  loopchan_sender_t *others[3];
  loopchan_stats_t stats;
  int i, gone = _i;

  for (i = 0; i < 3; i++) {
    others[i] = lc_channel_add_sender(channel);
    ck_assert_ptr_nonnull(others[i]);
    ck_assert_int_eq(loopchan_send(others[i], &i), 0);
  }
  ck_assert_uint_eq(sent_in_all(), 3);
  loopchan_sender_drop(others[gone]);
  ck_assert_int_eq(loopchan_send(others[(gone + 1) % 3], &(int){3}), 0);
  ck_assert_uint_eq(sent_in_all(), 4);
  loopchan_sender_drop(others[(gone + 1) % 3]);
  send_ints(4, 1);
  ck_assert_uint_eq(sent_in_all(), 5);
  lc_channel_stats(channel, &stats);
  ck_assert_uint_eq(stats.senders, 2);
  loopchan_sender_drop(others[(gone + 2) % 3]);
  ck_assert_uint_eq(sent_in_all(), 5);
  expect(0, 5);
  ck_assert(!lc_rx_has_message(channel));
}
END_TEST

START_TEST(who_looks_for_a_message_finds_the_end) {
  ck_assert(!lc_rx_has_message(channel));
  send_ints(1, 1);
  ck_assert(lc_rx_has_message(channel));
  expect(1, 1);
  ck_assert(!lc_rx_has_message(channel));
  loopchan_sender_drop(tx);
  tx = NULL;
  ck_assert(!channel->rx.ended);
  ck_assert(!lc_rx_has_message(channel));
  ck_assert(channel->rx.ended);
}
END_TEST

START_TEST(a_deadline_never_lies_before_now) {
  uint64_t now = uv_hrtime();

  ck_assert_uint_ge(lc_deadline(0), now);
  ck_assert_uint_ge(lc_deadline(1000), now + 1000);
  ck_assert_uint_lt(lc_deadline(1000), LC_NEVER);
  ck_assert_uint_eq(lc_deadline(UINT64_MAX), LC_NEVER);
  ck_assert_uint_eq(lc_deadline(UINT64_MAX - now + 1), LC_NEVER);
  ck_assert_uint_eq(lc_deadline(UINT64_MAX - 1), LC_NEVER);
}
END_TEST

START_TEST(a_zero_among_the_options_is_the_default) {
  loopchan_options_t options = {0};
  lc_channel_t *other;

  ck_assert_uint_eq(channel->config.budget_messages, 1024);
  ck_assert_uint_eq(channel->config.budget_ns, 1000000);
  ck_assert_uint_eq(channel->rx.backoff.most_ns, 20000);
  options.budget_messages = 1;
  options.budget_ns = 2;
  options.spin_ns = LOOPCHAN_NO_SPIN;
  new_core(&other, &options);
  ck_assert_uint_eq(other->config.budget_messages, 1);
  ck_assert_uint_eq(other->config.budget_ns, 2);
  ck_assert_uint_eq(other->rx.backoff.most_ns, 1);
  lc_channel_leave(other);
}
END_TEST

START_TEST(a_receiver_spins_for_links) {
  channel->rx.backoff.next_ns = channel->rx.backoff.most_ns = 2000;
  ck_assert(!lc_rx_spin(channel, LC_NEVER));
  ck_assert_uint_eq(channel->rx.backoff.next_ns, 1000);
  channel->rx.backoff.next_ns = UINT64_C(3600000000000);
  send_ints(0, 1);
  ck_assert(lc_rx_spin(channel, LC_NEVER));
  ck_assert_uint_eq(channel->rx.backoff.next_ns, 2000);
  ck_assert(!lc_rx_spin(channel, LC_NOW));
  expect(0, 1);
}
END_TEST

/* Only one that is parked meets a loopchan_try_send. */
START_TEST(a_rendezvous_receiver_parks_without_a_spin) {
  loopchan_options_t options = {.capacity = LOOPCHAN_RENDEZVOUS};
  lc_channel_t *other;

  new_core(&other, &options);
  ck_assert(!lc_rx_spin(other, LC_NEVER));
  ck_assert_uint_eq(other->rx.backoff.next_ns, 20000);
  lc_channel_leave(other);
}
END_TEST

START_TEST(a_sender_spins_for_as_long_as_it_is_patient_at_most) {
  lc_tx_cache_t cache;

  lc_tx_cache_init(&cache, channel);
  ck_assert_uint_eq(cache.backoff.most_ns, 20000);
  channel->rx.backoff.most_ns = UINT64_C(3600000000000);
  lc_tx_cache_init(&cache, channel);
  ck_assert_uint_eq(cache.backoff.most_ns, 100000);
}
END_TEST

START_TEST(a_rendezvous_park_sees_who_waited_before) {
  loopchan_options_t options = {.capacity = LOOPCHAN_RENDEZVOUS};
  lc_completions_t completions;
  lc_waiter_t waiter = {.completions = &completions};
  lc_channel_t *other;
  bool left;

  new_core(&other, &options);
  ck_assert_int_eq(lc_completions_init(&completions), 0);
  ck_assert(!lc_rx_has_message(other));
  ck_assert(lc_rx_park(other));
  ck_assert(lc_inbox_unpark(&other->inbox));
  ck_assert(!lc_waitq_enqueue(&other->waitq, &waiter));
  ck_assert(lc_rx_has_message(other));
  ck_assert(!lc_rx_park(other));
  ck_assert(!lc_inbox_unpark(&other->inbox));
  ck_assert(!lc_waitq_cancel(&other->waitq, &waiter, &left));
  ck_assert(left);
  ck_assert(lc_rx_park(other));
  lc_completions_destroy(&completions);
  lc_channel_leave(other);
}
END_TEST

START_TEST(who_serves_the_line_pays_the_wake_that_this_owes) {
  loopchan_options_t options = {.capacity = 1};
  lc_completions_t completions;
  lc_waiter_t waiter = {.completions = &completions};
  lc_link_t link;
  lc_channel_t *other;

  lc_link_init(&link, LC_CONTROL);
  waiter.newest = waiter.oldest = &link;
  new_core(&other, &options);
  ck_assert_int_eq(lc_completions_init(&completions), 0);
  ck_assert_uint_eq(lc_permits_acquire(&other->waitq.permits, 1), 1);
  ck_assert(!lc_waitq_enqueue(&other->waitq, &waiter));
  ck_assert(lc_rx_park(other));
  ck_assert(lc_permits_release(&other->waitq.permits));
  lc_channel_grant(other);
  ck_assert_uint_eq(lc_wake_count(&other->wake), 1);
  expect_link(other, &link);
  other->rx.received = 1;
  lc_completions_destroy(&completions);
  lc_channel_leave(other);
}
END_TEST

/* It looks at once, and is woken for nothing when the debt is paid. */
START_TEST(a_debt_that_is_not_paid_at_the_deadline_is_not_waited_for) {
  loopchan_options_t options = {.msg_size = 0};
  lc_channel_t *other;
  int round;

  new_core(&other, &options);
  for (round = 1; round <= 3; round++) {
    lc_link_t link;
    lc_link_init(&link, 0);
    ck_assert(lc_rx_park(other));
    ck_assert_int_eq(lc_inbox_push(&other->inbox, &link, &link, LC_NO_STREAK),
                     LC_PUSHED_OWES_WAKE);
    ck_assert_int_eq(lc_rx_sleep(other, LC_NOW), 0);
    expect_link(other, &link);
    ck_assert(lc_rx_park(other));
    lc_channel_pay(other);
    ck_assert_uint_eq(lc_wake_count(&other->wake), (uint64_t) round);
    ck_assert_int_eq(lc_rx_sleep(other, LC_NOW), UV_ETIMEDOUT);
    ck_assert(!lc_inbox_is_parked(&other->inbox));
  }
  lc_channel_leave(other);
}
END_TEST

/* A batch is two places. */
START_TEST(a_spin_takes_one_of_a_batch_and_never_before_waiters) {
  loopchan_options_t options = {.capacity = 4, .spin_ns = 8000};
  lc_completions_t completions;
  lc_waiter_t waiter = {.completions = &completions};
  lc_backoff_t backoff;
  lc_link_t link;
  lc_channel_t *other;

  lc_link_init(&link, LC_CONTROL);
  waiter.newest = waiter.oldest = &link;
  new_core(&other, &options);
  lc_backoff_init(&backoff, options.spin_ns, false); /* a yield may be long */
  ck_assert_int_eq(lc_tx_acquire(other, 4), 4);
  ck_assert_int_eq(lc_tx_spin_for_permit(other, &backoff, LC_NEVER), UV_EAGAIN);
  ck_assert_uint_eq(backoff.next_ns, 4000);
  lc_channel_release_permit(other);
  ck_assert_int_eq(lc_tx_spin_for_permit(other, &backoff, LC_NEVER), UV_EAGAIN);
  ck_assert_uint_eq(backoff.next_ns, 2000);
  lc_channel_release_permit(other);
  ck_assert_int_eq(lc_tx_spin_for_permit(other, &backoff, LC_NOW), UV_EAGAIN);
  lc_backoff_init(&backoff, UINT64_C(3600000000000), true);
  backoff.next_ns /= 2;
  ck_assert_int_eq(lc_tx_spin_for_permit(other, &backoff, LC_NEVER), 1);
  ck_assert_uint_eq(backoff.next_ns, backoff.most_ns);
  ck_assert_int_eq(lc_tx_acquire(other, 4), 1);
  ck_assert_int_eq(lc_completions_init(&completions), 0);
  ck_assert(!lc_waitq_enqueue(&other->waitq, &waiter));
  ck_assert(!lc_permits_release(&other->waitq.permits));
  ck_assert(lc_permits_release(&other->waitq.permits)); /* and is not served */
  ck_assert_int_eq(lc_tx_spin_for_permit(other, &backoff, LC_NEVER), UV_EAGAIN);
  ck_assert_uint_eq(lc_waitq_length(&other->waitq), 1);
  lc_channel_grant(other);
  expect_link(other, &link);
  other->rx.received = 1;
  lc_completions_destroy(&completions);
  lc_channel_leave(other);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room channel");
  TCase *list = tcase_create("list");

  SUITE_CASE(
      suite, "channel", fresh, expect_nothing_left, peek_leaves_and_next_takes,
      slabs_are_recycled_when_all_their_messages_are_out,
      a_slab_is_held_while_the_inbox_leads_to_it,
      a_slab_held_is_not_let_go_while_a_message_is_lent,
      no_message_is_lost_when_each_slab_is_filled_again,
      slabs_are_no_larger_than_what_may_wait,
      a_slab_is_kept_while_a_message_is_lent,
      the_last_senders_eof_comes_behind_its_messages,
      refuse_keeps_what_was_accepted,
      senders_are_summed_when_alive_and_when_gone,
      what_was_received_has_been_sent,
      a_lone_message_that_was_taken_leads_to_no_older_one,
      who_looks_for_a_message_finds_the_end, a_deadline_never_lies_before_now,
      a_zero_among_the_options_is_the_default, a_receiver_spins_for_links,
      a_rendezvous_receiver_parks_without_a_spin,
      a_sender_spins_for_as_long_as_it_is_patient_at_most,
      a_rendezvous_park_sees_who_waited_before,
      who_serves_the_line_pays_the_wake_that_this_owes,
      a_debt_that_is_not_paid_at_the_deadline_is_not_waited_for,
      a_spin_takes_one_of_a_batch_and_never_before_waiters);
  tcase_add_checked_fixture(list, fresh, expect_nothing_left);
  tcase_add_loop_test(list, senders_leave_from_anywhere_on_the_list, 0, 3);
  suite_add_tcase(suite, list);
  return suite;
}
