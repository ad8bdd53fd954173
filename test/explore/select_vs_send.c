/* select_vs_send: one thread waits for two receivers, and a sender of each
 * sends and goes. The wait finds all that comes, and both ends. */
#include "explore.h"

static loopchan_receiver_t rx[2];

static void send_one(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_receiver_t *open[2] = {&rx[0], &rx[1]};
  loopchan_sender_t *tx;
  int received = 0;
  size_t i, n = 2;

  for (i = 0; i < 2; i++) {
    explore_check(loopchan_open(NULL, &rx[i], &tx, &options) == 0, "open");
    explore_spawn(send_one, tx);
  }
  while (n > 0) {
    int ready = loopchan_select(open, n, LOOPCHAN_FOREVER), err;
    uint64_t message;
    explore_check(ready >= 0 && (size_t) ready < n, "select");
    err = loopchan_try_recv(open[ready], &message);
    explore_check(err == 0 || err == UV_EOF, "ready means ready");
    received += err == 0;
    if (err == UV_EOF)
      open[ready] = open[--n];
  }
  explore_check(received == 2, "count");
  explore_join();
  for (i = 0; i < 2; i++)
    explore_check(loopchan_close(&rx[i], NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = "relay_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"select_vs_send", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
