/* signal_vs_callback: [inbox.park] and libuv's `pending`. Two senders push and
 * pay; the loop's thread takes what is there without being woken, and parks
 * again. So one debt may be paid late, and must not make libuv swallow the
 * other. */
#include "explore.h"
#include "queue/inbox.h"
#include "wait/wake.h"

static lc_inbox_t inbox;
static lc_wake_t wake;
static uv_async_t bell;
static lc_link_t links[2];
static size_t received;

static void push_and_pay(void *arg) {
  lc_link_t *link = arg;

  if (lc_inbox_push(&inbox, link, link, LC_NO_STREAK) == LC_PUSHED_OWES_WAKE)
    lc_wake_signal(&wake);
}

/* True: there is nothing more to come, or a wake will tell. */
static bool take_and_park(void) {
  static lc_chain_t chain; /* GenMC would take it for freed the second time */
  const lc_link_t *link;

  if (lc_inbox_take(&inbox, &chain))
    for (link = chain.newest; link != chain.end; link = lc_link_next(link))
      received++;
  return received == 2 || lc_inbox_park(&inbox);
}

static void leave_and_close(uv_async_t *handle) {
  lc_wake_leave(&wake);
  uv_close((uv_handle_t *) handle, NULL);
}

/* By a pointer: inlined into the callback, its monitor is one more that GenMC
 * would take for freed. */
static void (*end)(uv_async_t *);

static void on_wake(uv_async_t *handle) {
  if (!take_and_park())
    lc_wake_self(&wake);
  else if (received == 2)
    end(handle);
}

static void run(void) {
  received = 0;
  end = leave_and_close;
  lc_link_init(&links[0], 0);
  lc_link_init(&links[1], 0);
  lc_inbox_init(&inbox);
  explore_check(uv_async_init(&explore_loop, &bell, on_wake) == 0, "init");
  lc_wake_init_async(&wake, &bell);
  explore_check(lc_inbox_park(&inbox), "park");
  explore_spawn(push_and_pay, &links[0]);
  explore_spawn(push_and_pay, &links[1]);
  if (!take_and_park() || received == 2)
    lc_wake_self(&wake);
  explore_loop_run();
  explore_join();
  lc_wake_destroy(&wake);
}

static const explore_twin_t twins[] = {{.name = "park_hides_the_callback",
                                        .site = "lc_inbox_park",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "stuck"},
                                       {.name = "push_looks_too_early",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "stuck"},
                                       {.name = NULL}};

static const explore_program_t program = {"signal_vs_callback", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
