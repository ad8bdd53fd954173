/* bound_vs_send: a place that comes free, and the sender that begins to wait
 * for it. It is served, by the receiver or by itself; and a channel of capacity
 * 1 is a lock: what the receiver did before it received the first message is
 * there for the sender whose second one was accepted. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static uint64_t guarded;

static void send_two(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message;

  for (message = 0; message < 2; message++)
    explore_check(loopchan_send(tx, &message) == 0, "send");
  explore_write(&guarded);
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  uint64_t message, expected = 0;
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_two, tx);
  explore_write(&guarded);
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == expected++, "order");
  explore_check(expected == 2, "count");
  explore_join();
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "place_freed_without_release",
     .site = "lc_permits_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "place_taken_without_acquire",
     .site = "lc_permits_available",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"bound_vs_send", run, 3, 3, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
