/* shared_end: two threads at one receiver, and a sender that sends one message
 * and goes. One gets it, both get the end. Then both close, and one does. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int received[2], closed[2];

static void receive_all(int self) {
  uint64_t message;
  int err;

  while ((err = loopchan_recv(&rx, &message)) == 0)
    received[self]++;
  explore_check(err == UV_EOF, "end");
  closed[self] = loopchan_close(&rx, NULL);
}

static void receive_too(void *arg) {
  (void) arg;
  receive_all(1);
}

static void send_one(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 1;

  explore_check(loopchan_send(tx, &message) == 0, "send");
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  received[0] = received[1] = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(receive_too, NULL);
  explore_spawn(send_one, tx);
  receive_all(0);
  explore_join();
  explore_check(received[0] + received[1] == 1, "conservation");
  explore_check(closed[0] + closed[1] == UV_EALREADY, "one closes");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = "threads_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"shared_end", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
