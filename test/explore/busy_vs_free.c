/* busy_vs_free: receivers of one channel on two loops, and one of its own on
 * each. On the first loop that one's callback takes until the message of the
 * shared channel is received; on the other it returns at once. So the message
 * must not wait for the first loop, whichever was called for it. Each flavour
 * in turn. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rxs[2], own_rxs[2];
static loopchan_sender_t *tx, *own_txs[2];
static bool received;

static void on_end(loopchan_receiver_t *rx, int status) {
  explore_check(status == UV_EOF, "the end");
  explore_check(loopchan_close(rx, NULL) == 0, "close");
}

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0)
    received = true;
  else
    on_end(rx, status);
}

static void take_long(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0)
    explore_wait_for(&received);
  else
    on_end(rx, status);
}

static void take_no_time(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status != 0)
    on_end(rx, status);
}

static void send_one(loopchan_sender_t *to) {
  uint64_t message = 1;

  explore_check(loopchan_send(to, &message) == 0, "send");
  loopchan_sender_drop(to);
}

static void send_all(void *arg) {
  (void) arg;
  send_one(own_txs[1]);
  send_one(own_txs[0]);
  send_one(tx);
}

static void open_one(uv_loop_t *loop, int which, loopchan_recv_cb cb) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};

  explore_check(
      loopchan_open(loop, &own_rxs[which], &own_txs[which], &options) == 0,
      "open");
  explore_check(loopchan_recv_start(&own_rxs[which], cb) == 0, "start");
}

static const struct {
  size_t capacity;
  unsigned flags;
} kinds[] = {{LOOPCHAN_UNBOUNDED, 0},
             {1, 0},
             {LOOPCHAN_RENDEZVOUS, 0},
             {LOOPCHAN_UNBOUNDED, LOOPCHAN_LATEST}};

static void run(void) {
  unsigned kind = explore_choose(4);
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = kinds[kind].capacity,
                                .flags = LOOPCHAN_SHARED | kinds[kind].flags,
                                .spin_ns = LOOPCHAN_NO_SPIN};

  received = false;
  open_one(&explore_loop, 0, take_long);
  open_one(&explore_other_loop, 1, take_no_time);
  explore_check(loopchan_open(&explore_loop, &rxs[0], &tx, &options) == 0,
                "open");
  explore_check(
      loopchan_receiver_clone(&explore_other_loop, &rxs[1], &rxs[0]) == 0,
      "clone");
  explore_check(loopchan_recv_start(&rxs[0], on_message) == 0, "start");
  explore_check(loopchan_recv_start(&rxs[1], on_message) == 0, "start");
  explore_spawn(explore_other_loop_run, NULL);
  explore_spawn(send_all, NULL);
  explore_loop_run();
  explore_join();
  explore_check(received, "conservation");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = "loops_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"busy_vs_free", run, 1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
