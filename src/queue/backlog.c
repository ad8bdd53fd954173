/* backlog: what the receiver has taken out of the inbox, and not received yet.
 *
 * Knows:   links, and where those of a slab are. Not what they mean.
 * Threads: the receiver's.
 * Promise: links come out in the order of their pushes, each once; and finding
 *          the oldest reverses no more than one segment.
 */
#include "queue/backlog.h"

/* How many links before its use a link is prefetched, and how many bytes away
 * it may be. */
#define LC_LINKS_AHEAD 16
#define LC_FARTHEST ((size_t) 65536)

static void put_behind(lc_list_t *list, const lc_list_t *more) {
  if (list->newest == NULL)
    list->oldest = more->oldest;
  else
    lc_link_to_newer(list->newest, more->oldest);
  list->newest = more->newest;
}

/* For any link but the newest one: that may be the EOF link, which is not a
 * slab's. */
static bool can_leap(lc_link_t *link) {
  return LC_UNLIKELY(lc_link_is_control(link)) &&
         lc_link_is_to_older(lc_slab_first(lc_slab_of_retire(link)));
}

/* A sender's links are mostly one behind the other in memory: if the next one
 * is some distance away, the one that is needed n links later is n times that
 * far away. */
static void fetch_ahead(const lc_link_t *link, const lc_link_t *older) {
  size_t ahead = LC_LINKS_AHEAD * ((uintptr_t) link - (uintptr_t) older);

  if (ahead - LC_AHEAD > LC_FARTHEST)
    ahead = LC_AHEAD;
  lc_prefetch_write((const char *) link - ahead);
}

/* Reverses a chain: the whole, or down to where one can leap. Sets the chain to
 * what is left; if that is nothing, its newest is NULL. */
static void reverse(lc_chain_t *chain, bool whole, lc_list_t *reversed) {
  lc_link_t *link = chain->newest;

  reversed->oldest = NULL;
  reversed->newest = link;
  do {
    lc_link_t *older = lc_link_next(link);
    fetch_ahead(link, older);
    lc_link_to_newer(link, reversed->oldest);
    reversed->oldest = link;
    link = older;
  } while (link != chain->end && (whole || !can_leap(link)));
  chain->newest = link != chain->end ? link : NULL;
}

/* The chain's newest is a retire link. Leaps to the first node of its slab,
 * walks on to where one can leap again, and cuts there. Sets the chain to what
 * is left, as reverse does. */
static void leap(lc_chain_t *chain) {
  lc_link_t *link = lc_slab_first(lc_slab_of_retire(chain->newest));
  lc_link_t *older = lc_link_next(link);

  while (older != chain->end && !can_leap(older)) {
    link = older;
    older = lc_link_next(link);
  }
  lc_link_to_older(link, NULL);
  chain->newest = older != chain->end ? older : NULL;
}

void lc_backlog_add(lc_backlog_t *backlog, lc_chain_t *chain) {
  bool was_long = lc_backlog_is_long(backlog);
  lc_list_t reversed;

  reverse(chain, was_long, &reversed);
  put_behind(
      chain->newest != NULL || was_long ? &backlog->newest : &backlog->reversed,
      &reversed);
  while (chain->newest != NULL) {
    lc_slab_t *slab = lc_slab_of_retire(chain->newest);
    slab->next = backlog->segments;
    backlog->segments = slab;
    leap(chain);
  }
}

void lc_backlog_reverse(lc_backlog_t *backlog) {
  lc_slab_t *slab = backlog->segments;
  lc_chain_t segment = {&slab->retire, NULL};
  lc_list_t reversed;

  backlog->segments = slab->next;
  reverse(&segment, true, &reversed);
  put_behind(&backlog->reversed, &reversed);
  if (lc_backlog_is_long(backlog))
    return;
  put_behind(&backlog->reversed, &backlog->newest);
  backlog->newest.oldest = backlog->newest.newest = NULL;
}

uint64_t lc_backlog_count_messages(lc_backlog_t *backlog, uint64_t most) {
  const lc_link_t *link = lc_backlog_oldest(backlog), *next;
  uint64_t count = 0;

  for (; link != NULL && count < most; link = next) {
    count += !lc_link_is_control(link);
    if (lc_link_next(link) == NULL && lc_backlog_is_long(backlog))
      lc_backlog_reverse(backlog); /* the link leads there now */
    next = lc_link_next(link);
  }
  return count;
}

lc_link_t *lc_backlog_take_run(lc_backlog_t *backlog) {
  lc_slab_t *slab = backlog->segments;
  lc_list_t *list = &backlog->reversed;
  lc_link_t *oldest;

  if (slab != NULL) {
    backlog->segments = slab->next;
    return &slab->retire;
  }
  if (list->oldest == NULL)
    list = &backlog->newest;
  oldest = list->oldest;
  list->oldest = list->newest = NULL;
  return oldest;
}
