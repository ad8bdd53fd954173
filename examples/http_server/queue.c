#include <uv.h>

#include "queue.h"
#include "request.h"

/* next NULL: at the end. */
static void insert(struct queue *queue, struct request *r,
                   struct request *next) {
  r->queue = queue;
  r->next = next;
  r->previous = next == NULL ? queue->last : next->previous;
  if (r->previous != NULL)
    r->previous->next = r;
  else
    queue->first = r;
  if (next != NULL)
    next->previous = r;
  else
    queue->last = r;
  queue->count++;
  queue->bytes += r->body.room;
}

int queue_append(struct queue *queue, struct request *r) {
  if (queue->count >= MOST_QUEUED ||
      r->body.room > MOST_HELD_QUEUED - queue->bytes)
    return UV_ENOBUFS;
  r->moved = *r->now;
  insert(queue, r, NULL);
  return 0;
}

void queue_return(struct queue *queue, struct request *r) {
  insert(queue, r, queue->first);
}

void queue_remove(struct request *r) {
  struct queue *queue = r->queue;

  if (r->next != NULL)
    r->next->previous = r->previous;
  else
    queue->last = r->previous;
  if (r->previous != NULL)
    r->previous->next = r->next;
  else
    queue->first = r->next;
  queue->count--;
  queue->bytes -= r->body.room;
  r->queue = NULL;
}

unsigned queue_age(const struct queue *queue) {
  const struct request *r = queue->first;
  return r == NULL ? 0 : *r->now - r->moved;
}
