/* loops: what becomes of the rest of a loop while messages pour in. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench.h"

#define AHEAD 100000 /* messages that a flood is ahead of its receiver */
#define TICKS 500
#define TICKS_MOST 20000
#define TICK_NS 1000000
#define PATIENCE_NS UINT64_C(3000000000)

/* A timer of 1 ms on the loop, set again when it comes: how late it comes tells
 * how long the loop looks at nothing else. */
static struct {
  uint64_t due;
  size_t ticks;
  bool over;
  double late[TICKS_MOST];
  uv_timer_t timer;
} watch;

static void on_tick(void);

static void on_timer(uv_timer_t *timer) {
  (void) timer;
  on_tick();
}

static void set_timer(void) {
  watch.due = uv_hrtime() + TICK_NS;
  if (bench_peer->after_ms != NULL) {
    bench_peer->after_ms(on_tick);
    return;
  }
  uv_update_time(uv_default_loop());
  bench_check(uv_timer_start(&watch.timer, on_timer, 1, 0) == 0, "timer");
}

static void note_lateness(void) {
  uint64_t now = uv_hrtime();

  if (watch.ticks < TICKS_MOST)
    watch.late[watch.ticks++] =
        now > watch.due ? (double) (now - watch.due) : 0;
}

static void on_tick(void) {
  if (watch.over)
    return;
  note_lateness();
  set_timer();
}

static void begin_watch(void) {
  watch.ticks = 0;
  watch.over = false;
  if (bench_peer->after_ms == NULL)
    bench_check(uv_timer_init(uv_default_loop(), &watch.timer) == 0, "timer");
  set_timer();
}

/* A timer that is overdue counts as late as it is by now. */
static void end_watch(void) {
  watch.over = true;
  if (uv_hrtime() > watch.due || watch.ticks == 0)
    note_lateness();
  if (bench_peer->after_ms == NULL)
    uv_close((uv_handle_t *) &watch.timer, NULL);
}

static struct {
  bench_kind_t kind;
  uint64_t work_ns, begin;
  void *sender;
  uint64_t sent, received;
  _Atomic uint64_t told; /* how many were received, a while ago */
  atomic_bool over;
} flood;

/* Whether to send on; waits while far ahead. */
static bool may_send(uint64_t sent) {
  while (!flood.over && sent - flood.told > AHEAD)
    sched_yield();
  return !flood.over;
}

static void send_flood(void *arg) {
  bench_message_t message = {{0}};
  uint64_t i;

  (void) arg;
  bench_core(1);
  for (i = 0; i % 1000 != 0 || may_send(i); i++) {
    bench_write(&message, flood.kind.size, i);
    bench_peer->send(flood.sender, &message);
  }
  flood.sent = i;
  bench_write(&message, flood.kind.size, UINT64_MAX);
  bench_peer->send(flood.sender, &message);
}

static void work(uint64_t ns) {
  uint64_t until = uv_hrtime() + ns;

  while (uv_hrtime() < until) {
  }
}

static void on_flood_message(void *arg, const void *message) {
  uint64_t number = bench_read(message, flood.kind.size);

  (void) arg;
  if (number == UINT64_MAX) {
    bench_stop();
    return;
  }
  bench_check(number == flood.received,
              "a message is missing, double or out of order");
  if (flood.work_ns != 0)
    work(flood.work_ns);
  if (++flood.received % 1000 != 0)
    return;
  flood.told = flood.received;
  if (watch.ticks >= TICKS || uv_hrtime() - flood.begin > PATIENCE_NS)
    flood.over = true;
}

static void tell_lateness(void) {
  bench_tell("late p50 ns", bench_percentile(watch.late, watch.ticks, 50));
  bench_tell("late p99 ns", bench_percentile(watch.late, watch.ticks, 99));
  bench_tell("late most ns", bench_percentile(watch.late, watch.ticks, 100));
}

static void run_timer(const bench_case_t *test) {
  void *channel;
  uv_thread_t flooder;

  bench_check(test->kind.to_loop, "timer is for --to loop");
  flood.kind = test->kind;
  flood.kind.cb = on_flood_message;
  flood.work_ns = test->work_ns;
  channel = bench_peer->open(&flood.kind);
  flood.sender = bench_peer->add_sender(channel);
  flood.begin = uv_hrtime();
  begin_watch();
  bench_thread(&flooder, send_flood, NULL);
  bench_run();
  end_watch();
  uv_thread_join(&flooder);
  bench_check(flood.received == flood.sent, "count");
  bench_peer->drop_sender(flood.sender);
  bench_peer->close(channel);
  bench_settle();
  tell_lateness();
}

static struct {
  size_t size;
  uint64_t received, expected;
  uint64_t first; /* when the first one came */
} backlog;

static void on_backlog_message(void *arg, const void *message) {
  (void) arg;
  bench_check(bench_read(message, backlog.size) == backlog.received,
              "a message is missing, double or out of order");
  if (backlog.received++ == 0)
    backlog.first = uv_hrtime();
  if (backlog.received == backlog.expected)
    bench_stop();
}

/* All messages are queued before the loop starts. */
static void run_backlog(const bench_case_t *test) {
  bench_kind_t kind = test->kind;
  bench_message_t message = {{0}};
  void *channel, *sender;
  uint64_t i, begin;

  bench_check(kind.to_loop && kind.capacity == 0,
              "backlog is for --to loop, unbounded");
  kind.cb = on_backlog_message;
  backlog.size = kind.size;
  backlog.expected = test->messages;
  channel = bench_peer->open(&kind);
  sender = bench_peer->add_sender(channel);
  for (i = 0; i < test->messages; i++) {
    bench_write(&message, kind.size, i);
    bench_peer->send(sender, &message);
  }
  begin = uv_hrtime();
  begin_watch();
  bench_run();
  end_watch();
  bench_check(backlog.received == backlog.expected, "count");
  bench_tell("first ns", (double) (backlog.first - begin));
  bench_tell("ns/message",
             (double) (uv_hrtime() - begin) / (double) test->messages);
  bench_peer->drop_sender(sender);
  bench_peer->close(channel);
  bench_settle();
  tell_lateness();
}

const bench_scenario_t bench_timer = {"timer", 1, false, run_timer, false};
const bench_scenario_t bench_backlog = {"backlog", 10000000, false, run_backlog,
                                        false};
