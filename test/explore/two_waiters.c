/* two_waiters: two senders that find the only place taken, and a receiver that
 * frees it. Each is served. */
#include "explore.h"

static loopchan_receiver_t rx;

static void send_one(void *arg) {
  uint64_t message = 1;

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
  explore_spawn(send_one, tx);
  explore_spawn(send_one, clone);
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == (received++ > 0), "order");
  explore_check(received == 3, "count");
  explore_join();
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"two_waiters", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
