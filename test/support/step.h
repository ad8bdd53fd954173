/* step: stops a thread behind its n-th instruction, by the processor's trap
 * flag: with it set, each instruction raises SIGTRAP. x86 with Linux only, and
 * not under the thread sanitizer, which would be stopped inside itself.
 */
#ifndef SUPPORT_STEP_H
#define SUPPORT_STEP_H

#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <uv.h>

#define STEP_TRAP_FLAG 0x100

static struct {
  int stop_at;
  uint64_t most_ns; /* it may hold what the others wait for */
  atomic_int count; /* instructions so far */
  atomic_bool on, stopped, done, go_on;
} step;

static void step_on_trap(int number, siginfo_t *info, void *context) {
  ucontext_t *where = context;
  uint64_t begin;

  (void) number;
  (void) info;
  if (step.on && step.count++ == step.stop_at) {
    begin = uv_hrtime();
    step.stopped = true;
    while (!step.go_on && uv_hrtime() - begin < step.most_ns)
      sched_yield();
    step.on = false;
  }
  if (step.on)
    where->uc_mcontext.gregs[REG_EFL] |= STEP_TRAP_FLAG;
  else
    where->uc_mcontext.gregs[REG_EFL] &= ~STEP_TRAP_FLAG;
}

static inline void step_prepare(int stop_at, uint64_t most_ns) {
  struct sigaction action;

  memset(&action, 0, sizeof action);
  action.sa_sigaction = step_on_trap;
  action.sa_flags = SA_SIGINFO;
  ck_assert_int_eq(sigaction(SIGTRAP, &action, NULL), 0);
  step.stop_at = stop_at;
  step.count = 0;
  step.most_ns = most_ns;
  step.stopped = step.done = step.go_on = false;
}

/* The thread that is to be stopped: from here to there. */
static inline void step_begin(void) {
  step.on = true;
  raise(SIGTRAP);
}

static inline void step_end(void) {
  step.on = false;
  step.done = true;
}

/* Another thread: until it has stopped, or is through, or has waited most_ns
 * for something else. */
static inline void step_await(uint64_t most_ns) {
  uint64_t since = uv_hrtime();
  int seen = step.count;

  while (!step.stopped && !step.done && uv_hrtime() - since < most_ns) {
    sched_yield();
    if (step.count == seen && seen > 0)
      continue;
    seen = step.count;
    since = uv_hrtime();
  }
}

#endif /* SUPPORT_STEP_H */
