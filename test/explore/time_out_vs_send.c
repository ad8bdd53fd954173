/* time_out_vs_send: a receiver whose time is up, and the sender that finds it
 * parked just then: the debt is collected, and the next wake is not lost. */
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
  int err;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  err = loopchan_recv_timeout(&rx, &message, 1);
  explore_check(err == 0 || err == UV_ETIMEDOUT, "receive with a time-out");
  expected = err == 0;
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == expected++, "order");
  explore_check(expected == 2, "count");
  explore_join();
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"time_out_vs_send", run, 3, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
