/* ticket: a request that is answered later.
 *
 * Its client may leave before: then h2o disposes of the request, and whoever
 * brings the answer finds nobody. The ticket knows. All of this is the loop's.
 */
#ifndef TICKET_H
#define TICKET_H

#include <h2o.h>

struct ledger {
  size_t accepted;  /* to be answered later */
  size_t answered;  /* of those: have their answer */
  size_t abandoned; /* of those: the client had gone when it came */
  size_t refused;   /* told to come back */
  size_t open;      /* accepted, and h2o has not sent the whole answer yet */
};

/* Belongs to whoever works on the answer; once redeemed, to the request, so
 * that the answer may lie in the ticket's memory until h2o has sent it. */
struct ticket {
  struct ledger *ledger;
  h2o_req_t *req; /* NULL: the client has gone */
  void (*free)(struct ticket *t);
  int redeemed;
};

/* Accepts req. free gives the memory back that t lies in. */
void ticket_take(struct ticket *t, struct ledger *ledger, h2o_req_t *req,
                 void (*free)(struct ticket *t));

/* Returns the request, to be answered now, which owns t from here on; or NULL:
 * the client has gone, and so has t. */
h2o_req_t *ticket_redeem(struct ticket *t);

/* The request was not accepted after all. It owns t from here on. */
void ticket_refuse(struct ticket *t);

#endif
