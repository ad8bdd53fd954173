/* memory: atomic places with their histories, plain memory with its races.
 *
 * The model: all stores of a place have one order, that of their execution. A
 * load may read any store that its thread does not know to be outdated, a
 * read-modify-write reads the last. Release stores carry what their thread
 * knows, acquire loads take it over, read-modify-writes pass on what they found
 * (release sequences), seq_cst fences meet in one common view. An access to
 * plain memory that is not ordered after another thread's is a failure.
 *
 * Not modelled: stores that go before older ones in a place's order, loads that
 * read from stores to come. litmus.c has the shapes. */
#include <stdio.h>
#include <string.h>

#include "atomic.h"
#include "engine.h"

#define STORES_MOST 128
#define PLAIN_BITS 14
#define SITE_BITS 10

typedef struct {
  uint64_t value;
  view_t view; /* what an acquire load of it takes over */
} store_t;

typedef struct {
  uint64_t before; /* the run */
  bool free;       /* if it is a lock's word */
  uint16_t count;
  store_t stores[STORES_MOST];
} place_t;

/* Eight bytes of plain memory. */
typedef struct {
  uintptr_t granule;
  int writer; /* -1: nobody */
  uint32_t written, read[THREADS_MOST];
} plain_t;

static place_t places[PLACES_MOST];
static uint64_t *places_at[PLACES_MOST]; /* apart: each operation searches it */
static size_t places_count;
static plain_t plains[1 << PLAIN_BITS];
static size_t plains_used[1 << PLAIN_BITS], plains_count;
static view_t views[THREADS_MOST];      /* what a thread knows */
static view_t to_acquire[THREADS_MOST]; /* what an acquire fence would add */
static view_t released[THREADS_MOST];   /* at the last release fence */
static view_t common;                   /* of the seq_cst fences */
bool memory_weakened;
static bool each_step;

void explore_each_step(void) {
  each_step = true;
}

void memory_reset(void) {
  int t;

  each_step = false;
  places_count = 0;
  while (plains_count > 0)
    plains[plains_used[--plains_count]].granule = 0;
  memset(views, 0, sizeof views);
  memset(to_acquire, 0, sizeof to_acquire);
  memset(released, 0, sizeof released);
  memset(&common, 0, sizeof common);
  for (t = 0; t < THREADS_MOST; t++)
    views[t].steps[t] = 1;
}

/* Static places have to be for the next run as they were before this one. */
void memory_restore(void) {
  while (places_count > 0) {
    places_count--;
    *places_at[places_count] = places[places_count].before;
  }
}

view_t *memory_view(int thread) {
  return &views[thread];
}

void memory_join(view_t *into, const view_t *from) {
  size_t i;

  for (i = 0; i < places_count; i++)
    if (into->seen[i] < from->seen[i])
      into->seen[i] = from->seen[i];
  for (i = 0; i < THREADS_MOST; i++)
    if (into->steps[i] < from->steps[i])
      into->steps[i] = from->steps[i];
}

void memory_release(view_t *to) {
  int self = engine_self();

  memory_join(to, &views[self]);
  views[self].steps[self]++;
}

void memory_acquire(const view_t *from) {
  memory_join(&views[engine_self()], from);
}

static size_t place_of(const void *at) {
  uint64_t *word = (uint64_t *) (uintptr_t) at;
  place_t *place;
  size_t i;

  for (i = 0; i < places_count; i++)
    if (places_at[i] == word)
      return i;
  if (places_count == PLACES_MOST)
    engine_fail("explorer: more than %d atomic places", PLACES_MOST);
  places_at[places_count] = word;
  place = &places[places_count++];
  place->before = *word;
  place->free = true;
  place->count = 1;
  place->stores[0].value = *word;
  memset(&place->stores[0].view, 0, sizeof place->stores[0].view);
  for (i = 0; i < THREADS_MOST; i++)
    views[i].seen[places_count - 1] = 0;
  return places_count - 1;
}

static bool is_acquire(memory_order order) {
  return order == memory_order_acquire || order == memory_order_acq_rel ||
         order == memory_order_seq_cst;
}

static bool is_release(memory_order order) {
  return order == memory_order_release || order == memory_order_acq_rel ||
         order == memory_order_seq_cst;
}

/* The order that the twin gives the site. */
static memory_order weakened(memory_order order, int kind, const char *site) {
  const explore_twin_t *twin = engine_twin;

  if (order == memory_order_seq_cst)
    engine_fail("explorer: seq_cst is for fences alone");
  if (twin == NULL || twin->site == NULL)
    return order;
  if (twin->kind == kind && strcmp(twin->site, site) == 0) {
    memory_weakened = true;
    return (memory_order) twin->order;
  }
  if (twin->site2 != NULL && strcmp(twin->site2, site) == 0)
    return memory_order_relaxed;
  return order;
}

/* What is known of a site by its name. Each operation asks for it, so the name
 * is compared only the first time. */
typedef struct {
  const char *name; /* NULL: the slot is empty */
  bool is_quiet, is_step, is_lock, is_unlock, is_guess;
} site_t;

static site_t sites[1 << SITE_BITS];
static size_t sites_count;

/* Names with a space before and behind each. */
static bool is_one_of(const char *names, const char *name) {
  size_t length = strlen(name);
  const char *at = names;

  while ((at = strstr(at + 1, name)) != NULL)
    if (at[-1] == ' ' && at[length] == ' ')
      return true;
  return false;
}

/* Counters, owners and hints: whatever they read is right, so there is nothing
 * to explore there. */
static const char quiet_sites[] =
    " lc_malloc lc_free lc_malloc_core lc_free_core lc_malloc_burst"
    " lc_free_burst lc_owner_claim lc_owner_may_be_here lc_owner_set_here"
    " lc_owner_set_none lc_owner_is_here lc_owner_is_none count_of_cache"
    " lc_tx_count flush is_signalled set_signalled lc_wake_count"
    " lc_loop_claim_spin lc_receiver_enter lc_receiver_exit note_size"
    " makes_blocks count_made is_flooded set_flooded bytes_of_few"
    " bytes_waiting count_bytes seen_on_top count_unasked is_small"
    " lc_slab_pool_kept lc_slab_pool_spent lc_slab_pool_set_senders share"
    " lc_slab_pool_get number_attempt lc_inbox_parks lc_wake_signal_for"
    " signal_inside signal_thread lc_inbox_note_signal lc_inbox_wants_help"
    " lc_slab_pool_empty_looks lc_slab_pool_set_empty_looks bytes_unneeded"
    " set_unneeded lc_slab_pool_trim_unneeded set_serving"
    " lc_loop_is_serving lc_guard_is_here ";

/* Explored in programs of their own. */
static const char step_sites[] =
    " signal_awake collect_awake lc_wake_make_monitor lc_channel_is_alone ";

static void judge_site(site_t *site, const char *name) {
  site->name = name;
  site->is_quiet = is_one_of(quiet_sites, name);
  site->is_step = is_one_of(step_sites, name);
  site->is_lock = strcmp(name, "lc_lock_try") == 0;
  site->is_unlock = strcmp(name, "lc_lock_release") == 0;
  site->is_guess = strcmp(name, "lc_inbox_guess") == 0;
}

/* Found by the address of the name, which is a function's __func__. */
static const site_t *site_of(const char *name) {
  size_t slot = ((uintptr_t) name * 0x9e3779b97f4a7c15u) >> (64 - SITE_BITS);

  while (sites[slot].name != name) {
    if (sites[slot].name == NULL) {
      if (++sites_count == 1 << SITE_BITS)
        engine_fail("explorer: more than %zu sites", sites_count);
      judge_site(&sites[slot], name);
      break;
    }
    slot = (slot + 1) % (1 << SITE_BITS);
  }
  return &sites[slot];
}

static bool is_quiet(const char *site) {
  const site_t *is = site_of(site);

  return is->is_quiet || (is->is_step && !each_step);
}

/* A lock is taken as libuv's mutex is, unless each step is explored: a thread
 * that finds it held waits there until it is released. */
static bool is_lock(const char *site) {
  return site_of(site)->is_lock;
}

static bool is_unlock(const char *site) {
  return site_of(site)->is_unlock;
}

/* A push's first look is a guess that its compare-and-swap puts right, so only
 * what comes between the two matters, not how old the guess is. */
static bool is_guess(const char *site) {
  return site_of(site)->is_guess;
}

static uint64_t read_store(size_t p, uint16_t index, memory_order order) {
  int self = engine_self();
  store_t *store = &places[p].stores[index];

  if (views[self].seen[p] < index)
    views[self].seen[p] = index;
  if (is_acquire(order))
    memory_acquire(&store->view);
  else
    memory_join(&to_acquire[self], &store->view);
  return store->value;
}

/* previous: the store that a read-modify-write replaces, or NULL. */
static void add_store(size_t p, uint64_t value, memory_order order,
                      const store_t *previous) {
  place_t *place = &places[p];
  int self = engine_self();
  store_t *store;

  if (place->count == STORES_MOST)
    engine_fail("explorer: more than %d stores to one place", STORES_MOST);
  store = &place->stores[place->count++];
  store->value = value;
  views[self].seen[p] = (uint16_t) (place->count - 1);
  store->view = is_release(order) ? views[self] : released[self];
  store->view.seen[p] = (uint16_t) (place->count - 1);
  if (previous != NULL)
    memory_join(&store->view, &previous->view);
  views[self].steps[self]++;
  *places_at[p] = value;
}

static store_t *last_store(size_t p) {
  return &places[p].stores[places[p].count - 1];
}

uint64_t explore_load(const void *at, memory_order order, const char *site) {
  uint16_t least, last, index;
  uint64_t value;
  size_t p;

  if (!is_quiet(site))
    engine_yield();
  p = place_of(at);
  order = weakened(order, EXPLORE_LOAD, site);
  least = views[engine_self()].seen[p];
  last = (uint16_t) (places[p].count - 1);
  index = last;
  if (!is_quiet(site) && !is_guess(site))
    index =
        (uint16_t) (last - engine_choose_old((unsigned) (last - least) + 1));
  value = read_store(p, index, order);
  if (!is_quiet(site))
    engine_trace("%s: load place %zu = %#llx%s", site, p,
                 (unsigned long long) value, index < last ? " (old)" : "");
  return value;
}

void explore_store(void *at, uint64_t value, memory_order order,
                   const char *site) {
  if (!is_quiet(site))
    engine_yield();
  add_store(place_of(at), value, weakened(order, EXPLORE_STORE, site), NULL);
}

static uint64_t replace(size_t p, uint64_t value, memory_order order) {
  store_t previous = *last_store(p);

  read_store(p, (uint16_t) (places[p].count - 1), order);
  add_store(p, value, order, &previous);
  return previous.value;
}

uint64_t explore_swap(void *at, uint64_t value, memory_order order,
                      const char *site) {
  uint64_t old;
  size_t p;

  if (!is_quiet(site))
    engine_yield();
  p = place_of(at);
  old = replace(p, value, weakened(order, EXPLORE_RMW, site));
  if (!is_quiet(site))
    engine_trace("%s: swap place %zu %#llx -> %#llx", site, p,
                 (unsigned long long) old, (unsigned long long) value);
  return old;
}

uint64_t explore_add(void *at, uint64_t value, memory_order order,
                     const char *site) {
  uint64_t old;
  size_t p;

  if (!is_quiet(site))
    engine_yield();
  p = place_of(at);
  old = replace(p, last_store(p)->value + value,
                weakened(order, EXPLORE_RMW, site));
  if (!is_quiet(site))
    engine_trace("%s: add place %zu %#llx + %#llx", site, p,
                 (unsigned long long) old, (unsigned long long) value);
  return old;
}

/* The last value, or, for a failure, an old one that is not what is wanted. */
static uint64_t found_by_cas(size_t p, uint64_t wanted, bool only_last,
                             uint16_t *index) {
  uint16_t candidates[STORES_MOST], i, last = (uint16_t) (places[p].count - 1);
  unsigned count = 1;

  candidates[0] = last;
  for (i = last; !only_last && i > views[engine_self()].seen[p]; i--)
    if (places[p].stores[i - 1].value != wanted)
      candidates[count++] = (uint16_t) (i - 1);
  *index = candidates[engine_choose_old(count)];
  return places[p].stores[*index].value;
}

/* Taken, or released. */
static bool change_lock(size_t p, uint64_t value, memory_order order,
                        const char *site) {
  if (uv_stub_no_order())
    return true;
  if (is_lock(site) && !uv_stub_no_exclusion())
    engine_wait_for(&places[p].free, "a lock");
  places[p].free = is_unlock(site);
  engine_trace("%s: place %zu", site, p);
  replace(p, value, weakened(order, EXPLORE_RMW, site));
  return true;
}

bool explore_cas(void *at, void *expected, uint64_t value, memory_order order,
                 memory_order order_failed, const char *site) {
  uint64_t wanted, found;
  uint16_t index;
  size_t p;

  if (!is_quiet(site) && !is_unlock(site))
    engine_yield();
  p = place_of(at);
  if (!each_step && (is_lock(site) || is_unlock(site)))
    return change_lock(p, value, order, site);
  memcpy(&wanted, expected, sizeof wanted);
  found = found_by_cas(p, wanted, is_quiet(site) || is_guess(site), &index);
  if (!is_quiet(site))
    engine_trace("%s: cas place %zu %#llx -> %#llx %s", site, p,
                 (unsigned long long) found, (unsigned long long) value,
                 found == wanted ? "done" : "failed");
  if (found != wanted) {
    read_store(p, index, weakened(order_failed, EXPLORE_FAILED, site));
    memcpy(expected, &found, sizeof found);
    return false;
  }
  replace(p, value, weakened(order, EXPLORE_RMW, site));
  return true;
}

void explore_fence(memory_order order, const char *site) {
  int self = engine_self();

  engine_yield();
  if (engine_twin != NULL && engine_twin->kind == EXPLORE_FENCE &&
      engine_twin->site != NULL && strcmp(engine_twin->site, site) == 0) {
    memory_weakened = true;
    return;
  }
  if (is_acquire(order))
    memory_join(&views[self], &to_acquire[self]);
  if (order == memory_order_seq_cst) {
    memory_join(&views[self], &common);
    memory_join(&common, &views[self]);
  }
  if (is_release(order))
    released[self] = views[self];
  engine_trace("%s: fence", site);
}

void explore_init(void *at, uint64_t value) {
  size_t p = place_of(at);

  if (places[p].count == 1 && views[engine_self()].seen[p] == 0)
    places[p].stores[0].value = value;
  else
    add_store(p, value, memory_order_relaxed, NULL);
  *places_at[p] = value;
}

uintptr_t explore_self(void) {
  return (uintptr_t) engine_self() + 1;
}

static plain_t *plain_at(uintptr_t at) {
  uintptr_t granule = at / 8;
  size_t slot = (granule * 0x9e3779b97f4a7c15u) >> (64 - PLAIN_BITS);
  plain_t *plain = &plains[slot];

  while (plain->granule != 0 && plain->granule != granule) {
    slot = (slot + 1) % (1 << PLAIN_BITS);
    plain = &plains[slot];
  }
  if (plain->granule == 0) {
    if (plains_count > (1 << PLAIN_BITS) / 2)
      engine_fail("explorer: too much plain memory");
    plains_used[plains_count++] = slot;
    memset(plain, 0, sizeof *plain);
    plain->granule = granule;
    plain->writer = -1;
  }
  return plain;
}

static void plain_access(const void *at, size_t size, bool writes) {
  uintptr_t byte, first = (uintptr_t) at;
  int self = engine_self(), t;
  view_t *view = &views[self];

  for (byte = first & ~(uintptr_t) 7; byte < first + size; byte += 8) {
    plain_t *plain = plain_at(byte);
    if (plain->writer >= 0 && plain->written > view->steps[plain->writer] &&
        plain->writer != self)
      engine_fail("race: thread %d %s what thread %d wrote", self,
                  writes ? "overwrites" : "reads", plain->writer);
    for (t = 0; writes && t < THREADS_MOST; t++)
      if (t != self && plain->read[t] > view->steps[t])
        engine_fail("race: thread %d overwrites what thread %d reads", self, t);
    if (writes) {
      plain->writer = self;
      plain->written = view->steps[self];
    } else {
      plain->read[self] = view->steps[self];
    }
  }
}

void explore_read(const void *at) {
  plain_access(at, 1, false);
}

void explore_write(const void *at) {
  plain_access(at, 1, true);
}

/* The compiler's instrumentation for a thread sanitizer reports the sources'
 * plain accesses to these. */
#define HOOK(size)                              \
  void __tsan_read##size(void *at);             \
  void __tsan_read##size(void *at) {            \
    plain_access(at, size, false);              \
  }                                             \
  void __tsan_write##size(void *at);            \
  void __tsan_write##size(void *at) {           \
    plain_access(at, size, true);               \
  }                                             \
  void __tsan_unaligned_read##size(void *at);   \
  void __tsan_unaligned_read##size(void *at) {  \
    plain_access(at, size, false);              \
  }                                             \
  void __tsan_unaligned_write##size(void *at);  \
  void __tsan_unaligned_write##size(void *at) { \
    plain_access(at, size, true);               \
  }
HOOK(1)
HOOK(2)
HOOK(4)
HOOK(8)
HOOK(16)

void __tsan_read_range(void *at, size_t size);
void __tsan_read_range(void *at, size_t size) {
  plain_access(at, size, false);
}

void __tsan_write_range(void *at, size_t size);
void __tsan_write_range(void *at, size_t size) {
  plain_access(at, size, true);
}

void __tsan_init(void);
void __tsan_init(void) {
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller) {
  (void) caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void) {
}

/* Not instrumented by the compiler: it calls these for what it copies. */
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size) {
  plain_access(from, size, false);
  plain_access(to, size, true);
  return memcpy(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size);
void *__tsan_memset(void *to, int byte, size_t size) {
  plain_access(to, size, true);
  return memset(to, byte, size);
}
