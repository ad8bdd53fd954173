/* latency: how long one message takes when nothing else is under way. */
#include <stdlib.h>

#include "bench.h"

#define PACE_NS 50000

static double *new_times(uint64_t count) {
  double *times = malloc((size_t) count * sizeof *times);

  bench_check(times != NULL, "memory");
  return times;
}

static void tell_times(double *times, uint64_t count) {
  bench_tell("p50 ns", bench_percentile(times, (size_t) count, 50));
  bench_tell("p99 ns", bench_percentile(times, (size_t) count, 99));
  bench_tell("p99.9 ns", bench_percentile(times, (size_t) count, 99.9));
  free(times);
}

typedef struct {
  const bench_peer_t *to_thread;
  size_t size;
  void *there, *back;      /* channels */
  void *question, *answer; /* their senders */
  uint64_t done, trips;
  uint64_t asked; /* when */
  double *times;
} ping_pong_t;

static void answer_all(void *arg) {
  ping_pong_t *game = arg;
  bench_message_t message;
  uint64_t i;

  bench_core(1);
  for (i = 0; i < game->trips; i++) {
    bench_recv(game->to_thread, game->there, &message);
    bench_peer->send(game->answer, &message);
  }
}

static void ask(ping_pong_t *game) {
  bench_message_t message = {{0}};

  bench_write(&message, game->size, game->done);
  game->asked = uv_hrtime();
  game->to_thread->send(game->question, &message);
}

static void answered(ping_pong_t *game, const void *message) {
  double took = (double) (uv_hrtime() - game->asked);

  bench_check(bench_read(message, game->size) == game->done,
              "another answer than the one asked for");
  game->times[game->done++] = took;
}

static void on_answer(void *arg, const void *message) {
  ping_pong_t *game = arg;

  answered(game, message);
  if (game->done < game->trips)
    ask(game);
  else
    bench_stop();
}

static void play_on_thread(ping_pong_t *game) {
  bench_message_t message;

  while (game->done < game->trips) {
    ask(game);
    bench_recv(bench_peer, game->back, &message);
    answered(game, &message);
  }
}

/* A loop or a thread asks, a thread answers. */
static void run_ping_pong(const bench_case_t *test) {
  bench_kind_t there = test->kind, back = test->kind;
  ping_pong_t game = {.size = test->kind.size, .trips = test->messages};
  uv_thread_t answerer;

  there.to_loop = false;
  game.to_thread = bench_peer_of(&there);
  if (game.to_thread == NULL)
    exit(BENCH_LACKS);
  back.cb = on_answer;
  back.arg = &game;
  game.times = new_times(game.trips);
  game.there = game.to_thread->open(&there);
  game.back = bench_peer->open(&back);
  game.question = game.to_thread->add_sender(game.there);
  game.answer = bench_peer->add_sender(game.back);
  bench_thread(&answerer, answer_all, &game);
  if (back.to_loop) {
    ask(&game);
    bench_run();
  } else
    play_on_thread(&game);
  uv_thread_join(&answerer);
  game.to_thread->drop_sender(game.question);
  bench_peer->drop_sender(game.answer);
  game.to_thread->close(game.there);
  bench_peer->close(game.back);
  bench_settle();
  tell_times(game.times, game.trips);
}

typedef struct {
  size_t size;
  void *sender;
  uint64_t received, expected;
  uint64_t last; /* message */
  double waited; /* ns of CPU time that the sender spun */
  double *times;
} pace_t;

/* Each message is the time of its sending. The sender spins, so that it is on
 * time and the receiver's core alone has to wake. */
static void send_paced(void *arg) {
  pace_t *pace = arg;
  bench_message_t message = {{0}};
  uint64_t i, now, due = uv_hrtime(), sending = 0;

  bench_core(1);
  for (i = 0; i < pace->expected; i++) {
    due += PACE_NS;
    while ((now = uv_hrtime()) < due) {
    }
    bench_write(&message, pace->size, now);
    bench_peer->send(pace->sender, &message);
    sending += uv_hrtime() - now;
  }
  pace->waited = bench_cpu_ns(CLOCK_THREAD_CPUTIME_ID) - (double) sending;
}

static void paced(pace_t *pace, const void *message) {
  uint64_t sent = bench_read(message, pace->size);

  bench_check(sent > pace->last, "a message is double or out of order");
  pace->last = sent;
  pace->times[pace->received++] = (double) (uv_hrtime() - sent);
}

static void on_paced_message(void *arg, const void *message) {
  pace_t *pace = arg;

  paced(pace, message);
  if (pace->received == pace->expected)
    bench_stop();
}

static void receive_paced(void *channel, pace_t *pace) {
  bench_message_t message;

  while (pace->received < pace->expected) {
    bench_recv(bench_peer, channel, &message);
    paced(pace, &message);
  }
}

static void run_paced(const bench_case_t *test) {
  bench_kind_t kind = test->kind;
  pace_t pace = {.size = kind.size, .expected = test->messages};
  double cpu;
  void *channel;
  uv_thread_t pacer;

  kind.cb = on_paced_message;
  kind.arg = &pace;
  channel = bench_peer->open(&kind);
  cpu = bench_cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  pace.times = new_times(pace.expected);
  pace.sender = bench_peer->add_sender(channel);
  bench_thread(&pacer, send_paced, &pace);
  if (kind.to_loop)
    bench_run();
  else
    receive_paced(channel, &pace);
  bench_check(pace.received == pace.expected, "count");
  uv_thread_join(&pacer);
  cpu = bench_cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu - pace.waited;
  bench_tell("cpu ns/message", cpu / (double) pace.expected);
  bench_peer->drop_sender(pace.sender);
  bench_peer->close(channel);
  bench_settle();
  tell_times(pace.times, pace.expected);
}

const bench_scenario_t bench_ping_pong = {"ping_pong", 50000, true,
                                          run_ping_pong, false};
const bench_scenario_t bench_paced = {"paced", 10000, true, run_paced, false};
