/* latency: how long one message takes when nothing else is under way. */
#include <stdlib.h>

#include "bench.h"

#define PACE_NS 50000

static double *new_times(uint64_t count) {
  double *times = malloc((size_t) count * sizeof *times);

  bench_check(times != NULL, "memory");
  return times;
}

static void tell_times(double *times, uint64_t count, double *figures) {
  figures[0] = bench_percentile(times, (size_t) count, 50);
  figures[1] = bench_percentile(times, (size_t) count, 99);
  free(times);
}

typedef struct {
  const bench_peer_t *peer;
  void *there, *back;      /* channels */
  void *question, *answer; /* their senders */
  uint64_t done, trips;
  uint64_t asked; /* when */
  double *times;
} ping_pong_t;

static void answer_all(void *arg) {
  ping_pong_t *game = arg;
  uint64_t i;

  bench_core(1);
  for (i = 0; i < game->trips; i++)
    game->peer->send(game->answer, game->peer->recv(game->there));
}

static void ask(ping_pong_t *game) {
  game->asked = uv_hrtime();
  game->peer->send(game->question, game->done);
}

static void answered(ping_pong_t *game, uint64_t message) {
  bench_check(message == game->done, "another answer than the one asked for");
  game->times[game->done++] = (double) (uv_hrtime() - game->asked);
}

static void on_answer(void *arg, uint64_t message) {
  ping_pong_t *game = arg;

  answered(game, message);
  if (game->done < game->trips)
    ask(game);
  else
    uv_stop(uv_default_loop());
}

static void ping_pong(const bench_round_t *round, double *figures,
                      uv_loop_t *loop) {
  const bench_peer_t *peer = round->peer;
  ping_pong_t game = {.peer = peer, .trips = round->messages};
  uv_thread_t answerer;

  game.times = new_times(game.trips);
  game.there = peer->open(NULL, 0, NULL, NULL);
  game.back = peer->open(loop, 0, on_answer, &game);
  game.question = peer->add_sender(game.there);
  game.answer = peer->add_sender(game.back);
  bench_thread(&answerer, answer_all, &game);
  if (loop != NULL) {
    ask(&game);
    uv_run(loop, UV_RUN_DEFAULT);
  }
  while (game.done < game.trips) {
    ask(&game);
    answered(&game, peer->recv(game.back));
  }
  uv_thread_join(&answerer);
  peer->drop_sender(game.question);
  peer->drop_sender(game.answer);
  peer->close(game.there);
  peer->close(game.back);
  bench_finish_loop();
  tell_times(game.times, game.trips, figures);
}

static void run_ping_pong(const bench_round_t *round, double *figures) {
  ping_pong(round, figures, NULL);
}

static void run_ping_pong_loop(const bench_round_t *round, double *figures) {
  ping_pong(round, figures, uv_default_loop());
}

typedef struct {
  const bench_peer_t *peer;
  void *sender;
  uint64_t received, expected;
  uint64_t last; /* message */
  double *times;
} pace_t;

/* Each message is the time of its sending. It spins, so that it is on time and
 * the loop's core alone has to wake. */
static void send_paced(void *arg) {
  pace_t *pace = arg;
  uint64_t i, due = uv_hrtime();

  bench_core(1);
  for (i = 0; i < pace->expected; i++) {
    due += PACE_NS;
    while (uv_hrtime() < due) {
    }
    pace->peer->send(pace->sender, uv_hrtime());
  }
}

static void on_paced_message(void *arg, uint64_t message) {
  pace_t *pace = arg;

  bench_check(message > pace->last, "a message is double or out of order");
  pace->last = message;
  pace->times[pace->received++] = (double) (uv_hrtime() - message);
  if (pace->received == pace->expected)
    uv_stop(uv_default_loop());
}

static double cpu_seconds(void) {
  uv_rusage_t usage;

  bench_check(uv_getrusage(&usage) == 0, "getrusage");
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run_paced(const bench_round_t *round, double *figures) {
  const bench_peer_t *peer = round->peer;
  pace_t pace = {.peer = peer, .expected = round->messages};
  void *channel = peer->open(uv_default_loop(), 0, on_paced_message, &pace);
  double cpu = cpu_seconds();
  uint64_t begin = uv_hrtime();
  uv_thread_t pacer;

  pace.times = new_times(pace.expected);
  pace.sender = peer->add_sender(channel);
  bench_thread(&pacer, send_paced, &pace);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  figures[2] = (cpu_seconds() - cpu) / ((double) (uv_hrtime() - begin) / 1e9);
  bench_check(pace.received == pace.expected, "count");
  uv_thread_join(&pacer);
  peer->drop_sender(pace.sender);
  peer->close(channel);
  bench_finish_loop();
  tell_times(pace.times, pace.expected, figures);
}

const bench_scenario_t bench_ping_pong = {
    "ping_pong", {"p50 ns", "p99 ns"}, 50000, 1000, false, run_ping_pong};
const bench_scenario_t bench_ping_pong_loop = {
    "ping_pong_loop",  {"p50 ns", "p99 ns"}, 50000, 1000, false,
    run_ping_pong_loop};
const bench_scenario_t bench_paced = {
    "paced", {"p50 ns", "p99 ns", "cores busy"}, 10000, 100, false, run_paced};
