/* fuzz: what its files share: choices, the trace, and the two kinds of runs.
 *
 * A run is a pure function of bytes (single) or of a seed (crowd, as far as
 * what each actor does; when it does it is the scheduler's).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One operation of a single run, as it lies in the input. */
typedef struct {
  uint8_t kind, where, which, amount;
} op_t;

#define OPS_MOST 1024

/* Runs the operations on one thread, each checked against the model. */
void single_run(const op_t *ops, size_t count);

/* Plays one game of several threads, checked by what must hold at its end. */
void crowd_run(uint64_t seed);

/* The next number of a stream (splitmix64), and one below a bound. */
uint64_t draw(uint64_t *stream);
unsigned draw_below(uint64_t *stream, unsigned bound);

/* ------------------------------------------------------------------- trace */

/* What was called and what it answered, in memory that a crash leaves behind.
 * Each actor, a thread, has a trace of its own. */
#define ACTORS_MOST 12

void trace_map(void);
void trace_clear(void);

/* The calling thread is that actor from now on. */
void trace_act(unsigned actor, const char *name);

/* format has three %d at most; it must be a literal. */
void trace_begin(const char *format, int a, int b, int c);
void trace_end(int64_t result);

/* What follows is done by a callback, until trace_leave. */
void trace_enter(const char *format, int a, int b, int c);
void trace_leave(void);

/* Prints the last lines of each actor. */
void trace_print(FILE *to, size_t lines);

/* Nobody watches this process: a failure is printed before it aborts. */
void trace_print_at_failure(void);

/* The run that is under way; changes mean progress. */
void trace_set_run(uint64_t seed);
uint64_t trace_run(void);

/* Why it failed; "" if nobody said. */
const char *trace_why(void);

/* Says why and aborts. Any thread. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn))
#endif
void fail(const char *format, ...);

#define EXPECT(condition) \
  ((condition) ? (void) 0 \
               : fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition))

/* The call that was begun has answered: right or wrong. */
void expect_result(int64_t got, int64_t wanted);

#endif /* FUZZ_H */
