/* treesum: prints the SHA-256 of every file of a tree.
 *
 *   walker -- jobs --> workers          one blocking receiver, shared
 *   walker, workers -- reports --> loop        one loop receiver
 *   each worker -- progress --> loop           one for each, newest only
 *
 * The first two are bounded: whoever is ahead waits, so memory does not grow
 * with the tree. Progress that is out of date is replaced, and nobody waits for
 * it. The loop ends when each receiver has got UV_EOF: when all have dropped
 * their senders, the last progress has been seen too. Ctrl-C shuts the reports
 * down: what was accepted still arrives, then UV_EOF; every thread's next
 * report is refused, and it ends.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "../standard_files.h"
#include "listing.h"
#include "options.h"
#include "screen.h"
#include "walker.h"
#include "worker.h"

enum { TICK_MS = 100, JOBS_AHEAD = 1024, REPORTS_AHEAD = 4096 };

/* What the loop knows of one worker. */
struct gauge {
  loopchan_receiver_t progress;
  uint64_t bytes; /* read, as far as is known */
};

struct treesum {
  uv_loop_t loop;
  loopchan_receiver_t jobs, reports;
  uv_signal_t interrupt;
  uv_timer_t tick;
  struct screen screen;
  struct listing listing;
  struct walker walker;
  struct worker *workers;
  struct gauge *gauges;
  size_t worker_count;
  size_t not_ended; /* receivers on the loop */
  int interrupted;
  int err; /* why it could not go on */
};

static void close_one(uv_handle_t *handle, void *arg) {
  (void) arg;
  if (!uv_is_closing(handle))
    loopchan_close_handle(handle, NULL);
}

/* From here no report is accepted; those under way go to report_drop. */
static void stop(struct treesum *t, int err) {
  if (t->err == 0)
    t->err = err;
  uv_walk(&t->loop, close_one, NULL);
}

static void on_end(struct treesum *t) {
  if (--t->not_ended == 0)
    stop(t, 0);
}

static void on_progress(loopchan_receiver_t *rx, int status, uint64_t *bytes) {
  struct gauge *gauge = (struct gauge *) rx;
  struct treesum *t = rx->data;
  if (status == UV_EOF) {
    on_end(t);
    return;
  }
  t->screen.bytes_read += *bytes - gauge->bytes;
  gauge->bytes = *bytes;
}

static void on_report(loopchan_receiver_t *rx, int status, struct report *r) {
  struct treesum *t = rx->data;
  int err = 0;
  if (status == UV_EOF) {
    on_end(t);
    return;
  }
  screen_add(&t->screen, r);
  if (r->kind == REPORT_DONE) {
    if (!t->listing.sorted)
      screen_hide_progress(&t->screen); /* the same terminal, perhaps */
    err = listing_add(&t->listing, r);
  }
  if (r->kind == REPORT_FAILED || err != 0)
    free(r->path);
  if (err != 0)
    stop(t, err);
}

/* A second Ctrl-C finds no handler, and kills. */
static void on_interrupt(uv_signal_t *handle, int signum) {
  struct treesum *t = handle->data;
  int err = loopchan_shutdown(&t->reports);
  (void) signum;
  t->interrupted = 1;
  if (err == 0)
    err = uv_signal_stop(handle);
  if (err != 0)
    stop(t, err);
}

static void on_tick(uv_timer_t *handle) {
  struct treesum *t = handle->data;
  screen_show_progress(&t->screen);
}

static int watch(struct treesum *t, int progress) {
  int err = uv_signal_init(&t->loop, &t->interrupt);
  t->interrupt.data = t;
  if (err == 0)
    err = uv_signal_start(&t->interrupt, on_interrupt, SIGINT);
  if (err != 0 || !progress)
    return err;
  err = uv_timer_init(&t->loop, &t->tick);
  t->tick.data = t;
  if (err == 0)
    err = uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
  return err;
}

static int open_channels(struct treesum *t) {
  loopchan_options_t reports = {.capacity = REPORTS_AHEAD, .drop = report_drop};
  loopchan_options_t jobs = {
      .capacity = JOBS_AHEAD, .drop = job_drop, .flags = LOOPCHAN_SHARED};
  int err = reports_open(&t->loop, &t->reports, &t->walker.reports, &reports);
  if (err != 0)
    return err;
  t->reports.data = t;
  err = jobs_open(NULL, &t->jobs, &t->walker.jobs, &jobs);
  if (err != 0)
    loopchan_sender_drop(t->walker.reports);
  return err;
}

/* Starts the next worker, and listens to its progress. */
static int add_worker(struct treesum *t) {
  loopchan_options_t newest = {.flags = LOOPCHAN_LATEST};
  struct gauge *gauge = &t->gauges[t->worker_count];
  loopchan_sender_t *progress;
  int err = progress_open(&t->loop, &gauge->progress, &progress, &newest);
  if (err != 0)
    return err;
  gauge->progress.data = t;
  err = progress_recv_start(&gauge->progress, on_progress);
  if (err != 0) {
    loopchan_sender_drop(progress);
    return err;
  }
  t->not_ended++;
  err = worker_start(&t->workers[t->worker_count], &t->jobs, t->walker.reports,
                     progress);
  if (err == 0)
    t->worker_count++;
  return err;
}

/* A worker has one file open at a time, and so has the walker. There are no
 * more workers than descriptors for that. */
static int add_workers(struct treesum *t, size_t workers) {
  size_t files = free_descriptors(1 + workers);
  int err = files < 2 ? UV_EMFILE : 0;
  while (err == 0 && t->worker_count + 1 < files)
    err = add_worker(t);
  return err;
}

/* Leaves t->worker_count threads to join, and the walker's if it returns 0. */
static int start(struct treesum *t, const struct options *o) {
  int err = open_channels(t);
  if (err != 0)
    return err;
  err = reports_recv_start(&t->reports, on_report);
  t->not_ended = 1;
  if (err == 0)
    err = watch(t, o->progress);
  if (err == 0)
    err = add_workers(t, o->workers);
  if (err == 0)
    err = walker_start(&t->walker);
  if (err != 0)
    walker_let_go(&t->walker);
  return err;
}

/* Ends a thread; keeps the first error. */
static void join(struct treesum *t, uv_thread_t *thread, const int *its_err) {
  int err = uv_thread_join(thread);
  if (err == 0)
    err = *its_err;
  if (t->err == 0)
    t->err = err;
}

static void run(struct treesum *t, const struct options *o) {
  int err;

  t->err = uv_loop_init(&t->loop);
  if (t->err != 0)
    return;
  err = start(t, o);
  if (err != 0)
    stop(t, err);
  uv_run(&t->loop, UV_RUN_DEFAULT);
  if (err == 0)
    join(t, &t->walker.thread, &t->walker.err);
  for (size_t i = 0; i < t->worker_count; i++)
    join(t, &t->workers[i].thread, &t->workers[i].err);
  loopchan_close(&t->jobs, NULL); /* drops what nobody came to */
  err = uv_loop_close(&t->loop);
  if (t->err == 0)
    t->err = err;
}

/* Sums that would go to /dev/null are not asked for: as sha256sum, it fails. */
static int check_files(void) {
  int err = fcntl(STDOUT_FILENO, F_GETFD) == -1 ? UV_EBADF : 0;
  if (open_standard_files() != 0)
    err = uv_translate_sys_error(errno);
  if (err != 0)
    fprintf(stderr, "treesum: cannot go on: %s\n", uv_strerror(err));
  return err;
}

int main(int argc, char **argv) {
  struct treesum t = {0};
  struct options o;
  int status, err;

  if (check_files() != 0)
    return EXIT_CANNOT;
  setlocale(LC_CTYPE, ""); /* for what can be printed of a name */
  if (!options_read(&o, argc, argv, &status))
    return status;
  if (!o.sorted)
    setvbuf(stdout, NULL, _IOLBF, 0); /* a line is there when it is printed */
  t.screen.begun_ns = uv_hrtime();
  t.listing.sorted = o.sorted;
  t.listing.safely = isatty(STDOUT_FILENO);
  t.walker.roots = o.roots;
  t.workers = calloc(o.workers, sizeof(*t.workers));
  t.gauges = calloc(o.workers, sizeof(*t.gauges));
  t.err = t.workers == NULL || t.gauges == NULL ? UV_ENOMEM : workers_prepare();
  if (t.err == 0)
    run(&t, &o);

  screen_hide_progress(&t.screen);
  err = listing_print(&t.listing); /* whatever happened: what is done */
  if (t.err == 0)
    t.err = err;
  if (t.err != 0)
    fprintf(stderr, "treesum: cannot go on: %s\n", uv_strerror(t.err));
  if (o.summary)
    screen_sum_up(&t.screen);
  listing_free(&t.listing);
  free(t.workers);
  free(t.gauges);
  if (t.err != 0)
    return EXIT_CANNOT;
  if (t.interrupted)
    return EXIT_INTERRUPTED;
  return t.screen.failed > 0 ? EXIT_FAILED : EXIT_SUCCESS;
}
