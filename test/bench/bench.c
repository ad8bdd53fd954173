/* bench: loopchan beside what it replaces, in one run.
 *
 * The peers take turns, round by round, so that what disturbs the machine
 * disturbs both; of all rounds the median counts, and the spread is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "scenarios.h"

static const bench_peer_t *const peers[] = {&bench_ours, &bench_handwritten};
#define PEERS (sizeof peers / sizeof *peers)

typedef struct {
  const char *scenario; /* NULL: all */
  size_t rounds;
  uint64_t messages; /* 0: the scenario's own */
  bool quick;
} options_t;

void bench_check(bool fine, const char *what) {
  if (fine)
    return;
  fprintf(stderr, "bench: this went wrong: %s\n", what);
  exit(1);
}

static void measure(const bench_scenario_t *scenario, unsigned senders,
                    const options_t *options) {
  measure_t figures[PEERS] = {0}, extras[PEERS] = {0};
  uint64_t messages = options->quick ? scenario->quick : scenario->messages;
  double ours = 0;
  size_t round, p;

  if (options->messages != 0)
    messages = options->messages;
  for (round = 0; round < options->rounds; round++)
    for (p = 0; p < PEERS; p++) {
      bench_result_t result = scenario->run(peers[p], senders, messages);
      measure_add(&figures[p], result.figure);
      measure_add(&extras[p], result.extra);
    }
  for (p = 0; p < PEERS; p++) {
    double median = measure_median(&figures[p]);
    printf("%-12s %u  %-12s %9.1f  (%.1f to %.1f) %s", scenario->name, senders,
           peers[p]->name, median, measure_least(&figures[p]),
           measure_most(&figures[p]), scenario->unit);
    if (scenario->extra != NULL)
      printf(", %.4g %s", measure_median(&extras[p]), scenario->extra);
    if (p == 0)
      ours = median;
    else
      printf(", %.1f times ours", median / ours);
    printf("\n");
  }
  fflush(stdout);
}

static int usage(void) {
  fprintf(stderr,
          "usage: loopchan_bench [--scenario NAME] [--rounds N]"
          " [--messages N] [--quick]\n");
  return 2;
}

static bool parse(int argc, char **argv, options_t *options) {
  int i;

  for (i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (strcmp(argv[i], "--quick") == 0) {
      options->quick = true;
      options->rounds = 1;
      continue;
    }
    if (value == NULL)
      return false;
    if (strcmp(argv[i], "--scenario") == 0)
      options->scenario = value;
    else if (strcmp(argv[i], "--rounds") == 0)
      options->rounds = strtoul(value, NULL, 10);
    else if (strcmp(argv[i], "--messages") == 0)
      options->messages = strtoull(value, NULL, 10);
    else
      return false;
    i++;
  }
  return options->rounds >= 1 && options->rounds <= MEASURE_ROUNDS_MOST;
}

int main(int argc, char **argv) {
  options_t options = {.rounds = 5};
  size_t s, measured = 0;
  unsigned senders;

  if (!parse(argc, argv, &options))
    return usage();
  for (s = 0; s < bench_scenarios_count; s++) {
    const bench_scenario_t *scenario = &bench_scenarios[s];
    if (options.scenario != NULL &&
        strcmp(options.scenario, scenario->name) != 0)
      continue;
    measured++;
    for (senders = 1; senders <= (scenario->by_senders ? 8 : 1); senders *= 2)
      measure(scenario, senders, &options);
  }
  uv_loop_close(uv_default_loop());
  return measured > 0 ? 0 : usage();
}
