/* channel: the core that senders and receiver share.
 *
 * Knows:   all rooms below; who uses the core, and when the last one has left.
 * Threads: senders' side from any, receiver's side from the receiver's.
 * Promise: what was accepted is received or dropped, once. (sent = received +
 *          dropped when the core goes.)
 */
#include "channel.h"

#include "alloc.h"

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
static_assert(LC_ARE_APART(rack.offset, inbox) && LC_ARE_APART(inbox, line) &&
                  LC_ARE_APART(line.credit, backlog),
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
  lc_spin_init(&channel->spin, channel->kind == LC_BY_HAND ? 0 : spin_ns(o),
               channel->kind != LC_UNBOUNDED);
  lc_patience_init(&channel->patience, spin_ns(o));
}

static lc_kind_t kind_of(size_t capacity) {
  return capacity == LOOPCHAN_UNBOUNDED    ? LC_UNBOUNDED
         : capacity == LOOPCHAN_RENDEZVOUS ? LC_BY_HAND
                                           : LC_BOUNDED;
}

int lc_channel_new(lc_channel_t **out, uv_async_t *async,
                   const loopchan_options_t *options) {
  lc_kind_t kind = kind_of(options->capacity);
  lc_channel_t *channel;
  lc_rack_t rack;
  int err;

  if (!lc_rack_init(&rack, options->msg_size,
                    kind == LC_BOUNDED ? options->capacity : SIZE_MAX))
    return UV_EINVAL;
  channel = lc_malloc(sizeof *channel);
  if (channel == NULL)
    return UV_ENOMEM;
  memset(channel, 0, sizeof *channel);
  channel->kind = kind;
  err = lc_line_init(&channel->line, &channel->inbox, kind, options->capacity);
  if (err != 0)
    goto no_line;
  err = lc_wake_init(&channel->wake, async);
  if (err != 0)
    goto no_wake;
  err = uv_mutex_init(&channel->mutex);
  if (err != 0)
    goto no_mutex;
  set_options(channel, options);
  channel->rack = rack;
  lc_inbox_init(&channel->inbox);
  lc_link_init(&channel->goodbye, LC_CONTROL);
  lc_occupant_init(&channel->occupant);
  lc_home_init(&channel->home);
  channel->users = 1;
  lc_trace(open, channel, NULL);
  *out = channel;
  return 0;

no_mutex:
  lc_wake_destroy(&channel->wake);
no_wake:
  lc_line_destroy(&channel->line);
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
  lc_assert(channel->to_recycle == NULL && channel->held == NULL);
  lc_assert(channel->sent_by_dropped + channel->line.sent ==
            channel->received + channel->dropped);
  lc_trace(free, channel, NULL);
  lc_line_destroy(&channel->line);
  lc_rack_free(&channel->rack);
  uv_mutex_destroy(&channel->mutex);
  lc_wake_destroy(&channel->wake);
  lc_free(channel);
}

loopchan_sender_t *lc_channel_add_sender(lc_channel_t *channel) {
  loopchan_sender_t *tx = lc_malloc(sizeof *tx);

  if (tx == NULL)
    return NULL;
  tx->channel = channel;
  lc_owner_init(&tx->owner);
  tx->slab = NULL;
  tx->bytes = LC_SLAB_LEAST;
  tx->turn = *LC_NO_TURN;
  lc_patience_init(&tx->patience, channel->patience.most_ns);
  lc_counter_init(&tx->sent);
  lc_counter_init(&tx->sent_by_others);
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

static uint64_t sent_by(loopchan_sender_t *tx) {
  return lc_counter_read(&tx->sent) + lc_counter_read(&tx->sent_by_others);
}

bool lc_channel_remove_sender(loopchan_sender_t *tx) {
  lc_channel_t *channel = tx->channel;
  bool last;

  lc_assert(tx->slab == NULL);
  lc_assert(lc_counter_read(&tx->reserved) == 0);
  uv_mutex_lock(&channel->mutex);
  channel->sent_by_dropped += sent_by(tx);
  if (tx->next != NULL)
    tx->next->prev = tx->prev;
  if (tx->prev != NULL)
    tx->prev->next = tx->next;
  else
    channel->first_sender = tx->next;
  last = --channel->senders == 0;
  uv_mutex_unlock(&channel->mutex);
  lc_free(tx);
  return last;
}

void lc_channel_pay(lc_channel_t *channel) {
  lc_trace(wake, channel, NULL);
  lc_wake_pay(&channel->wake);
}

void lc_channel_serve(lc_channel_t *channel) {
  if (lc_line_serve(&channel->line))
    lc_channel_pay(channel);
}

ssize_t lc_channel_take_places_slowly(lc_channel_t *channel, size_t most) {
  lc_credit_t *credit = &channel->line.credit;

  for (;;) {
    size_t places;
    if (lc_inbox_is_closed(&channel->inbox))
      return UV_EPIPE;
    if (lc_credit_is_full(credit))
      return UV_EAGAIN;
    /* There is room, and a line: whoever stands there goes first. */
    lc_channel_serve(channel);
    places = lc_credit_take(credit, most);
    if (places > 0)
      return (ssize_t) places;
  }
}

ssize_t lc_channel_look_out(lc_channel_t *channel, lc_patience_t *patience,
                            uint64_t deadline_ns) {
  lc_credit_t *credit = &channel->line.credit;
  ssize_t place = UV_EAGAIN;
  lc_spell_t spell;

  lc_spell_begin(&spell, lc_earlier(patience->next_ns, LC_PATIENCE_NS),
                 deadline_ns);
  while (place == UV_EAGAIN && !lc_credit_has_line(credit) &&
         lc_spell_goes_on(&spell, LC_LOOK_OUT_PAUSES))
    if (lc_credit_has_batch(credit))
      place = lc_channel_take_places(channel, 1);
  lc_patience_learn(patience, place > 0);
  return place;
}

/* Until the deadline, for the answer to a send in line. False: none so far. */
static bool wait_in_line(lc_channel_t *channel, lc_pending_t *pending,
                         lc_patience_t *patience, uint64_t deadline_ns) {
  uint64_t patient_ns = lc_earlier(deadline_ns, lc_deadline(LC_PATIENCE_NS));
  lc_wake_t *wake = &pending->answers->wake;

  (void) lc_wake_look_out(wake, patience, patient_ns);
  if (lc_wake_wait(wake, patient_ns))
    return true;
  if (patient_ns == deadline_ns)
    return false;
  if (lc_line_hurry(&channel->line, pending))
    lc_channel_pay(channel);
  return lc_wake_wait(wake, deadline_ns);
}

int lc_channel_wait(lc_channel_t *channel, lc_link_t *newest, lc_link_t *oldest,
                    lc_patience_t *patience, uint64_t deadline_ns) {
  lc_answers_t answers;
  lc_pending_t pending = {
      .newest = newest, .oldest = oldest, .answers = &answers};
  int err = lc_answers_init(&answers, NULL);

  if (err != 0)
    return err;
  if (lc_line_join(&channel->line, &pending))
    lc_channel_pay(channel);
  if (!wait_in_line(channel, &pending, patience, deadline_ns)) {
    bool left;
    if (lc_line_leave(&channel->line, &pending, &left))
      lc_channel_pay(channel);
    if (left)
      pending.result = UV_ETIMEDOUT;
    else
      while (!lc_wake_wait(&answers.wake, LC_NEVER)) {
      }
  }
  lc_answers_destroy(&answers);
  return pending.result;
}

int lc_channel_offer(lc_channel_t *channel, lc_link_t *newest,
                     lc_link_t *oldest) {
  lc_push_t pushed = lc_inbox_offer(&channel->inbox, newest, oldest);

  if (pushed == LC_REFUSED)
    return lc_inbox_is_closed(&channel->inbox) ? UV_EPIPE : UV_EAGAIN;
  lc_channel_pay(channel);
  return 0;
}

void lc_channel_retire(lc_channel_t *channel, lc_slab_t *slab) {
  lc_assert(channel->kind != LC_BY_HAND);
  if (lc_channel_publish(channel, &slab->retire, &slab->retire, LC_NO_TURN) !=
      0)
    lc_rack_orphan(&channel->rack, slab);
}

void lc_channel_shelve(lc_channel_t *channel, lc_slab_t *slab) {
  if (!lc_rack_give(&channel->rack, slab))
    lc_channel_retire(channel, slab);
}

/* The receiver has had every node of the slab. */
static void recycle(lc_channel_t *channel, lc_slab_t *slab) {
  if (channel->lent) {
    slab->next = channel->to_recycle;
    channel->to_recycle = slab;
  } else {
    lc_rack_recycle(&channel->rack, slab);
  }
}

/* The inbox's word has moved on. */
static inline void let_go(lc_channel_t *channel) {
  lc_slab_t *held = channel->held;

  if (LC_LIKELY(held == NULL))
    return;
  channel->held = NULL;
  recycle(channel, held);
}

bool lc_channel_park(lc_channel_t *channel) {
  bool parked = channel->kind == LC_BY_HAND ? lc_line_park(&channel->line)
                                            : lc_inbox_park(&channel->inbox);

  if (parked) {
    let_go(channel);
    lc_trace(park, channel, NULL);
  }
  return parked;
}

int lc_channel_sleep(lc_channel_t *channel, uint64_t deadline_ns) {
  lc_wake_t *wake = &channel->wake;

  /* Otherwise it has spun before it parked. */
  if (channel->kind == LC_BY_HAND || channel->shared != NULL)
    (void) lc_wake_look_out(wake, &channel->patience, deadline_ns);
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
  let_go(channel); /* the chain's end, perhaps: nobody reads that */
  lc_spin_learn(&channel->spin, !is_lone(chain));
  return true;
}

bool lc_channel_gather(lc_channel_t *channel) {
  lc_chain_t chain;

  if (!take_chain(channel, &chain))
    return false;
  lc_backlog_add(&channel->backlog, &chain);
  return true;
}

/* The link has been taken off the backlog. */
static void obey(lc_channel_t *channel, lc_link_t *control) {
  lc_slab_t *slab = lc_slab_of_retire(control);

  if (control == &channel->goodbye) {
    channel->ended = true;
  } else if (lc_inbox_holds(&channel->inbox, control)) {
    lc_assert(channel->held == NULL);
    channel->held = slab;
  } else {
    recycle(channel, slab);
  }
}

/* Takes and obeys what is in the way of the oldest message. */
lc_link_t *lc_channel_peek(lc_channel_t *channel) {
  for (;;) {
    lc_link_t *link = lc_backlog_oldest(&channel->backlog);
    if (link == NULL) {
      if (!lc_channel_gather(channel))
        return NULL;
    } else if (LC_LIKELY(!lc_link_is_control(link))) {
      return link;
    } else {
      lc_backlog_pop(&channel->backlog);
      obey(channel, link);
    }
  }
}

bool lc_channel_has_message(lc_channel_t *channel) {
  return lc_channel_peek(channel) != NULL ||
         (channel->kind == LC_BY_HAND && lc_line_length(&channel->line) > 0);
}

/* Who receives as fast as is sent finds one message at a time: it makes no stay
 * in the backlog. */
static LC_NOINLINE lc_link_t *take_slowly(lc_channel_t *channel) {
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
  link = lc_channel_peek(channel);
  if (link != NULL)
    lc_backlog_pop(&channel->backlog);
  return link;
}

static inline lc_link_t *take_oldest(lc_channel_t *channel) {
  lc_link_t *node = channel->backlog.turned.oldest;

  if (LC_LIKELY(node != NULL && !lc_link_is_control(node)))
    lc_backlog_pop(&channel->backlog);
  else
    node = take_slowly(channel);
  if (LC_LIKELY(node != NULL))
    lc_channel_free_place(channel);
  return node;
}

/* By hand, and nothing had been pushed. What is pushed meanwhile goes before
 * who is pulled. */
static LC_NOINLINE lc_link_t *pull(lc_channel_t *channel) {
  channel->pulled = lc_line_pull(&channel->line);
  return channel->pulled != NULL ? channel->pulled->oldest
                                 : take_oldest(channel);
}

lc_link_t *lc_channel_next(lc_channel_t *channel) {
  lc_link_t *node = take_oldest(channel);

  if (LC_LIKELY(node != NULL) || channel->kind != LC_BY_HAND)
    return node;
  return pull(channel);
}

void lc_channel_take_back(lc_channel_t *channel) {
  channel->lent = false;
  while (LC_UNLIKELY(channel->to_recycle != NULL)) {
    lc_slab_t *slab = channel->to_recycle;
    channel->to_recycle = slab->next;
    lc_rack_recycle(&channel->rack, slab);
  }
}

bool lc_channel_refuse(lc_channel_t *channel) {
  bool was_parked;
  lc_chain_t chain;

  if (lc_inbox_close(&channel->inbox, &chain, &was_parked))
    lc_backlog_add(&channel->backlog, &chain);
  let_go(channel);
  lc_line_refuse(&channel->line);
  channel->ended = true;
  return was_parked;
}

void lc_channel_give_up(lc_channel_t *channel) {
  lc_assert(lc_inbox_is_closed(&channel->inbox));
  channel->dropped = lc_backlog_count_messages(&channel->backlog);
}

void lc_channel_drop_all(lc_channel_t *channel) {
  uint64_t dropped = 0;
  lc_link_t *node;

  for (; (node = take_oldest(channel)) != NULL; dropped++) {
    lc_trace(drop, channel, node);
    if (channel->drop != NULL)
      channel->drop(lc_node_message(&channel->rack, node), channel->drop_arg);
  }
  lc_assert(dropped == channel->dropped);
  (void) dropped;
}

void lc_channel_stats(lc_channel_t *channel, loopchan_stats_t *stats) {
  uint64_t done = channel->received + channel->dropped;
  loopchan_sender_t *tx;

  /* Nobody is told to wait for whom there is room. */
  if (channel->kind == LC_BOUNDED)
    lc_channel_serve(channel);
  stats->capacity = channel->capacity;
  stats->waiting = lc_line_length(&channel->line);
  stats->received = channel->received;
  stats->dropped = channel->dropped;
  stats->budget_cuts = channel->budget_cuts;
  stats->wakeups = lc_wake_count(&channel->wake);
  stats->sent = lc_line_sent(&channel->line);
  uv_mutex_lock(&channel->mutex);
  stats->senders = channel->senders;
  stats->sent += channel->sent_by_dropped;
  for (tx = channel->first_sender; tx != NULL; tx = tx->next)
    stats->sent += sent_by(tx);
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
