/* backlog: what the receiver has taken out of the inbox, and not received yet.
 *
 * Knows:   links, and where those of a slab are. Not what they mean.
 * Threads: the receiver's.
 * Promise: links come out in the order of their pushes, each once; and no call
 *          looks at many links, unless it is asked to.
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

/* Moves a chain's newest links to a list, as its oldest ones: some, or all down
 * to where one can leap, or the whole. If nothing is left of the chain, its
 * newest is NULL. */
static LC_INLINE void reverse(lc_chain_t *chain, lc_list_t *reversed,
                              size_t most, bool whole) {
  lc_link_t *link = chain->newest;

  if (reversed->newest == NULL)
    reversed->newest = link;
  do {
    lc_link_t *older = lc_link_next(link);
    fetch_ahead(link, older);
    lc_link_to_newer(link, reversed->oldest);
    reversed->oldest = link;
    link = older;
  } while (link != chain->end && --most > 0 && (whole || !can_leap(link)));
  chain->newest = link != chain->end ? link : NULL;
}

/* Rest begins with a retire link, or goes on behind the segment cut off last.
 * Leaps to the first node of the slab, walks on to where one can leap again,
 * and so on. Between two calls each segment ends with NULL. */
static void cut_up(lc_backlog_t *backlog, size_t most) {
  lc_link_t *link = backlog->rest.newest, *last = backlog->last;

  if (last != NULL)
    lc_link_to_older(last, link);
  for (; link != backlog->rest.end && most > 0; most--) {
    if (can_leap(link)) {
      lc_slab_t *slab = lc_slab_of_retire(link);
      if (last != NULL)
        lc_link_to_older(last, NULL);
      slab->next = backlog->segments;
      backlog->segments = slab;
      last = lc_slab_first(slab);
    } else {
      last = link;
    }
    link = lc_link_next(last);
  }
  lc_assert(last != NULL);
  lc_link_to_older(last, NULL);
  backlog->rest.newest = link != backlog->rest.end ? link : NULL;
  backlog->last = backlog->rest.newest != NULL ? last : NULL;
}

static void reverse_segment(lc_backlog_t *backlog, size_t most) {
  const lc_list_t none = {NULL, NULL};
  lc_slab_t *slab = backlog->segments;

  if (backlog->rest.newest == NULL) {
    backlog->segments = slab->next;
    backlog->rest.newest = &slab->retire;
    backlog->rest.end = NULL;
  }
  reverse(&backlog->rest, &backlog->reversing, most, true);
  if (backlog->rest.newest != NULL)
    return;
  put_behind(&backlog->reversed, &backlog->reversing);
  backlog->reversing = none;
}

/* Rest, if there is any, is a segment's. */
static bool is_cut_up(const lc_backlog_t *backlog) {
  return backlog->rest.newest == NULL || backlog->reversing.newest != NULL;
}

/* A chain's newest link is not asked whether one can leap from it. */
static bool has_leap(const lc_backlog_t *backlog) {
  return backlog->last != NULL ||
         (backlog->newest.newest != NULL && can_leap(backlog->rest.newest));
}

/* Nothing but newest, and next, is left to do. */
static void finish(lc_backlog_t *backlog) {
  const lc_list_t none = {NULL, NULL};

  put_behind(&backlog->reversed, &backlog->newest);
  backlog->newest = none;
  backlog->rest = backlog->next;
  backlog->next.newest = NULL;
}

void lc_backlog_go_on(lc_backlog_t *backlog, size_t most) {
  lc_assert(lc_backlog_is_long(backlog) && most > 0);
  if (is_cut_up(backlog))
    reverse_segment(backlog, most);
  else if (has_leap(backlog))
    cut_up(backlog, most);
  else
    reverse(&backlog->rest, &backlog->newest, most, false);
  if (!lc_backlog_is_long(backlog))
    finish(backlog);
}

/* It is long. Of the chains that wait, reverses the one that came first. */
static void reverse_next(lc_backlog_t *backlog) {
  lc_list_t reversed = {NULL, NULL};

  if (backlog->next.newest == NULL)
    return;
  reverse(&backlog->next, &reversed, SIZE_MAX, true);
  put_behind(&backlog->newest, &reversed);
}

void lc_backlog_add(lc_backlog_t *backlog, lc_chain_t *chain) {
  lc_list_t reversed = {NULL, NULL};

  if (lc_backlog_is_long(backlog)) {
    reverse_next(backlog);
    backlog->next = *chain;
    return;
  }
  reverse(chain, &reversed, LC_LINKS_AT_ONCE, false);
  if (LC_LIKELY(chain->newest == NULL)) {
    put_behind(&backlog->reversed, &reversed);
    return;
  }
  backlog->newest = reversed;
  backlog->rest = *chain;
  lc_backlog_go_on(backlog, LC_LINKS_AT_ONCE);
}

/* From a link to the end, which is not read. */
static uint64_t count(const lc_link_t *link, const lc_link_t *end,
                      uint64_t most) {
  uint64_t found = 0;

  for (; link != NULL && link != end && found < most; link = lc_link_next(link))
    found += !lc_link_is_control(link);
  return found;
}

/* In no order, so nothing needs to be reversed first. */
uint64_t lc_backlog_count_messages(const lc_backlog_t *backlog, uint64_t most) {
  uint64_t found = count(backlog->reversed.oldest, NULL, most);
  lc_slab_t *slab = backlog->segments;

  found += count(backlog->reversing.oldest, NULL, most - found);
  found += count(backlog->rest.newest, backlog->rest.end, most - found);
  for (; slab != NULL && found < most; slab = slab->next)
    found += count(&slab->retire, NULL, most - found);
  found += count(backlog->newest.oldest, NULL, most - found);
  found += count(backlog->next.newest, backlog->next.end, most - found);
  return found;
}

static lc_link_t *take_list(lc_list_t *list) {
  lc_link_t *oldest = list->oldest;

  list->oldest = list->newest = NULL;
  return oldest;
}

lc_link_t *lc_backlog_take_run(lc_backlog_t *backlog) {
  lc_link_t *run;

  while (!is_cut_up(backlog))
    lc_backlog_go_on(backlog, SIZE_MAX);
  reverse_next(backlog);
  if (backlog->rest.newest != NULL) {
    run = backlog->rest.newest;
    backlog->rest.newest = NULL;
  } else if (backlog->segments != NULL) {
    run = &backlog->segments->retire;
    backlog->segments = backlog->segments->next;
  } else {
    run = take_list(&backlog->reversed);
    if (run == NULL)
      run = take_list(&backlog->reversing);
    if (run == NULL)
      run = take_list(&backlog->newest);
  }
  return run;
}
