/* last_drop_vs_close: two senders go, one of them the last, while the receiver
 * closes. Whoever leaves last frees the core, once. */
#include "explore.h"

static loopchan_receiver_t rx;

static void send_and_drop(void *arg) {
  uint64_t message = 7;
  int err = loopchan_send(arg, &message);

  explore_check(err == 0 || err == UV_EPIPE, "send");
  loopchan_sender_drop(arg);
}

static void drop(void *arg) {
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message;
  int err;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_spawn(send_and_drop, tx);
  explore_spawn(drop, clone);
  err = loopchan_try_recv(&rx, &message);
  explore_check(err == 0 || err == UV_EAGAIN, "no end before the message");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "without_mutexes", .no_order = true, .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"last_drop_vs_close", run, 4, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
