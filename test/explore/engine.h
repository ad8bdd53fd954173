/* engine: between schedule, memory and uv. */
#ifndef EXPLORE_ENGINE_H
#define EXPLORE_ENGINE_H

#include "explore.h"

#define THREADS_MOST 4
#define PLACES_MOST 192

/* What a thread, a store or a mutex knows: of each atomic place the oldest
 * store that may still be read, of each thread the steps that are past. */
typedef struct {
  uint16_t seen[PLACES_MOST];
  uint32_t steps[THREADS_MOST];
} view_t;

/* schedule */
extern const explore_twin_t *engine_twin; /* NULL: the real thing */
int engine_self(void);
unsigned engine_choose(unsigned count);
/* How old a store a load sees: 0 is the last. */
unsigned engine_choose_old(unsigned count);
/* A point where another thread may run. */
void engine_yield(void);
/* Waits until *flag; what says for what. Ends the run when nobody can go on. */
void engine_wait_for(const bool *flag, const char *what);
/* Ends the run as a failure. Does not return. */
void engine_fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void engine_trace(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* memory */
void memory_reset(void);
void memory_restore(void);
view_t *memory_view(int thread);
void memory_join(view_t *into, const view_t *from);
/* A thread hands over what it knows, and begins a step of its own. */
void memory_release(view_t *to);
void memory_acquire(const view_t *from);

/* uv */
void uv_stub_reset(void);
size_t uv_stub_blocks(void);
/* Whether the twin's mutexes do nothing; whether they lock nobody out. */
bool uv_stub_no_order(void);
bool uv_stub_no_exclusion(void);
extern bool uv_stub_weakened; /* the twin's lock or signal was left out */
extern bool memory_weakened;  /* the twin's site was met */

#endif /* EXPLORE_ENGINE_H */
