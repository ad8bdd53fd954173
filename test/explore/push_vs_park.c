/* push_vs_park: [inbox.park] alone. The receiver parks; whoever notifies it, by
 * a push, an offer or without anything, finds what it did before. */
#include "explore.h"
#include "queue/inbox.h"

static lc_inbox_t inbox;
static lc_link_t links[2];
static uint64_t written_before_park;
static int64_t signalled[3];

static void found_parked(int who) {
  signalled[who] = 1;
  explore_write(&written_before_park);
}

static void push(void *arg) {
  (void) arg;
  if (lc_inbox_push(&inbox, &links[0], &links[0], LC_NO_STREAK) ==
      LC_PUSHED_OWES_WAKE)
    found_parked(0);
}

static void push_if_parked(void *arg) {
  (void) arg;
  if (lc_inbox_push_if_parked(&inbox, &links[1], &links[1]))
    found_parked(1);
}

static void only_notify(void *arg) {
  (void) arg;
  if (lc_inbox_notify(&inbox))
    found_parked(2);
}

static void run(void) {
  bool parked;

  signalled[0] = signalled[1] = signalled[2] = false;
  lc_link_init(&links[0], 0);
  lc_link_init(&links[1], 0);
  lc_inbox_init(&inbox);
  explore_spawn(push, NULL);
  explore_spawn(push_if_parked, NULL);
  explore_spawn(only_notify, NULL);
  explore_write(&written_before_park);
  parked = lc_inbox_park(&inbox);
  explore_join();
  explore_check(signalled[0] + signalled[1] + signalled[2] == parked,
                "one notifies it, and no more");
}

static const explore_twin_t twins[] = {{.name = "park_hides_what_was_before",
                                        .site = "lc_inbox_park",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "push_looks_too_early",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "offer_looks_too_early",
                                        .site = "lc_inbox_push_if_parked",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "notify_looks_too_early",
                                        .site = "lc_inbox_notify",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"push_vs_park", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
