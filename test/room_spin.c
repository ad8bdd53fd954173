/* Room spin: patience that adapts. */
#include "spin.h"

#include "support/suite.h"

#define MOST_NS 16000

static lc_spin_t spin;
static lc_inbox_t inbox;
static lc_link_t link;

static void fresh(void) {
  lc_inbox_init(&inbox);
  lc_link_init(&link, 0);
  lc_spin_init(&spin, MOST_NS);
}

START_TEST(links_that_are_there_are_seen) {
  ck_assert_int_eq(lc_inbox_push(&inbox, &link, &link, LC_NO_TURN), LC_PUSHED);
  ck_assert(lc_spin_wait(&spin, &inbox, UINT64_MAX));
}
END_TEST

START_TEST(spins_in_vain_become_shorter_and_cease) {
  uint64_t last = MOST_NS;
  int spins = 0;

  while (spin.next_ns != 0) {
    ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
    ck_assert(spin.next_ns <= last / 2);
    last = spin.next_ns;
    spins++;
  }
  ck_assert_int_lt(spins, 10);
  ck_assert_int_eq(lc_inbox_push(&inbox, &link, &link, LC_NO_TURN), LC_PUSHED);
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
}
END_TEST

START_TEST(a_spin_that_pays_restores_the_patience) {
  ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
  ck_assert_int_eq(lc_inbox_push(&inbox, &link, &link, LC_NO_TURN), LC_PUSHED);
  ck_assert(lc_spin_wait(&spin, &inbox, UINT64_MAX));
  ck_assert_uint_eq(spin.next_ns, MOST_NS);
}
END_TEST

static void lose_patience(void) {
  while (spin.next_ns != 0)
    ck_assert(!lc_spin_wait(&spin, &inbox, UINT64_MAX));
}

/* How many takes of several messages it needs to restore the patience. */
static int crowds_to_restore(void) {
  int crowds = 0;

  for (; spin.next_ns == 0; crowds++) {
    lc_spin_learn(&spin, 1);
    ck_assert_uint_eq(spin.next_ns, 0);
    lc_spin_learn(&spin, 2);
  }
  ck_assert_uint_eq(spin.next_ns, MOST_NS);
  return crowds;
}

START_TEST(several_messages_at_once_give_another_chance_ever_rarer) {
  int last = 0, round, crowds;

  for (round = 0; round < 5; round++) {
    lose_patience();
    crowds = crowds_to_restore();
    ck_assert_int_gt(crowds, last);
    last = crowds;
  }
  for (; round < 10; round++) {
    lose_patience();
    ck_assert_int_le(crowds_to_restore(), 64);
  }
  ck_assert_int_eq(lc_inbox_push(&inbox, &link, &link, LC_NO_TURN), LC_PUSHED);
  ck_assert(lc_spin_wait(&spin, &inbox, UINT64_MAX));
  lc_inbox_init(&inbox);
  lose_patience();
  ck_assert_int_eq(crowds_to_restore(), 2);
}
END_TEST

START_TEST(the_pause_grows_with_crowds_and_shrinks_with_single_messages) {
  unsigned last = spin.pause;
  int i;

  for (i = 0; i < 20; i++)
    lc_spin_learn(&spin, 2);
  ck_assert_uint_gt(spin.pause, last);
  last = spin.pause;
  lc_spin_learn(&spin, 100);
  ck_assert_uint_eq(spin.pause, last);
  for (i = 0; i < 20; i++)
    lc_spin_learn(&spin, 1);
  ck_assert_uint_eq(spin.pause, 1);
}
END_TEST

START_TEST(a_deadline_that_is_past_is_not_spun_for) {
  ck_assert_int_eq(lc_inbox_push(&inbox, &link, &link, LC_NO_TURN), LC_PUSHED);
  ck_assert(!lc_spin_wait(&spin, &inbox, 0));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room spin");

  SUITE_CASE(suite, "spin", fresh, NULL, links_that_are_there_are_seen,
             spins_in_vain_become_shorter_and_cease,
             a_spin_that_pays_restores_the_patience,
             several_messages_at_once_give_another_chance_ever_rarer,
             the_pause_grows_with_crowds_and_shrinks_with_single_messages,
             a_deadline_that_is_past_is_not_spun_for);
  return suite;
}
