/* links: what the inbox gives, in the order of the pushes. */
#ifndef SUPPORT_LINKS_H
#define SUPPORT_LINKS_H

#include "queue/inbox.h"

/* Appends a chain; returns how many links. */
static inline size_t append_turned(lc_list_t *list, const lc_chain_t *chain) {
  lc_link_t *link = chain->newest, *newer = NULL;
  size_t count = 0;

  for (; link != chain->end; count++) {
    lc_link_t *older = lc_link_next(link);
    lc_link_to_newer(link, newer);
    newer = link;
    link = older;
  }
  if (list->newest == NULL)
    list->oldest = newer;
  else
    lc_link_to_newer(list->newest, newer);
  list->newest = chain->newest;
  return count;
}

static inline size_t take_into(lc_list_t *list, lc_inbox_t *inbox) {
  lc_chain_t chain;

  return lc_inbox_take(inbox, &chain) ? append_turned(list, &chain) : 0;
}

static inline void close_into(lc_list_t *list, lc_inbox_t *inbox) {
  lc_chain_t chain;

  if (lc_inbox_close(inbox, &chain))
    append_turned(list, &chain);
}

#endif /* SUPPORT_LINKS_H */
