/* worker: a thread that takes paths and reports their files' SHA-256.
 *
 * Knows:   files and digests. Not directories, not the screen.
 * Threads: worker_start on the loop's thread, all else on the worker's own.
 * Ends:    when its jobs end (UV_EOF); when a report is refused (UV_EPIPE):
 *          that is how it learns of Ctrl-C, between two reads of a file too; or
 *          when it gets no descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "../libcrypto.h"
#include "options.h"
#include "worker.h"

enum { BUFFER_BYTES = 128 * 1024 };

struct tools {
  loopchan_sender_t *reports, *progress;
  uint64_t bytes_read; /* of all files */
  EVP_MD_CTX *digest;
  unsigned char *buffer;
};

/* O_NONBLOCK: the open of a FIFO would wait for its writer. The walker has
 * looked already, but the path may be another thing by now. */
static int open_regular(const char *path, int follow) {
  struct stat st;
  int err;
  int fd =
      open(path, O_RDONLY | (follow ? 0 : O_NOFOLLOW) | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return uv_translate_sys_error(errno);
  if (fstat(fd, &st) != 0)
    err = uv_translate_sys_error(errno);
  else if (!S_ISREG(st.st_mode))
    err = UV_EFTYPE;
  else
    return fd;
  close(fd);
  return err;
}

/* Fills in r->sum, or r->err when the file fails. Returns UV_EPIPE if nobody
 * wants it any more, or UV_ENOMEM. The progress never waits: a loop that is
 * busy gets the newest number only. */
static int hash(struct tools *t, int fd, struct report *r) {
  int ok = EVP_DigestInit_ex(t->digest, EVP_sha256(), NULL);
  ssize_t n = 0;
  while (ok && (n = read(fd, t->buffer, BUFFER_BYTES)) > 0) {
    t->bytes_read += (uint64_t) n;
    int err = progress_send(t->progress, &t->bytes_read);
    if (err == 0 && loopchan_is_closed(t->reports))
      err = UV_EPIPE;
    if (err != 0)
      return err;
    ok = EVP_DigestUpdate(t->digest, t->buffer, (size_t) n);
  }
  if (n < 0)
    r->err = uv_translate_sys_error(errno);
  else if (!ok || !EVP_DigestFinal_ex(t->digest, r->sum, NULL))
    r->err = UV_ENOMEM; /* what else could fail in a digest */
  return 0;
}

/* Takes its path over. Returns what became of the reports, or why no file can
 * be read any more. */
static int do_job(struct tools *t, const struct job *job) {
  struct report r = {.path = job->path};
  int err = 0;
  int fd = open_regular(job->path, job->follow);
  if (no_descriptors(fd)) {
    err = fd;
  } else if (fd < 0) {
    r.err = fd;
  } else {
    err = hash(t, fd, &r);
    close(fd);
  }
  r.kind = r.err == 0 ? REPORT_DONE : REPORT_FAILED;
  if (err == 0)
    err = reports_send(t->reports, &r);
  if (err != 0)
    free(job->path);
  return err;
}

static void run(void *arg) {
  struct worker *w = arg;
  struct tools t = {w->reports, w->progress, 0, EVP_MD_CTX_new(),
                    malloc(BUFFER_BYTES)};
  struct job job;
  int err = t.digest == NULL || t.buffer == NULL ? UV_ENOMEM : 0;

  while (err == 0 && (err = jobs_recv(w->jobs, &job)) == 0)
    err = do_job(&t, &job);
  if (err != UV_EOF && err != UV_EPIPE)
    w->err = err;
  loopchan_shutdown(w->jobs); /* perhaps another one has */
  loopchan_sender_drop(w->reports);
  loopchan_sender_drop(w->progress);
  EVP_MD_CTX_free(t.digest);
  free(t.buffer);
}

/* The first digest takes memory, too, without which libcrypto would fail at all
 * others. */
int workers_prepare(void) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  int ok = prepare_libcrypto("treesum", EXIT_CANNOT) &&
           EVP_Digest("", 0, sum, NULL, EVP_sha256(), NULL);

  return ok ? 0 : UV_ENOMEM;
}

int worker_start(struct worker *w, loopchan_receiver_t *jobs,
                 loopchan_sender_t *reports, loopchan_sender_t *progress) {
  int err;

  w->err = 0;
  w->jobs = jobs;
  w->progress = progress;
  w->reports = loopchan_sender_clone(reports);
  err = w->reports == NULL ? UV_ENOMEM : uv_thread_create(&w->thread, run, w);
  if (err != 0) {
    loopchan_sender_drop(w->reports);
    loopchan_sender_drop(progress);
  }
  return err;
}
