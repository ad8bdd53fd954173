/* several_loops: two loops, each on a thread of its own, and a thread without a
 * loop serve one channel. Prints what they received together. Without (1) they
 * never end, and without (2) the loops do not. */
#include <loopchan.h>

#include "../check.h"

enum { SERVERS = 3, JOBS = 300 };

typedef struct {
  int count;
  int sum;
  int ends;
} server_t;

static loopchan_receiver_t jobs; /* the thread's; the loops clone it */

static void serve(server_t *server, int job) {
  server->count++;
  server->sum += job;
}

static void on_job(loopchan_receiver_t *rx, int status, void *msg) {
  server_t *server = rx->data;

  if (status == 0) {
    serve(server, *(int *) msg);
    return;
  }
  server->ends++;
  check(loopchan_close(rx, NULL)); /* (2) ends this one only */
}

static void on_a_loop(void *arg) {
  loopchan_receiver_t clone = {0};
  uv_loop_t loop;

  check(uv_loop_init(&loop));
  check(loopchan_receiver_clone(&loop, &clone, &jobs));
  clone.data = arg;
  check(loopchan_recv_start(&clone, on_job));
  check(uv_run(&loop, UV_RUN_DEFAULT));
  check(uv_loop_close(&loop));
}

static void on_a_thread(void *arg) {
  server_t *server = arg;
  int job, err;

  while ((err = loopchan_recv(&jobs, &job)) == 0)
    serve(server, job);
  check(err == UV_EOF ? 0 : err);
  server->ends++;
}

int main(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(int), .capacity = 8, .flags = LOOPCHAN_SHARED};
  server_t servers[SERVERS] = {{0}}, all = {0};
  uv_thread_t threads[SERVERS];
  loopchan_sender_t *tx;
  int i;

  check(loopchan_open(NULL, &jobs, &tx, &options));
  for (i = 0; i < SERVERS; i++)
    check(uv_thread_create(&threads[i], i < 2 ? on_a_loop : on_a_thread,
                           &servers[i]));
  for (i = 1; i <= JOBS; i++)
    check(loopchan_send(tx, &i));
  loopchan_sender_drop(tx); /* (1) */
  for (i = 0; i < SERVERS; i++) {
    check(uv_thread_join(&threads[i]));
    all.count += servers[i].count;
    all.sum += servers[i].sum;
    all.ends += servers[i].ends;
  }
  check(loopchan_close(&jobs, NULL));
  printf("%d jobs, their sum is %d\n", all.count, all.sum);
  printf("%d ends\n", all.ends);
  return 0;
}
