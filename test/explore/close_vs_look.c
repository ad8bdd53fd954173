/* close_vs_look: [inbox.closed] alone. A thread that learns of the closure
 * finds what the receiver did before. */
#include "explore.h"
#include "queue/inbox.h"

static lc_inbox_t inbox;
static uint64_t written_before_close;

static void look(void *arg) {
  (void) arg;
  if (lc_inbox_is_closed(&inbox))
    explore_read(&written_before_close);
}

static void run(void) {
  lc_chain_t chain;

  lc_inbox_init(&inbox);
  explore_spawn(look, NULL);
  explore_spawn(look, NULL);
  explore_write(&written_before_close);
  explore_check(!lc_inbox_close(&inbox, &chain), "close");
  explore_join();
}

static const explore_twin_t twins[] = {{.name = "closed_seen_too_early",
                                        .site = "lc_inbox_is_closed",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "close_hides_what_was_before",
                                        .site = "lc_inbox_close",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"close_vs_look", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
