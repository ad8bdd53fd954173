/* typed: a channel of one type, checked by the compiler. Without (1) all
 * messages are void pointers: points_send(tx, &(int){7}) would compile, and the
 * callback would read a point out of an int. */
#include <loopchan.h>

#include "check.h"

struct point {
  double x, y;
};
LOOPCHAN_TYPED(points, struct point); /* (1) */

static void draw(void *arg) {
  loopchan_sender_t *tx = arg;
  for (double x = 0; x < 4; x++)
    check(points_send(tx, &(struct point){x, x * x}));
  loopchan_sender_drop(tx);
}

static void on_point(loopchan_receiver_t *rx, int status, struct point *p) {
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    printf("(%g, %g)\n", p->x, p->y);
}

int main(void) {
  loopchan_receiver_t rx = {0};
  loopchan_sender_t *tx;
  uv_thread_t thread;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(points_open(uv_default_loop(), &rx, &tx, NULL));
  check(points_recv_start(&rx, on_point));
  check(uv_thread_create(&thread, draw, tx));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&thread));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
