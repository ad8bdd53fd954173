/* ticket: a request that is answered later.
 *
 * Its client may leave before: then the request ends, and whoever brings the
 * answer finds nobody. The ticket knows. All of this is the loop's, but for
 * unwanted.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stdatomic.h>
#include <stddef.h>

struct request;

struct ledger {
  size_t accepted;  /* to be answered later */
  size_t answered;  /* of those: the system took the last byte of the answer */
  size_t abandoned; /* of those: the client went before, or did not read */
  size_t refused;   /* told to come back */
  size_t sending;   /* accepted: the answer is there, but not delivered yet */
  size_t open;      /* tickets: also those whose client has gone meanwhile */
};

/* Belongs to whoever works on the answer; once redeemed, to the request, so
 * that the answer may be in the ticket's memory until it is sent. */
struct ticket {
  struct ledger *ledger;
  struct request *req; /* NULL: the client has gone */
  void (*free)(struct ticket *t);
  int redeemed;
  atomic_int unwanted; /* any thread: the answer is of no use any more */
};

/* Accepts req. free gives the memory back that t is in. */
void ticket_take(struct ticket *t, struct ledger *ledger, struct request *req,
                 void (*free)(struct ticket *t));

/* Returns the request, to be answered now, which owns t from here on; or NULL:
 * the client has gone, and so has t. */
struct request *ticket_redeem(struct ticket *t);

/* The request was not accepted after all; t has gone. */
void ticket_refuse(struct ticket *t);

/* The request has ended, see request_end. */
void ticket_end(struct ticket *t, int delivered);

#endif
