/* explore: every interleaving of a few threads, on a weak memory.
 *
 * A program is a function that spawns threads, which use the library, and then
 * checks what came of it. The explorer runs it again and again, each time with
 * other choices, until there are none left. See README.md. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <loopchan.h>
#include <stdbool.h>

/* A variant of a program that must fail: something weakened. */
typedef struct {
  const char *name;
  const char *site;  /* the function whose atomic operations are weakened */
  int kind;          /* explore_kind_t, or EXPLORE_FENCE: fences left out */
  int order;         /* memory_order to use instead */
  const char *site2; /* a second one, or NULL: all there is to relaxed */
  bool no_order;     /* mutexes do nothing */
  bool no_exclusion; /* mutexes order what they guard, but lock nobody out */
  bool no_signals;   /* wakes are forgotten */
  bool late_signals; /* a condition is signalled with its mutex released */
  const char *caught_as; /* part of what the failure says */
} explore_twin_t;

enum { EXPLORE_FENCE = 9 };

typedef struct {
  const char *name;
  void (*run)(void);
  int preemptions; /* at most, in one run; -1: any number */
  int old_loads;   /* that see an old store, at most; 0: any number */
  const explore_twin_t *twins; /* ends with a name that is NULL */
} explore_program_t;

/* The main function of a program. */
int explore_main(int argc, char **argv, const explore_program_t *program);

/* Runs a program through all its choices, and no twin. Returns how many runs;
 * 0: one of them failed, as told. */
unsigned long explore_runs(const explore_program_t *program);

/* Inside a program. */
void explore_spawn(void (*work)(void *), void *arg);
void explore_join(void); /* all that were spawned */
void explore_check(bool fine, const char *what);
/* The calling thread stands still before its next lock, signal or wake of a
 * loop, or after it has let `after` of them pass, until *until. */
void explore_stand_still(const bool *until, int after);
/* One of so many, the other ones in other runs. */
unsigned explore_choose(unsigned count);
/* The calling thread waits, as in a callback that takes long. */
void explore_wait_for(const bool *until);
/* From here on each step of a lock, of a wake and of a core's count of users is
 * explored. Otherwise a thread that finds an lc_lock_t held waits there, as at
 * libuv's mutex, and no other thread comes between the steps of a wake. */
void explore_each_step(void);
/* Marks an access to plain memory that has to be free of races. */
void explore_read(const void *at);
void explore_write(const void *at);

/* The loop of the calling thread. A turn makes the callbacks that are due; a
 * run waits for wakes and makes turns until all handles are closed. */
extern uv_loop_t explore_loop;
void explore_loop_turn(void);
void explore_loop_run(void);

/* One more loop, for a thread that is spawned to run it. */
extern uv_loop_t explore_other_loop;
void explore_other_loop_run(void *arg);

#endif /* EXPLORE_H */
