/* push_vs_take: [inbox.publish] alone. Two senders push, a third offers, which
 * is accepted if the receiver is parked; the receiver takes, and closes. What
 * they wrote before is there for it. */
#include "explore.h"
#include "queue/inbox.h"

typedef struct {
  lc_link_t link; /* first */
  uint64_t message;
  int64_t accepted;
} node_t;

static lc_inbox_t inbox;
static node_t nodes[3];

static void push(void *arg) {
  node_t *node = arg;

  lc_link_init(&node->link, 0);
  explore_write(&node->message);
  node->accepted = lc_inbox_push(&inbox, &node->link, &node->link,
                                 LC_NO_STREAK) != LC_REFUSED;
}

static void push_if_parked(void *arg) {
  node_t *node = arg;

  lc_link_init(&node->link, 0);
  explore_write(&node->message);
  node->accepted = lc_inbox_push_if_parked(&inbox, &node->link, &node->link);
}

static int read_all(const lc_chain_t *chain) {
  const lc_link_t *link = chain->newest;
  int count = 0;

  for (; link != chain->end; link = lc_link_next(link)) {
    explore_read(&((const node_t *) (const void *) link)->message);
    count++;
  }
  return count;
}

static void run(void) {
  lc_chain_t chain;
  int received = 0;

  lc_inbox_init(&inbox);
  explore_check(lc_inbox_park(&inbox), "park");
  explore_spawn(push, &nodes[0]);
  explore_spawn(push, &nodes[1]);
  explore_spawn(push_if_parked, &nodes[2]);
  if (lc_inbox_take(&inbox, &chain))
    received = read_all(&chain);
  if (lc_inbox_close(&inbox, &chain))
    received += read_all(&chain);
  explore_join();
  explore_check(
      received == nodes[0].accepted + nodes[1].accepted + nodes[2].accepted,
      "conservation");
}

static const explore_twin_t twins[] = {{.name = "push_hides_the_message",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "offer_hides_the_message",
                                        .site = "lc_inbox_push_if_parked",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "take_looks_too_early",
                                        .site = "lc_inbox_take",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "close_looks_too_early",
                                        .site = "lc_inbox_close",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"push_vs_take", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
