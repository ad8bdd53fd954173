/* several_values: a thread sends one value after another; main receives until
 * there are no more. They arrive in the order in which they were sent. Without
 * (1) main waits forever after the last value: only a dropped sender means that
 * nothing follows. */
#include <loopchan.h>

#include "check.h"

static void produce(void *arg) {
  loopchan_sender_t *tx = arg;
  const char *const seasons[] = {"spring", "summer", "autumn", "winter"};
  for (size_t i = 0; i < sizeof(seasons) / sizeof(seasons[0]); i++)
    check(loopchan_send(tx, &seasons[i]));
  loopchan_sender_drop(tx); /* (1) */
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(const char *)};
  loopchan_receiver_t rx = {0};
  loopchan_sender_t *tx;
  uv_thread_t producer;
  const char *season;
  int err;

  check(loopchan_open(NULL, &rx, &tx, &options));
  check(uv_thread_create(&producer, produce, tx));
  while ((err = loopchan_recv(&rx, &season)) == 0)
    printf("%s\n", season);
  if (err != UV_EOF)
    check(err);
  check(loopchan_close(&rx, NULL));
  check(uv_thread_join(&producer));
  return 0;
}
