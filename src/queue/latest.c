/* latest: the inbox's word on a channel that keeps the newest message alone.
 *
 * Knows:   the inbox's word. Not what a message is, nor who drops it.
 * Threads: put from any; the rest from the receiver's.
 * Promise: each node that was put is won once: by a claim, a close, or the put
 *          that replaced it.
 */
#include "queue/latest.h"

lc_push_t lc_latest_put(lc_inbox_t *inbox, lc_link_t *node,
                        lc_link_t **replaced) {
  /* relaxed: a guess, the CAS decides */
  lc_link_t *old = lc_load(&inbox->word, memory_order_relaxed);

  lc_link_init(node, 0);
  do {
    if (LC_UNLIKELY(old == LC_CLOSED))
      return LC_REFUSED;
    /* [latest.won] (A) [latest.won] (B) [inbox.park] (A) relaxed on failure: a
     * guess */
  } while (!lc_cas(&inbox->word, &old, node, memory_order_acq_rel,
                   memory_order_relaxed));
  *replaced = lc_inbox_is_link(old) ? old : NULL;
  return LC_UNLIKELY(old == LC_PARKED) ? LC_PUSHED_OWES_WAKE : LC_PUSHED;
}

void lc_latest_claim(lc_inbox_t *inbox, lc_chain_t *chain) {
  lc_link_t *word = chain->newest;

  /* [latest.won] (B) relaxed on failure: a guess. Puts alone come between. */
  while (!lc_cas(&inbox->word, &word, LC_EMPTY, memory_order_acquire,
                 memory_order_relaxed))
    lc_assert(lc_inbox_is_link(word));
  chain->newest = word;
  chain->end = NULL;
  inbox->taken = NULL;
}
