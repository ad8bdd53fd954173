/* queue: a list of things that carry their own place in it.
 *
 * Doubly linked and circular: the head is a place too, so there are no special
 * cases. Appending and removing take a few stores. It is like libuv's own
 * queue.
 */
#ifndef LC_QUEUE_H
#define LC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/debug.h"

/* The thing that carries a member, such as its place in a list. */
#define lc_container(at, type, member) \
  ((type *) (void *) ((char *) (at) -offsetof(type, member)))

typedef struct lc_queue {
  struct lc_queue *prev, *next;
} lc_queue_t;

static inline void lc_queue_init(lc_queue_t *head) {
  head->prev = head->next = head;
}

static inline bool lc_queue_is_empty(const lc_queue_t *head) {
  return head->next == head;
}

static inline void lc_queue_append(lc_queue_t *head, lc_queue_t *at) {
  at->prev = head->prev;
  at->next = head;
  head->prev->next = at;
  head->prev = at;
}

/* Moves all of another list to the end of this one. */
static inline void lc_queue_append_all(lc_queue_t *head, lc_queue_t *from) {
  if (lc_queue_is_empty(from))
    return;
  from->next->prev = head->prev;
  head->prev->next = from->next;
  from->prev->next = head;
  head->prev = from->prev;
  lc_queue_init(from);
}

static inline void lc_queue_remove(lc_queue_t *at) {
  /* It is in a list, and whole. */
  lc_assert(at->prev->next == at);
  lc_assert(at->next->prev == at);
  at->prev->next = at->next;
  at->next->prev = at->prev;
}

#endif /* LC_QUEUE_H */
