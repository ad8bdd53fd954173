/* escalate_vs_park: a place comes free that is no batch, so nobody serves the
 * line; then the receiver parks. The sender in line runs out of time, or of
 * patience, serves itself, and owes the wake. */
#include "atomic.h"
#include "explore.h"

#define CAPACITY 4 /* with batches of two */

static loopchan_receiver_t rx;

static void send_second(void *arg) {
  uint64_t message = 1;
  int err = loopchan_send_timeout(arg, &message, 1);

  if (err == UV_ETIMEDOUT)
    err = loopchan_send(arg, &message);
  explore_check(err == 0, "send");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = CAPACITY,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  void *granted[CAPACITY - 1];
  uint64_t message = 0, expected;
  loopchan_sender_t *tx;
  int i;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  for (i = 0; i < CAPACITY - 1; i++)
    explore_check(loopchan_reserve(tx, &granted[i]) == 0, "reserve");
  explore_check(loopchan_send(tx, &message) == 0, "send");
  explore_spawn(send_second, tx);
  for (expected = 0; expected < 2; expected++) {
    explore_check(loopchan_recv(&rx, &message) == 0, "recv");
    explore_check(message == expected, "order");
  }
  explore_join();
  for (i = 0; i < CAPACITY - 1; i++)
    loopchan_abandon(tx, granted[i]);
  loopchan_sender_drop(tx);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_wake", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"escalate_vs_park", run, 3, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
