/* bench: what a channel has to do to be measured, and what is measured.
 *
 * Each peer is a program: the driver and a bench_peer_of. All programs,
 * also those in other languages, have the same command line, print the same
 * lines and make the same checks: see README.md. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_SENDERS_MOST 64
#define BENCH_SIZE_MOST 4096

/* The exit status of a peer that has no such channel. */
#define BENCH_LACKS 3

/* A message came, on the loop's thread; NULL: the end, after the last sender
 * was dropped (only of a channel with several receivers). */
typedef void (*bench_cb)(void *arg, const void *message);

typedef struct {
  bool to_loop;      /* received by callback on a loop; else a thread blocks */
  size_t capacity;   /* 0: unbounded */
  size_t size;       /* of a message: see bench_copy */
  unsigned senders;  /* how many there will be */
  unsigned sharing;  /* receivers that share the channel; 1: it has one */
  bool latest;       /* keeps the newest message only */
  uint64_t messages; /* that one sender sends at most */
  bench_cb cb;       /* of a loop */
  void *arg;
} bench_kind_t;

/* A kind of channel. Errors end the program: see bench_check. */
typedef struct {
  void *(*open)(const bench_kind_t *kind);
  void *(*add_sender)(void *channel); /* on the receiver's thread */
  void (*send)(void *sender, const void *message);
  void (*drop_sender)(void *sender);
  bool (*recv)(void *channel, void *message); /* blocks; false: the end */
  uint64_t (*wakeups)(void *channel);         /* NULL: nobody counts them */
  void (*close)(void *channel);               /* all senders are dropped */
  /* For loops other than libuv's default loop; else NULL. */
  void (*run)(void);                  /* until stop */
  void (*stop)(void);                 /* from a callback */
  void (*settle)(void);               /* until what was closed is gone */
  void (*after_ms)(void (*cb)(void)); /* calls cb once, 1 ms from now */
  /* Where send only collects: sends what it has. Only some scenarios use it. */
  void (*flush)(void *sender);
  /* Where several receivers may share a channel: another one, on its own
   * thread and loop; recv takes it. NULL for those that have no such. */
  void *(*add_receiver)(void *channel, uv_loop_t *loop,
                        const bench_kind_t *kind);
  void (*drop_receiver)(void *receiver); /* on its thread, after the end */
  void (*seal)(void *channel);           /* no add_sender comes any more */
  bool latest;                           /* whether it has such channels */
  /* Waits for one of several channels, to be received from by recv. */
  size_t (*select)(void *const *channels, size_t count);
} bench_peer_t;

/* The peer for such channels; NULL: there is none. */
const bench_peer_t *bench_peer_of(const bench_kind_t *kind);

/* The one for the channels of the command line. */
extern const bench_peer_t *bench_peer;

/* One run of a scenario, as the command line has it. */
typedef struct {
  bench_kind_t kind;
  uint64_t messages;  /* for all senders together */
  unsigned receivers; /* on the loop, all but one idle */
  uint64_t work_ns;   /* what the callback does besides */
} bench_case_t;

typedef struct {
  const char *name;
  uint64_t messages; /* how many by default */
  bool warm;         /* a tenth of it first, not measured */
  void (*run)(const bench_case_t *test);
  bool flushes; /* uses flush */
} bench_scenario_t;

extern const bench_scenario_t bench_mpsc, bench_burst, bench_seq,
    bench_ping_pong, bench_paced, bench_timer, bench_backlog, bench_memory,
    bench_open_close, bench_turns, bench_shared, bench_sends, bench_alone,
    bench_select;

/* Prints a figure; not when warming up. The smaller, the better. */
void bench_tell(const char *figure, double value);

void bench_fail(const char *what);

/* CPU time that the process or this thread has used. */
double bench_cpu_ns(clockid_t of);

/* Ends the program with a message unless fine. */
static inline void bench_check(bool fine, const char *what) {
  if (!fine)
    bench_fail(what);
}

/* Receives from a channel that does not end. */
void bench_recv(const bench_peer_t *peer, void *channel, void *message);

/* With --pin, keeps the calling thread on a core: receivers on the first,
 * senders spread over all. */
void bench_core(unsigned core);

void bench_thread(uv_thread_t *thread, uv_thread_cb entry, void *arg);

/* Run the peer's loop until bench_stop, which a callback calls. */
void bench_run(void);
void bench_stop(void);

/* Runs the peer's loop until what was closed on it has called back. */
void bench_settle(void);

/* Sorts. 0 and 100: the least and the most. */
double bench_percentile(double *values, size_t count, double percent);

/* The number of a message in its first word: its sender in the upper bits, its
 * number there in the lower. */
#define BENCH_NUMBER_BITS 40

/* A message has its number in the first word, and in the last one too,
 * inverted, if that is another. */
typedef struct {
  uint64_t word[BENCH_SIZE_MOST / sizeof(uint64_t)];
} bench_message_t;

static inline void bench_write(bench_message_t *message, size_t size,
                               uint64_t value) {
  message->word[size / sizeof(uint64_t) - 1] = ~value;
  message->word[0] = value;
}

static inline uint64_t bench_read(const void *message, size_t size) {
  const uint64_t *word = (const uint64_t *) message;

  bench_check(size == sizeof *word || word[size / sizeof *word - 1] == ~word[0],
              "a message is damaged");
  return word[0];
}

/* A thread that sends as fast as it can. */
typedef struct {
  uv_thread_t thread;
  void *sender;
  unsigned index; /* from 0 on; in the upper bits of its messages' numbers */
  uint64_t messages;
  size_t size;
} bench_source_t;

/* On the receiver's thread: a sender for each source of the kind. */
void bench_add_sources(bench_source_t *sources, void *channel,
                       const bench_kind_t *kind, uint64_t messages);

/* The thread of a source: sends all, on its core. */
void bench_send_all(void *source);

/* memcpy of the sizes that there are: the compiler knows them, as in a program
 * of its own. */
static inline void bench_copy(void *to, const void *from, size_t size) {
  switch (size) {
    case 8:
      memcpy(to, from, 8);
      break;
    case 64:
      memcpy(to, from, 64);
      break;
    case 256:
      memcpy(to, from, 256);
      break;
    case 1024:
      memcpy(to, from, 1024);
      break;
    default:
      memcpy(to, from, BENCH_SIZE_MOST);
      break;
  }
}

#ifdef __cplusplus
}
#endif

#endif /* BENCH_H */
