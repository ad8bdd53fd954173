/* replace_vs_take: [latest.won] alone. Two senders put a node each, and one of
 * them may replace the other's; the receiver takes, claims, and closes. Each
 * node is won once, and what its sender wrote is there for whoever wins it. */
#include "explore.h"
#include "queue/latest.h"

typedef struct {
  lc_link_t link; /* first */
  uint64_t message;
  int64_t won;
} node_t;

static lc_inbox_t inbox;
static node_t nodes[2];

static void win(lc_link_t *link) {
  node_t *node = (node_t *) (void *) link;

  if (link == NULL)
    return;
  explore_read(&node->message);
  node->won++;
}

static void put(void *arg) {
  node_t *node = arg;
  lc_link_t *replaced = NULL;

  explore_write(&node->message);
  explore_check(lc_latest_put(&inbox, &node->link, &replaced) == LC_PUSHED,
                "put");
  win(replaced);
}

static void run(void) {
  lc_chain_t chain;

  lc_inbox_init(&inbox);
  nodes[0].won = nodes[1].won = 0;
  explore_spawn(put, &nodes[0]);
  explore_spawn(put, &nodes[1]);
  if (lc_inbox_take(&inbox, &chain)) {
    lc_latest_claim(&inbox, &chain);
    win(lc_latest_node(&chain));
  }
  explore_join();
  if (lc_inbox_close(&inbox, &chain))
    win(lc_latest_node(&chain));
  explore_check(nodes[0].won == 1 && nodes[1].won == 1, "each is won once");
}

static const explore_twin_t twins[] = {{.name = "put_hides_the_message",
                                        .site = "lc_latest_put",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "put_replaces_too_early",
                                        .site = "lc_latest_put",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "claim_reads_too_early",
                                        .site = "lc_latest_claim",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"replace_vs_take", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
