/* queue: requests that found no room with the crew, and wait for it: first
 * come, first served. They are not accepted yet, and each may leave at any
 * time: request_end sees to that. How many may wait, and with how many bytes of
 * body, has a bound. */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>

struct request;

/* Zero-initialise it. */
struct queue {
  struct request *first, *last;
  size_t count;
  size_t bytes; /* of their bodies, which are counted in the hold, too */
};

/* Behind all others. Returns 0 or UV_ENOBUFS: the queue is full. */
int queue_append(struct queue *queue, struct request *r);

/* Before all others, where r has just left. */
void queue_return(struct queue *queue, struct request *r);

/* It is in one. */
void queue_remove(struct request *r);

/* How many ticks the first one has waited there; 0: there is none. */
unsigned queue_age(const struct queue *queue);

#endif
