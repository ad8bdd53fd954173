/* trace: what the actors did, for whoever has to understand a failure.
 *
 * It lies in memory shared with the process that watches, so it can be read
 * after a crash, and when the run hangs.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uv.h>

#define LINES 2048

typedef struct {
  const char *format;
  int a, b, c, depth;
  enum { CALLED, ANSWERED, CALLBACK } state;
  int64_t result;
} line_t;

typedef struct {
  const char *name;
  size_t count; /* the last LINES of them are there */
  int depth;
  size_t open[8]; /* by depth: the call that has not answered yet */
  line_t lines[LINES];
} actor_t;

static struct {
  atomic_ullong run;
  atomic_int failed;
  char why[256];
  actor_t actors[ACTORS_MOST];
} * trace;

static _Thread_local actor_t *self;
static bool print_at_failure;

void trace_map(void) {
  trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (trace == MAP_FAILED) {
    perror("fuzz: mmap");
    exit(2);
  }
}

void trace_clear(void) {
  unsigned i;

  for (i = 0; i < ACTORS_MOST; i++) {
    trace->actors[i].name = NULL;
    trace->actors[i].count = 0;
    trace->actors[i].depth = 0;
  }
  atomic_store(&trace->failed, 0);
  trace->why[0] = '\0';
}

void trace_act(unsigned actor, const char *name) {
  self = &trace->actors[actor];
  self->name = name;
}

static line_t *add(const char *format, int a, int b, int c) {
  line_t *line = &self->lines[self->count++ % LINES];

  line->format = format;
  line->a = a;
  line->b = b;
  line->c = c;
  line->depth = self->depth;
  line->state = CALLED;
  return line;
}

void trace_begin(const char *format, int a, int b, int c) {
  self->open[self->depth % 8] = self->count;
  add(format, a, b, c);
}

void trace_end(int64_t result) {
  size_t at = self->open[self->depth % 8];
  line_t *line = &self->lines[at % LINES];

  if (self->count - at > LINES)
    return;
  line->result = result;
  line->state = ANSWERED;
}

void trace_enter(const char *format, int a, int b, int c) {
  add(format, a, b, c)->state = CALLBACK;
  self->depth++;
}

void trace_leave(void) {
  self->depth--;
}

static void print_line(FILE *to, const line_t *line) {
  fprintf(to, "  %*s", 2 * line->depth, "");
  fprintf(to, line->format, line->a, line->b, line->c);
  if (line->state == CALLBACK)
    fprintf(to, ":\n");
  else if (line->state == CALLED)
    fprintf(to, " ...\n");
  else if (line->result < 0)
    fprintf(to, " = %s\n", uv_err_name((int) line->result));
  else
    fprintf(to, " = %lld\n", (long long) line->result);
}

void trace_print(FILE *to, size_t lines) {
  unsigned i;

  if (lines > LINES)
    lines = LINES;
  for (i = 0; i < ACTORS_MOST; i++) {
    const actor_t *actor = &trace->actors[i];
    size_t at = actor->count > lines ? actor->count - lines : 0;
    if (actor->name == NULL)
      continue;
    fprintf(to, "%s", actor->name);
    if (at > 0)
      fprintf(to, ", after %zu others", at);
    fprintf(to, ":\n");
    for (; at < actor->count; at++)
      print_line(to, &actor->lines[at % LINES]);
  }
}

void trace_print_at_failure(void) {
  print_at_failure = true;
}

void trace_set_run(uint64_t seed) {
  atomic_store(&trace->run, seed);
}

uint64_t trace_run(void) {
  return atomic_load(&trace->run);
}

const char *trace_why(void) {
  return trace->why;
}

void fail(const char *format, ...) {
  va_list arguments;

  /* Of several, the first one says it. */
  if (atomic_exchange(&trace->failed, 1) == 0) {
    va_start(arguments, format);
    vsnprintf(trace->why, sizeof trace->why, format, arguments);
    va_end(arguments);
    if (print_at_failure) {
      trace_print(stderr, LINES);
      fprintf(stderr, "failed: %s\n", trace->why);
    }
  }
  abort();
}

static const char *name_of(int64_t result, char *buffer, size_t size) {
  if (result < 0)
    return uv_err_name((int) result);
  snprintf(buffer, size, "%lld", (long long) result);
  return buffer;
}

void expect_result(int64_t got, int64_t wanted) {
  char buffers[2][24];

  trace_end(got);
  if (got != wanted)
    fail("the last call answered %s, the model says %s",
         name_of(got, buffers[0], sizeof buffers[0]),
         name_of(wanted, buffers[1], sizeof buffers[1]));
}

uint64_t draw(uint64_t *stream) {
  uint64_t z = *stream += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

unsigned draw_below(uint64_t *stream, unsigned bound) {
  return (unsigned) (draw(stream) % bound);
}
