/* litmus: what the explorer's memory allows, shape by shape.
 *
 * The shapes are those of the literature: SB is store buffering, MP message
 * passing, and so on. Each runs through all its interleavings and all stores
 * that its loads may see. Outcomes that C11 allows have to be found, those that
 * it forbids must not be; the few that the model does not reach are told too.
 *
 * Threads are told apart by '|', their steps by blanks:
 *
 *   x=1  store, relaxed   x=1r  release
 *   x    load, relaxed    xa    acquire     x?  compare-and-swap that fails
 *   x+   add 1, relaxed   x+b   acq_rel
 *   F    fence, seq_cst   Fr    release     Fa  acquire
 *
 * An outcome is what was loaded, in the order of the text, then what x, y and z
 * are in the end. '.' stands for anything.
 */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "explore.h"

typedef enum { FOUND, FORBIDDEN, NOT_REACHED } verdict_t;

typedef struct {
  const char *name, *threads, *outcome;
  verdict_t verdict;
} shape_t;

static const shape_t shapes[] = {
    {"SB", "x=1 y | y=1 x", "00", FOUND},
    {"SB, release and acquire", "x=1r ya | y=1r xa", "00", FOUND},
    {"SB, acq_rel swaps", "x+b ya | y+b xa", "0000", FOUND},
    {"SB, one fence", "x=1 F y | y=1 x", "00", FOUND},
    {"SB, acq_rel fences", "x=1 Fr Fa y | y=1 Fr Fa x", "00", FOUND},
    {"SB, fences", "x=1 F y | y=1 F x", "00", FORBIDDEN},
    {"MP", "x=1 y=1 | y x", "10", FOUND},
    {"MP, release alone", "x=1 y=1r | y x", "10", FOUND},
    {"MP, acquire alone", "x=1 y=1 | ya x", "10", FOUND},
    {"MP, release and acquire", "x=1 y=1r | ya x", "10", FORBIDDEN},
    {"MP, fences", "x=1 Fr y=1 | y Fa x", "10", FORBIDDEN},
    {"MP, through an add", "x=1 y=1r | y+ | ya x", "120", FORBIDDEN},
    {"MP, through a store", "x=1 y=1r | y=2 | ya x", "20", FOUND},
    {"MP, a swap that fails", "x=1 y=1 | y x?", "10", FOUND},
    {"MP, the same in order", "x=1 y=1r | ya x?", "10", FORBIDDEN},
    {"WRC", "x=1 | x y=1 | y x", "110", FOUND},
    {"WRC, release and acquire", "x=1 | x y=1r | ya x", "110", FORBIDDEN},
    {"ISA2, release and acquire", "x=1 y=1r | ya z=1r | za x", "110",
     FORBIDDEN},
    {"RWC, release and acquire", "x=1r | xa ya | y=1r xa", "100", FOUND},
    {"RWC, fences", "x=1 | x F y | y=1 F x", "100", FORBIDDEN},
    {"IRIW", "x=1 | y=1 | x y | y x", "1010", FOUND},
    {"IRIW, release and acquire", "x=1r | y=1r | xa ya | ya xa", "1010", FOUND},
    {"IRIW, fences", "x=1 | y=1 | x F y | y F x", "1010", FORBIDDEN},
    {"R", "x=1 y=1 | y=2 x", "0.2", FOUND},
    {"R, fences", "x=1 F y=1 | y=2 F x", "0.2", FORBIDDEN},
    {"coherence, read and read", "x=1 | x x", "10", FORBIDDEN},
    {"coherence, write and read", "x=1 x | x=2", "0", FORBIDDEN},
    {"coherence, read and write", "x x=1 | x=2", "1", FORBIDDEN},
    {"coherence, one order", "x=1 | x=2 | x x | x x", "1221", FORBIDDEN},
    {"adds", "x+ | x+", "00", FORBIDDEN},
    {"S, release and acquire", "x=2 y=1r | ya x=1", "12", FORBIDDEN},
    {"S", "x=2 y=1 | y x=1", "12", NOT_REACHED},
    {"LB", "y x=1 | x y=1", "11", NOT_REACHED},
    {"2+2W", "x=1 y=2 | y=1 x=2", "11", NOT_REACHED}};

#define THREADS 4
#define LOADS_MOST 8

static lc_atomic(uint64_t) places[3];
static const shape_t *shape;
static char loaded[LOADS_MOST + sizeof places / sizeof *places + 1];
static int found;

static memory_order order_of(char letter) {
  return letter == 'r'   ? memory_order_release
         : letter == 'a' ? memory_order_acquire
         : letter == 'b' ? memory_order_acq_rel
                         : memory_order_relaxed;
}

/* Takes one step. Returns what it loaded, or -1. */
static int step(const char *text) {
  uint64_t never = 9;
  size_t p = (size_t) (*text - 'x');

  if (text[0] == 'F') {
    lc_fence(text[1] == 'r' || text[1] == 'a' ? order_of(text[1])
                                              : memory_order_seq_cst);
    return -1;
  }
  if (text[1] == '=') {
    lc_store(&places[p], (uint64_t) (text[2] - '0'), order_of(text[3]));
    return -1;
  }
  if (text[1] == '+')
    return (int) lc_add(&places[p], 1, order_of(text[2]));
  if (text[1] != '?')
    return (int) lc_load(&places[p], order_of(text[1]));
  explore_check(!lc_cas(&places[p], &never, 7, memory_order_relaxed,
                        memory_order_relaxed),
                "a swap that cannot succeed");
  return (int) never;
}

static bool is_load(const char *text) {
  return *text >= 'x' && *text <= 'z' && text[1] != '=';
}

/* The steps of one thread, whose number is arg. */
static void run_thread(void *arg) {
  int thread = 0, self = (int) (intptr_t) arg, loads = 0;
  const char *at;

  for (at = shape->threads; *at != '\0'; at += *at == ' ') {
    if (*at == '|')
      thread++;
    if (thread == self && *at != '|') {
      int value = step(at);
      if (value >= 0)
        loaded[loads] = (char) ('0' + value);
    }
    loads += is_load(at);
    at += strcspn(at, " ");
  }
}

static bool is_outcome(int loads) {
  size_t i;

  for (i = 0; i < sizeof places / sizeof *places; i++)
    loaded[loads + (int) i] = (char) ('0' + places[i].value);
  for (i = 0; shape->outcome[i] != '\0'; i++)
    if (shape->outcome[i] != '.' && shape->outcome[i] != loaded[i])
      return false;
  return true;
}

static void run(void) {
  int thread = 0, loads = 0;
  const char *at;
  size_t i;

  for (i = 0; i < sizeof places / sizeof *places; i++)
    lc_atomic_init(&places[i], 0);
  for (at = shape->threads; *at != '\0'; at++) {
    if (*at == '|')
      explore_spawn(run_thread, (void *) (intptr_t) ++thread);
    if (at == shape->threads || at[-1] == ' ')
      loads += is_load(at);
  }
  run_thread(NULL);
  explore_join();
  found += is_outcome(loads);
}

static const explore_twin_t no_twins[] = {{.name = NULL}};
static const explore_program_t program = {"litmus", run, -1, 0, no_twins};

int main(void) {
  static const char *const names[] = {"found", "forbidden", "not reached"};
  int wrong = 0;
  size_t i;

  for (i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    unsigned long runs;
    shape = &shapes[i];
    found = 0;
    runs = explore_runs(&program);
    if (runs != 0 && (found > 0) == (shape->verdict == FOUND))
      printf("%s: %s, in %lu runs\n", shape->name, names[shape->verdict], runs);
    else
      wrong += printf("%s: %s WRONG, found in %d of %lu runs\n", shape->name,
                      names[shape->verdict], found, runs);
  }
  return wrong != 0;
}
