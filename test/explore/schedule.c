/* schedule: threads as coroutines, and the search through all choices.
 *
 * A run is made of choices: which thread goes on, which store a load reads.
 * The search is depth first: a run repeats the choices of the one before it up
 * to the last that has an alternative, and takes that. Each run starts from the
 * beginning, so a list of choices is all that it needs to be repeated.
 *
 * A coroutine gets its stack from ucontext, once, and is resumed by longjmp:
 * swapcontext makes a system call each time. */
#undef _FORTIFY_SOURCE /* its longjmp refuses to go to another stack */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "engine.h"

#define STACK_SIZE (256 * 1024)
#define CHOICES_MOST 4096

typedef struct {
  jmp_buf begin, here; /* for its start in each run; where it was left */
  char stack[STACK_SIZE];
  void (*work)(void *);
  void *arg;
  bool has_stack, exists, begun, done;
  const bool *waits_for; /* NULL: it can go on */
  const char *waits_why;
  view_t end; /* what it knew when it ended */
} fiber_t;

typedef struct {
  uint16_t chosen, count;
} choice_t;

static fiber_t fibers[THREADS_MOST];
static int current;
static jmp_buf search;
static choice_t choices[CHOICES_MOST];
static size_t choices_count, choices_made;
static const explore_program_t *program;
static int preemptions, preemptions_left, old_loads, old_loads_left;
static bool all_done, tracing, failed;
static char failure[256];

const explore_twin_t *engine_twin;

int engine_self(void) {
  return current;
}

unsigned engine_choose(unsigned count) {
  choice_t *choice;

  if (count <= 1)
    return 0;
  if (choices_made == CHOICES_MOST)
    engine_fail("explorer: more than %d choices in a run", CHOICES_MOST);
  choice = &choices[choices_made++];
  if (choices_made > choices_count) {
    choices_count = choices_made;
    choice->chosen = 0;
  }
  choice->count = (uint16_t) count;
  return choice->chosen;
}

unsigned engine_choose_old(unsigned count) {
  unsigned chosen = old_loads_left != 0 ? engine_choose(count) : 0;

  old_loads_left -= chosen > 0;
  return chosen;
}

void engine_fail(const char *format, ...) {
  va_list args;

  va_start(args, format);
  vsnprintf(failure, sizeof failure, format, args);
  va_end(args);
  failed = true;
  _longjmp(search, 1);
}

void engine_trace(const char *format, ...) {
  va_list args;

  if (!tracing)
    return;
  printf("  thread %d  ", current);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  printf("\n");
}

static bool can_run(int t) {
  return fibers[t].exists && !fibers[t].done &&
         (fibers[t].waits_for == NULL || *fibers[t].waits_for);
}

/* The threads that may run now, the current one first. */
static unsigned candidates(int *into) {
  unsigned count = 0;
  int i;

  for (i = 0; i < THREADS_MOST; i++)
    if (can_run((current + i) % THREADS_MOST))
      into[count++] = (current + i) % THREADS_MOST;
  return count;
}

static void nobody_can_run(void) {
  int t;

  for (t = 0; t < THREADS_MOST; t++)
    if (fibers[t].exists && !fibers[t].done)
      engine_fail("stuck: thread %d waits for %s", t, fibers[t].waits_why);
  _longjmp(search, 1);
}

static void go_on(int next) {
  fiber_t *fiber = &fibers[next];

  current = next;
  if (fiber->begun)
    _longjmp(fiber->here, 1);
  fiber->begun = true;
  _longjmp(fiber->begin, 1);
}

static void switch_to(int next) {
  if (next != current && _setjmp(fibers[current].here) == 0)
    go_on(next);
}

void engine_yield(void) {
  int threads[THREADS_MOST];
  bool may_stay = can_run(current);
  unsigned count = candidates(threads), chosen = 0;

  if (count == 0)
    nobody_can_run();
  if (!may_stay || preemptions_left != 0)
    chosen = engine_choose(count);
  if (may_stay && chosen > 0)
    preemptions_left--;
  switch_to(threads[chosen]);
}

void engine_wait_for(const bool *flag, const char *what) {
  while (!*flag) {
    fibers[current].waits_for = flag;
    fibers[current].waits_why = what;
    engine_yield();
    fibers[current].waits_for = NULL;
  }
}

void explore_wait_for(const bool *until) {
  engine_wait_for(until, "what it was told to");
}

static void run_fiber(void) {
  fiber_t *self = &fibers[current];
  int t;

  self->work(self->arg);
  self->done = true;
  memory_release(&self->end);
  for (all_done = true, t = 1; t < THREADS_MOST; t++)
    if (fibers[t].exists && !fibers[t].done)
      all_done = false;
  engine_yield();
}

static ucontext_t stack_giver;

/* The first function on a fiber's stack, which each run starts again from. */
static void on_stack(int number) {
  if (_setjmp(fibers[number].begin) == 0)
    setcontext(&stack_giver);
  run_fiber();
}

static void give_stack(int number) {
  fiber_t *fiber = &fibers[number];
  ucontext_t context;

  getcontext(&context);
  context.uc_stack.ss_sp = fiber->stack;
  context.uc_stack.ss_size = sizeof fiber->stack;
  context.uc_link = NULL;
  makecontext(&context, (void (*)(void)) on_stack, 1, number);
  swapcontext(&stack_giver, &context);
  fiber->has_stack = true;
}

static void make_fiber(int number, void (*work)(void *), void *arg) {
  fiber_t *fiber = &fibers[number];

  if (!fiber->has_stack)
    give_stack(number);
  fiber->work = work;
  fiber->arg = arg;
  fiber->exists = true;
  fiber->begun = fiber->done = false;
  fiber->waits_for = NULL;
  memset(&fiber->end, 0, sizeof fiber->end);
}

void explore_spawn(void (*work)(void *), void *arg) {
  int t = 1;

  while (t < THREADS_MOST && fibers[t].exists)
    t++;
  if (t == THREADS_MOST)
    engine_fail("explorer: more than %d threads", THREADS_MOST);
  memory_release(memory_view(t));
  all_done = false;
  make_fiber(t, work, arg);
}

void explore_join(void) {
  int t;

  engine_wait_for(&all_done, "the other threads");
  for (t = 1; t < THREADS_MOST; t++)
    if (fibers[t].exists)
      memory_acquire(&fibers[t].end);
}

void explore_check(bool fine, const char *what) {
  if (!fine)
    engine_fail("wrong: %s", what);
}

static void run_program(void *arg) {
  (void) arg;
  uv_stub_reset();
  program->run();
  explore_check(uv_stub_blocks() == 0, "memory is left");
}

/* One run, by the choices made so far and then by the first of each. */
static void run_once(void) {
  int t;

  failed = false;
  choices_made = 0;
  preemptions_left = preemptions;
  old_loads_left = old_loads;
  for (t = 0; t < THREADS_MOST; t++)
    fibers[t].exists = false;
  memory_reset();
  all_done = true;
  make_fiber(0, run_program, NULL);
  if (_setjmp(search) == 0)
    go_on(0);
  memory_restore();
}

/* The next list of choices. False: all have been made. */
static bool next_choices(void) {
  while (choices_count > 0) {
    choice_t *last = &choices[choices_count - 1];
    if (last->chosen + 1 < last->count) {
      last->chosen++;
      return true;
    }
    choices_count--;
  }
  return false;
}

static void print_failure(const char *twin) {
  size_t i;

  printf("%s\n", failure);
  choices_count = choices_made;
  tracing = true;
  run_once();
  tracing = false;
  printf("replay: %s%s%s --replay ", program->name, twin ? " --twin " : "",
         twin ? twin : "");
  for (i = 0; i < choices_count; i++)
    printf("%s%u", i > 0 ? "." : "", choices[i].chosen);
  printf("\n");
}

/* Runs until a failure, or through all choices. Returns how many runs. */
static unsigned long explore(const explore_twin_t *twin) {
  unsigned long runs = 0;

  engine_twin = twin;
  memory_weakened = uv_stub_weakened = false;
  choices_count = 0;
  do {
    run_once();
    runs++;
    if (choices_made < choices_count && !failed) {
      snprintf(failure, sizeof failure, "explorer: a run went another way");
      failed = true;
    }
    choices_count = failed ? choices_count : choices_made;
  } while (!failed && next_choices());
  return runs;
}

static bool real_holds(void) {
  unsigned long runs = explore(NULL);

  if (failed) {
    printf("%s: FAILED after %lu runs: ", program->name, runs);
    print_failure(NULL);
    return false;
  }
  printf("%s: %lu runs, no failure", program->name, runs);
  if (preemptions >= 0)
    printf(" (all with up to %d preemptions", preemptions);
  if (preemptions >= 0 && old_loads > 0)
    printf(" and %d old loads", old_loads);
  if (preemptions >= 0)
    printf(")");
  printf("\n");
  return true;
}

static void set_bounds(int of_preemptions, int of_old_loads) {
  preemptions = of_preemptions;
  old_loads = of_old_loads > 0 ? of_old_loads : -1;
}

unsigned long explore_runs(const explore_program_t *what) {
  unsigned long runs;

  program = what;
  set_bounds(what->preemptions, what->old_loads);
  runs = explore(NULL);
  if (failed)
    print_failure(NULL);
  return failed ? 0 : runs;
}

static bool twin_is_caught(const explore_twin_t *twin, bool show) {
  unsigned long runs = explore(twin);

  if (!memory_weakened && !uv_stub_weakened) {
    printf("%s, twin %s: its site was never met\n", program->name, twin->name);
    return false;
  }
  if (!failed || strstr(failure, twin->caught_as) == NULL) {
    printf("%s, twin %s: NOT CAUGHT in %lu runs%s%s\n", program->name,
           twin->name, runs, failed ? ", but: " : "", failed ? failure : "");
    return false;
  }
  printf("%s, twin %s: caught after %lu runs: %s\n", program->name, twin->name,
         runs, failure);
  if (show)
    print_failure(twin->name);
  return true;
}

static const explore_twin_t *find_twin(const char *name) {
  const explore_twin_t *twin = program->twins;

  while (twin->name != NULL && strcmp(twin->name, name) != 0)
    twin++;
  return twin->name != NULL ? twin : NULL;
}

static int replay(char *list) {
  char *number;

  choices_count = 0;
  for (number = strtok(list, "."); number != NULL; number = strtok(NULL, ".")) {
    choices[choices_count].chosen = (uint16_t) strtoul(number, NULL, 10);
    choices[choices_count++].count = 0;
  }
  tracing = true;
  run_once();
  printf("%s\n", failed ? failure : "no failure");
  return failed;
}

int explore_main(int argc, char **argv, const explore_program_t *what) {
  const explore_twin_t *twin;
  bool fine = true;

  program = what;
  set_bounds(what->preemptions, what->old_loads);
  if (argc >= 3 && strcmp(argv[1], "--preemptions") == 0) {
    set_bounds(atoi(argv[2]), 0);
    argc -= 2;
    argv += 2;
  }
  if (argc >= 3 && strcmp(argv[1], "--twin") == 0) {
    engine_twin = twin = find_twin(argv[2]);
    if (twin == NULL)
      return 2;
    if (argc == 5 && strcmp(argv[3], "--replay") == 0)
      return replay(argv[4]);
    return !twin_is_caught(twin, true);
  }
  if (argc == 3 && strcmp(argv[1], "--replay") == 0)
    return replay(argv[2]);
  if (argc != 1)
    return 2;
  fine = real_holds();
  for (twin = what->twins; twin->name != NULL; twin++)
    fine = twin_is_caught(twin, false) && fine;
  return !fine;
}

/* A failed assert of the library is a failure like any other. */
void __assert_fail(const char *assertion, const char *file, unsigned line,
                   const char *function) {
  engine_fail("assert: %s (%s, %s:%u)", assertion, function, file, line);
}
