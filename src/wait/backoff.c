/* backoff: how long a thread spins before it sleeps, learned from whether
 * spinning has paid off.
 *
 * Knows:   the clock. Not what is waited for.
 * Threads: one at a time.
 * Promise: a spin lasts most_ns and one gap at most.
 */
#include "wait/backoff.h"

#include "base/clock.h"

/* Below this a spin gets no shorter. Measured with four senders to a loop,
 * capacity 1024, ns of processor time per message: 48; with 500 here 71. */
#define LC_BRIEF_NS 1000

/* After this time a spin yields. Measured like the above: with 1000 it takes
 * 67. With 0 a bounded ping-pong takes half as long again. */
#define LC_YIELD_NS 500

/* A spin that overshoots its end by this much has lost a time slice of the
 * scheduler, some milliseconds long. Measured with a message every 50 us, the
 * slowest in a hundred: 0.24 ms; where no such spin was noticed, 2.7. */
#define LC_STALL_NS 500000

/* At most this many brief spins, and one more, come before a whole one.
 * Measured with a message every 50 us, where none pays: the processor time is
 * within the spread of what it takes without a spin, and with 255 here. */
#define LC_FAILURES_MOST 63

/* How many brief spins follow the first lost time slice. Measured beside two
 * loops that are never idle on each of two processors, capacity 1 to a thread,
 * with four senders, us per message: 4.4; where a spin that paid after a lost
 * slice made up for it, 11. */
#define LC_REST_LEAST 63

/* Between two looks. Measured with a ping-pong between threads, which takes 280
 * ns and with a least gap of 128 ns takes 340. Most: the 64 pauses, of 25 ns
 * and a look at the clock, that it replaces. */
#define LC_GAP_LEAST_NS 32
#define LC_GAP_MOST_NS 2048

void lc_backoff_init(lc_backoff_t *backoff, uint64_t most_ns, bool yields) {
  backoff->most_ns = backoff->next_ns = most_ns;
  backoff->gap_ns = LC_GAP_LEAST_NS;
  backoff->failures = backoff->passed = 0;
  backoff->yields = yields;
  backoff->rest = backoff->rested = 0;
}

void lc_backoff_pace(lc_backoff_t *backoff, bool several) {
  if (several && backoff->gap_ns < LC_GAP_MOST_NS)
    backoff->gap_ns = (uint16_t) (backoff->gap_ns * 2);
  else if (!several && backoff->gap_ns > LC_GAP_LEAST_NS)
    backoff->gap_ns /= 2;
}

void lc_spin_begin(lc_spin_t *spin, lc_backoff_t *backoff,
                   uint64_t deadline_ns) {
  uint64_t now = uv_hrtime(), whole = lc_after(now, backoff->next_ns);
  bool yields = backoff->yields;

  if (backoff->rest > 0) {
    backoff->rest--;
    yields = false;
    deadline_ns = lc_earlier(deadline_ns, lc_after(now, LC_BRIEF_NS));
  }
  spin->backoff = backoff;
  spin->now_ns = now;
  spin->yield_ns = yields ? lc_after(now, LC_YIELD_NS) : LC_NEVER;
  spin->is_cut = deadline_ns < whole;
  spin->end_ns = lc_earlier(whole, deadline_ns);
  spin->yielded = false;
}

bool lc_spin_goes_on(lc_spin_t *spin) {
  uint64_t look_ns = spin->now_ns + spin->backoff->gap_ns;

  if (spin->now_ns >= spin->end_ns)
    return false;
  if (spin->now_ns >= spin->yield_ns) {
    spin->yielded = true;
    lc_yield();
  }
  spin->now_ns = lc_relax_until(look_ns);
  return true;
}

bool lc_backoff_yield(void) {
  uint64_t stalled_ns = lc_after(uv_hrtime(), LC_STALL_NS);

  lc_yield();
  return uv_hrtime() >= stalled_ns;
}

/* A yield has cost a time slice. A thread that slept would have seen sooner
 * what has come meanwhile. */
static bool has_stalled(const lc_spin_t *spin) {
  return spin->yielded && spin->now_ns >= lc_after(spin->end_ns, LC_STALL_NS);
}

static void learn_stall(lc_backoff_t *backoff) {
  unsigned rest = 2u * backoff->rested + LC_REST_LEAST;

  backoff->rested = (uint16_t) (rest < UINT16_MAX ? rest : UINT16_MAX);
  backoff->rest = backoff->rested;
}

/* A yield has cost nothing. */
static void forget_stalls(lc_backoff_t *backoff) {
  backoff->rested = (uint16_t) (backoff->rested - (backoff->rested + 3) / 4);
}

/* Brief ones follow, and then a whole one. */
static void give_up(lc_backoff_t *backoff) {
  unsigned failures = 2u * backoff->failures + 1;

  backoff->next_ns = lc_earlier(LC_BRIEF_NS, backoff->most_ns);
  backoff->failures =
      (uint16_t) (failures < LC_FAILURES_MOST ? failures : LC_FAILURES_MOST);
  backoff->passed = 0;
}

static void learn_vain(lc_backoff_t *backoff) {
  if (backoff->next_ns > lc_earlier(LC_BRIEF_NS, backoff->most_ns)) {
    backoff->next_ns /= 2;
    if (backoff->next_ns <= LC_BRIEF_NS)
      give_up(backoff);
  } else if (++backoff->passed > backoff->failures) {
    backoff->next_ns = backoff->most_ns;
  }
}

void lc_spin_end(lc_spin_t *spin, bool found) {
  lc_backoff_t *backoff = spin->backoff;

  if (has_stalled(spin))
    learn_stall(backoff);
  else if (spin->yielded)
    forget_stalls(backoff);
  if (found) {
    backoff->next_ns = backoff->most_ns;
    backoff->failures = 0;
  } else if (!spin->is_cut) {
    learn_vain(backoff);
  }
}
