/* patience: how long to spin before sleeping, learned from whether it paid.
 *
 * To sleep and be woken costs tens of microseconds. So a thread that has to
 * wait spins first. If that was in vain, it spins half as long the next time,
 * down to a microsecond. Then it gets the whole time again now and then, the
 * more rarely the more often that was in vain: otherwise two threads that wait
 * for each other, and both hardly spin, would never find out that a spin pays.
 */
#ifndef LC_PATIENCE_H
#define LC_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define LC_FAILURES_MOST 63

typedef struct {
  uint64_t most_ns, next_ns;
  unsigned failures, passed; /* short ones till the next long one, and so far */
} lc_patience_t;

void lc_patience_init(lc_patience_t *patience, uint64_t most_ns);
void lc_patience_learn(lc_patience_t *patience, bool paid);

static inline unsigned lc_more_failures(unsigned failures) {
  return failures < LC_FAILURES_MOST ? 2 * failures + 1 : failures;
}

#endif /* LC_PATIENCE_H */
