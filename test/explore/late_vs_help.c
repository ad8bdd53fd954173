/* late_vs_help: [inbox.number]. A thread that owes a wake for one try to park
 * is late, and signals when the receiver has parked again. It must not say that
 * it has signalled for this try unless the receiver looks once more: another
 * thread, which owes the wake for this try, stands still, and what is pushed
 * behind its message relies on that number. */
#include "explore.h"
#include "queue/inbox.h"
#include "wait/wake.h"

#define LINKS 4

static lc_inbox_t inbox;
static lc_wake_t wake;
static uv_async_t bell;
static lc_link_t links[LINKS];
static size_t received;
static bool through;

/* As lc_channel_settle does it. The explorer changes threads at no operation on
 * the numbers, so there is a look before them, where it may. */
static void push_and_pay(lc_link_t *link) {
  lc_push_t pushed = lc_inbox_push(&inbox, link, link, LC_NO_STREAK);
  uintptr_t parks;

  (void) lc_inbox_is_parked(&inbox);
  parks = lc_inbox_parks(&inbox);

  if (pushed == LC_PUSHED_OWES_WAKE)
    lc_wake_signal_for(&wake, &inbox.signalled, parks);
  else if (pushed == LC_PUSHED_HELPS && lc_inbox_wants_help(&inbox))
    lc_wake_help(&wake, &inbox.signalled, parks);
}

static void push_two(void *arg) {
  (void) arg;
  push_and_pay(&links[0]);
  push_and_pay(&links[1]);
}

/* Before the wake of its second message, if it owes one, it stands still until
 * the other thread's second one is received. */
static void push_two_and_stand(void *arg) {
  (void) arg;
  push_and_pay(&links[2]);
  explore_stand_still(&through, 0);
  push_and_pay(&links[3]);
}

static bool take_and_park(void) {
  lc_chain_t chain;
  const lc_link_t *link;

  if (lc_inbox_take(&inbox, &chain))
    for (link = chain.newest; link != chain.end; link = lc_link_next(link)) {
      received++;
      through = through || link == &links[1];
    }
  return received == LINKS || lc_inbox_park(&inbox);
}

static void on_wake(uv_async_t *handle) {
  lc_inbox_note_awake(&inbox);
  if (!take_and_park())
    lc_wake_self(&wake);
  else if (received == LINKS) {
    lc_wake_leave(&wake);
    uv_close((uv_handle_t *) handle, NULL);
  }
}

static void run(void) {
  size_t i;

  received = 0;
  through = false;
  for (i = 0; i < LINKS; i++)
    lc_link_init(&links[i], 0);
  lc_inbox_init(&inbox);
  explore_check(uv_async_init(&explore_loop, &bell, on_wake) == 0, "init");
  lc_wake_init_async(&wake, &bell);
  explore_check(lc_inbox_park(&inbox), "park");
  explore_spawn(push_two, NULL);
  explore_spawn(push_two_and_stand, NULL);
  explore_loop_run();
  explore_join();
  lc_wake_destroy(&wake);
}

static const explore_twin_t twins[] = {{.name = "number_read_too_early",
                                        .site = "lc_inbox_parks",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "stuck"},
                                       {.name = "number_hides_the_callback",
                                        .site = "number_attempt",
                                        .kind = EXPLORE_STORE,
                                        .order = memory_order_relaxed,
                                        .caught_as = "stuck"},
                                       {.name = NULL}};

static const explore_program_t program = {"late_vs_help", run, 3, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
