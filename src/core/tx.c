/* tx: the sending side: permits, nodes, and publishing.
 *
 * Knows:   which thread owns a cache, slabs, permits, the inbox. Not what is
 *          sent.
 * Threads: any, several at once on one sender; a cache is one thread's.
 * Promise: a node is allocated by one thread at a time, and a message that was
 *          published is counted before the call returns.
 */
#include "core/tx.h"

#include "base/alloc.h"

/* How long a send waits for a batch of permits before it escalates; and the
 * longest spin for a permit, whatever spin_ns is: while it spins it has no
 * place in the wait queue. */
#define LC_ESCALATE_AFTER_NS 100000

/* How long a send waits on a thread that may turn out to be the loop's. */
#define LC_LOOP_BEGINS_NS 1000000000

void lc_tx_cache_init(lc_tx_cache_t *cache, const lc_channel_t *channel) {
  lc_owner_init(&cache->owner);
  cache->slab = NULL;
  cache->bytes = LC_SLAB_LEAST;
  cache->streak = *LC_NO_STREAK;
  lc_counter_init(&cache->sent);
  lc_counter_init(&cache->replaced);
  lc_backoff_init(&cache->backoff,
                  lc_earlier(channel->rx.backoff.most_ns, LC_ESCALATE_AFTER_NS),
                  true);
}

/* Makes the array of caches, unless it is there, or memory runs out. */
static void make_more_caches(loopchan_sender_t *tx) {
  lc_tx_other_t *made, *more = NULL;
  size_t i;

  /* relaxed: whether it is there; a thread that uses it reads it again */
  if (LC_LIKELY(lc_load(&tx->more, memory_order_relaxed) != NULL))
    return;
  made = lc_malloc((LC_TX_CACHES + 1) * sizeof *made);
  if (made == NULL)
    return;
  for (i = 0; i < LC_TX_CACHES + 1; i++)
    lc_tx_cache_init(&made[i].cache, tx->channel);
  /* [tx.caches] (A); relaxed: another thread has made it */
  if (!lc_cas(&tx->more, &more, made, memory_order_release,
              memory_order_relaxed))
    lc_free(made);
}

/* The caches that were made, how many there are in *n. */
static lc_tx_other_t *caches_made(loopchan_sender_t *tx, size_t *n) {
  /* [tx.caches] (B) */
  lc_tx_other_t *more = lc_load(&tx->more, memory_order_acquire);

  *n = more != NULL ? LC_TX_CACHES + 1 : 0;
  return more;
}

/* The last of the array is lent. False: another thread has it. */
static bool borrow(lc_tx_other_t *last) {
  uintptr_t none = LC_NO_THREAD;

  /* [tx.lent] (B) */
  return lc_cas(&last->cache.owner, &none, lc_thread_self(),
                memory_order_acquire, memory_order_relaxed);
}

/* The calling thread's cache, among those made; or *temporary. */
static lc_tx_cache_t *cache_made(loopchan_sender_t *tx,
                                 lc_tx_cache_t *temporary) {
  size_t n, i;
  lc_tx_other_t *more = caches_made(tx, &n);

  for (i = 0; i + 1 < n; i++)
    if (lc_owner_claim(&more[i].cache.owner))
      return &more[i].cache;
  if (n > 0 && borrow(&more[i]))
    return &more[i].cache;
  lc_tx_cache_init(temporary, tx->channel);
  /* If messages pile up, the pool takes no slab back that was used: this one
   * may go with a single message. */
  temporary->bytes = 0;
  return temporary;
}

lc_tx_cache_t *lc_tx_cache_of(loopchan_sender_t *tx, lc_tx_cache_t *temporary) {
  if (LC_LIKELY(lc_owner_claim(&tx->own.owner)))
    return &tx->own;
  make_more_caches(tx);
  return cache_made(tx, temporary);
}

lc_tx_cache_t *lc_tx_cache_existing(loopchan_sender_t *tx,
                                    lc_tx_cache_t *temporary) {
  return lc_owner_claim(&tx->own.owner) ? &tx->own : cache_made(tx, temporary);
}

static void put_slab(loopchan_sender_t *tx, lc_tx_cache_t *cache) {
  if (cache->slab != NULL)
    lc_tx_put_slab(tx->channel, cache->slab);
  cache->slab = NULL;
}

static void flush(loopchan_sender_t *tx, lc_tx_cache_t *temporary) {
  put_slab(tx, temporary);
  lc_counter_add(&tx->sent_by_temporary, lc_counter_read(&temporary->sent));
  if (tx->channel->config.flavour == LC_LATEST)
    lc_counter_add(&tx->replaced_by_temporary,
                   lc_counter_read(&temporary->replaced));
}

void lc_tx_cache_return_slow(loopchan_sender_t *tx, lc_tx_cache_t *cache) {
  size_t n;
  lc_tx_other_t *more = caches_made(tx, &n);

  lc_assert(lc_tx_cache_is_here(cache));
  /* relaxed: a temporary one has no owner, any other this thread */
  if (lc_load(&cache->owner, memory_order_relaxed) == LC_NO_THREAD)
    flush(tx, cache);
  else if (cache == &more[LC_TX_CACHES].cache)
    /* [tx.lent] (A) */
    lc_store(&cache->owner, LC_NO_THREAD, memory_order_release);
}

void lc_tx_put_slabs(loopchan_sender_t *tx) {
  size_t n, i;
  lc_tx_other_t *more = caches_made(tx, &n);

  put_slab(tx, &tx->own);
  for (i = 0; i < n; i++)
    put_slab(tx, &more[i].cache);
}

static void count_of_cache(const lc_tx_cache_t *cache, uint64_t *sent,
                           uint64_t *replaced) {
  *sent += lc_counter_read(&cache->sent);
  *replaced += lc_counter_read(&cache->replaced);
}

void lc_tx_count(loopchan_sender_t *tx, uint64_t *sent, uint64_t *replaced) {
  size_t n, i;
  lc_tx_other_t *more = caches_made(tx, &n);

  *sent += lc_counter_read(&tx->sent_by_temporary);
  *replaced += lc_counter_read(&tx->replaced_by_temporary);
  count_of_cache(&tx->own, sent, replaced);
  for (i = 0; i < n; i++)
    count_of_cache(&more[i].cache, sent, replaced);
}

void lc_tx_free_caches(loopchan_sender_t *tx) {
  size_t n;

  lc_assert(tx->own.slab == NULL);
  lc_free(caches_made(tx, &n));
}

void lc_tx_drop_sender(loopchan_sender_t *tx) {
  lc_channel_t *channel = tx->channel;

  lc_trace(sender_drop, channel, tx);
  lc_tx_put_slabs(tx);
  /* Refused: the receiver has gone and needs no end of file. */
  if (lc_channel_remove_sender(tx)) {
    int refused =
        lc_tx_publish(channel, &channel->eof, &channel->eof, LC_NO_STREAK);
    (void) refused;
  }
  lc_channel_leave(channel);
}

int lc_tx_take_slab_of(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       size_t *bytes, lc_slab_t **slab) {
  lc_assert(lc_tx_cache_is_here(cache));
  if (LC_LIKELY(cache->slab != NULL)) {
    *slab = cache->slab;
    cache->slab = NULL;
    return 0;
  }
  if (lc_inbox_is_closed(&tx->channel->inbox))
    return UV_EPIPE;
  *slab = lc_slab_pool_get(&tx->channel->pool, bytes);
  return *slab == NULL ? UV_ENOMEM : 0;
}

void lc_tx_keep_slab(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     lc_slab_t *slab) {
  lc_assert(!lc_slab_is_full(slab));
  if (LC_LIKELY(cache->slab == NULL))
    cache->slab = slab;
  else
    lc_tx_put_slab(tx->channel, slab);
}

/* Puts a link in front of a chain that leads from newest to oldest. */
static void chain(lc_list_t *links, lc_link_t *link) {
  if (links->newest == NULL)
    links->oldest = link;
  else
    lc_link_to_older(link, links->newest);
  links->newest = link;
}

bool lc_tx_chain_node(lc_list_t *links, lc_slab_t *slab, lc_link_t *node) {
  lc_link_init(node, 0);
  chain(links, node);
  if (LC_LIKELY(!lc_slab_is_full(slab)))
    return false;
  chain(links, &slab->retire);
  return true;
}

int lc_tx_publish_chain(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                        const lc_list_t *links, size_t count) {
  int err =
      lc_tx_publish(tx->channel, links->newest, links->oldest, &cache->streak);

  if (err == 0)
    lc_counter_add_alone(&cache->sent, count);
  return err;
}

int lc_tx_publish_node(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                       lc_slab_t *slab, lc_link_t *node) {
  lc_list_t links = {NULL, NULL};
  bool slab_goes = lc_tx_chain_node(&links, slab, node);
  size_t bytes = slab->bytes;
  int err = lc_tx_publish_chain(tx, cache, &links, 1);

  if (LC_LIKELY(err == 0 && !slab_goes))
    lc_tx_keep_slab(tx, cache, slab);
  else if (err == 0)
    lc_slab_pool_spent(&tx->channel->pool, bytes);
  return err;
}

LC_NOINLINE int lc_tx_after_push(lc_channel_t *channel, lc_push_t pushed) {
  lc_channel_settle(channel, pushed);
  return pushed == LC_REFUSED ? UV_EPIPE : 0;
}

/* The receiver may sleep although messages wait: the sender that has to wake it
 * has lost its processor. While it sleeps there will be no permit. */
static void help_if_asleep(lc_channel_t *channel) {
  if (lc_inbox_wants_help(&channel->inbox) &&
      !lc_inbox_is_parked(&channel->inbox))
    lc_channel_help(channel);
}

ssize_t lc_tx_acquire_slow(lc_channel_t *channel, size_t most) {
  lc_permits_t *permits = &channel->waitq.permits;

  for (;;) {
    size_t granted;
    if (lc_inbox_is_closed(&channel->inbox))
      return UV_EPIPE;
    if (lc_permits_is_full(permits)) {
      help_if_asleep(channel);
      return UV_EAGAIN;
    }
    /* There is room, and others wait: they go first. */
    lc_channel_grant(channel);
    granted = lc_permits_acquire(permits, most);
    if (granted > 0)
      return (ssize_t) granted;
  }
}

ssize_t lc_tx_spin_for_permit(lc_channel_t *channel, lc_backoff_t *backoff,
                              uint64_t deadline_ns) {
  lc_permits_t *permits = &channel->waitq.permits;
  ssize_t permit = UV_EAGAIN;
  lc_spin_t spin;

  lc_spin_begin(&spin, backoff, deadline_ns);
  while (permit == UV_EAGAIN && !lc_permits_has_waiters(permits) &&
         lc_spin_goes_on(&spin))
    if (lc_permits_has_batch(permits))
      permit = lc_tx_acquire(channel, 1);
  lc_spin_end(&spin, permit > 0);
  return permit;
}

/* If this may be the loop's thread, the loop has a second to begin on another
 * one. */
int lc_tx_wait_for_wake(lc_channel_t *channel, lc_wake_t *wake,
                        uint64_t deadline_ns) {
  if (lc_channel_may_run_here(channel)) {
    uint64_t begun_ns = lc_deadline(LC_LOOP_BEGINS_NS);
    if (lc_wake_wait(wake, lc_earlier(deadline_ns, begun_ns)))
      return 0;
    if (begun_ns < deadline_ns && lc_channel_may_run_here(channel))
      return UV_EAGAIN;
  }
  return lc_wake_wait(wake, deadline_ns) ? 0 : UV_ETIMEDOUT;
}

/* Waits until the deadline. 0: the waiter is complete. */
static int wait_until_complete(lc_channel_t *channel, lc_waiter_t *waiter,
                               lc_backoff_t *backoff, uint64_t deadline_ns) {
  uint64_t escalate_ns =
      lc_earlier(deadline_ns, lc_deadline(LC_ESCALATE_AFTER_NS));
  lc_wake_t *wake = &waiter->completions->wake;

  (void) lc_wake_spin(wake, backoff, escalate_ns);
  if (lc_waitq_grants_in_batches(&channel->waitq)) {
    if (lc_wake_wait(wake, escalate_ns))
      return 0;
    if (escalate_ns == deadline_ns)
      return UV_ETIMEDOUT;
    lc_channel_settle(channel, lc_waitq_escalate(&channel->waitq, waiter));
  }
  return lc_tx_wait_for_wake(channel, wake, deadline_ns);
}

int lc_tx_wait(lc_channel_t *channel, lc_link_t *newest, lc_link_t *oldest,
               lc_backoff_t *backoff, uint64_t deadline_ns) {
  lc_waiter_t waiter = {.newest = newest, .oldest = oldest};
  int err = lc_waitq_borrow(&channel->waitq, &waiter.completions);

  if (err != 0)
    return err;
  lc_channel_settle(channel, lc_waitq_enqueue(&channel->waitq, &waiter));
  err = wait_until_complete(channel, &waiter, backoff, deadline_ns);
  if (err != 0) {
    bool left;
    lc_channel_settle(channel,
                      lc_waitq_cancel(&channel->waitq, &waiter, &left));
    if (left)
      waiter.result = err;
    /* On a rendezvous channel a receiver may just have it. Once the result is
     * there, its wake is not waited for. */
    while (!left && !lc_waitq_is_complete(&channel->waitq, &waiter) &&
           !lc_wake_wait(&waiter.completions->wake, LC_NEVER)) {
    }
  }
  lc_waitq_return(&channel->waitq, waiter.completions);
  return waiter.result;
}

void lc_tx_retire_slab(lc_channel_t *channel, lc_slab_t *slab) {
  lc_assert(channel->config.flavour < LC_RENDEZVOUS);
  lc_assert(slab->used > 0);
  if (lc_tx_publish(channel, &slab->retire, &slab->retire, LC_NO_STREAK) != 0)
    lc_slab_pool_orphan(&channel->pool, slab);
}

void lc_tx_put_slab(lc_channel_t *channel, lc_slab_t *slab) {
  if (!lc_slab_pool_put(&channel->pool, slab))
    lc_tx_retire_slab(channel, slab);
}
