/* pause: a loop reads from a pipe and passes what it reads to a slow thread.
 * While the channel is full it does not read, so the pipe fills up, and the
 * writer at its other end waits: the pressure goes back to where the bytes come
 * from. Prints how many bytes the thread has got. */
#include <string.h>

#include <loopchan.h>

#include "../check.h"

enum { CHUNK = 4096, CHUNKS = 500 };

struct chunk {
  size_t size;
  char bytes[CHUNK];
};

static loopchan_receiver_t chunks;
static loopchan_writer_t writer;
static loopchan_write_t request;
static struct chunk chunk; /* what is being read */
static uv_pipe_t from;

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void) handle;
  (void) suggested;
  *buf = uv_buf_init(chunk.bytes, CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf);

static void on_written(loopchan_write_t *req, int status) {
  (void) req;
  check(status);
  check(uv_read_start((uv_stream_t *) &from, on_space, on_read)); /* (2) */
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf) {
  (void) buf;
  if (size == 0)
    return;
  if (size < 0) {
    check(size == UV_EOF ? 0 : (int) size);
    uv_close((uv_handle_t *) stream, NULL);
    check(loopchan_writer_close(&writer, NULL));
    return;
  }
  chunk.size = (size_t) size;
  check(uv_read_stop(stream)); /* (1) */
  check(loopchan_write(&request, &writer, &chunk, on_written));
}

static void count(void *arg) {
  static struct chunk got;
  size_t total = 0;

  (void) arg;
  while (loopchan_recv(&chunks, &got) == 0)
    total += got.size;
  check(loopchan_close(&chunks, NULL));
  printf("%zu bytes\n", total);
}

static void write_all(void *arg) {
  static char bytes[CHUNK];
  uv_buf_t buf;
  uv_fs_t req;

  for (size_t left = CHUNKS * CHUNK; left > 0;) {
    buf = uv_buf_init(bytes, left < CHUNK ? (unsigned) left : CHUNK);
    int n = uv_fs_write(NULL, &req, *(uv_file *) arg, &buf, 1, -1, NULL);
    uv_fs_req_cleanup(&req);
    check(n < 0 ? n : n == 0 ? UV_EIO : 0);
    left -= (size_t) n;
  }
  check(uv_fs_close(NULL, &req, *(uv_file *) arg, NULL));
  uv_fs_req_cleanup(&req);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(struct chunk),
                                .capacity = 4};
  uv_loop_t *loop = uv_default_loop();
  uv_thread_t counter, source;
  loopchan_sender_t *tx;
  uv_file ends[2];

  check(loop == NULL ? UV_ENOMEM : 0);
  check(uv_pipe(ends, UV_NONBLOCK_PIPE, 0));
  check(uv_pipe_init(loop, &from, 0));
  check(uv_pipe_open(&from, ends[0]));
  check(loopchan_open(NULL, &chunks, &tx, &options));
  check(loopchan_writer_open(loop, &writer, tx));
  check(uv_read_start((uv_stream_t *) &from, on_space, on_read));
  check(uv_thread_create(&counter, count, NULL));
  check(uv_thread_create(&source, write_all, &ends[1]));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_thread_join(&source));
  check(uv_thread_join(&counter));
  check(uv_loop_close(loop));
  return 0;
}
