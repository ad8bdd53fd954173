/* one_producer: a thread makes one string and hands it over; main waits for it.
 * What is sent is the pointer: after (1) the string is the channel's, and after
 * (2) it is main's. Without (3) a string that is never received leaks; without
 * (4) the channel's memory leaks. */
#include <string.h>

#include <loopchan.h>

#include "check.h"

static void free_string(void *msg, void *arg) {
  (void) arg;
  free(*(char **) msg);
}

static void produce(void *arg) {
  loopchan_sender_t *tx = arg;
  char *string = strdup("good morning");
  check(string == NULL ? UV_ENOMEM : 0);
  int err = loopchan_send(tx, &string); /* (1) */
  if (err != 0)
    free(string); /* refused: still ours */
  check(err == UV_EPIPE ? 0 : err);
  loopchan_sender_drop(tx);
}

int main(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(char *), .drop = free_string, /* (3) */
  };
  loopchan_receiver_t rx = {0};
  loopchan_sender_t *tx;
  uv_thread_t producer;
  char *string;

  check(loopchan_open(NULL, &rx, &tx, &options));
  check(uv_thread_create(&producer, produce, tx));
  check(loopchan_recv(&rx, &string)); /* (2) */
  printf("received: %s\n", string);
  free(string);
  check(loopchan_close(&rx, NULL)); /* (4) */
  check(uv_thread_join(&producer));
  return 0;
}
