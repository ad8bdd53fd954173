/* spin: a moment's patience before the receiver sleeps.
 *
 * Knows:   the clock, and whether the inbox has links. Takes none.
 * Threads: the receiver's.
 * Promise: never spins longer than most_ns, nor at all where it does not pay.
 */
#include "wait/spin.h"

#include "base/clock.h"
#include "wait/patience.h"

#define LC_SPIN_LEAST_NS 500
#define LC_SPIN_PAUSE_MOST 64

void lc_spin_init(lc_spin_t *spin, uint64_t most_ns, bool yields) {
  spin->yields = yields;
  spin->most_ns = most_ns;
  spin->next_ns = most_ns;
  spin->pause = 1;
  spin->failures = 0;
  spin->crowds = 0;
}

static void give_up(lc_spin_t *spin) {
  spin->next_ns = 0;
  spin->crowds = 0;
  spin->failures = lc_more_failures(spin->failures);
}

/* Learns from a spin, and whether it found links. */
static void look_back(lc_spin_t *spin, const lc_spell_t *spell, bool found) {
  if (found && lc_spell_stalled(spell)) {
    spin->failures = LC_FAILURES_MOST;
    give_up(spin);
  } else if (found) {
    spin->next_ns = spin->most_ns;
    spin->failures = 0;
  } else {
    spin->next_ns /= 2;
    if (spin->next_ns < LC_SPIN_LEAST_NS)
      give_up(spin);
  }
}

bool lc_spin_wait(lc_spin_t *spin, const lc_inbox_t *inbox,
                  uint64_t deadline_ns) {
  lc_spell_t spell;
  bool found = false;

  if (spin->next_ns == 0)
    return false;
  lc_spell_begin(&spell, spin->next_ns, deadline_ns);
  if (!spin->yields)
    spell.yield_ns = LC_NEVER;
  while (!found && lc_spell_goes_on(&spell, spin->pause))
    found = lc_inbox_has_links(inbox);
  look_back(spin, &spell, found);
  return found;
}

void lc_spin_learn(lc_spin_t *spin, bool several) {
  if (several) {
    if (spin->next_ns == 0 && ++spin->crowds > spin->failures)
      spin->next_ns = spin->most_ns;
    if (spin->pause < LC_SPIN_PAUSE_MOST)
      spin->pause *= 2;
  } else if (spin->pause > 1) {
    spin->pause /= 2;
  }
}
