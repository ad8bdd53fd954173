/* scenarios: what is measured. */
#ifndef BENCH_SCENARIOS_H
#define BENCH_SCENARIOS_H

#include "peer.h"

typedef struct {
  double figure; /* in the scenario's unit, the less the better */
  double extra;  /* in the scenario's second unit, if it has one */
} bench_result_t;

typedef struct {
  const char *name, *unit, *extra;
  uint64_t messages, quick; /* how many, and how many for --quick */
  bool by_senders;          /* run with each number of senders */
  bench_result_t (*run)(const bench_peer_t *peer, unsigned senders,
                        uint64_t messages);
} bench_scenario_t;

extern const bench_scenario_t bench_scenarios[];
extern const size_t bench_scenarios_count;

#endif /* BENCH_SCENARIOS_H */
