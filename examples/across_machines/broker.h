/* broker: NATS, as a worker's loop sees it.
 *
 * The connection's socket is polled by the loop, but libnats calls back from
 * threads of its own. So whatever comes from there goes into a channel.
 */
#ifndef BROKER_H
#define BROKER_H

#include <nats/nats.h>
#include <stdbool.h>
#include <uv.h>

#include "job.h"

struct broker {
  uv_loop_t *loop;

  /* Called from libnats' threads. */
  void (*on_job)(void *arg, const struct job *job);
  void (*on_no_more_jobs)(void *arg); /* after broker_stop; the last on_job has
                                         returned */
  void (*on_stored)(void *arg, const struct job *result, bool stored);
  void *arg;

  natsConnection *connection;
  jsCtx *stream;
  natsSubscription *subscription;
};

/* The loop's thread; waits for the broker's answer. */
natsStatus broker_connect(struct broker *b, const char *url);

/* Any thread but the loop's, which has to run meanwhile. From then on jobs
 * come, of every run that there is or will be. */
natsStatus broker_subscribe(struct broker *b);

/* The loop's thread, and none of these waits. A job that was published is
 * on_stored later, or the broker has gone. A worker that acknowledges never
 * gets that job again. */
natsStatus broker_publish(struct broker *b, const struct job *result);
void broker_acknowledge(struct broker *b, const struct job *result);
void broker_stop(struct broker *b);
void broker_close(struct broker *b);

/* After the loop's end. When it returns libnats has no threads any more. */
void broker_free(struct broker *b);

#endif /* BROKER_H */
