/* senders: a sender for each of several threads. */
#ifndef SUPPORT_SENDERS_H
#define SUPPORT_SENDERS_H

#include <stdatomic.h>

#include "support/flavour.h"
#include "support/threads.h"

#define SENDERS 8

/* What a thread saw that must not be. */
static atomic_int wrong;
static loopchan_sender_t *txs[SENDERS];

static inline void open_for_senders(int flavour) {
  wrong = 0;
  open_flavour(flavour);
}

/* One for each of count threads; none is left for the main thread. */
static inline void clone_for(int count) {
  for (int i = 0; i < count; i++)
    txs[i] = i + 1 < count ? loopchan_sender_clone(tx) : tx;
}

static inline void send_its_number(int self) {
  wrong += loopchan_send(txs[self], &self) != 0;
  loopchan_sender_drop(txs[self]);
}

static inline void drop_its_own(int self) {
  loopchan_sender_drop(txs[self]);
}

#endif /* SUPPORT_SENDERS_H */
