/* spin: a moment's patience before the receiver sleeps.
 *
 * Knows:   the clock, and whether the inbox has links. Takes none.
 * Threads: the receiver's.
 * Promise: never spins longer than most_ns, nor at all where it does not pay.
 */
#include "spin.h"

#include "clock.h"

#define LC_SPIN_LEAST_NS 500
#define LC_SPIN_PAUSE_MOST 64
#define LC_DOUBTS_MOST 63
#define LC_PATIENCE_LEAST_NS 1000

void lc_spin_init(lc_spin_t *spin, uint64_t most_ns) {
  spin->most_ns = most_ns;
  spin->next_ns = most_ns;
  spin->pause = 1;
  spin->doubts = 0;
  spin->crowds = 0;
}

static unsigned more_doubts(unsigned doubts) {
  return doubts < LC_DOUBTS_MOST ? 2 * doubts + 1 : doubts;
}

/* A spin was in vain. */
static void doubt(lc_spin_t *spin) {
  spin->next_ns /= 2;
  if (spin->next_ns >= LC_SPIN_LEAST_NS)
    return;
  spin->next_ns = 0;
  spin->crowds = 0;
  spin->doubts = more_doubts(spin->doubts);
}

bool lc_spin_wait(lc_spin_t *spin, const lc_inbox_t *inbox,
                  uint64_t deadline_ns) {
  uint64_t now, end;

  if (spin->next_ns == 0)
    return false;
  now = uv_hrtime();
  end = lc_earlier(lc_after(now, spin->next_ns), deadline_ns);
  while (now < end) {
    lc_pause(spin->pause);
    if (lc_inbox_has_links(inbox)) {
      spin->next_ns = spin->most_ns;
      spin->doubts = 0;
      return true;
    }
    now = uv_hrtime();
  }
  doubt(spin);
  return false;
}

void lc_spin_learn(lc_spin_t *spin, size_t found) {
  if (found > 1) {
    if (spin->next_ns == 0 && ++spin->crowds > spin->doubts)
      spin->next_ns = spin->most_ns;
    if (spin->pause < LC_SPIN_PAUSE_MOST)
      spin->pause *= 2;
  } else if (spin->pause > 1) {
    spin->pause /= 2;
  }
}

void lc_patience_init(lc_patience_t *patience, uint64_t most_ns) {
  patience->most_ns = patience->next_ns = most_ns;
  patience->doubts = patience->passed = 0;
}

void lc_patience_learn(lc_patience_t *patience, bool paid) {
  uint64_t least = lc_earlier(LC_PATIENCE_LEAST_NS, patience->most_ns);

  if (paid) {
    patience->next_ns = patience->most_ns;
    patience->doubts = 0;
  } else if (patience->next_ns > least) {
    patience->next_ns /= 2;
    if (patience->next_ns > least)
      return;
    patience->next_ns = least;
    patience->passed = 0;
    patience->doubts = more_doubts(patience->doubts);
  } else if (++patience->passed > patience->doubts) {
    patience->next_ns = patience->most_ns;
  }
}
