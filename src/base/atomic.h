/* atomic: the only module that uses <stdatomic.h>.
 *
 * The explorer (test/explore) puts its own atomic.h in its place, and then
 * decides which thread runs next and which store a load sees. So the modules
 * that use this one are tested as they are, not as a copy.
 */
#ifndef LC_ATOMIC_H
#define LC_ATOMIC_H

#ifdef __STDC_NO_ATOMICS__
#error "C11 atomics are needed; with MSVC: /std:c11 /experimental:c11atomics"
#endif

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LC_CACHE_LINE 64

/* Fields that different threads write are at least this many bytes apart. They
 * are aligned to eight bytes, so no cache line has the end of one and the
 * beginning of the other. Some processors fetch lines in pairs; but 120 bytes
 * were no faster (AMD EPYC; 1, 2 and 4 senders, to a loop and to a thread). */
#define LC_APART (LC_CACHE_LINE - 8)

/* How far ahead cache lines that another core wrote last are prefetched, in
 * bytes: with eight lines on the way, most of the time that each takes is
 * hidden. */
#define LC_AHEAD ((size_t) 8 * LC_CACHE_LINE)

/* The number of no thread. */
#define LC_NO_THREAD UINTPTR_MAX

/* For a thread-local variable that is read without a call, in a shared library
 * too. Only glibc keeps room for those of a library that is loaded late. */
#if defined(__GLIBC__)
#define LC_NO_CALL __attribute__((tls_model("initial-exec")))
#else
#define LC_NO_CALL
#endif

/* A thread-local variable. Older versions of MSVC lack the standard keyword. */
#if defined(_MSC_VER)
#define LC_PER_THREAD __declspec(thread)
#else
#define LC_PER_THREAD _Thread_local
#endif

#if defined(LC_EXPLORE)
#include "explore/atomic.h"
#else

#include "base/cpu.h"

/* Else each access would take a lock, and a thread that stands still in one
 * would stop all others. */
static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "pointers are lock-free");

#define lc_atomic(T) _Atomic(T)
#define lc_atomic_init(at, value) atomic_init(at, value)
#define lc_load(at, order) atomic_load_explicit(at, order)
#define lc_store(at, value, order) atomic_store_explicit(at, value, order)
#define lc_swap(at, value, order) \
  (LC_IS_WORD(at), atomic_exchange_explicit(at, value, order))
#define lc_add(at, value, order) \
  (LC_IS_WORD(at), atomic_fetch_add_explicit(at, value, order))
#define lc_cas(at, expected, value, order, order_failed)    \
  (LC_IS_WORD(at), atomic_compare_exchange_strong_explicit( \
                       at, expected, value, order, order_failed))

/* For these three. A program that changes a byte has to be linked with
 * libatomic on RISC-V. */
#define LC_IS_WORD(at)                                                  \
  ((void) sizeof(struct {                                               \
    static_assert(sizeof *(at) >= 4, "RISC-V changes no less at once"); \
    char at_least_one;                                                  \
  }))

/* A number for the calling thread: not 0, nor LC_NO_THREAD, and no other
 * thread's as long as it lives. It comes from the system, not from a count of
 * ours: a program may contain two copies of the library, in two plug-ins for
 * example, and a thread must have the same number in both.
 *
 * The system may give it to a thread that begins after this one has ended; that
 * thread then inherits what belonged to this one. Linux reuses a number when it
 * has used all others, macOS never does; Windows may do it at once. */
extern LC_PER_THREAD uintptr_t lc_thread_number LC_NO_CALL;
uintptr_t lc_thread_number_take(void);

static inline uintptr_t lc_thread_self(void) {
  uintptr_t self = lc_thread_number;
  return self != 0 ? self : lc_thread_number_take();
}

/* The same; or 0, if it has not been asked for on this thread. */
static inline uintptr_t lc_thread_self_or_0(void) {
  return lc_thread_number;
}

#endif /* LC_EXPLORE */

/* The owner of something: the first thread that claims it keeps it.
 * LC_NO_THREAD, not 0, means none: 0 is what a thread has whose number was not
 * asked for. */
typedef lc_atomic(uintptr_t) lc_owner_t;

#define lc_owner_init(owner) lc_atomic_init(owner, LC_NO_THREAD)

static inline bool lc_owner_claim(lc_owner_t *owner) {
  uintptr_t self = lc_thread_self();
  /* relaxed, both: a thread that reads its own number wrote it, or comes after
   * the one that did; another's hands nothing over */
  uintptr_t is = lc_load(owner, memory_order_relaxed);

  return is == self ||
         (is == LC_NO_THREAD &&
          lc_cas(owner, &is, self, memory_order_relaxed, memory_order_relaxed));
}

/* Whoever owned it before. */
static inline void lc_owner_set_here(lc_owner_t *owner) {
  /* relaxed: a thread looks for its own number, which it stored itself */
  lc_store(owner, lc_thread_self(), memory_order_relaxed);
}

static inline void lc_owner_set_none(lc_owner_t *owner) {
  /* relaxed: see above */
  lc_store(owner, LC_NO_THREAD, memory_order_relaxed);
}

static inline bool lc_owner_is_here(const lc_owner_t *owner) {
  /* relaxed: see above */
  return lc_load(owner, memory_order_relaxed) == lc_thread_self();
}

static inline bool lc_owner_is_none(const lc_owner_t *owner) {
  /* relaxed: a thread that set it sees that it did */
  return lc_load(owner, memory_order_relaxed) == LC_NO_THREAD;
}

/* Whether the calling thread is known to own it: a quick check. */
static inline bool lc_owner_may_be_here(const lc_owner_t *owner) {
  /* relaxed: see above */
  return lc_load(owner, memory_order_relaxed) == lc_thread_self_or_0();
}

/* A gate that many pass, both ways, and that one shuts for good: 2 for each
 * inside, and 1 when it is shut. That of a receiver is a plain number in the
 * user's struct.
 *
 * [gate.shut]  A thread that is turned away sees what was done inside before;
 * one that learns that it is empty comes after all that was done there.
 *
 *   inside                                  outside
 *   (A) add: leave, or shut      acq_rel    (B) load, or failing CAS acquire
 *
 *   Weaker: B, or A without release -> a thread that is turned away reads what
 *   is still being written; A without acquire -> the last one tears down what
 *   another still reads (gate_vs_shut).
 */
typedef lc_atomic(uintptr_t) lc_gate_t;

#define lc_gate_init(gate) lc_atomic_init(gate, 0)

/* False: it is shut. */
static inline bool lc_gate_enter(lc_gate_t *gate) {
  /* [gate.shut] (B) */
  uintptr_t word = lc_load(gate, memory_order_acquire);

  while ((word & 1) == 0)
    /* [gate.shut] (B) */
    if (lc_cas(gate, &word, word + 2, memory_order_acquire,
               memory_order_acquire))
      return true;
  return false;
}

/* True: it is shut, and no thread is inside any more. */
static inline bool lc_gate_leave(lc_gate_t *gate) {
  /* [gate.shut] (A) */
  return lc_add(gate, (uintptr_t) -2, memory_order_acq_rel) == 3;
}

/* True: no thread is inside. */
static inline bool lc_gate_shut(lc_gate_t *gate) {
  /* [gate.shut] (A) */
  return lc_add(gate, 1, memory_order_acq_rel) == 0;
}

/* Which thread is inside, to detect two at once. It orders nothing, so that it
 * does not hide the race that it should detect. */
typedef lc_atomic(uintptr_t) lc_guard_t;

#define lc_guard_init(guard) lc_atomic_init(guard, 0)
/* Returns the thread that was inside before, for the exit: 0 for none. */
#define lc_guard_enter(guard) \
  lc_swap(guard, lc_thread_self(), memory_order_relaxed)
#define lc_guard_exit(guard, was) lc_store(guard, was, memory_order_relaxed)

#ifndef NDEBUG
/* The calling thread is inside. */
static inline bool lc_guard_is_here(const lc_guard_t *guard) {
  /* relaxed: see above */
  return lc_load(guard, memory_order_relaxed) == lc_thread_self();
}
#endif

/* A number that other threads read. These two order nothing. */
typedef lc_atomic(uintptr_t) lc_number_t;

#define lc_number_init(number) lc_atomic_init(number, 0)
#define lc_number_read(number) lc_load(number, memory_order_relaxed)
#define lc_number_set(number, is) lc_store(number, is, memory_order_relaxed)
#define lc_number_next(number) (lc_add(number, 1, memory_order_relaxed) + 1)

/* A number that several threads count with and that orders nothing else. */
typedef lc_atomic(uint64_t) lc_counter_t;

#define lc_counter_init(counter) lc_atomic_init(counter, 0)
#define lc_counter_read(counter) lc_load(counter, memory_order_relaxed)
#define lc_counter_add(counter, n) \
  ((void) lc_add(counter, (uint64_t) (n), memory_order_relaxed))
/* For a counter that only the calling thread changes: no locked operation. */
#define lc_counter_add_alone(counter, n)                       \
  lc_store(counter, lc_counter_read(counter) + (uint64_t) (n), \
           memory_order_relaxed)

#endif /* LC_ATOMIC_H */
