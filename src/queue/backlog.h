/* backlog: what the receiver has taken out of the inbox, and not received yet.
 *
 * The inbox's chain leads from the newest link to the oldest, which is needed
 * first. Reversing ten million links takes 25 ms, too long for one iteration of
 * a loop. So a long chain is cut into segments, and each is reversed when it is
 * needed, the oldest first. It can be found without a walk down the whole
 * chain: a slab's first node F was pushed before the slab's retire link R, and
 * its address follows from that of R. So one can leap from R to F, past all
 * that was pushed between.
 *
 *   newest                                                     oldest
 *   o -> o -> o -> R -> o ... o -> F -> o -> R -> o ... F -> o -> NULL
 *                  '---- leap -----'         '-- leap --'
 *   |   newest    |       segment           |     segment       |
 *
 * F is in the chain unless it was taken before R was pushed, or never pushed,
 * as the node of a write that was cancelled. Then it is not marked as leading
 * to an older link.
 *
 * A segment has all links that were pushed while its slab was filled. If the
 * slab's sender is far slower than the others, that may be the whole backlog;
 * and if no slab was filled, there is nothing to leap from. So no call goes on
 * to the end, except where that is needed: each looks at some links, and leaves
 * the rest of them to the next call.
 *
 *   lc_backlog_add                               lc_backlog_go_on
 *   -------------> rest, a chain: its newest links are reversed, to newest,
 *                  and from the first leap on it is cut up, to segments
 *                                   |
 *                                   v
 *                  rest, of the oldest segment: reversed, to reversing,
 *                  and when nothing is left of it, to reversed
 *                                   |  no segment is left
 *                                   v
 *                  newest, to reversed; next, to rest
 */
#ifndef LC_BACKLOG_H
#define LC_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/inbox.h"
#include "queue/slab.h"

/* How many links one call looks at, or not many more. Each takes some 3 ns if
 * it is reversed, and up to 200 if it is leapt from. */
#ifndef LC_LINKS_AT_ONCE
#define LC_LINKS_AT_ONCE 1024
#endif

/* All zero: nothing in it. */
typedef struct {
  lc_list_t reversed;  /* the oldest links */
  lc_slab_t *segments; /* newer: each with its retire link first, the oldest
                           segment on top */
  lc_list_t newest;    /* reversed too, but newer than the segments */
  lc_chain_t rest;     /* of what is being cut up, or of the segment that is
                          being reversed; its newest is NULL: nothing is */
  lc_link_t *last;     /* of the segment cut off last, if it may grow */
  lc_list_t reversing; /* of that segment, what is reversed; newer than rest */
  lc_chain_t next;     /* newer than all the others; its newest is NULL: none */
} lc_backlog_t;

/* Adds a chain, which is newer than all that is there. */
void lc_backlog_add(lc_backlog_t *backlog, lc_chain_t *chain);

/* Whether there are links that are not reversed yet. Of chains that are added
 * meanwhile, all but the last are reversed at once, however long they are. */
static inline bool lc_backlog_is_long(const lc_backlog_t *backlog) {
  return backlog->segments != NULL || backlog->rest.newest != NULL;
}

static inline bool lc_backlog_is_empty(const lc_backlog_t *backlog) {
  return backlog->reversed.oldest == NULL && !lc_backlog_is_long(backlog);
}

/* Only if it is long. Looks at this many links at most, in order to reverse the
 * next segment. */
void lc_backlog_go_on(lc_backlog_t *backlog, size_t most);

/* The oldest link, which stays there. NULL: there is none; or, if it is long,
 * ask again. */
static inline lc_link_t *lc_backlog_oldest(lc_backlog_t *backlog) {
  if (LC_UNLIKELY(backlog->reversed.oldest == NULL) &&
      lc_backlog_is_long(backlog))
    lc_backlog_go_on(backlog, LC_LINKS_AT_ONCE);
  return backlog->reversed.oldest;
}

/* Takes off what lc_backlog_oldest returned. */
static inline void lc_backlog_pop(lc_backlog_t *backlog) {
  lc_list_t *list = &backlog->reversed;

  lc_assert(list->oldest != NULL);
  lc_assert(!lc_link_is_to_older(list->oldest));
  list->oldest = lc_link_next(list->oldest);
  if (list->oldest == NULL)
    list->newest = NULL;
}

/* How many links are not control links; or most, if there are more. */
uint64_t lc_backlog_count_messages(const lc_backlog_t *backlog, uint64_t most);

/* Takes off a run of links, which lead from one to the next; runs come in no
 * order, and some lead to newer links and some to older ones. NULL: none. */
lc_link_t *lc_backlog_take_run(lc_backlog_t *backlog);

#endif /* LC_BACKLOG_H */
