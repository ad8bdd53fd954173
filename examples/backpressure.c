/* backpressure: backpressure FILE. A fast reader, two slow workers, and a
 * channel of 64 lines between them: the reader waits, so the memory stays flat
 * however long the file is. Ten times a second, prints the memory in use and
 * the lines done on stderr. With capacity 0 instead, memory grows. Each piece
 * of a line that is longer than a message counts as a line. */
#include <errno.h>
#include <loopchan.h>
#include <string.h>

#include "check.h"
#include "quoted.h"

enum { LINE = 256, WORKERS = 2 };

static loopchan_receiver_t lines;   /* shared by the workers */
static loopchan_receiver_t results; /* on the loop */
static uint64_t read_lines, done;   /* the reader's; the loop's */

static void read_file(void *arg) {
  loopchan_sender_t *tx = ((void **) arg)[0];
  FILE *file = ((void **) arg)[1];
  char line[LINE] = "";

  while (fgets(line, sizeof(line), file) != NULL) {
    check(loopchan_send(tx, line));
    read_lines++;
  }
  check(ferror(file) ? UV_EIO : 0); /* a directory, for example */
  fclose(file);
  loopchan_sender_drop(tx);
}

static void work(void *arg) {
  loopchan_sender_t *tx = arg;
  char line[LINE];
  int err;

  while ((err = loopchan_recv(&lines, line)) == 0) {
    uint64_t hash = 0, i;
    for (i = 0; i < 200000; i++) /* slow */
      hash = hash * 31 + (unsigned char) line[i % LINE];
    check(loopchan_send(tx, &hash));
  }
  check(err == UV_EOF ? 0 : err);
  loopchan_sender_drop(tx);
}

static void show(uv_timer_t *timer) {
  size_t bytes = 0;

  (void) timer;
  check(uv_resident_set_memory(&bytes));
  fprintf(stderr, "%llu lines done, %zu KB of memory\n",
          (unsigned long long) done, bytes / 1024);
}

static void on_result(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0) {
    done++;
    return;
  }
  check(loopchan_close(rx, NULL));
  uv_close((uv_handle_t *) rx->data, NULL);
}

int main(int argc, char **argv) {
  loopchan_options_t of_lines = {
      .msg_size = LINE, .capacity = 64, .flags = LOOPCHAN_SHARED};
  loopchan_options_t of_results = {.msg_size = sizeof(uint64_t),
                                   .capacity = 64};
  uv_thread_t reader, workers[WORKERS];
  loopchan_sender_t *lines_tx, *results_tx;
  FILE *file;
  uv_timer_t timer;
  int i;

  if (argc != 2) {
    fputs("usage: backpressure FILE\n", stderr);
    return 2;
  }
  file = fopen(argv[1], "r");
  if (file == NULL) {
    int err = errno;
    fputs("backpressure: ", stderr);
    put_quoted(stderr, argv[1]);
    fprintf(stderr, ": %s\n", strerror(err));
    return 1;
  }
  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(NULL, &lines, &lines_tx, &of_lines));
  check(loopchan_open(uv_default_loop(), &results, &results_tx, &of_results));
  check(loopchan_recv_start(&results, on_result));
  check(uv_timer_init(uv_default_loop(), &timer));
  check(uv_timer_start(&timer, show, 0, 100));
  results.data = &timer;
  check(uv_thread_create(&reader, read_file, (void *[]){lines_tx, file}));
  for (i = 0; i < WORKERS; i++) {
    loopchan_sender_t *tx = loopchan_sender_clone(results_tx);
    check(tx == NULL ? UV_ENOMEM : 0);
    check(uv_thread_create(&workers[i], work, tx));
  }
  loopchan_sender_drop(results_tx);
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&reader));
  for (i = 0; i < WORKERS; i++)
    check(uv_thread_join(&workers[i]));
  check(loopchan_close(&lines, NULL));
  check(uv_loop_close(uv_default_loop()));
  puts(done == read_lines ? "every line was done" : "lines are missing");
  return done != read_lines;
}
