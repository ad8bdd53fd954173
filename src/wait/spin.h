/* spin: a moment's patience before the receiver sleeps.
 *
 * To sleep and be woken costs tens of microseconds, a message that comes
 * meanwhile costs nanoseconds; but a spin that nothing comes of is waste. So
 * the patience adapts: a spin in vain halves it, down to none; a spin that paid
 * restores it. Once it is gone, takes that find several messages (the sender
 * may be faster than the waking) give it another chance, the rarer the more
 * chances were in vain.
 *
 * A long spin lets others run: a thread that has filled the channel, and waits,
 * may need this processor. But a thread that never sleeps keeps the processor
 * for a time slice, while a sleeping receiver would have been woken on another
 * one. So a spin that cost a slice makes chances as rare as can be; and without
 * a bound no sender waits for the receiver, so it does not yield at all.
 *
 * Looking at the inbox takes its cache line from the senders. So the pause
 * between two looks adapts too: it doubles as long as several messages come at
 * a time, and halves when they come singly, as replies do.
 */
#ifndef LC_SPIN_H
#define LC_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/inbox.h"

typedef struct {
  uint64_t most_ns;  /* the longest spin */
  uint64_t next_ns;  /* the next spin's length; 0: none */
  unsigned pause;    /* processor's pauses between two looks */
  unsigned failures; /* crowds to let pass before the next chance */
  unsigned crowds;   /* passed so far */
  bool yields;       /* a long spin lets others run */
} lc_spin_t;

/* yields: a sender may wait for the receiver, and need this processor. */
void lc_spin_init(lc_spin_t *spin, uint64_t most_ns, bool yields);

/* Receiver. True: there are links in the inbox. False: time to park, or
 * uv_hrtime() is deadline_ns. */
bool lc_spin_wait(lc_spin_t *spin, const lc_inbox_t *inbox,
                  uint64_t deadline_ns);

/* Receiver. Learns whether a take found several links, or one, after a spin or
 * after a wake. */
void lc_spin_learn(lc_spin_t *spin, bool several);

#endif /* LC_SPIN_H */
