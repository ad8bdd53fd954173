/* scenario: the life of a channel of any flavour, from open to close, in which
 * one call may fail; and a sweep, in which each one does in turn.
 */
#ifndef SUPPORT_SCENARIO_H
#define SUPPORT_SCENARIO_H

#include <stddef.h>
#include <uv.h>

/* Lives it, with the loop that it may use. Any call may answer fault, unless
 * that is 0. Asserts that nothing is lost and nothing left; returns how many
 * did. */
typedef int (*scenario_t)(uv_loop_t *loop, int flavour, int fault);

/* Threads, a writer, and every call between them, as the seed has it. */
extern unsigned scenario_seed;
int scenario_exchange(uv_loop_t *loop, int flavour, int fault);

/* Three thread receivers of the flavour's capacity, watched by a select. */
int scenario_select(uv_loop_t *loop, int flavour, int fault);

/* One thread, by typed calls. */
int scenario_typed(uv_loop_t *loop, int flavour, int fault);

/* Makes the n-th of some kind of call fail; 0: none. Whether it did. */
typedef struct {
  void (*arm)(size_t n);
  int (*has_happened)(void);
  int code;      /* what the library's call answers then */
  int may_go_on; /* or it goes on without */
} source_t;

/* Plays the scenario with the first failing, then the second, until there are
 * no more. How many there were. */
size_t sweep(scenario_t scenario, uv_loop_t *loop, int flavour,
             const source_t *source);

#endif /* SUPPORT_SCENARIO_H */
