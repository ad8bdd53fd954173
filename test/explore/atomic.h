/* atomic: the door that the explorer puts in place of <stdatomic.h>'s.
 *
 * Every operation goes to the explorer, which decides which thread runs next
 * and which store a load sees. The name of the function that it stands in says
 * which site it is, so that a twin can weaken it (see explore.h). */
#ifndef EXPLORE_ATOMIC_H
#define EXPLORE_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef EXPLORE_PLAIN /* the programs as plain C11, for another checker */

#include <pthread.h>

#define lc_atomic(T) _Atomic(T)
#define lc_atomic_init(at, v) atomic_init(at, v)
#define lc_load(at, order) atomic_load_explicit(at, order)
#define lc_store(at, v, order) atomic_store_explicit(at, v, order)
#define lc_swap(at, v, order) atomic_exchange_explicit(at, v, order)
#define lc_add(at, v, order) atomic_fetch_add_explicit(at, v, order)
#define lc_cas(at, expected, v, order, order_failed) \
  atomic_compare_exchange_strong_explicit(at, expected, v, order, order_failed)
#define lc_fence(order) atomic_thread_fence(order)
#define lc_relax() ((void) 0)
#define lc_unknown(at) (at)
#define lc_yield() ((void) 0)
#define lc_prefetch_write(at) ((void) (at))
#define lc_thread_self() ((uintptr_t) pthread_self() + 1)
#define lc_thread_self_or_0() lc_thread_self()

enum { EXPLORE_LOAD, EXPLORE_STORE, EXPLORE_RMW, EXPLORE_FAILED };

#else

typedef enum {
  EXPLORE_LOAD,
  EXPLORE_STORE,
  EXPLORE_RMW,
  EXPLORE_FAILED /* a compare-and-swap that fails */
} explore_kind_t;

uint64_t explore_load(const void *at, memory_order order, const char *site);
void explore_store(void *at, uint64_t value, memory_order order,
                   const char *site);
uint64_t explore_swap(void *at, uint64_t value, memory_order order,
                      const char *site);
uint64_t explore_add(void *at, uint64_t value, memory_order order,
                     const char *site);
bool explore_cas(void *at, void *expected, uint64_t value, memory_order order,
                 memory_order order_failed, const char *site);
void explore_fence(memory_order order, const char *site);
void explore_init(void *at, uint64_t value);
uintptr_t explore_self(void);

#define EXPLORE_BITS(value) ((uint64_t) (uintptr_t) (value))

#define lc_atomic(T) \
  struct {           \
    T value;         \
  }
#define lc_atomic_init(at, v) explore_init(&(at)->value, EXPLORE_BITS(v))
#define lc_load(at, order) \
  ((__typeof__((at)->value)) explore_load(&(at)->value, order, __func__))
#define lc_store(at, v, order) \
  explore_store(&(at)->value, EXPLORE_BITS(v), order, __func__)
#define lc_swap(at, v, order)                                            \
  ((__typeof__((at)->value)) explore_swap(&(at)->value, EXPLORE_BITS(v), \
                                          order, __func__))
#define lc_add(at, v, order)                                                   \
  ((__typeof__((at)->value)) explore_add(&(at)->value, EXPLORE_BITS(v), order, \
                                         __func__))
#define lc_cas(at, expected, v, order, order_failed)                        \
  explore_cas(&(at)->value, expected, EXPLORE_BITS(v), order, order_failed, \
              __func__)
#define lc_fence(order) explore_fence(order, __func__)
#define lc_relax() ((void) 0)
#define lc_unknown(at) (at)
#define lc_yield() ((void) 0)
#define lc_prefetch_write(at) ((void) (at))
#define lc_thread_self() explore_self()
#define lc_thread_self_or_0() lc_thread_self()

#endif /* EXPLORE_PLAIN */

#endif /* EXPLORE_ATOMIC_H */
