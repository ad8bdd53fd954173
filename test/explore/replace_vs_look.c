/* replace_vs_look: a channel of the newest message, and a receiver that looks.
 * A look leaves a message where it may be replaced, also one that comes
 * meanwhile: in the end one waits, and all others were dropped. */
#include <stdatomic.h>

#include "atomic.h"
#include "explore.h"

#define SENT 3

static loopchan_receiver_t rx;
static int dropped[SENT + 1];

static void on_drop(void *msg, void *arg) {
  (void) arg;
  explore_read(msg);
  dropped[*(uint64_t *) msg]++;
}

static void send_all(void *arg) {
  for (uint64_t message = 1; message <= SENT; message++)
    explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static uint64_t look(void) {
  loopchan_stats_t stats;

  explore_check(loopchan_stats(&rx, &stats) == 0, "stats");
  explore_check(stats.sent == stats.dropped + stats.queued, "figures");
  return stats.sent;
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_LATEST,
                                .spin_ns = LOOPCHAN_NO_SPIN,
                                .drop = on_drop};
  loopchan_sender_t *tx;

  for (int i = 1; i <= SENT; i++)
    dropped[i] = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_all, tx);
  look();
  explore_join();
  explore_check(look() == SENT, "all others were dropped");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  for (int i = 1; i <= SENT; i++)
    explore_check(dropped[i] == 1, "each is dropped once");
}

static const explore_twin_t twins[] = {{.name = NULL}};

static const explore_program_t program = {"replace_vs_look", run, 3, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
