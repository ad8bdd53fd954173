/* backlog: what the receiver has taken out of the inbox, and not received yet.
 *
 * The inbox's chain leads from the newest link to the oldest, which is wanted
 * first. To reverse ten million links takes 25 ms, too long for one turn of a
 * loop. So a long chain is cut into segments, and each is reversed when it is
 * wanted, the oldest first. To find that one, the receiver need not walk down
 * all of the chain: a slab's first node F was pushed before the slab's retire
 * link R, and R's address gives F's. So it leaps from R to F, past all that was
 * pushed between.
 *
 *   newest                                                     oldest
 *   o -> o -> o -> R -> o ... o -> F -> o -> R -> o ... F -> o -> NULL
 *                  '---- leap -----'         '-- leap --'
 *   |   newest    |       segment           |     segment       |
 *
 * F is in the chain unless it was taken before R was pushed, or never pushed,
 * as the node of a write that was cancelled. Then it does not lead to an older
 * link, and says so.
 *
 * A segment is as long as it takes to fill the slab: if its sender is far
 * slower than the others, some hundred times as long as what it holds, or more.
 */
#ifndef LC_BACKLOG_H
#define LC_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/inbox.h"
#include "queue/slab.h"

/* All zero: nothing in it. */
typedef struct {
  lc_list_t reversed;  /* the oldest links */
  lc_slab_t *segments; /* newer: each with its retire link first, the oldest
                          segment on top */
  lc_list_t newest;    /* reversed too, but newer than the segments */
} lc_backlog_t;

/* Takes a chain over that is newer than all that is there. */
void lc_backlog_add(lc_backlog_t *backlog, lc_chain_t *chain);

/* Reverses the next segment. */
void lc_backlog_reverse(lc_backlog_t *backlog);

/* There are segments left. What is added meanwhile is reversed at once, however
 * long it is. */
static inline bool lc_backlog_is_long(const lc_backlog_t *backlog) {
  return backlog->segments != NULL;
}

static inline bool lc_backlog_is_empty(const lc_backlog_t *backlog) {
  return backlog->reversed.oldest == NULL && !lc_backlog_is_long(backlog);
}

/* The oldest link, which stays there. NULL: none. */
static inline lc_link_t *lc_backlog_oldest(lc_backlog_t *backlog) {
  if (LC_UNLIKELY(backlog->reversed.oldest == NULL) &&
      lc_backlog_is_long(backlog))
    lc_backlog_reverse(backlog);
  return backlog->reversed.oldest;
}

/* Takes off what lc_backlog_oldest returned. */
static inline void lc_backlog_pop(lc_backlog_t *backlog) {
  lc_list_t *list = &backlog->reversed;

  list->oldest = lc_link_next(list->oldest);
  if (list->oldest == NULL)
    list->newest = NULL;
}

/* How many links are none of control; or most, if there are more. */
uint64_t lc_backlog_count_messages(lc_backlog_t *backlog, uint64_t most);

#endif /* LC_BACKLOG_H */
