/* close_vs_wait: a close, and a sender that begins to wait. Nobody waits at a
 * closed channel, and what was accepted is dropped. */
#include "explore.h"

static loopchan_receiver_t rx;
static int accepted, dropped;

static void on_drop(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  dropped++;
}

static void send_two(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message;

  for (message = 0; message < 2; message++) {
    int err = loopchan_send(tx, &message);
    explore_check(err == 0 || err == UV_EPIPE, "send");
    accepted += err == 0;
  }
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = 1,
                                .spin_ns = LOOPCHAN_NO_SPIN,
                                .drop = on_drop};
  loopchan_sender_t *tx;

  accepted = dropped = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
  explore_check(accepted == dropped, "conservation");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"close_vs_wait", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
