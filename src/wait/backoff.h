/* backoff: how a thread waits awake before it sleeps, learned from whether that
 * paid.
 *
 * To sleep and be woken costs tens of microseconds; what a thread waits for may
 * come in less than one. So it spins first, and looks now and then. But a spin
 * in vain is waste. So the next one is half as long, down to a brief one; a
 * spin that paid restores the whole time. A brief one in vain has a whole one
 * follow now and then, the more rarely the more often that was in vain:
 * otherwise two threads that wait for each other, and both hardly spin, would
 * never find out that a spin pays.
 *
 * A long spin lets others run: the thread that is waited for may need this
 * processor. But a thread that never sleeps keeps the processor for a time
 * slice, while a sleeper would have been woken on another one. So a spin that
 * cost a slice makes long ones as rare as can be; and where no thread can be
 * waiting for the one that spins, it does not yield at all.
 *
 * A look takes a cache line from those who write it. So the gap between two
 * looks adapts too, where it is known what they find: it doubles while several
 * things come at a time, and halves while they come singly, as replies do.
 *
 * All times are nanoseconds: one pause of the processor's takes ten times as
 * long on some as on others.
 */
#ifndef LC_BACKOFF_H
#define LC_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* What has been learned. */
typedef struct {
  uint64_t most_ns;  /* fixed: the longest spin */
  uint64_t next_ns;  /* how long the next one lasts */
  uint16_t gap_ns;   /* between two looks */
  uint16_t failures; /* brief spins in vain before the next whole one */
  uint16_t passed;   /* so far */
  bool yields;       /* fixed: a long spin lets others run */
} lc_backoff_t;

/* A spin: begin; while (!found && lc_spin_goes_on(&spin)) look; end. */
typedef struct {
  lc_backoff_t *backoff;
  uint64_t now_ns, yield_ns, end_ns;
  bool yielded;
} lc_spin_t;

/* yields: a thread may wait for the one that spins, and need its processor. */
void lc_backoff_init(lc_backoff_t *backoff, uint64_t most_ns, bool yields);

/* Learns whether a look has found several things, or one. */
void lc_backoff_pace(lc_backoff_t *backoff, bool several);

/* It lasts as long as has paid so far, or until the deadline. */
void lc_spin_begin(lc_spin_t *spin, lc_backoff_t *backoff,
                   uint64_t deadline_ns);

/* True, after a gap: look once more. */
bool lc_spin_goes_on(lc_spin_t *spin);

/* Learns from the spin, and whether it found what it was for. */
void lc_spin_end(lc_spin_t *spin, bool found);

#endif /* LC_BACKOFF_H */
