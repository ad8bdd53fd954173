/* replace_vs_sleep: a channel of the newest message, and a receiver that
 * sleeps. It gets messages in order, the last one among them, then the end. */
#include <stdatomic.h>

#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int dropped;

static void on_drop(void *msg, void *arg) {
  (void) arg;
  explore_read(msg);
  dropped++;
}

static void send_two(void *arg) {
  for (uint64_t message = 1; message <= 2; message++)
    explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_LATEST,
                                .spin_ns = LOOPCHAN_NO_SPIN,
                                .drop = on_drop};
  uint64_t message, last = 0;
  loopchan_sender_t *tx;
  int received = 0;

  dropped = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  while (loopchan_recv(&rx, &message) == 0) {
    explore_check(message > last, "order");
    last = message;
    received++;
  }
  explore_check(last == 2, "the last one is received");
  explore_join();
  explore_check(received + dropped == 2, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_wake", .no_signals = true, .caught_as = "stuck"},
    {.name = "put_hides_the_message",
     .site = "lc_latest_put",
     .kind = EXPLORE_RMW,
     .order = memory_order_acquire,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"replace_vs_sleep", run, 3, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
