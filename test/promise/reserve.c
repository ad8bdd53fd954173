/* Promise: a reserved place is the caller's until committed or abandoned. */
#include "support/channel.h"
#include "support/suite.h"

static int *reserve(void) {
  void *place = NULL;

  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  ck_assert_ptr_nonnull(place);
  return place;
}

START_TEST(a_committed_place_is_received) {
  int *place = reserve();

  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  *place = 3;
  ck_assert_int_eq(loopchan_commit(tx, place), 0);
  expect_ints(3, 1);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(order_is_that_of_the_commits) {
  int *third = reserve(), *first = reserve(), *second;

  *third = 3;
  *first = 1;
  ck_assert_int_eq(loopchan_commit(tx, first), 0);
  second = reserve();
  *second = 2;
  ck_assert_int_eq(loopchan_commit(tx, second), 0);
  ck_assert_int_eq(loopchan_commit(tx, third), 0);
  send_ints(4, 1);
  expect_ints(1, 4);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(an_abandoned_place_is_nothing) {
  int *second = reserve(), *first = reserve();

  send_ints(0, 1);
  loopchan_abandon(tx, second);
  *first = 1;
  ck_assert_int_eq(loopchan_commit(tx, first), 0);
  expect_ints(0, 2);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EAGAIN);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(abandoned_places_are_used_again) {
  size_t allocations;
  int i;

  loopchan_abandon(tx, reserve());
  allocations = memory_allocations();
  for (i = 0; i < 100000; i++)
    loopchan_abandon(tx, reserve());
  ck_assert_uint_eq(memory_allocations(), allocations);
  send_ints(0, 1000);
  expect_ints(0, 1000);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(a_commit_after_close_is_refused_and_the_place_stays) {
  int *place = reserve(), *other = reserve();
  void *more = &rx;

  *place = 8;
  close_rx();
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EPIPE);
  ck_assert_int_eq(*place, 8);
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EPIPE);
  loopchan_abandon(tx, place);
  loopchan_abandon(tx, other);
  ck_assert_int_eq(loopchan_reserve(tx, &more), UV_EPIPE);
  ck_assert_ptr_eq(more, &rx);
  drop_tx();
}
END_TEST

START_TEST(a_commit_after_shutdown_is_refused_too) {
  int *place = reserve();

  send_ints(0, 1);
  *place = 1;
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_commit(tx, place), UV_EPIPE);
  loopchan_abandon(tx, place);
  expect_ints(0, 1);
  ck_assert_int_eq(loopchan_try_recv(&rx, &(int){0}), UV_EOF);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(reserve_tells_of_no_memory) {
  void *place = &rx;

  memory_fail(1);
  ck_assert_int_eq(loopchan_reserve(tx, &place), UV_ENOMEM);
  ck_assert_ptr_eq(place, &rx);
  drop_tx();
  close_rx();
}
END_TEST

static void commit(void *place) {
  *(int *) place += 1;
  if (loopchan_commit(tx, place) != 0)
    loopchan_abandon(tx, place);
}

START_TEST(another_thread_may_commit) {
  uv_thread_t thread;
  int *place = reserve(), i;

  for (i = 0; i < 200; i++) {
    *place = i;
    ck_assert_int_eq(uv_thread_create(&thread, commit, place), 0);
    place = reserve();
    ck_assert_int_eq(uv_thread_join(&thread), 0);
    expect_ints(i + 1, 1);
  }
  loopchan_abandon(tx, place);
  drop_tx();
  close_rx();
}
END_TEST

static void abandon(void *place) {
  loopchan_abandon(tx, place);
}

/* Not even a cache for the thread, as its first send does. */
START_TEST(giving_a_place_back_on_another_thread_allocates_nothing) {
  uv_thread_t thread;
  int *committed = reserve(), *abandoned = reserve();
  size_t allocations = memory_allocations();

  *committed = -1;
  ck_assert_int_eq(uv_thread_create(&thread, commit, committed), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_int_eq(uv_thread_create(&thread, abandon, abandoned), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_uint_eq(memory_allocations(), allocations);
  expect_ints(0, 1);
  drop_tx();
  close_rx();
}
END_TEST

static void reserve_one(void *place) {
  if (loopchan_reserve(tx, place) != 0)
    *(void **) place = NULL;
}

START_TEST(another_thread_may_reserve) {
  uv_thread_t thread;
  int *mine = reserve(), *its;

  ck_assert_int_eq(uv_thread_create(&thread, reserve_one, &its), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  ck_assert_ptr_nonnull(its);
  *mine = 1;
  *its = 0;
  ck_assert_int_eq(loopchan_commit(tx, its), 0);
  ck_assert_int_eq(loopchan_commit(tx, mine), 0);
  expect_ints(0, 2);
  drop_tx();
  close_rx();
}
END_TEST

START_TEST(many_places_at_once_are_all_apart) {
  int *places[300], i;

  for (i = 0; i < 300; i++) {
    places[i] = reserve();
    *places[i] = i;
  }
  for (i = 0; i < 300; i++)
    ck_assert_int_eq(loopchan_commit(tx, places[i]), 0);
  expect_ints(0, 300);
  drop_tx();
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise reserve");

  SUITE_CASE(suite, "reserve", open_thread, expect_clean,
             a_committed_place_is_received, order_is_that_of_the_commits,
             an_abandoned_place_is_nothing, abandoned_places_are_used_again,
             a_commit_after_close_is_refused_and_the_place_stays,
             a_commit_after_shutdown_is_refused_too, reserve_tells_of_no_memory,
             another_thread_may_commit,
             giving_a_place_back_on_another_thread_allocates_nothing,
             another_thread_may_reserve, many_places_at_once_are_all_apart);
  return suite;
}
