#ifndef SHARD_H
#define SHARD_H

#include "step.h"

/* What a loop sends another: its questions, and the answers to the other's. */
struct peer {
  loopchan_writer_t questions, answers;
};

/* One loop, with its thread, its share of the keys and its clients. */
struct shard {
  uv_loop_t loop;
  uv_thread_t thread;
  unsigned number, count; /* this one, of how many */
  struct store store;

  /* from the other loops, and to them */
  loopchan_receiver_t questions, answers;
  loopchan_sender_t *questions_tx, *answers_tx; /* until all have theirs */
  struct peer *peers;                           /* count, its own unused */
  loopchan_write_t answer; /* the one that waits for room, if one does */

  /* from outside */
  uv_tcp_t listener;
  uv_signal_t terminate, interrupt;
  uv_prepare_t turn;
  uv_timer_t patience; /* with clients, once it is stopping */
  uint64_t patience_ms, total_ms;
  uint64_t stopped_at; /* by the loop's clock */
  bool stopping;
  struct client *clients, *ready; /* see client.h */
  size_t connected, connected_most;

  uint64_t accepted, own_steps;
  uint64_t cut_off; /* clients hung up on before they had all replies */
};

struct shard_options {
  unsigned loops;
  size_t room;          /* of each channel, in steps */
  int port;             /* 0: any; shard_open sets it to the one found */
  uint64_t patience_ms; /* at the stop, with a client that takes nothing */
  uint64_t total_ms;    /* and with all of them */
  size_t clients_most;  /* of each loop */
};

/* Makes the shard of that number, listening at 127.0.0.1. Zero *s first. */
void shard_open(struct shard *s, unsigned number, struct shard_options *o);

/* Gives it a writer to every other one. All must be open. */
void shard_connect(struct shard *s, struct shard *shards);

/* No more writers will be asked of it. */
void shard_connected(struct shard *s);

/* Serves until a signal, then until nothing is left to do. On its thread. */
void shard_run(struct shard *s);

/* A question of this shard's, to another. 0: it is on its way. UV_EAGAIN: no
 * room now; cb is called once there was, and until then req is in use. */
int shard_ask(struct shard *s, struct step *step, loopchan_write_t *req,
              loopchan_write_cb cb);

/* After shard_run, on any thread: what it did, in a line. */
void shard_sum_up(const struct shard *s);

#endif
