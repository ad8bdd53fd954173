/* match_vs_time_out: rendezvous, two receivers that wait for a moment, and two
 * sends that do not wait. As many are accepted as receivers wait; what was
 * accepted is received, though the time be up. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rxs[2];
static int received[2], accepted;

static void receive_briefly(int self) {
  uint64_t message = 0;
  int err = loopchan_recv_timeout(&rxs[self], &message, 1);

  explore_check(err == 0 || err == UV_ETIMEDOUT, "recv_timeout");
  explore_check(err != 0 || message == 1, "message");
  received[self] = err == 0;
}

static void receive_too(void *arg) {
  (void) arg;
  receive_briefly(1);
}

static void try_twice(void *arg) {
  uint64_t message = 1;
  int i;

  for (i = 0; i < 2; i++) {
    int err = loopchan_try_send(arg, &message);
    explore_check(err == 0 || err == UV_EAGAIN, "try_send");
    accepted += err == 0;
  }
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  received[0] = received[1] = accepted = 0;
  explore_check(loopchan_open(NULL, &rxs[0], &tx, &options) == 0, "open");
  explore_check(loopchan_receiver_clone(NULL, &rxs[1], &rxs[0]) == 0, "clone");
  explore_spawn(receive_too, NULL);
  explore_spawn(try_twice, tx);
  receive_briefly(0);
  explore_join();
  explore_check(received[0] + received[1] == accepted, "each to one");
  loopchan_sender_drop(tx);
  explore_check(loopchan_close(&rxs[0], NULL) == 0, "close");
  explore_check(loopchan_close(&rxs[1], NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "receivers_without_order",
                                        .site = "lc_lock_release",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"match_vs_time_out", run, 2, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
