#include "ticket.h"

/* h2o calls this when it clears the request's memory: the answer is sent, or
 * the stream was reset, or the connection broke. Without it the answer to a
 * client that has gone would be written into memory that was freed. */
static void on_request_end(void *link) {
  struct ticket *t = *(struct ticket **) link;
  t->ledger->open--;
  if (t->redeemed)
    t->free(t);
  else
    t->req = NULL;
}

void ticket_take(struct ticket *t, struct ledger *ledger, h2o_req_t *req,
                 void (*free)(struct ticket *t)) {
  struct ticket **link =
      h2o_mem_alloc_shared(&req->pool, sizeof(*link), on_request_end);

  *link = t;
  t->ledger = ledger;
  t->req = req;
  t->free = free;
  t->redeemed = 0;
  ledger->accepted++;
  ledger->open++;
}

h2o_req_t *ticket_redeem(struct ticket *t) {
  h2o_req_t *req = t->req;

  if (req == NULL) {
    t->ledger->abandoned++;
    t->free(t);
    return NULL;
  }
  t->ledger->answered++;
  t->redeemed = 1;
  return req;
}

void ticket_refuse(struct ticket *t) {
  t->ledger->accepted--;
  t->ledger->refused++;
  t->redeemed = 1;
}
