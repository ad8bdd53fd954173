/* retire_vs_recv: senders that go and leave more slabs with room than the rack
 * can keep, so that one goes back through the inbox, and a message behind it. A
 * receiver that is woken by the slab, or does not sleep for it, waits on. */
#include "atomic.h"
#include "explore.h"

#define SENDERS 3 /* the rack of the explored sources keeps two slabs */

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

static void drop_all(void *arg) {
  loopchan_sender_t **txs = arg;
  uint64_t message = SENDERS;
  int i;

  for (i = 0; i < SENDERS; i++)
    loopchan_sender_drop(txs[i]);
  explore_check(loopchan_send(tx, &message) == 0, "send");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *txs[SENDERS];
  uint64_t message, i;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  for (i = 0; i < SENDERS; i++) {
    txs[i] = loopchan_sender_clone(tx);
    explore_check(loopchan_send(txs[i], &i) == 0, "send");
  }
  for (i = 0; i < SENDERS; i++)
    explore_check(loopchan_recv(&rx, &message) == 0 && message == i, "recv");
  explore_spawn(drop_all, txs);
  explore_check(loopchan_recv(&rx, &message) == 0 && message == SENDERS,
                "the one behind the slab");
  explore_join();
  loopchan_sender_drop(tx);
  explore_check(loopchan_recv(&rx, &message) == UV_EOF, "end");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "push_hides_the_slab",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"retire_vs_recv", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
