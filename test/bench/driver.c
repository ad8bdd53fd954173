/* driver: the command line of a peer written in C or C++. One call, one
 * scenario, one round: test/bench/run repeats and compares. */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

static const bench_scenario_t *const scenarios[] = {
    &bench_mpsc,       &bench_burst, &bench_seq,     &bench_ping_pong,
    &bench_paced,      &bench_timer, &bench_backlog, &bench_memory,
    &bench_open_close, &bench_turns, &bench_shared,  &bench_sends,
    &bench_alone,      &bench_select};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

const bench_peer_t *bench_peer;
static bool pinned, warming;

void bench_fail(const char *what) {
  fprintf(stderr, "bench: this went wrong: %s\n", what);
  exit(1);
}

void bench_tell(const char *figure, double value) {
  if (!warming)
    printf("%s %.6g\n", figure, value);
}

double bench_cpu_ns(clockid_t of) {
  struct timespec used;

  bench_check(clock_gettime(of, &used) == 0, "clock");
  return (double) used.tv_sec * 1e9 + (double) used.tv_nsec;
}

void bench_recv(const bench_peer_t *peer, void *channel, void *message) {
  bench_check(peer->recv(channel, message), "an end before the last message");
}

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

void bench_add_sources(bench_source_t *sources, void *channel,
                       const bench_kind_t *kind, uint64_t messages) {
  unsigned i;

  for (i = 0; i < kind->senders; i++)
    sources[i] = (bench_source_t){.sender = bench_peer->add_sender(channel),
                                  .index = i,
                                  .messages = messages,
                                  .size = kind->size};
}

void bench_send_all(void *arg) {
  bench_source_t *source = arg;
  bench_message_t message = {{0}};
  uint64_t i;

  bench_core(source->index + 1);
  for (i = 0; i < source->messages; i++) {
    bench_write(&message, source->size,
                (uint64_t) source->index << BENCH_NUMBER_BITS | i);
    bench_peer->send(source->sender, &message);
  }
  if (bench_peer->flush != NULL)
    bench_peer->flush(source->sender);
}

void bench_run(void) {
  if (bench_peer->run != NULL)
    bench_peer->run();
  else
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

void bench_stop(void) {
  if (bench_peer->stop != NULL)
    bench_peer->stop();
  else
    uv_stop(uv_default_loop());
}

void bench_settle(void) {
  if (bench_peer->settle != NULL)
    bench_peer->settle();
  else
    bench_check(uv_run(uv_default_loop(), UV_RUN_DEFAULT) == 0, "close");
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *) left, b = *(const double *) right;

  return (a > b) - (a < b);
}

double bench_percentile(double *values, size_t count, double percent) {
  qsort(values, count, sizeof *values, ascending);
  return values[(size_t) ((double) (count - 1) * percent / 100)];
}

static bool number(const char *text, uint64_t least, uint64_t most,
                   uint64_t *value) {
  char *end;

  *value = strtoumax(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0' && *value >= least &&
         *value <= most;
}

static bool parse_value(bench_case_t *test, const char *name,
                        const char *value) {
  uint64_t n;

  if (strcmp(name, "--to") == 0) {
    test->kind.to_loop = strcmp(value, "loop") == 0;
    return test->kind.to_loop || strcmp(value, "thread") == 0;
  }
  if (strcmp(name, "--senders") == 0 &&
      number(value, 1, BENCH_SENDERS_MOST, &n))
    test->kind.senders = (unsigned) n;
  else if (strcmp(name, "--capacity") == 0 && number(value, 0, UINT32_MAX, &n))
    test->kind.capacity = (size_t) n;
  else if (strcmp(name, "--size") == 0 &&
           number(value, 8, BENCH_SIZE_MOST, &n) &&
           (n == 8 || n == 64 || n == 256 || n == 1024 || n == 4096))
    test->kind.size = (size_t) n;
  else if (strcmp(name, "--sharing") == 0 && number(value, 1, 16, &n))
    test->kind.sharing = (unsigned) n;
  else if (strcmp(name, "--messages") == 0 && number(value, 1, UINT32_MAX, &n))
    test->messages = n;
  else if (strcmp(name, "--receivers") == 0 && number(value, 1, 1000000, &n))
    test->receivers = (unsigned) n;
  else if (strcmp(name, "--work") == 0 && number(value, 0, 1000000000, &n))
    test->work_ns = n;
  else
    return false;
  return true;
}

static bool parse(int argc, char **argv, bench_case_t *test) {
  int i;

  for (i = 2; i < argc; i++)
    if (strcmp(argv[i], "--pin") == 0)
      pinned = true;
    else if (strcmp(argv[i], "--latest") == 0)
      test->kind.latest = true;
    else if (i + 1 == argc || !parse_value(test, argv[i], argv[i + 1]))
      return false;
    else
      i++;
  return true;
}

static int usage(void) {
  size_t s;

  fprintf(stderr,
          "usage: SCENARIO [--to loop|thread] [--senders N] [--capacity N]"
          " [--size 8|64|256|1024|4096]\n"
          "                [--messages N] [--receivers N] [--sharing N]"
          " [--work NS]\n"
          "                [--latest] [--pin]\nscenarios:");
  for (s = 0; s < SCENARIOS; s++)
    fprintf(stderr, " %s", scenarios[s]->name);
  fprintf(stderr, "\n");
  return 2;
}

static void measure(const bench_scenario_t *scenario, bench_case_t test) {
  bench_core(0);
  if (scenario->warm) {
    bench_case_t tenth = test;
    tenth.messages = test.messages / 10 + 1;
    warming = true;
    scenario->run(&tenth);
    warming = false;
  }
  scenario->run(&test);
}

/* Whether the peer can do what the command line asks for. */
static bool can(const bench_scenario_t *scenario, const bench_kind_t *kind) {
  bench_peer = bench_peer_of(kind);
  return bench_peer != NULL &&
         (kind->sharing == 1 || bench_peer->add_receiver != NULL) &&
         (!kind->latest || bench_peer->latest) &&
         (scenario->flushes || bench_peer->flush == NULL);
}

int main(int argc, char **argv) {
  bench_case_t test = {
      .kind = {.to_loop = true, .size = 8, .senders = 1, .sharing = 1},
      .receivers = 1};
  size_t s;

  if (argc < 2 || !parse(argc, argv, &test))
    return usage();
  for (s = 0; s < SCENARIOS; s++)
    if (strcmp(argv[1], scenarios[s]->name) == 0) {
      if (test.messages == 0)
        test.messages = scenarios[s]->messages;
      test.kind.messages = test.messages;
      if (!can(scenarios[s], &test.kind))
        return BENCH_LACKS;
      measure(scenarios[s], test);
      return 0;
    }
  return usage();
}
