/* shared_time_out: two threads at one receiver whose time is up. One that
 * leaves has the other one called if there is a message, and that may just be
 * leaving too. A message that comes meanwhile is received once, or is still
 * there. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int received;

static int receive_briefly(void) {
  uint64_t message;
  int err = loopchan_recv_timeout(&rx, &message, 1);

  explore_check(err == 0 || err == UV_ETIMEDOUT, "recv_timeout");
  return err == 0;
}

static void receive_and_send(void *arg) {
  uint64_t message = 1;

  received = receive_briefly();
  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  uint64_t message;
  int mine;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(receive_and_send, tx);
  mine = receive_briefly();
  explore_join();
  mine += loopchan_try_recv(&rx, &message) == 0;
  explore_check(received == 0 && mine == 1, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "threads_without_order",
                                        .site = "lc_lock_release",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"shared_time_out", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
