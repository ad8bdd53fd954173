/* borrow_vs_borrow: [tx.lent]. Two threads send on a sender whose other caches
 * all have owners, so they borrow the same one. */
#include <stdatomic.h>

#include "atomic.h"
#include "core/tx.h"
#include "explore.h"

#define NOBODY ((uintptr_t) 99)

static loopchan_receiver_t rx;

static void send_one(void *tx) {
  explore_check(loopchan_send(tx, NULL) == 0, "send");
}

/* As if threads that have ended had sent first. */
static void claim_for_nobody(loopchan_sender_t *tx) {
  lc_tx_other_t *more;
  int i;

  explore_spawn(send_one, tx);
  explore_join();
  more = lc_load(&tx->more, memory_order_acquire);
  for (i = 0; i < LC_TX_CACHES; i++)
    lc_store(&more[i].cache.owner, NOBODY, memory_order_relaxed);
}

static void run(void) {
  loopchan_options_t options = {.spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_stats_t stats;
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  send_one(tx);
  claim_for_nobody(tx);
  explore_spawn(send_one, tx);
  explore_spawn(send_one, tx);
  explore_join();
  explore_check(loopchan_stats(&rx, &stats) == 0 && stats.sent == 4, "sent");
  loopchan_sender_drop(tx);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "cache_given_back_without_release",
     .site = "lc_tx_cache_return_slow",
     .kind = EXPLORE_STORE,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "cache_borrowed_without_acquire",
     .site = "borrow",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"borrow_vs_borrow", run, 2, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
