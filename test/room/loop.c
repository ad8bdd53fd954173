/* Room loop: one record for one loop, and what it says of the thread. */
#include "wait/budget.h"
#include "wait/loop.h"

#include <string.h>

#include "support/loop.h"
#include "support/memory.h"
#include "support/suite.h"

static uv_loop_t one, two; /* their addresses are all that is used */
static lc_loop_t *record;

static void no_record_is_left(void) {
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(handles_on_one_loop_share_a_record) {
  lc_loop_t *first = lc_loop_attach(&one);

  ck_assert_ptr_nonnull(first);
  ck_assert_ptr_eq(lc_loop_attach(&one), first);
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_loop_detach(first);
  ck_assert_ptr_eq(lc_loop_attach(&one), first);
  lc_loop_detach(first);
  lc_loop_detach(first);
}
END_TEST

START_TEST(each_loop_has_its_own_and_they_go_in_any_order) {
  lc_loop_t *of_one = lc_loop_attach(&one), *of_two = lc_loop_attach(&two);

  ck_assert_ptr_ne(of_one, of_two);
  lc_loop_detach(of_one);
  ck_assert_ptr_eq(lc_loop_attach(&two), of_two);
  of_one = lc_loop_attach(&one);
  lc_loop_detach(of_two);
  lc_loop_detach(of_two);
  ck_assert_ptr_eq(lc_loop_attach(&one), of_one);
  lc_loop_detach(of_one);
  lc_loop_detach(of_one);
}
END_TEST

/* Another loop may have the address by then. */
START_TEST(a_record_that_only_a_core_leads_to_is_found_no_more) {
  lc_loop_t *old = lc_loop_attach(&one), *fresh;

  lc_loop_hold(old);
  lc_loop_note_callback(old);
  lc_loop_detach(old);
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert(lc_loop_is_here(old));
  fresh = lc_loop_attach(&one);
  ck_assert_ptr_ne(fresh, old);
  ck_assert(!lc_loop_is_here(fresh));
  lc_loop_release(old);
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_loop_detach(fresh);
}
END_TEST

START_TEST(without_memory_there_is_no_record) {
  memory_fail(1);
  ck_assert_ptr_null(lc_loop_attach(&one));
  record = lc_loop_attach(&one);
  ck_assert_ptr_nonnull(record);
  memory_fail(1);
  ck_assert_ptr_eq(lc_loop_attach(&one), record);
  memory_fail(0);
  lc_loop_detach(record);
  lc_loop_detach(record);
}
END_TEST

static bool is_here, may_be_here;

static void look(void) {
  is_here = lc_loop_is_here(record);
  may_be_here = lc_loop_may_be_here(record);
}

static void call_elsewhere(void *arg) {
  (void) arg;
  lc_loop_note_call(record);
  look();
}

static void call_back_elsewhere(void *arg) {
  (void) arg;
  lc_loop_note_callback(record);
  look();
}

static void elsewhere(void (*what)(void *arg)) {
  uv_thread_t thread;

  ck_assert_int_eq(uv_thread_create(&thread, what, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
}

static void expect_here(bool here, bool may_be) {
  look();
  ck_assert_int_eq(is_here, here);
  ck_assert_int_eq(may_be_here, may_be);
}

START_TEST(the_last_call_is_a_guess_until_the_first_callback) {
  record = lc_loop_attach(&one);
  expect_here(false, false);
  lc_loop_note_call(record);
  expect_here(false, true);
  elsewhere(call_elsewhere);
  ck_assert(!is_here && may_be_here);
  expect_here(false, false);
  lc_loop_note_call(record);
  elsewhere(call_back_elsewhere);
  ck_assert(is_here && !may_be_here);
  expect_here(false, false);
  lc_loop_detach(record);
}
END_TEST

START_TEST(then_a_call_is_as_good_as_a_callback) {
  record = lc_loop_attach(&one);
  lc_loop_note_callback(record);
  expect_here(true, false);
  elsewhere(call_elsewhere);
  ck_assert(is_here && !may_be_here);
  expect_here(false, false);
  lc_loop_note_callback(record);
  expect_here(true, false);
  lc_loop_detach(record);
}
END_TEST

/* Members that have so much to do, each piece of which takes so long. The time
 * is the test's. */
#define MEMBERS 5
#define MOST_NS 1000000

typedef struct {
  lc_member_t member; /* first */
  lc_wake_t wake;
  uv_async_t async;
  uint64_t piece_ns;
  int pieces, done, streak; /* turn: of its last piece */
  int spins;
  bool listens;
  int looks;            /* of one that listens */
  lc_listener_t *tells; /* while it is served; or NULL */
  lc_listener_t listener;
  bool was_free; /* what it was answered */
} fake_t;

static fake_t fakes[MEMBERS];
static uv_prepare_t turn_begins;
static uint64_t used_in_turn;
static int streak, spins;

static void on_turn(uv_prepare_t *handle) {
  (void) handle;
  streak++;
  used_in_turn = 0;
}

static void on_async(uv_async_t *async) {
  fake_t *fake = async->data;

  lc_loop_serve(&fake->member);
}

static void close_fake(fake_t *fake) {
  lc_wake_leave(&fake->wake);
  if (fake->listens)
    lc_loop_stop_listening(&fake->listener);
  lc_loop_leave(&fake->member);
  uv_close((uv_handle_t *) &fake->async, NULL);
}

/* As a receiver does, which ends when its share is used up. */
static bool serve_fake(lc_member_t *member) {
  fake_t *fake = (fake_t *) (void *) member;
  lc_loop_t *loop_of_it = member->loop;
  uint64_t share = lc_loop_share(member);

  ck_assert_int_ne(fake->streak, streak);
  ck_assert_uint_gt(share, lc_loop_used(loop_of_it));
  ck_assert_uint_le(share, MOST_NS);
  if (fake->tells != NULL)
    fake->was_free = lc_loop_tell(fake->tells);
  while (fake->pieces > 0) {
    fake->pieces--;
    fake->done++;
    fake->streak = streak;
    loop_of_it->used_ns += fake->piece_ns;
    used_in_turn += fake->piece_ns;
    if (lc_loop_used(loop_of_it) >= share)
      return fake->pieces > 0;
  }
  if (lc_loop_claim_spin(loop_of_it)) {
    fake->spins++;
    spins++;
  }
  return false;
}

static void open_fakes(void) {
  size_t i;

  memory_watch();
  loop_open();
  streak = spins = 0;
  ck_assert_int_eq(uv_prepare_init(&loop, &turn_begins), 0);
  ck_assert_int_eq(uv_prepare_start(&turn_begins, on_turn), 0);
  memset(fakes, 0, sizeof fakes);
  for (i = 0; i < MEMBERS; i++) {
    fake_t *fake = &fakes[i];
    record = lc_loop_attach(&loop);
    ck_assert_int_eq(uv_async_init(&loop, &fake->async, on_async), 0);
    lc_wake_init_async(&fake->wake, &fake->async);
    fake->async.data = fake;
    lc_loop_note_call(record);
    lc_loop_enter(record, &fake->member, &fake->wake, MOST_NS, serve_fake);
  }
}

static void close_fakes(void) {
  size_t i;

  uv_close((uv_handle_t *) &turn_begins, NULL);
  for (i = 0; i < MEMBERS; i++)
    if (fakes[i].member.open)
      close_fake(&fakes[i]);
  for (i = 0; i < MEMBERS; i++) {
    lc_wake_destroy(&fakes[i].wake);
    lc_loop_detach(record);
  }
  expect_loop_clean();
  ck_assert_uint_eq(memory_blocks(), 0);
}

static void give(size_t i, int pieces, uint64_t piece_ns) {
  fakes[i].pieces = pieces;
  fakes[i].piece_ns = piece_ns;
  lc_wake_signal(&fakes[i].wake);
}

/* One turn; returns how many members were served in it. */
static int run_turn(void) {
  int served = 0;
  size_t i;

  uv_run(&loop, UV_RUN_NOWAIT);
  for (i = 0; i < MEMBERS; i++)
    served += fakes[i].streak == streak;
  return served;
}

START_TEST(the_time_of_a_turn_is_shared_by_all) {
  size_t i;
  int t;

  for (i = 0; i < MEMBERS; i++)
    give(i, 1000, MOST_NS);
  for (t = 0; t < 4 * MEMBERS; t++) {
    ck_assert_int_le(run_turn(), 1);
    ck_assert_uint_le(used_in_turn, MOST_NS);
  }
  /* As often each, but for the turns that it takes to begin. */
  for (i = 0; i < MEMBERS; i++)
    ck_assert_int_ge(fakes[i].done, 3);
}
END_TEST

START_TEST(those_that_are_due_get_a_share_each) {
  size_t i;
  int t;

  for (i = 0; i < MEMBERS; i++)
    give(i, 1000, MOST_NS / 100);
  run_turn();
  for (t = 0; t < 4; t++) {
    ck_assert_int_eq(run_turn(), MEMBERS);
    ck_assert_uint_le(used_in_turn, MOST_NS + MOST_NS / 100);
  }
}
END_TEST

START_TEST(what_has_little_to_do_is_served_in_one_turn) {
  size_t i;

  for (i = 0; i < MEMBERS; i++)
    give(i, 2, MOST_NS / 100);
  ck_assert_int_eq(run_turn(), MEMBERS);
  for (i = 0; i < MEMBERS; i++)
    ck_assert_int_eq(fakes[i].pieces, 0);
  ck_assert_ptr_null(record->driver);
  ck_assert_int_eq(run_turn(), 0);
}
END_TEST

/* Each of libuv's turns another one, and then the first again. */
START_TEST(turns_that_cannot_be_told_apart_cost_one_more) {
  size_t i;

  for (i = 0; i < MEMBERS; i++) {
    give(i, 1, MOST_NS / 2);
    if (run_turn() == 0)
      ck_assert_int_eq(run_turn(), 1);
    ck_assert_int_eq(fakes[i].pieces, 0);
  }
}
END_TEST

START_TEST(a_driver_that_closes_leaves_it_to_another) {
  size_t i;

  for (i = 0; i < MEMBERS; i++)
    give(i, 3, MOST_NS);
  run_turn();
  while (record->driver != NULL) {
    fake_t *driver = (fake_t *) (void *) record->driver;
    close_fake(driver);
    if (record->driver != NULL) {
      run_turn();
      run_turn();
    }
  }
  ck_assert_uint_eq(record->due_count, 0);
  for (i = 0; i < MEMBERS; i++)
    ck_assert(!fakes[i].member.queued);
}
END_TEST

static void look_once(lc_listener_t *listener) {
  ((fake_t *) (void *) listener->member)->looks++;
}

static void listen_with(size_t i, void (*reconsider)(lc_listener_t *)) {
  lc_loop_listen(&fakes[i].listener, &fakes[i].member, reconsider);
  fakes[i].listens = true;
}

static void let_listen(size_t i) {
  listen_with(i, look_once);
}

static void serve_one(size_t i) {
  give(i, 1, 1);
  ck_assert_int_eq(run_turn(), 1);
}

START_TEST(one_that_was_told_looks_when_another_is_served) {
  let_listen(0);
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 0);
  ck_assert(lc_loop_tell(&fakes[0].listener));
  ck_assert(lc_loop_tell(&fakes[0].listener));
  ck_assert_int_eq(fakes[0].looks, 0);
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 1);
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 1);
}
END_TEST

START_TEST(one_that_is_served_first_need_not_look) {
  let_listen(0);
  let_listen(2);
  ck_assert(lc_loop_tell(&fakes[0].listener));
  ck_assert(lc_loop_tell(&fakes[2].listener));
  serve_one(0);
  ck_assert_int_eq(fakes[0].looks, 0);
  ck_assert_int_eq(fakes[2].looks, 1);
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 0);
}
END_TEST

START_TEST(one_that_is_told_meanwhile_looks_afterwards) {
  let_listen(0);
  fakes[1].was_free = true;
  fakes[1].tells = &fakes[0].listener;
  serve_one(1);
  ck_assert(!fakes[1].was_free);
  ck_assert_int_eq(fakes[0].looks, 1);
  ck_assert(lc_loop_tell(&fakes[0].listener));
}
END_TEST

/* A call may be what causes the next one. */
static void tell_itself(lc_listener_t *listener) {
  look_once(listener);
  (void) !lc_loop_tell(listener);
}

START_TEST(one_that_is_told_while_it_looks_looks_once_each_time) {
  listen_with(0, tell_itself);
  ck_assert(lc_loop_tell(&fakes[0].listener));
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 2);
}
END_TEST

START_TEST(one_that_has_left_looks_no_more) {
  let_listen(0);
  let_listen(2);
  ck_assert(lc_loop_tell(&fakes[0].listener));
  ck_assert(lc_loop_tell(&fakes[2].listener));
  close_fake(&fakes[0]);
  serve_one(1);
  ck_assert_int_eq(fakes[0].looks, 0);
  ck_assert_int_eq(fakes[2].looks, 1);
}
END_TEST

/* The last one that was woken. */
START_TEST(a_loop_spins_once_in_a_turn_and_if_none_is_due) {
  size_t i;
  int t;

  for (i = 0; i < MEMBERS; i++)
    give(i, 1, 1);
  run_turn();
  ck_assert_int_eq(spins, 1);
  ck_assert_int_eq(fakes[MEMBERS - 1].spins, 1);
  /* A wake of one that closes is not waited for. */
  give(MEMBERS - 1, 1, 1);
  close_fake(&fakes[MEMBERS - 1]);
  for (t = 0; t < 2; t++) {
    for (i = 0; i < MEMBERS - 1; i++)
      give(i, 1, 1);
    run_turn();
  }
  ck_assert_int_eq(spins, 2);
  ck_assert_int_eq(fakes[MEMBERS - 2].spins, 1);
  give(0, 2, MOST_NS);
  give(1, 1, 1);
  run_turn();
  run_turn();
  ck_assert_int_le(spins, 3);
}
END_TEST

/* Its time is up, which it must not miss for lack of a look at the clock. */
START_TEST(a_budget_looks_soon_after_something_else_took_time) {
  lc_budget_t budget = {.messages = 9, .stride = 1, .until_look = 1};

  lc_budget_look_soon(&budget);
  ck_assert(lc_budget_is_spent(&budget));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room loop");

  SUITE_CASE(suite, "record", memory_watch, no_record_is_left,
             handles_on_one_loop_share_a_record,
             each_loop_has_its_own_and_they_go_in_any_order,
             a_record_that_only_a_core_leads_to_is_found_no_more,
             without_memory_there_is_no_record,
             the_last_call_is_a_guess_until_the_first_callback,
             then_a_call_is_as_good_as_a_callback);
  SUITE_CASE(suite, "turns", open_fakes, close_fakes,
             the_time_of_a_turn_is_shared_by_all,
             those_that_are_due_get_a_share_each,
             what_has_little_to_do_is_served_in_one_turn,
             turns_that_cannot_be_told_apart_cost_one_more,
             a_driver_that_closes_leaves_it_to_another,
             one_that_was_told_looks_when_another_is_served,
             one_that_is_served_first_need_not_look,
             one_that_is_told_meanwhile_looks_afterwards,
             one_that_is_told_while_it_looks_looks_once_each_time,
             one_that_has_left_looks_no_more,
             a_loop_spins_once_in_a_turn_and_if_none_is_due,
             a_budget_looks_soon_after_something_else_took_time);
  return suite;
}
