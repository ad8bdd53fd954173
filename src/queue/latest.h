/* latest: the inbox's word on a channel that keeps only the newest message.
 *
 *               put (any thread): what was there is the sender's
 *                               +-----+
 *                               |     v
 *   +---------+  put    +---------------+  put: OWES A WAKE  +----------+
 *   |  EMPTY  | ------> | one node's    | <----------------- |  PARKED  |
 *   |         | <------ | link          |                    |          |
 *   +---------+  claim  +---------------+                    +----------+
 *              (receiver)
 *
 * Parking, closing and all else are as in the inbox. But a claim takes the link
 * out of the word, and so does a put that replaces it: the thread that changes
 * the word has the node to itself, and no other reads it. So there is no ABA
 * problem: a link that was read may have been taken and put again meanwhile,
 * but the node is read only once it is won.
 *
 * The end of file comes after the last put, so nothing replaces it. It is
 * pushed as into any inbox, and leads to the last message, if that is still
 * there; a claim then takes both.
 *
 * [latest.won]  The thread that wins a node sees what its sender wrote.
 *
 *   sender                                  receiver, or another sender
 *   writes node and message
 *   (A) CAS word: old -> node    release    (B) CAS word: node -> EMPTY, or
 *                                               node -> its own    acquire
 *   Weaker: A or B relaxed -> it receives, or drops, a message that is not
 *   there yet (replace_vs_take).
 */
#ifndef LC_LATEST_H
#define LC_LATEST_H

#include "queue/inbox.h"

/* Any thread. Publishes a node. *replaced is the node that it took the place
 * of, now the caller's; or NULL. Refused: the node is still the caller's. */
LC_MUST_USE static inline lc_push_t lc_latest_put(lc_inbox_t *inbox,
                                                  lc_link_t *node,
                                                  lc_link_t **replaced) {
  /* relaxed: a guess, the CAS decides */
  lc_link_t *old = lc_load(&inbox->word, memory_order_relaxed);

  *replaced = NULL;
  lc_link_init(node, 0);
  do {
    if (LC_UNLIKELY(old == LC_CLOSED))
      return lc_inbox_refused(inbox);
    /* [latest.won] (A) [latest.won] (B) [inbox.park] (A) relaxed on failure: a
     * guess */
  } while (!lc_cas(&inbox->word, &old, node, memory_order_acq_rel,
                   memory_order_relaxed));
  if (lc_inbox_is_link(old))
    *replaced = old;
  return lc_inbox_pushed(inbox, old);
}

/* Receiver, once a take has found a link. Sets the chain to what is there by
 * now: a node, or the end of file, which may lead to a node; and the word to
 * EMPTY. */
void lc_latest_claim(lc_inbox_t *inbox, lc_chain_t *chain);

/* Receiver. What a claim would find first, as far as is known; NULL: nothing. A
 * put that returned before is seen. */
static inline lc_link_t *lc_latest_look(const lc_inbox_t *inbox) {
  /* relaxed: nothing is read before a claim */
  lc_link_t *word = lc_load(&inbox->word, memory_order_relaxed);

  return lc_inbox_is_link(word) ? word : NULL;
}

/* The node in what a claim, or a close, has found. NULL: only the end of
 * file. */
static inline lc_link_t *lc_latest_node(const lc_chain_t *chain) {
  return lc_link_is_control(chain->newest) ? lc_link_next(chain->newest)
                                           : chain->newest;
}

#endif /* LC_LATEST_H */
