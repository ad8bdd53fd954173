/* patience: how long to spin before sleeping, learned from whether it paid.
 *
 * Knows:   nothing but that.
 * Threads: one at a time.
 * Promise: never longer than most_ns.
 */
#include "wait/patience.h"

#include "base/clock.h"

#define LC_PATIENCE_LEAST_NS 1000

void lc_patience_init(lc_patience_t *patience, uint64_t most_ns) {
  patience->most_ns = patience->next_ns = most_ns;
  patience->failures = patience->passed = 0;
}

void lc_patience_learn(lc_patience_t *patience, bool paid) {
  uint64_t least = lc_earlier(LC_PATIENCE_LEAST_NS, patience->most_ns);

  if (paid) {
    patience->next_ns = patience->most_ns;
    patience->failures = 0;
  } else if (patience->next_ns > least) {
    patience->next_ns /= 2;
    if (patience->next_ns > least)
      return;
    patience->next_ns = least;
    patience->passed = 0;
    patience->failures = lc_more_failures(patience->failures);
  } else if (++patience->passed > patience->failures) {
    patience->next_ns = patience->most_ns;
  }
}
