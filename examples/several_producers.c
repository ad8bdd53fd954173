/* several_producers: two threads, each with a sender of its own, feed one loop.
 * The values of each thread arrive in its order; how the two interleave differs
 * from run to run. Without the clone at (1) both threads would drop the same
 * sender, the second time after it was freed. (2) comes once, after both have
 * dropped theirs; without it the loop never ends. */
#include <loopchan.h>

#include "check.h"

enum { VALUES = 1000 };

struct value {
  int producer, number;
};

struct producer {
  uv_thread_t thread;
  loopchan_sender_t *tx;
  int id;
};

static int received[2];

static void produce(void *arg) {
  struct producer *p = arg;
  for (int i = 0; i < VALUES; i++)
    check(loopchan_send(p->tx, &(struct value){p->id, i}));
  loopchan_sender_drop(p->tx);
}

static void on_value(loopchan_receiver_t *rx, int status, void *msg) {
  const struct value *value = msg;
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL)); /* (2) */
  else if (value->number != received[value->producer]++)
    check(UV_EPROTO);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(struct value)};
  struct producer producers[2] = {{.id = 0}, {.id = 1}};
  loopchan_receiver_t rx = {0};

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(uv_default_loop(), &rx, &producers[0].tx, &options));
  producers[1].tx = loopchan_sender_clone(producers[0].tx); /* (1) */
  if (producers[1].tx == NULL)
    check(UV_ENOMEM);
  check(loopchan_recv_start(&rx, on_value));
  for (int i = 0; i < 2; i++)
    check(uv_thread_create(&producers[i].thread, produce, &producers[i]));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  for (int i = 0; i < 2; i++)
    check(uv_thread_join(&producers[i].thread));
  printf("%d from one, %d from the other\n", received[0], received[1]);
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
