/* close_vs_send: a loop receiver closes while a sender sends several at once,
 * pays a wake, or learns that it is refused. What was accepted is dropped or
 * received, and no uv_async_send comes after uv_close. */
#include <stdatomic.h>

#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int dropped, received, accepted;
static uint64_t written_before_close;

static void on_drop(void *msg, void *arg) {
  (void) arg;
  explore_check(*(uint64_t *) msg == (uint64_t) (received + dropped), "order");
  dropped++;
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) msg;
  explore_check(status == 0, "no end before the close");
  received++;
}

static void send_three(void *arg) {
  static const uint64_t messages[] = {0, 1, 2};
  loopchan_sender_t *tx = arg;
  ssize_t went = loopchan_send_many(tx, messages, 3);

  explore_check(went == 3 || went == UV_EPIPE, "all or none");
  accepted = went == 3 ? 3 : 0;
  if (went == UV_EPIPE || loopchan_is_closed(tx))
    explore_read(&written_before_close);
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN,
                                .drop = on_drop};
  loopchan_sender_t *tx;

  dropped = received = accepted = 0;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_loop_turn();
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  explore_spawn(send_three, tx);
  explore_write(&written_before_close);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_loop_run();
  explore_join();
  explore_check(dropped + received == accepted, "conservation");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_payer", .no_signals = true, .caught_as = "stuck"},
    {.name = "closed_seen_too_early",
     .site = "lc_inbox_is_closed",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "close_hides_what_was_before",
     .site = "lc_inbox_close",
     .kind = EXPLORE_RMW,
     .order = memory_order_acquire,
     .caught_as = "race"},
    {.name = "close_takes_what_is_not_there",
     .site = "lc_inbox_close",
     .kind = EXPLORE_RMW,
     .order = memory_order_release,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"close_vs_send", run, 5, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
