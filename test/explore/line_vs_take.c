/* line_vs_take: [credit.count] alone, for a place that is taken in line. The
 * receiver frees the only place and takes it for the first in line, while
 * another sender comes by. */
#include "credit.h"
#include "explore.h"

static lc_credit_t credit;
static uint64_t guarded, taken;

static void take(void *arg) {
  (void) arg;
  taken = lc_credit_take(&credit, 1);
  if (taken != 0)
    explore_write(&guarded);
}

static void run(void) {
  bool in_line;

  taken = 0;
  lc_credit_init(&credit, 1);
  explore_check(lc_credit_take(&credit, 1) == 1, "room at first");
  explore_spawn(take, NULL);
  explore_write(&guarded);
  explore_check(!lc_credit_free(&credit), "nobody stands in line");
  lc_credit_mark(&credit, LC_SERVE);
  in_line = lc_credit_take_in_line(&credit);
  if (in_line)
    explore_write(&guarded);
  lc_credit_mark(&credit, 0);
  explore_join();
  explore_check(in_line + taken == 1, "the bound");
}

static const explore_twin_t twins[] = {{.name = "count_told_without_release",
                                        .site = "lc_credit_take_in_line",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "count_read_without_acquire",
                                        .site = "lc_credit_taken",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"line_vs_take", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
