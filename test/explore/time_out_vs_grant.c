/* time_out_vs_grant: a send whose time is up, and the place that comes free for
 * it just then. Either it was accepted and is received, or it was not. */
#include "explore.h"

static loopchan_receiver_t rx;
static int accepted;

static void send_two(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 0;
  int err;

  explore_check(loopchan_send(tx, &message) == 0, "send");
  message = 1;
  err = loopchan_send_timeout(tx, &message, 1);
  explore_check(err == 0 || err == UV_ETIMEDOUT, "send with a time-out");
  accepted = err == 0 ? 2 : 1;
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  uint64_t message;
  loopchan_sender_t *tx;
  int received = 0;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == (uint64_t) received++, "order");
  explore_join();
  explore_check(received == accepted, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "line_without_exclusion",
                                        .no_exclusion = true,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"time_out_vs_grant", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
