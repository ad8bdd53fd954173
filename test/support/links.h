/* links: what the inbox gives, in the order of the pushes. */
#ifndef SUPPORT_LINKS_H
#define SUPPORT_LINKS_H

#include "inbox.h"

/* Appends a chain that leads from newest to oldest; returns how many links. */
static inline size_t append_turned(lc_list_t *list, lc_link_t *chain) {
  lc_link_t *newest = chain, *newer = NULL;
  size_t count = 0;

  for (; chain != NULL; count++) {
    lc_link_t *older = lc_link_next(chain);
    lc_link_to_newer(chain, newer);
    newer = chain;
    chain = older;
  }
  if (count == 0)
    return 0;
  if (list->newest == NULL)
    list->oldest = newer;
  else
    lc_link_to_newer(list->newest, newer);
  list->newest = newest;
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
