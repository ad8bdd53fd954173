/* bench: what a channel has to do to be measured, and what is measured. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define BENCH_SENDERS_MOST 64
#define BENCH_FIGURES_MOST 3

/* A message came, on the loop's thread. */
typedef void (*bench_cb)(void *arg, uint64_t message);

/* A channel of 8-byte messages. Errors end the program: see bench_check. */
typedef struct {
  const char *name;
  /* loop NULL: a channel to a thread; cb and arg are not used then. capacity 0:
   * unbounded. */
  void *(*open)(uv_loop_t *loop, size_t capacity, bench_cb cb, void *arg);
  void *(*add_sender)(void *channel);
  void (*send)(void *sender, uint64_t message);
  void (*drop_sender)(void *sender);
  uint64_t (*recv)(void *channel);    /* blocks */
  uint64_t (*wakeups)(void *channel); /* of the receiver, since open */
  size_t (*held)(void *channel);      /* bytes, as bench_block_bytes counts */
  void (*close)(void *channel);       /* all senders are dropped */
} bench_peer_t;

extern const bench_peer_t bench_loopchan, bench_handwritten;

typedef struct {
  const bench_peer_t *peer;
  unsigned senders;
  uint64_t messages;
} bench_round_t;

/* All figures are the better the smaller they are. A run checks every message
 * that it receives. */
typedef struct {
  const char *name;
  const char *figures[BENCH_FIGURES_MOST]; /* their units; NULL: no more */
  uint64_t messages, quick;                /* how many; for --quick */
  bool by_senders; /* run with each number of senders, not with one */
  void (*run)(const bench_round_t *round, double *figures);
} bench_scenario_t;

extern const bench_scenario_t bench_mpsc_loop, bench_mpsc_thread,
    bench_bounded_loop, bench_bounded_thread, bench_bounded_one, bench_burst,
    bench_seq, bench_ping_pong, bench_ping_pong_loop, bench_paced, bench_memory;

void bench_fail(const char *what);

/* Ends the program with a message unless fine. */
static inline void bench_check(bool fine, const char *what) {
  if (!fine)
    bench_fail(what);
}

/* With --pin, keeps the calling thread on a core: receivers on the first,
 * senders spread over all. */
void bench_core(unsigned core);

void bench_thread(uv_thread_t *thread, uv_thread_cb entry, void *arg);

/* Runs the default loop until what was closed on it has called back. */
void bench_finish_loop(void);

/* Sorts. 50: the median; 0 and 100: the least and the most. */
double bench_percentile(double *values, size_t count, unsigned percent);

/* What a block from malloc takes, the allocator's own word included. */
size_t bench_block_bytes(void *block);

#endif /* BENCH_H */
