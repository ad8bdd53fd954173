#include "request.h"
#include "ticket.h"

void ticket_take(struct ticket *t, struct ledger *ledger, struct request *req,
                 void (*free)(struct ticket *t)) {
  t->ledger = ledger;
  t->req = req;
  t->free = free;
  t->redeemed = 0;
  atomic_init(&t->unwanted, 0);
  req->ticket = t;
  ledger->accepted++;
  ledger->open++;
}

static void give_back(struct ticket *t) {
  t->ledger->open--;
  t->free(t);
}

struct request *ticket_redeem(struct ticket *t) {
  if (t->req == NULL) {
    give_back(t);
    return NULL;
  }
  t->redeemed = 1;
  t->ledger->sending++;
  return t->req;
}

void ticket_refuse(struct ticket *t) {
  t->ledger->accepted--;
  t->req->ticket = NULL;
  give_back(t);
}

/* Without this the answer to a client that has gone would be written into
 * memory that was freed. */
void ticket_end(struct ticket *t, int delivered) {
  if (delivered)
    t->ledger->answered++;
  else
    t->ledger->abandoned++;
  if (t->redeemed) {
    t->ledger->sending--;
    give_back(t);
    return;
  }
  t->req = NULL;
  atomic_store(&t->unwanted, 1);
}
