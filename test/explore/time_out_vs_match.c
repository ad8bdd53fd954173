/* time_out_vs_match: a rendezvous, and a send whose time is up while its
 * message is in the receiver's hands. It waits until that is over, and was
 * accepted. */
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

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  uint64_t message;
  int received = 0;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_in_time, tx);
  while (loopchan_recv(&rx, &message) == 0)
    received++;
  explore_join();
  explore_check(received == accepted, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "line_without_exclusion",
                                        .no_exclusion = true,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"time_out_vs_match", run, 3, 1,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
