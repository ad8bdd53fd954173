/* inbox: the channel's one atomic word.
 *
 *                      push (any thread)
 *            +---------+              +-----------+ push (any thread)
 *            |         v              v           |
 *   +--------+--+    +----------------------------+-+
 *   |   EMPTY   |    |  newest link -> older -> ... |
 *   +-----------+    +------------------------------+
 *     |   ^              |        ^              |
 *     |   | unpark       | park,  | push, push_  |
 *     |   | (receiver)   | when   | if_parked:   |
 *     |   | notify: OWES | all is | OWES A WAKE  |
 *     |   | A WAKE (any  | taken  | (any thread) |
 *     v   | thread)      v        |              | close (receiver),
 *   +-----+-----------------------+--+           | from every state
 *   |             PARKED             |           v
 *   +--------------------------------+      +----------+
 *     ^ park (receiver)                     |  CLOSED  |  push: refused
 *                                           +----------+
 *
 * A take (receiver) does not change the word: it reads the address of the
 * newest link, and remembers it. So the word leads to links that were taken,
 * until a push, a park or a close. Until then the newest of them must not be
 * pushed again: that could not be distinguished from no push at all.
 *
 * Publishing a message, learning that the receiver sleeps and learning that the
 * channel is closed are one atomic step: there is no window between them.
 *
 * [inbox.publish]  What a sender wrote before its push is seen by the receiver
 * that takes it.
 *
 *   sender                                  receiver
 *   writes node and message
 *   (A) CAS word: old -> newest  release    (B) load word: newest, or
 *                                               swap, -> CLOSED  acquire
 *   B reads what the newest push wrote; the older pushes are in its release
 *   sequence, because every push is a read-modify-write. Weaker: A or B
 *   relaxed -> the receiver reads a message that is not there yet
 *   (recycle_vs_send).
 *
 * [inbox.park]  No wake is lost between a push and a park.
 *
 *   sender                                  receiver
 *   (A) CAS word: old -> newest  acquire    (C) CAS word: EMPTY, or what was
 *   if old was PARKED: owes a wake              taken last, -> PARKED  release
 *                                               fails: there is work
 *
 *   Same word, so one of them comes first in its modification order: A finds
 *   PARKED and owes the wake, or C finds the link and fails. A acquires what
 *   the receiver did before C, libuv's clear of `pending` included; also if it
 *   was PARKED before, for then C writes PARKED again. Weaker: a late wake
 *   makes the next one be lost (signal_vs_callback).
 *
 * A debt may be paid late, when the receiver has gone on: its time was up, or
 * another wake came. And a sender may lose the processor before it pays. So
 * each try to park has a number, and a thread that has signalled records the
 * number that it signalled for. A push that finds no signal for the last try
 * helps: it pays too, so no message waits for the wake of a sender that has
 * been preempted.
 *
 *   payer                                   receiver
 *   reads the number n of the last try      parks, by try n: a wake
 *   signals, and says: for n                that it gets from here on
 *                                           ends with a look, or a try n + 1
 *
 *   So after a signal for n the receiver looks, or the number is another one.
 *
 * [inbox.number]  A payer that signals for a try sees what came before it.
 *
 *   payer                                   receiver
 *   (B) load the number         acquire     (A) store the number   release
 *   looks at libuv's `pending`
 *
 *   Weaker: a payer that is late sees `pending` as it was before a callback,
 *   sends nothing, and records that as a signal for a try after the callback; a
 *   push that comes after that try's debt then does not help. No message is
 *   lost: the debt is paid in the end. Any other late read or write only makes
 *   a push help for nothing, so the rest is relaxed.
 *
 * [inbox.closed]  A sender that learns of the close sees what came before it.
 *
 *   receiver                                sender
 *   (D) swap word: -> CLOSED     release    (E) load word: CLOSED   acquire
 *
 *   Weaker: D or E -> what was written before the close is not there yet for
 *   the sender that knows of it (close_vs_send).
 */
#ifndef LC_INBOX_H
#define LC_INBOX_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/debug.h"

/* A link's next is the address of its neighbour. The two lowest bits, which are
 * 0 in that address, describe the link itself. */
typedef struct lc_link {
  uintptr_t next;
} lc_link_t;

/* A control link: it carries no message, but informs the receiver of
 * something. */
#define LC_CONTROL ((uintptr_t) 1)

/* The neighbour is the next older link, as in the inbox; else the next newer
 * one, as in the backlog. */
#define LC_TO_OLDER ((uintptr_t) 2)

static inline void lc_link_init(lc_link_t *link, uintptr_t control) {
  link->next = control;
}

static inline bool lc_link_is_control(const lc_link_t *link) {
  return (link->next & LC_CONTROL) != 0;
}

static inline bool lc_link_is_to_older(const lc_link_t *link) {
  return (link->next & LC_TO_OLDER) != 0;
}

static inline lc_link_t *lc_link_next(const lc_link_t *link) {
  return (lc_link_t *) (link->next & ~(LC_CONTROL | LC_TO_OLDER));
}

static inline void lc_link_to_older(lc_link_t *link, const lc_link_t *older) {
  link->next = (uintptr_t) older | LC_TO_OLDER | (link->next & LC_CONTROL);
}

static inline void lc_link_to_newer(lc_link_t *link, const lc_link_t *newer) {
  link->next = (uintptr_t) newer | (link->next & LC_CONTROL);
}

/* Links that lead from one end to the other. */
typedef struct {
  lc_link_t *oldest, *newest; /* both NULL: none */
} lc_list_t;

/* What is taken: from the newest link to the one that leads to end. end itself
 * must not be read: it was taken before, or is NULL. */
typedef struct {
  lc_link_t *newest;
  const lc_link_t *end;
} lc_chain_t;

/* The two counts are beside the word, so that a thread that pushes has their
 * cache line already. */
typedef struct {
  lc_atomic(lc_link_t *) word;
  lc_number_t parks;     /* the receiver's: tries to park */
  lc_number_t signalled; /* the try that the last signal was for */
  char apart[LC_APART];
  lc_link_t *taken; /* the receiver's: what the word was at the last take, or
                       NULL */
} lc_inbox_t;

/* Values of the word when it leads to no link. They are constants that no link
 * has as its address, the same in all copies of the library in a process: a
 * channel that one copy opened may have senders in another. */
#define LC_EMPTY ((lc_link_t *) NULL)
#define LC_PARKED ((lc_link_t *) (uintptr_t) 1)
#define LC_CLOSED ((lc_link_t *) (uintptr_t) 2)

static_assert(alignof(lc_link_t) > 2, "no link lies at 1 or 2");
static_assert(alignof(lc_link_t) > (LC_CONTROL | LC_TO_OLDER),
              "the two bits are free");

/* What a sender remembers of its pushes, so that senders take turns at the
 * word. The word's cache line moves to each thread that pushes, and two that
 * push at once would wait for it at each message. (Not part of wait/backoff,
 * which is for threads that may have to sleep: no thread sleeps for the word,
 * and the streak also gives the guess of its value.) */
typedef struct {
  lc_link_t *last; /* what it pushed last */
  unsigned run;    /* how often that was still the newest */
} lc_streak_t;

/* For a single push. */
#define LC_NO_STREAK (&(lc_streak_t){NULL, 0})

/* How long a sender backs off for each push of its streak, and how many pushes
 * count at most. Measured with 2 and 4 senders and no bound: as good as the
 * processor's pauses of 25 ns that they replace. */
#define LC_PUSH_NS 25
#define LC_STREAK_MOST 64

typedef enum {
  LC_PUSHED,           /* accepted; the receiver is awake */
  LC_PUSHED_OWES_WAKE, /* accepted; the caller must have the receiver woken */
  LC_PUSHED_HELPS,     /* accepted; another owes the wake, and has not paid so
                          far: see lc_channel_help */
  LC_REFUSED           /* closed; the chain is still the caller's, as it was */
} lc_push_t;

void lc_inbox_init(lc_inbox_t *inbox);

static inline bool lc_inbox_is_link(const lc_link_t *word) {
  return word != LC_EMPTY && word != LC_PARKED && word != LC_CLOSED;
}

/* Any thread. The number of the last try: read it, signal, then record it.
 */
static inline uintptr_t lc_inbox_parks(const lc_inbox_t *inbox) {
  /* [inbox.number] (B) */
  return lc_load(&inbox->parks, memory_order_acquire);
}

static inline void lc_inbox_note_signal(lc_inbox_t *inbox, uintptr_t parks) {
  if (lc_number_read(&inbox->signalled) != parks)
    lc_number_set(&inbox->signalled, parks);
}

/* Any thread, after a push. Whether a debt has not been paid so far. */
static inline bool lc_inbox_wants_help(const lc_inbox_t *inbox) {
  return lc_number_read(&inbox->signalled) != lc_number_read(&inbox->parks);
}

/* Any thread. */
static inline bool lc_inbox_is_closed(const lc_inbox_t *inbox) {
  /* [inbox.closed] (E) */
  return lc_load(&inbox->word, memory_order_acquire) == LC_CLOSED;
}

/* The result of a push that was refused, and so learned of the close. */
static inline lc_push_t lc_inbox_refused(const lc_inbox_t *inbox) {
  (void) lc_inbox_is_closed(inbox);
  return LC_REFUSED;
}

/* The result of a push that has replaced this value of the word. */
static inline lc_push_t lc_inbox_pushed(const lc_inbox_t *inbox,
                                        const lc_link_t *old) {
  if (LC_UNLIKELY(old == LC_PARKED))
    return LC_PUSHED_OWES_WAKE;
  return LC_UNLIKELY(lc_inbox_wants_help(inbox)) ? LC_PUSHED_HELPS : LC_PUSHED;
}

/* Receiver. It is awake, and needs no signal until it parks. */
static inline void lc_inbox_note_awake(lc_inbox_t *inbox) {
  lc_inbox_note_signal(inbox, lc_inbox_parks(inbox));
}

/* A guess of the word's value. In a streak the word is not read: that would
 * fetch its cache line for reading, and the CAS would fetch it again. */
static inline lc_link_t *lc_inbox_guess(lc_inbox_t *inbox,
                                        const lc_streak_t *streak) {
  /* relaxed: a guess, the CAS decides */
  return streak->run > 0 ? streak->last
                         : lc_load(&inbox->word, memory_order_relaxed);
}

/* Another sender's push came between. Backs off, so that the other may have as
 * long a streak as this one had. So streaks grow until they are long compared
 * to the time that the word takes from one sender to the next; and a thread
 * that rarely sends does not back off at all. */
static inline void lc_streak_back_off(lc_streak_t *streak) {
  uint64_t pushes = streak->run < LC_STREAK_MOST ? streak->run : LC_STREAK_MOST;

  if (pushes > 0)
    (void) lc_relax_until(lc_deadline(pushes * LC_PUSH_NS));
  streak->run = 0;
}

/* Any thread. Publishes a chain that leads from newest to oldest. */
LC_MUST_USE static inline lc_push_t lc_inbox_push(lc_inbox_t *inbox,
                                                  lc_link_t *newest,
                                                  lc_link_t *oldest,
                                                  lc_streak_t *streak) {
  lc_link_t *old = lc_inbox_guess(inbox, streak);
  uintptr_t control = oldest->next & LC_CONTROL;

  for (;;) {
    if (LC_UNLIKELY(old == LC_CLOSED)) {
      /* It may point at a link that another thread pushed. */
      oldest->next = control;
      return lc_inbox_refused(inbox);
    }
    oldest->next =
        (uintptr_t) (old == LC_PARKED ? LC_EMPTY : old) | LC_TO_OLDER | control;
    /* [inbox.publish] (A) [inbox.park] (A) relaxed on failure: a guess */
    if (LC_LIKELY(lc_cas(&inbox->word, &old, newest, memory_order_acq_rel,
                         memory_order_relaxed)))
      break;
    if (lc_inbox_is_link(old))
      lc_streak_back_off(streak);
  }
  streak->run = old == streak->last ? streak->run + 1 : 0;
  streak->last = newest;
  return lc_inbox_pushed(inbox, old);
}

/* Any thread. Whether the receiver is parked, at some moment of this call. If
 * the receiver calls it, a push that returned before is seen. */
static inline bool lc_inbox_is_parked(const lc_inbox_t *inbox) {
  /* relaxed: a guess, nothing is handed over */
  return lc_load(&inbox->word, memory_order_relaxed) == LC_PARKED;
}

/* Receiver. Whether the word, as it was read, leads to links to take. */
static inline bool lc_inbox_is_new(const lc_inbox_t *inbox,
                                   const lc_link_t *word) {
  return word != inbox->taken && lc_inbox_is_link(word);
}

/* Receiver. A push that returned before is seen; whether more has come since is
 * a guess. */
static inline bool lc_inbox_has_links(const lc_inbox_t *inbox) {
  /* relaxed: nothing is read before a take */
  return lc_inbox_is_new(inbox, lc_load(&inbox->word, memory_order_relaxed));
}

/* Receiver. Takes the links that have come since the last take. False: none. */
LC_MUST_USE static inline bool lc_inbox_take(lc_inbox_t *inbox,
                                             lc_chain_t *chain) {
  /* [inbox.publish] (B) */
  lc_link_t *word = lc_load(&inbox->word, memory_order_acquire);

  if (!lc_inbox_is_new(inbox, word))
    return false;
  chain->newest = word;
  chain->end = inbox->taken;
  inbox->taken = word;
  return true;
}

/* Receiver. Whether the word may still lead to a link that was taken. */
static inline bool lc_inbox_holds(const lc_inbox_t *inbox,
                                  const lc_link_t *link) {
  return link == inbox->taken;
}

/* Receiver. True: PARKED now, the next push owes a wake, and the word leads to
 * nothing. False: there is work, or it is closed. After a wake for nothing the
 * word is still PARKED, and this has to be called once more. */
LC_MUST_USE bool lc_inbox_park(lc_inbox_t *inbox);

/* Receiver. True: awake again, no thread owes a wake. False: one does. */
bool lc_inbox_unpark(lc_inbox_t *inbox);

/* Any thread. Unparks a receiver that is parked, without pushing anything.
 * True: the caller owes the wake. */
LC_MUST_USE bool lc_inbox_notify(lc_inbox_t *inbox);

/* Any thread. As push, but only if the receiver is parked. True: pushed, and
 * the caller owes the wake. False: it is awake, or closed. */
LC_MUST_USE bool lc_inbox_push_if_parked(lc_inbox_t *inbox, lc_link_t *newest,
                                         lc_link_t *oldest);

/* Receiver. From here on every push is refused, and the word leads to nothing.
 * Takes what was accepted and not taken, as lc_inbox_take does. */
LC_MUST_USE bool lc_inbox_close(lc_inbox_t *inbox, lc_chain_t *chain);

#endif /* LC_INBOX_H */
