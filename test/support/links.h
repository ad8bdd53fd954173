/* links: what the inbox gives, in the order of the pushes. */
#ifndef SUPPORT_LINKS_H
#define SUPPORT_LINKS_H

#include "inbox.h"

/* Appends a chain; returns how many links. */
static inline size_t append_turned(lc_list_t *list, lc_chain_t chain) {
  lc_link_t *link = chain.newest, *newer = NULL;
  size_t count = 0;

  if (link == NULL)
    return 0;
  for (; link != chain.end; count++) {
    lc_link_t *older = lc_link_next(link);
    lc_link_to_newer(link, newer);
    newer = link;
    link = older;
  }
  if (list->newest == NULL)
    list->oldest = newer;
  else
    lc_link_to_newer(list->newest, newer);
  list->newest = chain.newest;
  return count;
}

static inline size_t take_into(lc_list_t *list, lc_inbox_t *inbox) {
  return append_turned(list, lc_inbox_take(inbox));
}

/* True: it was parked. */
static inline bool close_into(lc_list_t *list, lc_inbox_t *inbox) {
  bool was_parked;

  append_turned(list, lc_inbox_close(inbox, &was_parked));
  return was_parked;
}

#endif /* SUPPORT_LINKS_H */
