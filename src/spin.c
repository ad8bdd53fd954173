/* spin: a moment's patience before the receiver sleeps.
 *
 * Knows:   the clock, and whether the inbox has links. Takes none.
 * Threads: the receiver's.
 * Promise: never spins longer than most_ns, nor at all where it does not pay.
 */
#include "spin.h"

#include <uv.h>

#define LC_SPIN_LEAST_NS 500
#define LC_SPIN_PAUSE_MOST 64

void lc_spin_init(lc_spin_t *spin, uint64_t most_ns) {
  spin->most_ns = most_ns;
  spin->next_ns = most_ns;
  spin->pause = 1;
}

bool lc_spin_wait(lc_spin_t *spin, const lc_inbox_t *inbox,
                  uint64_t deadline_ns) {
  uint64_t now, end;
  unsigned i;

  if (spin->next_ns == 0)
    return false;
  now = uv_hrtime();
  end = now + spin->next_ns;
  if (end > deadline_ns)
    end = deadline_ns;
  while (now < end) {
    for (i = 0; i < spin->pause; i++)
      lc_relax();
    if (lc_inbox_has_links(inbox)) {
      spin->next_ns = spin->most_ns;
      return true;
    }
    now = uv_hrtime();
  }
  spin->next_ns /= 2;
  if (spin->next_ns < LC_SPIN_LEAST_NS)
    spin->next_ns = 0;
  return false;
}

void lc_spin_learn(lc_spin_t *spin, size_t found) {
  if (found > 1) {
    spin->next_ns = spin->most_ns;
    if (spin->pause < LC_SPIN_PAUSE_MOST)
      spin->pause *= 2;
  } else if (spin->pause > 1) {
    spin->pause /= 2;
  }
}
