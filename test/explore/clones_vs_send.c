/* clones_vs_send: a loop receiver and a thread receiver of one channel, and two
 * sends of which each wakes one. Each message is received once, and none waits
 * while a receiver is idle; then the last sender ends both. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t on_loop, on_thread;
static int received[2], ended[2];

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0) {
    received[0]++;
    return;
  }
  ended[0]++;
  explore_check(loopchan_close(rx, NULL) == 0, "close");
}

static void receive_all(void *arg) {
  uint64_t message;
  int err;

  (void) arg;
  while ((err = loopchan_recv(&on_thread, &message)) == 0)
    received[1]++;
  ended[1] += err == UV_EOF;
  explore_check(loopchan_close(&on_thread, NULL) == 0, "close");
}

static void send_two(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  received[0] = received[1] = ended[0] = ended[1] = 0;
  explore_check(loopchan_open(&explore_loop, &on_loop, &tx, &options) == 0,
                "open");
  explore_check(loopchan_receiver_clone(NULL, &on_thread, &on_loop) == 0,
                "clone");
  explore_check(loopchan_recv_start(&on_loop, on_message) == 0, "start");
  explore_spawn(receive_all, NULL);
  explore_spawn(send_two, tx);
  explore_loop_run();
  explore_join();
  explore_check(received[0] + received[1] == 2, "conservation");
  explore_check(ended[0] == 1 && ended[1] == 1, "the end");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = "receivers_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"clones_vs_send", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
