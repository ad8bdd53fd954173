/* Room trace: what is told of channels on stderr, and when nothing is. Each
 * life is lived in a child, which reads the environment afresh. */
#include "base/trace.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/rx.h"
#include "support/channel.h"
#include "support/suite.h"

static void on_message(loopchan_receiver_t *self, int status, void *msg) {
  (void) msg;
  if (status == UV_EOF)
    ck_assert_int_eq(loopchan_close(self, NULL), 0);
}

static void send_and_drop(void *arg) {
  loopchan_sender_t *other = arg;

  (void) loopchan_send(other, &(int){2});
  loopchan_sender_drop(other);
}

static void on_a_loop(void) {
  loopchan_options_t options = int_options();
  loopchan_sender_t *other;
  uv_thread_t thread;

  loop_open();
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  other = loopchan_sender_clone(tx);
  send_ints(1, 1);
  ck_assert_int_eq(uv_thread_create(&thread, send_and_drop, other), 0);
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  drop_tx();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  expect_loop_clean();
}

static void on_a_thread(void) {
  loopchan_options_t options = int_options();
  void *place;

  open_with(NULL, &options);
  send_ints(1, 1);
  (void) lc_guard_enter(&rx.channel->rx.guard);
  ck_assert(!lc_rx_park(rx.channel)); /* which is not told */
  lc_guard_exit(&rx.channel->rx.guard, 0);
  expect_ints(1, 1);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  ck_assert_int_eq(loopchan_commit(tx, place), 0);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_send(tx, &(int){3}), UV_EPIPE);
  close_rx();
  drop_tx();
}

static void on_written(loopchan_write_t *req, int status) {
  (void) req;
  ck_assert_int_eq(status, 0);
}

static void from_a_writer(void) {
  loopchan_options_t options = int_options();
  loopchan_writer_t writer;
  loopchan_write_t req;

  loop_open();
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &(int){0}, 1), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  ck_assert_int_eq(loopchan_write(&req, &writer, &(int){1}, on_written), 0);
  expect_ints(1, 1);
  ck_assert_int_eq(loopchan_writer_close(&writer, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  expect_loop_clean();
  ck_assert_int_eq(loopchan_recv(&rx, &(int){0}), UV_EOF);
  close_rx();
}

static void drop_any(void *msg, void *arg) {
  (void) msg;
  (void) arg;
}

static void with_replaced_messages(void) {
  loopchan_options_t options = int_options();

  options.flags = LOOPCHAN_LATEST;
  options.drop = drop_any;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_send_many(tx, (int[]){1, 2, 3}, 3), 3);
  ck_assert_int_eq(loopchan_send(tx, &(int){4}), 0);
  expect_ints(4, 1);
  drop_tx();
  close_rx();
}

/* What a life told, with LOOPCHAN_TRACE of this value, or without it. */
static FILE *told(void (*life)(void), const char *value) {
  FILE *file = tmpfile();
  int status;
  pid_t child;

  ck_assert_ptr_nonnull(file);
  child = fork();
  if (child == 0) {
    if (value != NULL)
      setenv("LOOPCHAN_TRACE", value, 1);
    else
      unsetenv("LOOPCHAN_TRACE");
    dup2(fileno(file), STDERR_FILENO);
    life();
    /* Not _exit: to valgrind the parent's memory would be a leak here. */
    execl("/bin/sh", "sh", "-c", ":", (char *) NULL);
    _exit(1);
  }
  ck_assert_int_gt(child, 0);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status));
  ck_assert_int_eq(WEXITSTATUS(status), 0);
  rewind(file);
  return file;
}

static const void *known[26];
static uint64_t last_ns;

static void fresh(void) {
  memset(known, 0, sizeof known);
  last_ns = 0;
}

/* A for the first address that is told, B for the next. */
static char name_of(const void *address) {
  int i = 0;

  while (known[i] != NULL && known[i] != address)
    i++;
  ck_assert_int_lt(i, 25);
  known[i] = address;
  return (char) ('A' + i);
}

/* Of a line of the form that it should have: thread, channel, event, and what
 * it is about. */
static int retell(const char *line, char *into, size_t size) {
  uint64_t ns = 0;
  unsigned thread = 0;
  void *channel = NULL, *what = NULL;
  char event[16] = "", channel_name;
  int end = 0, more = 0;

  sscanf(line, "loopchan: %" SCNu64 " ns, thread %u, %p: %15s%n %p%n", &ns,
         &thread, &channel, event, &end, &what, &more);
  ck_assert_str_eq(line + (more > 0 ? more : end), "\n");
  ck_assert_uint_ge(ns, last_ns);
  last_ns = ns;
  channel_name = name_of(channel);
  return more > 0
             ? snprintf(into, size, "%u %c %s %c\n", thread, channel_name,
                        event, name_of(what))
             : snprintf(into, size, "%u %c %s\n", thread, channel_name, event);
}

static void expect_told(void (*life)(void), const char *expected) {
  uint64_t before_ns = uv_hrtime();
  FILE *file = told(life, "1");
  char line[128], all[1024] = "";
  size_t length = 0;

#ifdef NDEBUG
  expected = "";
#endif
  while (fgets(line, sizeof line, file) != NULL)
    length += (size_t) retell(line, all + length, sizeof all - length);
  fclose(file);
  ck_assert_str_eq(all, expected);
  ck_assert_uint_le(last_ns, uv_hrtime() - before_ns);
}

START_TEST(a_life_on_a_loop_is_told) {
  expect_told(on_a_loop,
              "1 A open\n"
              "1 A sender_new B\n"
              "1 A park\n"
              "1 A sender_new C\n"
              "1 A send D\n"
              "1 A wake\n"
              "2 A send E\n"
              "2 A sender_drop C\n"
              "1 A deliver D\n"
              "1 A deliver E\n"
              "1 A park\n"
              "1 A sender_drop B\n"
              "1 A wake\n"
              "1 A eof\n"
              "1 A close\n"
              "1 A closed\n"
              "1 A free\n");
}
END_TEST

START_TEST(a_life_on_a_thread_is_told) {
  expect_told(on_a_thread,
              "1 A open\n"
              "1 A sender_new B\n"
              "1 A send C\n"
              "1 A deliver C\n"
              "1 A send D\n"
              "1 A shutdown\n"
              "1 A send E\n" /* refused */
              "1 A close\n"
              "1 A drop D\n"
              "1 A closed\n"
              "1 A sender_drop B\n"
              "1 A free\n");
}
END_TEST

START_TEST(a_writer_is_told_of_as_its_sender) {
  expect_told(from_a_writer,
              "1 A open\n"
              "1 A sender_new B\n"
              "1 A park\n"
              "1 A send C\n"
              "1 A deliver C\n"
              "1 A sender_drop B\n"
              "1 A eof\n"
              "1 A close\n"
              "1 A closed\n"
              "1 A free\n");
}
END_TEST

/* A message that was replaced at once has a node, too, while it is dropped. */
START_TEST(each_drop_of_a_node_has_a_send_before_it) {
  expect_told(with_replaced_messages,
              "1 A open\n"
              "1 A sender_new B\n"
              "1 A send C\n" /* the last of the three */
              "1 A send D\n"
              "1 A drop D\n"
              "1 A send D\n"
              "1 A drop D\n"
              "1 A send D\n"
              "1 A drop C\n"
              "1 A deliver D\n"
              "1 A sender_drop B\n"
              "1 A close\n"
              "1 A closed\n"
              "1 A free\n");
}
END_TEST

START_TEST(nothing_is_told_unless_it_is_asked_for) {
  const char *const values[] = {NULL, "", "0", "11", "yes"};
  FILE *file = told(on_a_loop, values[_i]);

  ck_assert_int_eq(fgetc(file), EOF);
  fclose(file);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room trace");

  SUITE_CASE(suite, "told", fresh, NULL, a_life_on_a_loop_is_told,
             a_life_on_a_thread_is_told, a_writer_is_told_of_as_its_sender,
             each_drop_of_a_node_has_a_send_before_it);
  SUITE_LOOP_CASE(suite, "silent", NULL, NULL, 5,
                  nothing_is_told_unless_it_is_asked_for);
  return suite;
}
