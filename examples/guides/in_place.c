/* in_place: large messages without a copy. The sender builds each message in
 * the channel, the receiver reads it there. Prints a sum of all bytes. */
#include <string.h>

#include <loopchan.h>

#include "../check.h"

enum { FRAME = 1 << 20, FRAMES = 50 };

static void send_frames(void *arg) {
  loopchan_sender_t *tx = arg;
  void *frame;

  for (int i = 0; i < FRAMES; i++) {
    check(loopchan_reserve(tx, &frame));
    memset(frame, i, FRAME); /* a camera would write here */
    check(loopchan_commit(tx, frame));
  }
  loopchan_sender_drop(tx);
}

static void on_frame(loopchan_receiver_t *rx, int status, void *msg) {
  static unsigned long long sum;
  const unsigned char *frame = msg;

  if (status == 0) {
    for (size_t i = 0; i < FRAME; i++)
      sum += frame[i];
    return;
  }
  printf("%llu\n", sum);
  check(loopchan_close(rx, NULL));
}

int main(void) {
  loopchan_options_t options = {.msg_size = FRAME};
  uv_loop_t *loop = uv_default_loop();
  loopchan_receiver_t frames = {0};
  loopchan_sender_t *tx;
  uv_thread_t camera;

  check(loop == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(loop, &frames, &tx, &options));
  check(loopchan_recv_start(&frames, on_frame));
  check(uv_thread_create(&camera, send_frames, tx));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_thread_join(&camera));
  check(uv_loop_close(loop));
  return 0;
}
