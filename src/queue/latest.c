/* latest: the inbox's word on a channel that keeps only the newest message.
 *
 * Knows:   the inbox's word. Not what a message is, nor who drops it.
 * Threads: put from any; the rest from the receiver's.
 * Promise: each node that was put is won once: by a claim, a close, or the put
 *          that replaced it.
 */
#include "queue/latest.h"

void lc_latest_claim(lc_inbox_t *inbox, lc_chain_t *chain) {
  lc_link_t *word = chain->newest;

  /* [latest.won] (B) relaxed on failure: a guess. Only puts come between. */
  while (!lc_cas(&inbox->word, &word, LC_EMPTY, memory_order_acquire,
                 memory_order_relaxed))
    lc_assert(lc_inbox_is_link(word));
  chain->newest = word;
  chain->end = NULL;
  inbox->taken = NULL;
}
