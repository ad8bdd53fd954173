/* inbox: the channel's one atomic word.
 *
 * Knows:   C11 atomics and links. Not libuv, not allocation, not messages. It
 *          reports that a wake is owed, and wakes no thread.
 * Threads: those that inbox.h marks with "Any thread" from any; the rest from
 *          the receiver's only.
 * Promise: a link that push accepted leaves through exactly one take or close,
 *          in the order of the pushes.
 */
#include "queue/inbox.h"

void lc_inbox_init(lc_inbox_t *inbox) {
  lc_atomic_init(&inbox->word, LC_EMPTY);
  lc_number_init(&inbox->parks);
  lc_number_init(&inbox->signalled);
  inbox->taken = NULL;
}

/* Only the receiver writes it. */
static void number_attempt(lc_inbox_t *inbox) {
  /* [inbox.number] (A) */
  lc_store(&inbox->parks, lc_number_read(&inbox->parks) + 1,
           memory_order_release);
}

bool lc_inbox_park(lc_inbox_t *inbox) {
  lc_link_t *old = inbox->taken;

  number_attempt(inbox);
  do
    /* [inbox.park] (C) relaxed on failure: take reads the word again */
    if (lc_cas(&inbox->word, &old, LC_PARKED, memory_order_release,
               memory_order_relaxed)) {
      inbox->taken = NULL;
      return true;
    }
  while (old == LC_PARKED);
  lc_inbox_note_awake(inbox);
  return false;
}

bool lc_inbox_unpark(lc_inbox_t *inbox) {
  lc_link_t *old = LC_PARKED;

  lc_inbox_note_awake(inbox);
  /* relaxed: the receiver undoes its own park; nothing is handed over */
  return lc_cas(&inbox->word, &old, LC_EMPTY, memory_order_relaxed,
                memory_order_relaxed);
}

bool lc_inbox_notify(lc_inbox_t *inbox) {
  lc_link_t *old = LC_PARKED;

  /* [inbox.park] (A) relaxed on failure: it is awake, and looks for itself */
  return lc_cas(&inbox->word, &old, LC_EMPTY, memory_order_acq_rel,
                memory_order_relaxed);
}

bool lc_inbox_push_if_parked(lc_inbox_t *inbox, lc_link_t *newest,
                             lc_link_t *oldest) {
  lc_link_t *old = LC_PARKED;

  lc_link_to_older(oldest, NULL);
  /* [inbox.publish] (A) [inbox.park] (A) relaxed on failure: nothing is read */
  if (lc_cas(&inbox->word, &old, newest, memory_order_acq_rel,
             memory_order_relaxed))
    return true;
  lc_link_to_newer(oldest, NULL);
  return false;
}

bool lc_inbox_close(lc_inbox_t *inbox, lc_chain_t *chain) {
  /* [inbox.publish] (B) [inbox.closed] (D) */
  lc_link_t *old = lc_swap(&inbox->word, LC_CLOSED, memory_order_acq_rel);
  bool is_new = lc_inbox_is_new(inbox, old);

  chain->newest = old;
  chain->end = inbox->taken;
  inbox->taken = NULL;
  return is_new;
}
