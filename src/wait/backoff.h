/* backoff: how long a thread spins before it sleeps, learned from whether
 * spinning has paid off.
 *
 * Sleeping and being woken costs tens of microseconds; what a thread waits for
 * may come in less than one. So it spins first, and looks now and then. But a
 * spin in vain is a waste. So the next one is half as long, down to a brief
 * one; a spin that paid off restores the whole time. After some brief spins in
 * vain comes a whole one, and each time that this is in vain, more brief ones
 * precede the next. Without the whole ones, two threads that wait for each
 * other, and both spin only briefly, would never find out that spinning pays
 * off.
 *
 * A long spin yields: the thread that is waited for may need this processor.
 * But another thread that gets it may keep it for a whole time slice, while a
 * sleeper would have been woken on another processor, or before the other's
 * slice ends. So after a spin that cost a time slice many brief ones follow,
 * which do not yield: each time twice as many, and fewer again with each spin
 * that yielded and lost nothing. Where no thread can be waiting for the one
 * that spins, it does not yield at all.
 *
 * A look takes a cache line from the threads that write it. So the gap between
 * two looks adapts too, where it is known what they find: it doubles while
 * several things come at a time, and halves while they come singly, as replies
 * do.
 *
 * All times are in nanoseconds, because a pause instruction takes ten times as
 * long on some processors as on others.
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
  uint16_t passed;   /* of these, so far */
  uint16_t rest;     /* brief spins left, after a lost time slice */
  uint16_t rested;   /* how many there were, or fewer if none was lost since */
  bool yields;       /* fixed: a long spin lets others run */
} lc_backoff_t;

/* A spin: begin; while (!found && lc_spin_goes_on(&spin)) look; end. */
typedef struct {
  lc_backoff_t *backoff;
  uint64_t now_ns, yield_ns, end_ns;
  bool yielded, is_cut; /* is_cut: by the deadline */
} lc_spin_t;

/* yields: a thread may wait for the one that spins, and need its processor. */
void lc_backoff_init(lc_backoff_t *backoff, uint64_t most_ns, bool yields);

/* Lets others run. True: that has cost a time slice. */
bool lc_backoff_yield(void);

/* Learns whether a look has found several things, or one. */
void lc_backoff_pace(lc_backoff_t *backoff, bool several);

/* Begins a spin, which lasts as long as has paid off so far, or until the
 * deadline. */
void lc_spin_begin(lc_spin_t *spin, lc_backoff_t *backoff,
                   uint64_t deadline_ns);

/* True, after a gap: look once more. */
bool lc_spin_goes_on(lc_spin_t *spin);

/* Learns from the spin, and whether it found what it was for. */
void lc_spin_end(lc_spin_t *spin, bool found);

#endif /* LC_BACKOFF_H */
