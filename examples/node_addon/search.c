/* search: threads that look for a needle in a file.
 *
 * Knows:   files. Not Node, nor what becomes of the hits.
 * Threads: run() and what it calls, on each thread; all else on Node's.
 * Ends:    at the end of the file, at an error, or when a send is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "search.h"

struct finder {
  uv_thread_t thread;
  struct search *search;
  size_t index;
  void *port;
};

struct search {
  int fd;
  unsigned char *needle;
  size_t needle_bytes;
  size_t threads, started;
  atomic_int err; /* of the first thread that failed: then all end */
  struct finder finders[];
};

/* Returns how many bytes were there, fewer than size at the end of the file
 * only; or an error. */
static ssize_t read_at(int fd, unsigned char *to, size_t size,
                       uint64_t offset) {
  size_t got = 0;
  while (got < size) {
    ssize_t n = pread(fd, to + got, size - got, (off_t) (offset + got));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return uv_translate_sys_error(errno);
    if (n == 0)
      break;
    got += (size_t) n;
  }
  return (ssize_t) got;
}

/* Sends what begins in the piece at offset. A buffer holds a piece and what of
 * the next a needle can reach into. Returns UV_EOF behind the end. */
static int search_piece(struct finder *f, unsigned char *buffer,
                        uint64_t offset) {
  const struct search *s = f->search;
  ssize_t n = read_at(s->fd, buffer, PIECE + s->needle_bytes - 1, offset);
  if (n <= 0)
    return n < 0 ? (int) n : UV_EOF;

  const unsigned char *end = buffer + n, *at = buffer;
  while ((at = memmem(at, (size_t) (end - at), s->needle, s->needle_bytes)) !=
         NULL) {
    struct hit hit = {.offset = offset + (uint64_t) (at - buffer)};
    int err = pipe_send(f->port, &hit);
    if (err != 0)
      return err;
    at++;
  }
  return 0;
}

/* A search that finds nothing sends nothing: it has to ask, or it would read
 * the rest of the file for nobody. */
static void run(void *arg) {
  struct finder *f = arg;
  struct search *s = f->search;
  unsigned char *buffer = malloc(PIECE + s->needle_bytes - 1);
  int err = buffer == NULL ? UV_ENOMEM : 0, none = 0;

  for (uint64_t i = f->index;
       err == 0 && atomic_load(&s->err) == 0 && !pipe_is_closed(f->port);
       i += s->threads)
    err = search_piece(f, buffer, i * PIECE);
  if (err != 0 && err != UV_EOF && err != UV_EPIPE)
    atomic_compare_exchange_strong(&s->err, &none, err);
  free(buffer);
  pipe_end(f->port);
}

int search_new(struct search **search, int fd, const void *needle,
               size_t needle_bytes, size_t threads) {
  struct search *s = calloc(1, sizeof(*s) + threads * sizeof(s->finders[0]));
  int err = UV_ENOMEM;

  if (s == NULL)
    return err;
  s->threads = threads;
  s->needle_bytes = needle_bytes;
  s->needle = malloc(needle_bytes);
  s->fd = s->needle == NULL ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (s->needle != NULL && s->fd < 0)
    err = uv_translate_sys_error(errno);
  if (s->fd < 0) {
    search_free(s);
    return err;
  }
  memcpy(s->needle, needle, needle_bytes);
  *search = s;
  return 0;
}

int search_start(struct search *s, struct pipe *pipe) {
  for (; s->started < s->threads; s->started++) {
    struct finder *f = &s->finders[s->started];
    f->search = s;
    f->index = s->started;
    f->port = pipe_port(pipe);
    if (f->port == NULL)
      return UV_ENOMEM;
    int err = uv_thread_create(&f->thread, run, f);
    if (err != 0) {
      pipe_end(f->port);
      return err;
    }
  }
  return 0;
}

int search_err(const struct search *s) {
  return atomic_load(&s->err);
}

/* A thread that is not joined would use freed memory. */
void search_join(struct search *s) {
  while (s->started > 0)
    if (uv_thread_join(&s->finders[--s->started].thread) != 0)
      abort();
}

void search_free(struct search *s) {
  if (s->fd >= 0)
    close(s->fd);
  free(s->needle);
  free(s);
}
