/* peer: what a channel has to do to be measured. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* A message came, on the loop's thread. */
typedef void (*bench_cb)(void *arg, uint64_t message);

/* A channel of 8-byte messages. Errors end the program: see bench_check. */
typedef struct {
  const char *name;
  /* loop NULL: a channel to a thread; cb and arg are not used then. */
  void *(*open)(uv_loop_t *loop, bench_cb cb, void *arg);
  void *(*add_sender)(void *channel); /* before any send */
  void (*send)(void *sender, uint64_t message);
  void (*drop_sender)(void *sender);
  uint64_t (*recv)(void *channel);    /* blocks */
  uint64_t (*wakeups)(void *channel); /* system calls made to wake */
  void (*close)(void *channel);       /* a loop's: before uv_run ends */
  size_t (*memory)(void);             /* bytes that channels hold now */
} bench_peer_t;

extern const bench_peer_t bench_ours, bench_handwritten;

/* Ends the program with a message unless fine. */
void bench_check(bool fine, const char *what);

#endif /* BENCH_PEER_H */
