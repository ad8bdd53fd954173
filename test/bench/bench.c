/* bench: loopchan beside what it replaces, in one run.
 *
 * The peers take turns, round by round, so that what disturbs the machine
 * disturbs both; of all rounds the median counts, and the spread is told. */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

#define ROUNDS_MOST 99
#define PEERS 2

static const bench_peer_t *const peers[PEERS] = {&bench_loopchan,
                                                 &bench_handwritten};
static const bench_scenario_t *const scenarios[] = {&bench_mpsc_loop,
                                                    &bench_mpsc_thread,
                                                    &bench_bounded_loop,
                                                    &bench_bounded_thread,
                                                    &bench_bounded_one,
                                                    &bench_burst,
                                                    &bench_seq,
                                                    &bench_ping_pong,
                                                    &bench_ping_pong_loop,
                                                    &bench_paced,
                                                    &bench_memory};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

typedef struct {
  const char *scenario; /* NULL: all */
  uint64_t rounds;
  uint64_t messages; /* 0: the scenario's own */
  unsigned senders[BENCH_SENDERS_MOST];
  size_t senders_count;
  bool quick, csv;
} options_t;

/* Each peer's figures, round by round. */
typedef struct {
  double of[PEERS][BENCH_FIGURES_MOST][ROUNDS_MOST];
} figures_t;

void bench_fail(const char *what) {
  fprintf(stderr, "bench: this went wrong: %s\n", what);
  exit(1);
}

static bool pinned;

void bench_core(unsigned core) {
#ifdef __linux__
  size_t cores = (size_t) sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t one;

  if (!pinned)
    return;
  CPU_ZERO(&one);
  CPU_SET(core % cores, &one);
  bench_check(sched_setaffinity(0, sizeof one, &one) == 0, "pin");
#else
  (void) core;
  bench_check(!pinned, "--pin is for Linux");
#endif
}

void bench_thread(uv_thread_t *thread, uv_thread_cb entry, void *arg) {
  bench_check(uv_thread_create(thread, entry, arg) == 0, "thread");
}

void bench_finish_loop(void) {
  bench_check(uv_run(uv_default_loop(), UV_RUN_DEFAULT) == 0, "close");
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *) left, b = *(const double *) right;

  return (a > b) - (a < b);
}

double bench_percentile(double *values, size_t count, unsigned percent) {
  qsort(values, count, sizeof *values, ascending);
  return values[(count - 1) * percent / 100];
}

static void run_rounds(const bench_scenario_t *scenario, unsigned senders,
                       const options_t *options, figures_t *figures) {
  bench_round_t round = {.senders = senders};
  uint64_t i;
  size_t p, f;

  round.messages = options->messages != 0 ? options->messages
                   : options->quick       ? scenario->quick
                                          : scenario->messages;
  for (i = 0; i < options->rounds; i++)
    for (p = 0; p < PEERS; p++) {
      double result[BENCH_FIGURES_MOST] = {0};
      size_t turn = (i + p) % PEERS;
      round.peer = peers[turn];
      scenario->run(&round, result);
      for (f = 0; f < BENCH_FIGURES_MOST; f++)
        figures->of[turn][f][i] = result[f];
    }
}

/* Digits behind the point that are worth printing. */
static int digits(double value) {
  if (value >= 1000 || value == 0)
    return 0;
  return value >= 10 ? 1 : value >= 0.1 ? 2 : 5;
}

/* One line for each figure: both peers, and the rival's median by ours. */
static void print(const bench_scenario_t *scenario, unsigned senders,
                  const options_t *options, figures_t *figures) {
  size_t f, p, n = (size_t) options->rounds;

  for (f = 0; f < BENCH_FIGURES_MOST && scenario->figures[f] != NULL; f++) {
    double median[PEERS];
    printf(options->csv ? "%s,%u,%s" : "%-14s %2u  %-13s", scenario->name,
           senders, scenario->figures[f]);
    for (p = 0; p < PEERS; p++) {
      double *of = figures->of[p][f];
      double least = bench_percentile(of, n, 0);
      double most = bench_percentile(of, n, 100);
      char spread[64];
      median[p] = bench_percentile(of, n, 50);
      snprintf(spread, sizeof spread, options->csv ? "%.*f,%.*f" : "%.*f..%.*f",
               digits(least), least, digits(most), most);
      printf(options->csv ? ",%.*f,%s" : " %11.*f  %-18s", digits(median[p]),
             median[p], spread);
    }
    if (median[0] > 0)
      printf(options->csv ? ",%.2f\n" : " %7.2f\n", median[1] / median[0]);
    else
      printf(options->csv ? ",\n" : "       -\n");
  }
  fflush(stdout);
}

static void print_head(const options_t *options) {
  size_t p;

  if (options->csv)
    printf("scenario,senders,figure");
  else
    printf("%-14s %2s  %-13s", "scenario", "tx", "median of");
  for (p = 0; p < PEERS; p++)
    if (options->csv)
      printf(",%s,least,most", peers[p]->name);
    else
      printf(" %11s  %-18s", peers[p]->name, "least..most");
  printf(options->csv ? ",ratio\n" : "   ratio\n");
}

static void measure(const bench_scenario_t *scenario,
                    const options_t *options) {
  static figures_t figures;
  size_t i, n = scenario->by_senders ? options->senders_count : 1;

  for (i = 0; i < n; i++) {
    unsigned senders = scenario->by_senders ? options->senders[i] : 1;
    run_rounds(scenario, senders, options, &figures);
    print(scenario, senders, options, &figures);
  }
}

/* A number from 1 to most; *end is set to what follows it. 0: there is none. */
static uint64_t number(const char *text, uint64_t most, char **end) {
  uint64_t value = strtoumax(text, end, 10);

  return *end != text && value <= most ? value : 0;
}

static bool parse_senders(options_t *options, const char *list) {
  options->senders_count = 0;
  for (;;) {
    char *end;
    unsigned senders = (unsigned) number(list, BENCH_SENDERS_MOST, &end);
    if (senders == 0 || options->senders_count == BENCH_SENDERS_MOST)
      return false;
    options->senders[options->senders_count++] = senders;
    if (*end != ',')
      return *end == '\0';
    list = end + 1;
  }
}

static bool parse_value(options_t *options, const char *name,
                        const char *value) {
  char *end;

  if (strcmp(name, "--senders") == 0)
    return parse_senders(options, value);
  if (strcmp(name, "--scenario") == 0) {
    options->scenario = value;
    return true;
  }
  if (strcmp(name, "--rounds") == 0) {
    options->rounds = number(value, ROUNDS_MOST, &end);
    return options->rounds != 0 && *end == '\0';
  }
  if (strcmp(name, "--messages") == 0) {
    options->messages = number(value, UINT32_MAX, &end);
    return options->messages != 0 && *end == '\0';
  }
  return false;
}

static bool parse(int argc, char **argv, options_t *options) {
  int i;

  for (i = 1; i < argc; i++)
    if (strcmp(argv[i], "--quick") == 0)
      options->quick = true;
    else if (strcmp(argv[i], "--csv") == 0)
      options->csv = true;
    else if (strcmp(argv[i], "--pin") == 0)
      pinned = true;
    else if (i + 1 == argc || !parse_value(options, argv[i], argv[i + 1]))
      return false;
    else
      i++;
  if (options->rounds == 0)
    options->rounds = options->quick ? 1 : 5;
  return true;
}

static int usage(void) {
  size_t s;

  fprintf(stderr,
          "usage: loopchan_bench [--scenario NAME] [--senders N,N,...]"
          " [--messages N]\n"
          "                      [--rounds N] [--quick] [--csv] [--pin]\n"
          "scenarios:");
  for (s = 0; s < SCENARIOS; s++)
    fprintf(stderr, " %s", scenarios[s]->name);
  fprintf(stderr, "\n");
  return 2;
}

int main(int argc, char **argv) {
  options_t options = {.senders = {1, 2, 4, 8}, .senders_count = 4};
  bool known = false;
  size_t s;

  if (!parse(argc, argv, &options))
    return usage();
  for (s = 0; s < SCENARIOS; s++)
    if (options.scenario == NULL ||
        strcmp(options.scenario, scenarios[s]->name) == 0)
      known = true;
  if (!known)
    return usage();
  bench_core(0);
  print_head(&options);
  for (s = 0; s < SCENARIOS; s++)
    if (options.scenario == NULL ||
        strcmp(options.scenario, scenarios[s]->name) == 0)
      measure(scenarios[s], &options);
  bench_check(uv_loop_close(uv_default_loop()) == 0, "uv_loop_close");
  return 0;
}
