/* channel: the core that senders and receiver share.
 *
 * Knows:   who uses the core, and when the last one has left.
 * Threads: any.
 * Promise: the core is freed when its last user leaves, and then sent =
 *          received + dropped.
 */
#include "core/channel.h"

#include "base/alloc.h"
#include "core/rx.h"
#include "core/shared.h"
#include "core/tx.h"

#define LC_DEFAULT_MESSAGES 1024
#define LC_DEFAULT_NS 1000000
#define LC_DEFAULT_SPIN_NS 20000

/* The parts of a core that different threads write are on different cache
 * lines, whatever its address: it is aligned only to eight bytes. On 32-bit
 * systems the fields between them are too short for that. */
#define LC_ARE_APART(a, b)                                            \
  (offsetof(lc_channel_t, b) -                                        \
       (offsetof(lc_channel_t, a) + sizeof((lc_channel_t *) 0)->a) >= \
   LC_APART)
#if UINTPTR_MAX > UINT32_MAX && !defined(LC_EXPLORE)
static_assert(LC_ARE_APART(pool.offset, inbox) && LC_ARE_APART(inbox, waitq) &&
                  LC_ARE_APART(waitq.permits, rx) &&
                  LC_ARE_APART(rx, first.own),
              "a cache line's length between them");
#endif

static uint64_t spin_ns(const loopchan_options_t *o) {
  return o->spin_ns != 0 ? o->spin_ns : LC_DEFAULT_SPIN_NS;
}

static void set_options(lc_channel_t *channel, const loopchan_options_t *o) {
  lc_config_t *config = &channel->config;

  config->msg_size = o->msg_size;
  config->capacity = o->capacity;
  config->drop = o->drop;
  config->drop_arg = o->drop_arg;
  config->budget_messages =
      o->budget_messages != 0 ? o->budget_messages : LC_DEFAULT_MESSAGES;
  config->budget_ns = o->budget_ns != 0 ? o->budget_ns : LC_DEFAULT_NS;
  /* Without a bound no sender waits for the receiver. */
  lc_backoff_init(
      &channel->rx.backoff, spin_ns(o),
      config->flavour != LC_UNBOUNDED && config->flavour != LC_LATEST);
}

static lc_flavour_t flavour_of(const loopchan_options_t *o) {
  return (o->flags & LOOPCHAN_LATEST) != 0    ? LC_LATEST
         : o->capacity == LOOPCHAN_UNBOUNDED  ? LC_UNBOUNDED
         : o->capacity == LOOPCHAN_RENDEZVOUS ? LC_RENDEZVOUS
                                              : LC_BOUNDED;
}

/* How many messages may wait to be received. */
static size_t most_waiting(const loopchan_options_t *o) {
  return o->capacity == LOOPCHAN_UNBOUNDED    ? SIZE_MAX
         : o->capacity == LOOPCHAN_RENDEZVOUS ? 1
                                              : o->capacity;
}

static void begin_waiting(lc_channel_t *channel) {
  lc_wake_init(&channel->wake, &channel->waiting.monitor);
  memset(&channel->waiting.select, 0, sizeof channel->waiting.select);
}

int lc_channel_new(lc_channel_t **out, uv_async_t *async,
                   const loopchan_options_t *options) {
  lc_flavour_t flavour = flavour_of(options);
  lc_channel_t *channel = lc_malloc_core(sizeof *channel);

  if (channel == NULL)
    return UV_ENOMEM;
  channel->shared = NULL;
  channel->loop = NULL;
  memset(&channel->refs, 0, sizeof channel->refs);
  memset(&channel->rx, 0, sizeof channel->rx);
  if (!lc_slab_pool_init(&channel->pool, options->msg_size,
                         most_waiting(options))) {
    lc_free_core(channel);
    return UV_EINVAL;
  }
  if (flavour == LC_LATEST)
    lc_slab_pool_make_single(&channel->pool);
  channel->config.flavour = flavour;
  lc_waitq_init(&channel->waitq, &channel->inbox, flavour, options->capacity,
                options->spin_ns != LOOPCHAN_NO_SPIN);
  if (async != NULL)
    lc_wake_init_async(&channel->wake, async);
  else
    begin_waiting(channel);
  set_options(channel, options);
  lc_inbox_init(&channel->inbox);
  lc_link_init(&channel->eof, LC_CONTROL);
  lc_guard_init(&channel->rx.guard);
  lc_lock_init(&channel->refs.lock);
  lc_atomic_init(&channel->refs.users, 1);
  lc_trace(open, channel, NULL);
  *out = channel;
  return 0;
}

void lc_channel_join(lc_channel_t *channel) {
  /* relaxed: the caller is a user already */
  lc_add(&channel->refs.users, (size_t) 1, memory_order_relaxed);
}

/* True: it was the last one. */
static bool leave_core(lc_channel_t *channel) {
  return lc_channel_is_alone(channel) ||
         /* [channel.leave] (A) */
         lc_add(&channel->refs.users, (size_t) 0 - 1, memory_order_acq_rel) ==
             1;
}

void lc_channel_leave(lc_channel_t *channel) {
  if (!leave_core(channel))
    return;
  lc_assert(channel->refs.senders == 0);
  lc_assert(lc_slab_pool_kept(&channel->pool) == 0);
  lc_assert(channel->rx.recycle_after_callback == NULL &&
            channel->rx.deferred == NULL);
  lc_assert(channel->refs.sent_by_dropped + channel->waitq.sent ==
            channel->rx.received + channel->rx.dropped +
                channel->refs.replaced_by_dropped);
  lc_trace(free, channel, NULL);
  if (!lc_wake_is_async(&channel->wake) && channel->waiting.select.wake != NULL)
    lc_wake_free_target(channel->waiting.select.wake);
  lc_waitq_destroy(&channel->waitq);
  lc_slab_pool_free(&channel->pool);
  lc_wake_destroy(&channel->wake);
  if (channel->loop != NULL)
    lc_loop_release(channel->loop);
  if (channel->shared != NULL)
    lc_shared_free(channel->shared);
  lc_free_core(channel);
}

static void init_sender(loopchan_sender_t *tx, lc_channel_t *channel) {
  tx->channel = channel;
  lc_tx_cache_init(&tx->own, channel);
  lc_atomic_init(&tx->more, NULL);
  lc_counter_init(&tx->sent_by_temporary);
  lc_counter_init(&tx->replaced_by_temporary);
  lc_counter_init(&tx->reserved);
  tx->is_writers = false;
  tx->mark = lc_mark(tx, 1);
  tx->prev = NULL;
}

/* refs.lock is held, or no other thread uses the core. */
static void list_sender(lc_channel_t *channel, loopchan_sender_t *tx) {
  lc_refs_t *refs = &channel->refs;

  lc_assert(refs->senders == 0 || lc_lock_is_held(&refs->lock));
  tx->next = refs->first_sender;
  if (tx->next != NULL)
    tx->next->prev = tx;
  refs->first_sender = tx;
  lc_slab_pool_set_senders(&channel->pool, ++refs->senders);
  lc_trace(sender_new, channel, tx);
}

loopchan_sender_t *lc_channel_first_sender(lc_channel_t *channel) {
  loopchan_sender_t *tx = &channel->first;

  lc_assert(channel->refs.senders == 0);
  init_sender(tx, channel);
  list_sender(channel, tx);
  lc_atomic_init(&channel->refs.users, 2);
  return tx;
}

loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel) {
  loopchan_sender_t *tx = lc_malloc(sizeof *tx);

  if (tx == NULL)
    return NULL;
  init_sender(tx, channel);
  lc_channel_join(channel);
  lc_channel_lock_senders(channel, false);
  list_sender(channel, tx);
  lc_channel_unlock_senders(channel, false);
  return tx;
}

bool lc_channel_remove_sender(loopchan_sender_t *tx) {
  lc_channel_t *channel = tx->channel;
  lc_refs_t *refs = &channel->refs;
  bool last;

  lc_expect(lc_counter_read(&tx->reserved) == 0,
            "a place that the sender reserved was not given back");
  lc_channel_lock_senders(channel, false);
  lc_tx_count(tx, &refs->sent_by_dropped, &refs->replaced_by_dropped);
  lc_assert(refs->senders > 0);
  lc_assert(tx->prev != NULL || refs->first_sender == tx);
  if (tx->next != NULL)
    tx->next->prev = tx->prev;
  if (tx->prev != NULL)
    tx->prev->next = tx->next;
  else
    refs->first_sender = tx->next;
  last = --refs->senders == 0;
  lc_slab_pool_set_senders(&channel->pool, refs->senders);
  lc_channel_unlock_senders(channel, false);
  lc_tx_free_caches(tx);
  tx->mark = 0;
  if (tx != &channel->first)
    lc_free(tx);
  return last;
}

void lc_channel_pay(lc_channel_t *channel) {
  lc_trace(wake, channel, NULL);
  if (channel->shared != NULL)
    lc_shared_pay(channel);
  else
    lc_wake_signal_for(&channel->wake, &channel->inbox.signalled,
                       lc_inbox_parks(&channel->inbox));
}

void lc_channel_help(lc_channel_t *channel) {
  uintptr_t parks = lc_inbox_parks(&channel->inbox);

  if (!lc_inbox_wants_help(&channel->inbox))
    return;
  if (channel->shared != NULL)
    lc_shared_pay(channel);
  else
    lc_wake_help(&channel->wake, &channel->inbox.signalled, parks);
}

/* A function of its own, so that callers that find no waiter save no registers
 * for it. */
LC_NOINLINE void lc_channel_grant(lc_channel_t *channel) {
  lc_channel_settle(channel, lc_waitq_grant(&channel->waitq));
}

bool lc_channel_runs_here(lc_channel_t *channel) {
  if (channel->shared != NULL)
    return lc_shared_is_here(channel);
  return channel->loop != NULL && lc_loop_is_here(channel->loop);
}

bool lc_channel_may_run_here(lc_channel_t *channel) {
  if (channel->shared != NULL)
    return lc_shared_may_be_here(channel);
  return channel->loop != NULL && lc_loop_may_be_here(channel->loop);
}

#ifdef LC_NOTICES_NESTED_RUN
void lc_channel_ring(lc_channel_t *channel) {
  if (channel->shared != NULL)
    lc_shared_ring(channel);
  else if (channel->loop != NULL && lc_loop_seems_nested(channel->loop))
    lc_wake_help(&channel->wake, NULL, 0);
}
#endif
