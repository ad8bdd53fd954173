/* full: what the sending calls return when a channel with room for two messages
 * is full, has room again, and is closed. */
#include <loopchan.h>

#include "../check.h"

static void show(const char *what, int err) {
  check(err == UV_ENOMEM ? err : 0);
  printf("%-24s %s\n", what, err == 0 ? "accepted" : uv_err_name(err));
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int), .capacity = 2};
  const uint64_t millisecond = 1000 * 1000;
  loopchan_receiver_t rx = {0};
  loopchan_stats_t stats;
  loopchan_sender_t *tx;
  int message = 7;
  void *place;

  check(loopchan_open(NULL, &rx, &tx, &options));
  show("send", loopchan_send(tx, &message));
  show("try_send", loopchan_try_send(tx, &message));
  show("try_send, full", loopchan_try_send(tx, &message));
  show("send_timeout, full", loopchan_send_timeout(tx, &message, millisecond));
  show("reserve, full", loopchan_reserve(tx, &place));
  check(loopchan_stats(&rx, &stats));
  printf("%d messages wait, of %d\n", (int) stats.queued, (int) stats.capacity);

  check(loopchan_recv(&rx, &message));
  show("try_send, room again", loopchan_try_send(tx, &message));
  check(loopchan_close(&rx, NULL));
  show("send, closed", loopchan_send(tx, &message));
  loopchan_sender_drop(tx);
  return 0;
}
