/* Promise: typed wrappers do what their namesakes do. That a wrong type does
 * not compile is tested by header_alone. */
#include "support/channel.h"
#include "support/suite.h"

struct job {
  int id;
  double weight;
};

LOOPCHAN_TYPED(jobs, struct job);

static loopchan_receiver_t typed;
static loopchan_writer_t writer;
static int received, written;

static void setup(void) {
  received = written = 0;
  start_clean();
}

static void on_job(loopchan_receiver_t *receiver, int status, struct job *job) {
  if (status == UV_EOF) {
    ck_assert_ptr_null(job);
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  ck_assert_int_eq(job->id, received);
  ck_assert(job->weight == received / 2.0);
  received++;
}

START_TEST(typed_calls_work_on_a_loop) {
  loopchan_sender_t *jobs;
  struct job two[2] = {{1, 0.5}, {2, 1.0}}, *place = NULL;

  ck_assert_int_eq(jobs_open(&loop, &typed, &jobs, NULL), 0);
  ck_assert_int_eq(jobs_send(jobs, &(struct job){0, 0.0}), 0);
  ck_assert_int_eq(jobs_send_many(jobs, two, 2), 2);
  ck_assert_int_eq(jobs_try_send(jobs, &(struct job){3, 1.5}), 0);
  ck_assert_int_eq(jobs_reserve(jobs, NULL), UV_EINVAL);
  ck_assert_int_eq(jobs_reserve(jobs, &place), 0);
  jobs_abandon(jobs, place);
  ck_assert_int_eq(jobs_reserve(jobs, &place), 0);
  *place = (struct job){4, 2.0};
  ck_assert_int_eq(jobs_commit(jobs, place), 0);
  loopchan_sender_drop(jobs);
  ck_assert_int_eq(jobs_recv_start(&typed, NULL), UV_EINVAL);
  ck_assert_int_eq(jobs_recv_start(&typed, on_job), 0);
  ck_assert_int_eq(jobs_recv_start(&typed, NULL), UV_EINVAL);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(received, 5);
}
END_TEST

START_TEST(typed_calls_work_on_a_thread) {
  loopchan_sender_t *jobs;
  struct job job, more[3];
  int i;

  ck_assert_int_eq(jobs_open(NULL, &typed, &jobs, NULL), 0);
  for (i = 0; i < 6; i++)
    ck_assert_int_eq(jobs_send_timeout(jobs, &(struct job){i, i * 2.0}, 0), 0);
  ck_assert_int_eq(jobs_recv(&typed, &job), 0);
  ck_assert_int_eq(job.id, 0);
  ck_assert_int_eq(jobs_try_recv(&typed, &job), 0);
  ck_assert_int_eq(job.id, 1);
  ck_assert_int_eq(jobs_recv_timeout(&typed, &job, 0), 0);
  ck_assert_int_eq(job.id, 2);
  ck_assert_int_eq(jobs_recv_many(&typed, more, 3), 3);
  ck_assert_int_eq(more[2].id, 5);
  ck_assert(more[2].weight == 10.0);
  loopchan_sender_drop(jobs);
  ck_assert_int_eq(loopchan_close(&typed, NULL), 0);
}
END_TEST

static void on_written(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert_int_eq(status, 0);
  written++;
}

START_TEST(typed_writes_work_too) {
  loopchan_write_t req;
  loopchan_sender_t *jobs;

  ck_assert_int_eq(jobs_open(&loop, &typed, &jobs, NULL), 0);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, jobs), 0);
  ck_assert_int_eq(jobs_write(&req, &writer, &(struct job){0, 0.0}, on_written),
                   0);
  ck_assert_int_eq(jobs_try_write(&writer, &(struct job){1, 0.5}), 0);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  ck_assert_int_eq(jobs_recv_start(&typed, on_job), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(received, 2);
  ck_assert_int_eq(written, 1);
}
END_TEST

/* A clone needs no wrapper of its own. */
START_TEST(typed_calls_work_on_a_clone) {
  loopchan_options_t options = {.flags = LOOPCHAN_SHARED};
  loopchan_receiver_t thread_clone = {0};
  loopchan_sender_t *jobs;
  struct job job;

  ck_assert_int_eq(jobs_open(&loop, &typed, &jobs, &options), 0);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &thread_clone, &typed), 0);
  ck_assert_int_eq(jobs_send(jobs, &(struct job){7, 0.5}), 0);
  ck_assert_int_eq(jobs_recv(&thread_clone, &job), 0);
  ck_assert_int_eq(job.id, 7);
  ck_assert(job.weight == 0.5);
  ck_assert_int_eq(loopchan_close(&typed, NULL), 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(loopchan_receiver_clone(&loop, &typed, &thread_clone), 0);
  ck_assert_int_eq(loopchan_close(&thread_clone, NULL), 0);
  ck_assert_int_eq(jobs_recv_start(&typed, on_job), 0);
  ck_assert_int_eq(jobs_send(jobs, &(struct job){0, 0.0}), 0);
  loopchan_sender_drop(jobs);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(received, 1);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise typed");

  SUITE_CASE(suite, "typed", setup, expect_clean, typed_calls_work_on_a_loop,
             typed_writes_work_too, typed_calls_work_on_a_thread,
             typed_calls_work_on_a_clone);
  return suite;
}
