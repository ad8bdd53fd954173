/* Room clock: sums that do not overflow, and spins that end. */
#include "base/clock.h"

#include "support/suite.h"

START_TEST(what_comes_after_is_at_most_never) {
  ck_assert_uint_eq(lc_after(5, 0), 5);
  ck_assert_uint_eq(lc_after(5, 3), 8);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 6), LC_NEVER - 1);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 5), LC_NEVER);
  ck_assert_uint_eq(lc_after(5, LC_NEVER - 4), LC_NEVER);
  ck_assert_uint_eq(lc_after(5, LC_NEVER), LC_NEVER);
  ck_assert_uint_eq(lc_after(LC_NEVER, 0), LC_NEVER);
}
END_TEST

START_TEST(the_earlier_of_two) {
  ck_assert_uint_eq(lc_earlier(3, 4), 3);
  ck_assert_uint_eq(lc_earlier(4, 3), 3);
  ck_assert_uint_eq(lc_earlier(LC_NEVER, LC_NOW), LC_NOW);
}
END_TEST

/* Five microseconds: more than the moment, and what the calls take. */
#define MOMENT_NS 5000

START_TEST(a_look_at_the_clock_is_put_off_for_a_moment_only) {
  uint64_t ticks = 0, looked = 0, now;
  int i;

  for (i = 0; i < 100000; i++) {
    now = uv_hrtime();
    if (lc_clock_moved(&ticks))
      looked = uv_hrtime();
    else
      ck_assert_uint_le(now - looked, MOMENT_NS);
  }
  ck_assert_uint_ne(looked, 0);
}
END_TEST

START_TEST(a_look_at_the_clock_is_due_at_first_and_when_time_has_passed) {
  uint64_t ticks = 0, looked;
  int i;

  for (i = 0; i < 10; i++) {
    ck_assert(lc_clock_moved(&ticks));
    looked = uv_hrtime();
    while (uv_hrtime() - looked < MOMENT_NS) {
    }
  }
}
END_TEST

START_TEST(a_spell_ends_with_its_time_or_at_the_deadline) {
  uint64_t before = uv_hrtime(), after;
  lc_spell_t spell;

  lc_spell_begin(&spell, 1000000, LC_NEVER);
  after = uv_hrtime();
  ck_assert_uint_ge(spell.end_ns, before + 1000000);
  ck_assert_uint_le(spell.end_ns, after + 1000000);
  ck_assert_uint_ge(spell.yield_ns, before + LC_YIELD_NS);
  ck_assert_uint_le(spell.yield_ns, after + LC_YIELD_NS);
  lc_spell_begin(&spell, 1000000, before + 5);
  ck_assert_uint_eq(spell.end_ns, before + 5);
  lc_spell_begin(&spell, LC_NEVER, LC_NEVER);
  ck_assert_uint_eq(spell.end_ns, LC_NEVER);
}
END_TEST

START_TEST(a_spell_goes_on_until_its_end) {
  lc_spell_t endless = {LC_NOW, LC_NEVER, false},
             over = {LC_NEVER, LC_NOW, false};
  lc_spell_t spell;

  lc_spell_begin(&spell, 100000, LC_NEVER);
  ck_assert(lc_spell_goes_on(&endless, 1));
  ck_assert(!lc_spell_goes_on(&over, 1));
  while (lc_spell_goes_on(&spell, 1)) {
  }
  ck_assert_uint_ge(uv_hrtime(), spell.end_ns);
}
END_TEST

START_TEST(a_spell_stalls_only_by_a_yield_that_takes_long) {
  lc_spell_t spell = {LC_NOW, LC_NEVER, false};

  ck_assert(lc_spell_goes_on(&spell, 1));
  ck_assert(spell.yielded);
  ck_assert(!lc_spell_stalled(&spell));
  spell.end_ns = uv_hrtime() - LC_STALL_NS;
  ck_assert(lc_spell_stalled(&spell));
  spell.yielded = false;
  ck_assert(!lc_spell_stalled(&spell));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room clock");

  SUITE_CASE(suite, "clock", NULL, NULL, what_comes_after_is_at_most_never,
             the_earlier_of_two,
             a_look_at_the_clock_is_put_off_for_a_moment_only,
             a_look_at_the_clock_is_due_at_first_and_when_time_has_passed,
             a_spell_ends_with_its_time_or_at_the_deadline,
             a_spell_goes_on_until_its_end,
             a_spell_stalls_only_by_a_yield_that_takes_long);
  return suite;
}
