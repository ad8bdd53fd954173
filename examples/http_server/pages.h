/* pages: what the server answers.
 *
 *   GET  /                     hello; light: the loop answers it at once
 *   GET  /health               room on the disk; light, but libuv asks the
 *                              system in its thread pool
 *   GET  /stats                the ledger
 *   POST /password             a password; the crew hashes it
 *   POST /thumbnail?width=N    a PNG; the crew shrinks it
 *
 * HEAD is GET without the content; any other method is 405, or 501 where HTTP
 * does not know it.
 */
#ifndef PAGES_H
#define PAGES_H

#include "crew.h"
#include "queue.h"
#include "request.h"
#include "ticket.h"

struct pages {
  struct ledger ledger;
  struct hold hold; /* bodies and answers */
  struct crew *crew;
  struct queue queue; /* for room with the crew */
  unsigned cost;      /* rounds of a password */
  unsigned patience;  /* ticks, in the queue */
  size_t checks;      /* of the disk, under way */
  int stopping;       /* nothing new is accepted */
};

/* Finds the page for a target: a path, or a whole URL. */
void pages_route(struct request *r, const char *target, size_t bytes);

/* r's head is complete: answers at once what is refused whatever its body. */
void pages_head(struct pages *pages, struct request *r);

/* r is complete: answers it, now or later. */
void pages_whole(struct pages *pages, struct request *r);

/* The server stops, and r has not been accepted: answers it so. */
void pages_turn_away(struct pages *pages, struct request *r);

/* Answers the request that w was done for, and lets others move up: see
 * crew.done. */
void pages_answer(struct crew *crew, struct work *w);

/* A second has passed: who has waited in the queue for too long is told so. */
void pages_tick(struct pages *pages);

/* The server stops: nothing is accepted from here on, and who waits in the
 * queue is told so. */
void pages_stop(struct pages *pages);

#endif
