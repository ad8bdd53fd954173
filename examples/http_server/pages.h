/* pages: what the server answers.
 *
 *   GET  /                     hello; light: the loop answers it at once
 *   GET  /health               room on the disk; light, but libuv asks the
 *                              system in its thread pool
 *   GET  /stats                the ledger
 *   POST /password             a password; the crew hashes it
 *   POST /thumbnail?width=N    a PNG; the crew shrinks it
 */
#ifndef PAGES_H
#define PAGES_H

#include "crew.h"
#include "ticket.h"

struct pages {
  struct ledger ledger;
  struct crew *crew;
  unsigned cost; /* rounds of a password */
};

/* Fill in pages first; it must outlive config. */
void pages_register(struct pages *pages, h2o_globalconf_t *config);

/* Answers the request that w was done for: see crew.done. */
void pages_answer(struct work *w);

#endif
