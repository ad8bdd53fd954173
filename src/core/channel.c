/* channel: the core that senders and receiver share.
 *
 * Knows:   all rooms below; who uses the core, and when the last one has left.
 * Threads: senders' side from any, receiver's side from the receiver's.
 * Promise: what was accepted is received or dropped, once. (sent = received +
 *          dropped when the core goes.)
 */
#include "core/channel.h"

#include "base/alloc.h"
#include "core/tx.h"

#define LC_DEFAULT_MESSAGES 1024
#define LC_DEFAULT_NS 1000000
#define LC_DEFAULT_SPIN_NS 20000

/* How long a send waits for a batch of places, before it asks for the first;
 * and spins for one, whatever spin_ns is: a spin does not stand in line. */
#define LC_PATIENCE_NS 100000

/* Wherever a core begins, its parts that different threads write lie on
 * different cache lines. With 32 bits what is between them is too short. */
#define LC_ARE_APART(a, b)                                            \
  (offsetof(lc_channel_t, b) -                                        \
       (offsetof(lc_channel_t, a) + sizeof((lc_channel_t *) 0)->a) >= \
   LC_CACHE_LINE)
#if UINTPTR_MAX > UINT32_MAX && !defined(LC_EXPLORE)
static_assert(LC_ARE_APART(pool.offset, inbox) && LC_ARE_APART(inbox, waitq) &&
                  LC_ARE_APART(waitq.permits, backlog),
              "a cache line's length between them");
#endif

static uint64_t spin_ns(const loopchan_options_t *o) {
  return o->spin_ns != 0 ? o->spin_ns : LC_DEFAULT_SPIN_NS;
}

static void set_options(lc_channel_t *channel, const loopchan_options_t *o) {
  channel->msg_size = o->msg_size;
  channel->capacity = o->capacity;
  channel->drop = o->drop;
  channel->drop_arg = o->drop_arg;
  channel->max_messages =
      o->max_messages != 0 ? o->max_messages : LC_DEFAULT_MESSAGES;
  channel->max_ns = o->max_ns != 0 ? o->max_ns : LC_DEFAULT_NS;
  /* A try_send by hand wants a receiver that is parked. */
  lc_spin_init(&channel->spin,
               channel->flavour == LC_RENDEZVOUS ? 0 : spin_ns(o),
               channel->flavour != LC_UNBOUNDED);
  lc_patience_init(&channel->patience, spin_ns(o));
}

static lc_flavour_t flavour_of(size_t capacity) {
  return capacity == LOOPCHAN_UNBOUNDED    ? LC_UNBOUNDED
         : capacity == LOOPCHAN_RENDEZVOUS ? LC_RENDEZVOUS
                                           : LC_BOUNDED;
}

int lc_channel_new(lc_channel_t **out, uv_async_t *async,
                   const loopchan_options_t *options) {
  lc_flavour_t flavour = flavour_of(options->capacity);
  lc_channel_t *channel;
  lc_slab_pool_t pool;
  int err;

  if (!lc_slab_pool_init(&pool, options->msg_size,
                         flavour == LC_BOUNDED ? options->capacity : SIZE_MAX))
    return UV_EINVAL;
  channel = lc_malloc(sizeof *channel);
  if (channel == NULL)
    return UV_ENOMEM;
  memset(channel, 0, sizeof *channel);
  channel->flavour = flavour;
  err = lc_waitq_init(&channel->waitq, &channel->inbox, flavour,
                      options->capacity);
  if (err != 0)
    goto no_line;
  err = lc_wake_init(&channel->wake, async);
  if (err != 0)
    goto no_wake;
  err = uv_mutex_init(&channel->mutex);
  if (err != 0)
    goto no_mutex;
  set_options(channel, options);
  channel->pool = pool;
  lc_inbox_init(&channel->inbox);
  lc_link_init(&channel->eof, LC_CONTROL);
  lc_guard_init(&channel->guard);
  lc_loop_thread_init(&channel->loop_thread);
  channel->users = 1;
  lc_trace(open, channel, NULL);
  *out = channel;
  return 0;

no_mutex:
  lc_wake_destroy(&channel->wake);
no_wake:
  lc_waitq_destroy(&channel->waitq);
no_line:
  lc_free(channel);
  return err;
}

void lc_channel_leave(lc_channel_t *channel) {
  bool last;

  uv_mutex_lock(&channel->mutex);
  lc_assert(channel->users > 0);
  last = --channel->users == 0;
  uv_mutex_unlock(&channel->mutex);
  if (!last)
    return;
  lc_assert(channel->senders == 0);
  lc_assert(channel->recycle_after_callback == NULL &&
            channel->deferred == NULL);
  lc_assert(channel->sent_by_dropped + channel->waitq.sent ==
            channel->received + channel->dropped);
  lc_trace(free, channel, NULL);
  lc_waitq_destroy(&channel->waitq);
  lc_slab_pool_free(&channel->pool);
  uv_mutex_destroy(&channel->mutex);
  lc_wake_destroy(&channel->wake);
  lc_free(channel);
}

loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel) {
  loopchan_sender_t *tx = lc_malloc(sizeof *tx);

  if (tx == NULL)
    return NULL;
  tx->channel = channel;
  lc_tx_cache_init(&tx->own, channel);
  lc_atomic_init(&tx->more, NULL);
  lc_counter_init(&tx->sent_in_passing);
  lc_counter_init(&tx->reserved);
  tx->prev = NULL;
  uv_mutex_lock(&channel->mutex);
  tx->next = channel->first_sender;
  if (tx->next != NULL)
    tx->next->prev = tx;
  channel->first_sender = tx;
  channel->senders++;
  channel->users++;
  uv_mutex_unlock(&channel->mutex);
  lc_trace(sender_new, channel, tx);
  return tx;
}

bool lc_channel_remove_sender(loopchan_sender_t *tx) {
  lc_channel_t *channel = tx->channel;
  bool last;

  lc_assert(lc_counter_read(&tx->reserved) == 0);
  uv_mutex_lock(&channel->mutex);
  channel->sent_by_dropped += lc_tx_sent(tx);
  if (tx->next != NULL)
    tx->next->prev = tx->prev;
  if (tx->prev != NULL)
    tx->prev->next = tx->next;
  else
    channel->first_sender = tx->next;
  last = --channel->senders == 0;
  uv_mutex_unlock(&channel->mutex);
  lc_tx_free_caches(tx);
  lc_free(tx);
  return last;
}

void lc_channel_settle(lc_channel_t *channel) {
  lc_trace(wake, channel, NULL);
  lc_wake_signal(&channel->wake);
}

void lc_tx_grant(lc_channel_t *channel) {
  if (lc_waitq_grant(&channel->waitq))
    lc_channel_settle(channel);
}

ssize_t lc_tx_acquire_slow(lc_channel_t *channel, size_t most) {
  lc_permits_t *permits = &channel->waitq.permits;

  for (;;) {
    size_t granted;
    if (lc_inbox_is_closed(&channel->inbox))
      return UV_EPIPE;
    if (lc_permits_is_full(permits))
      return UV_EAGAIN;
    /* There is room, and a line: whoever stands there goes first. */
    lc_tx_grant(channel);
    granted = lc_permits_acquire(permits, most);
    if (granted > 0)
      return (ssize_t) granted;
  }
}

ssize_t lc_tx_spin_for_permit(lc_channel_t *channel, lc_patience_t *patience,
                              uint64_t deadline_ns) {
  lc_permits_t *permits = &channel->waitq.permits;
  ssize_t permit = UV_EAGAIN;
  lc_spell_t spell;

  lc_spell_begin(&spell, lc_earlier(patience->next_ns, LC_PATIENCE_NS),
                 deadline_ns);
  while (permit == UV_EAGAIN && !lc_permits_has_waiters(permits) &&
         lc_spell_goes_on(&spell, LC_LOOK_PAUSES))
    if (lc_permits_has_batch(permits))
      permit = lc_tx_acquire(channel, 1);
  lc_patience_learn(patience, permit > 0);
  return permit;
}

/* Until the deadline, for the answer to a send in line. False: none so far. */
static bool wait_until_complete(lc_channel_t *channel, lc_waiter_t *waiter,
                                lc_patience_t *patience, uint64_t deadline_ns) {
  uint64_t patient_ns = lc_earlier(deadline_ns, lc_deadline(LC_PATIENCE_NS));
  lc_wake_t *wake = &waiter->completions->wake;

  (void) lc_wake_spin(wake, patience, patient_ns);
  if (lc_wake_wait(wake, patient_ns))
    return true;
  if (patient_ns == deadline_ns)
    return false;
  if (lc_waitq_escalate(&channel->waitq, waiter))
    lc_channel_settle(channel);
  return lc_wake_wait(wake, deadline_ns);
}

int lc_tx_wait(lc_channel_t *channel, lc_link_t *newest, lc_link_t *oldest,
               lc_patience_t *patience, uint64_t deadline_ns) {
  lc_completions_t completions;
  lc_waiter_t waiter = {
      .newest = newest, .oldest = oldest, .completions = &completions};
  int err = lc_completions_init(&completions, NULL);

  if (err != 0)
    return err;
  if (lc_waitq_enqueue(&channel->waitq, &waiter))
    lc_channel_settle(channel);
  if (!wait_until_complete(channel, &waiter, patience, deadline_ns)) {
    bool left;
    if (lc_waitq_cancel(&channel->waitq, &waiter, &left))
      lc_channel_settle(channel);
    if (left)
      waiter.result = UV_ETIMEDOUT;
    else
      while (!lc_wake_wait(&completions.wake, LC_NEVER)) {
      }
  }
  lc_completions_destroy(&completions);
  return waiter.result;
}

int lc_tx_push_if_parked(lc_channel_t *channel, lc_link_t *newest,
                         lc_link_t *oldest) {
  lc_push_t pushed = lc_inbox_push_if_parked(&channel->inbox, newest, oldest);

  if (pushed == LC_REFUSED)
    return lc_inbox_is_closed(&channel->inbox) ? UV_EPIPE : UV_EAGAIN;
  lc_channel_settle(channel);
  return 0;
}

void lc_tx_retire_slab(lc_channel_t *channel, lc_slab_t *slab) {
  lc_assert(channel->flavour != LC_RENDEZVOUS);
  if (lc_tx_publish(channel, &slab->retire, &slab->retire, LC_NO_STREAK) != 0)
    lc_slab_pool_orphan(&channel->pool, slab);
}

void lc_tx_put_slab(lc_channel_t *channel, lc_slab_t *slab) {
  if (!lc_slab_pool_put(&channel->pool, slab))
    lc_tx_retire_slab(channel, slab);
}

/* The receiver has had every node of the slab. */
static void recycle(lc_channel_t *channel, lc_slab_t *slab) {
  if (channel->in_callback) {
    slab->next = channel->recycle_after_callback;
    channel->recycle_after_callback = slab;
  } else {
    lc_slab_pool_recycle(&channel->pool, slab);
  }
}

/* The inbox's word has moved on. */
static inline void release_deferred(lc_channel_t *channel) {
  lc_slab_t *deferred = channel->deferred;

  if (LC_LIKELY(deferred == NULL))
    return;
  channel->deferred = NULL;
  recycle(channel, deferred);
}

bool lc_rx_park(lc_channel_t *channel) {
  bool parked = channel->flavour == LC_RENDEZVOUS
                    ? lc_waitq_park(&channel->waitq)
                    : lc_inbox_park(&channel->inbox);

  if (parked) {
    release_deferred(channel);
    lc_trace(park, channel, NULL);
  }
  return parked;
}

int lc_rx_sleep(lc_channel_t *channel, uint64_t deadline_ns) {
  lc_wake_t *wake = &channel->wake;

  /* Otherwise it has spun before it parked. */
  if (channel->flavour == LC_RENDEZVOUS || channel->shared != NULL)
    (void) lc_wake_spin(wake, &channel->patience, deadline_ns);
  if (lc_wake_wait(wake, deadline_ns))
    return 0;
  if (lc_inbox_unpark(&channel->inbox))
    return UV_ETIMEDOUT;
  /* Somebody came between, and pays in a moment. */
  while (!lc_wake_wait(wake, LC_NEVER)) {
  }
  return 0;
}

static bool is_lone(const lc_chain_t *chain) {
  return lc_link_next(chain->newest) == chain->end;
}

/* What the inbox has. False: nothing. */
static inline bool take_chain(lc_channel_t *channel, lc_chain_t *chain) {
  if (!lc_inbox_take(&channel->inbox, chain))
    return false;
  release_deferred(channel); /* the chain's end, perhaps: nobody reads that */
  lc_spin_learn(&channel->spin, !is_lone(chain));
  return true;
}

bool lc_rx_gather(lc_channel_t *channel) {
  lc_chain_t chain;

  if (!take_chain(channel, &chain))
    return false;
  lc_backlog_add(&channel->backlog, &chain);
  return true;
}

/* The link has been taken off the backlog. */
static void handle_control(lc_channel_t *channel, lc_link_t *control) {
  lc_slab_t *slab = lc_slab_of_retire(control);

  if (control == &channel->eof) {
    channel->ended = true;
  } else if (lc_inbox_holds(&channel->inbox, control)) {
    lc_assert(channel->deferred == NULL);
    channel->deferred = slab;
  } else {
    recycle(channel, slab);
  }
}

/* Takes and obeys what is in the way of the oldest message. */
lc_link_t *lc_rx_peek(lc_channel_t *channel) {
  for (;;) {
    lc_link_t *link = lc_backlog_oldest(&channel->backlog);
    if (link == NULL) {
      if (!lc_rx_gather(channel))
        return NULL;
    } else if (LC_LIKELY(!lc_link_is_control(link))) {
      return link;
    } else {
      lc_backlog_pop(&channel->backlog);
      handle_control(channel, link);
    }
  }
}

bool lc_rx_has_message(lc_channel_t *channel) {
  return lc_rx_peek(channel) != NULL || (channel->flavour == LC_RENDEZVOUS &&
                                         lc_waitq_length(&channel->waitq) > 0);
}

/* Who receives as fast as is sent finds one message at a time: it makes no stay
 * in the backlog. */
static LC_NOINLINE lc_link_t *take_slow(lc_channel_t *channel) {
  lc_link_t *link;

  if (lc_backlog_is_empty(&channel->backlog)) {
    lc_chain_t chain;
    if (!take_chain(channel, &chain))
      return NULL;
    link = chain.newest;
    if (is_lone(&chain) && !lc_link_is_control(link)) {
      lc_link_to_newer(link, NULL); /* taken: no leap leads there */
      return link;
    }
    lc_backlog_add(&channel->backlog, &chain);
  }
  link = lc_rx_peek(channel);
  if (link != NULL)
    lc_backlog_pop(&channel->backlog);
  return link;
}

static inline lc_link_t *take_oldest(lc_channel_t *channel) {
  lc_link_t *node = channel->backlog.reversed.oldest;

  if (LC_LIKELY(node != NULL && !lc_link_is_control(node)))
    lc_backlog_pop(&channel->backlog);
  else
    node = take_slow(channel);
  if (LC_LIKELY(node != NULL))
    lc_tx_release_permit(channel);
  return node;
}

/* By hand, and nothing had been pushed. What is pushed meanwhile goes before
 * who is pulled. */
static LC_NOINLINE lc_link_t *match(lc_channel_t *channel) {
  channel->matched = lc_waitq_match(&channel->waitq);
  return channel->matched != NULL ? channel->matched->oldest
                                  : take_oldest(channel);
}

lc_link_t *lc_rx_next(lc_channel_t *channel) {
  lc_link_t *node = take_oldest(channel);

  if (LC_LIKELY(node != NULL) || channel->flavour != LC_RENDEZVOUS)
    return node;
  return match(channel);
}

void lc_rx_end_callback(lc_channel_t *channel) {
  channel->in_callback = false;
  while (LC_UNLIKELY(channel->recycle_after_callback != NULL)) {
    lc_slab_t *slab = channel->recycle_after_callback;
    channel->recycle_after_callback = slab->next;
    lc_slab_pool_recycle(&channel->pool, slab);
  }
}

bool lc_rx_refuse(lc_channel_t *channel) {
  bool was_parked;
  lc_chain_t chain;

  if (lc_inbox_close(&channel->inbox, &chain, &was_parked))
    lc_backlog_add(&channel->backlog, &chain);
  release_deferred(channel);
  lc_waitq_refuse(&channel->waitq);
  channel->ended = true;
  return was_parked;
}

void lc_rx_give_up(lc_channel_t *channel) {
  lc_assert(lc_inbox_is_closed(&channel->inbox));
  channel->dropped = lc_backlog_count_messages(&channel->backlog);
}

void lc_rx_drop_all(lc_channel_t *channel) {
  uint64_t dropped = 0;
  lc_link_t *node;

  for (; (node = take_oldest(channel)) != NULL; dropped++) {
    lc_trace(drop, channel, node);
    if (channel->drop != NULL)
      channel->drop(lc_node_message(&channel->pool, node), channel->drop_arg);
  }
  lc_assert(dropped == channel->dropped);
  (void) dropped;
}

void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats) {
  uint64_t done = channel->received + channel->dropped;
  loopchan_sender_t *tx;

  /* Nobody is told to wait for whom there is room. */
  if (channel->flavour == LC_BOUNDED)
    lc_tx_grant(channel);
  stats->capacity = channel->capacity;
  stats->waiting = lc_waitq_length(&channel->waitq);
  stats->received = channel->received;
  stats->dropped = channel->dropped;
  stats->budget_cuts = channel->budget_cuts;
  stats->wakeups = lc_wake_count(&channel->wake);
  stats->sent = lc_waitq_sent(&channel->waitq);
  uv_mutex_lock(&channel->mutex);
  stats->senders = channel->senders;
  stats->sent += channel->sent_by_dropped;
  for (tx = channel->first_sender; tx != NULL; tx = tx->next)
    stats->sent += lc_tx_sent(tx);
  uv_mutex_unlock(&channel->mutex);
  /* A sender counts after it has published. */
  if (stats->sent < done)
    stats->sent = done;
  stats->queued = stats->sent - done;
}

unsigned loopchan_version(void) {
  return LOOPCHAN_VERSION_HEX;
}

#define LC_TEXT_(x) #x
#define LC_TEXT(x) LC_TEXT_(x)

const char *loopchan_version_string(void) {
  return LC_TEXT(LOOPCHAN_VERSION_MAJOR) "." LC_TEXT(
      LOOPCHAN_VERSION_MINOR) "." LC_TEXT(LOOPCHAN_VERSION_PATCH);
}
