/* time_out_vs_rival: a send whose time is up, another one that waits behind it
 * or before it, and the permit that comes free just then. A send that leaves
 * takes no other's permit along. */
#include "explore.h"

static loopchan_receiver_t rx;
static int accepted;

static void send_in_time(void *arg) {
  uint64_t message = 1;
  int err = loopchan_send_timeout(arg, &message, 1);

  explore_check(err == 0 || err == UV_ETIMEDOUT, "send with a time-out");
  accepted = err == 0;
  loopchan_sender_drop(arg);
}

static void send_at_last(void *arg) {
  uint64_t message = 2;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message = 0;
  int received = 0;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_check(loopchan_send(tx, &message) == 0, "send");
  explore_spawn(send_in_time, tx);
  explore_spawn(send_at_last, clone);
  while (loopchan_recv(&rx, &message) == 0)
    received++;
  explore_join();
  explore_check(received == 2 + accepted, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"time_out_vs_rival", run, 2, 1,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
