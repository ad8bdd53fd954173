/* lost_wake: a sender's pushes against a receiver that goes to sleep. However
 * they meet, both messages and the end arrive: no thread sleeps without end. */
#include "explore.h"

static loopchan_receiver_t rx;

static void send_two(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message;

  for (message = 0; message < 2; message++)
    explore_check(loopchan_send(tx, &message) == 0, "send");
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  uint64_t message, expected = 0;
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == expected++, "order");
  explore_check(expected == 2, "count");
  explore_join();
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"lost_wake", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
