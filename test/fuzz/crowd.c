/* crowd: deals a game from its seed, has it played, and checks the books. */
#include "crowd.h"

#include <stdlib.h>
#include <string.h>

#include "support/memory.h"

struct game game;

static actor_t actors[ACTORS_MOST];
static void (*works[ACTORS_MOST])(void *);
static unsigned actor_count;

static actor_t *add_actor(uint64_t *choices, void (*work)(void *)) {
  actor_t *actor = &actors[actor_count];

  EXPECT(actor_count < ACTORS_MOST);
  memset(actor, 0, sizeof *actor);
  actor->stream = draw(choices);
  actor->actor = actor_count;
  EXPECT(uv_loop_init(&actor->loop) == 0);
  works[actor_count++] = work;
  return actor;
}

static void make_log(log_t *log) {
  log->count = 0;
  if (log->messages == NULL)
    log->messages = malloc(RECEIVES * sizeof *log->messages);
  EXPECT(log->messages != NULL);
}

/* A channel of that flavour; its first sender. */
static loopchan_sender_t *deal_channel(channel_t *channel, uv_loop_t *loop,
                                       uint64_t *choices) {
  static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 2, 7, 64,
                                      LOOPCHAN_RENDEZVOUS};
  static const size_t sizes[] = {sizeof(message_t), 24, SIZE_MOST};
  loopchan_options_t options = {0};
  loopchan_sender_t *tx;
  int i;

  channel->capacity = options.capacity = capacities[draw_below(choices, 6)];
  channel->size = options.msg_size = sizes[draw_below(choices, 3)];
  options.drop = crowd_drop;
  options.drop_arg = channel;
  options.flags = channel->flavour == SHARED ? LOOPCHAN_SHARED : 0;
  channel->latest =
      channel->capacity == LOOPCHAN_UNBOUNDED && draw_below(choices, 2) == 0;
  if (channel->latest)
    options.flags |= LOOPCHAN_LATEST;
  options.budget_messages = 1 + draw_below(choices, 40);
  options.spin_ns = draw_below(choices, 2) ? LOOPCHAN_NO_SPIN : 0;
  EXPECT(loopchan_open(loop, &channel->rx, &tx, &options) == 0);
  channel->rx.data = channel;
  channel->taken = 0;
  memset(channel->ends_of, 0, sizeof channel->ends_of);
  atomic_init(&channel->receivers, 0);
  channel->end_after =
      draw_below(choices, 2) ? 1 + (int) draw_below(choices, 200) : -1;
  atomic_init(&channel->accepted, 0);
  atomic_init(&channel->received, 0);
  atomic_init(&channel->in_hand, 0);
  atomic_init(&channel->ending, 0);
  atomic_init(&channel->ended, 0);
  for (i = 0; i < HANDS; i++)
    make_log(&channel->logs[i]);
  return tx;
}

/* What a hand receives by: only a loop receiver's clones are for others. */
static bool deal_end(channel_t *channel, actor_t *actor, bool is_clone,
                     bool on_loop) {
  end_t *end = &channel->ends_of[actor->hand];
  loopchan_receiver_t *clone = &channel->clones[actor->hand];

  memset(end, 0, sizeof *end);
  end->rx = &channel->rx;
  end->open = actor->hand == 0 || is_clone;
  if (is_clone) {
    end->rx = clone;
    memset(clone, 0, sizeof *clone);
    EXPECT(loopchan_receiver_clone(on_loop ? &actor->loop : NULL, clone,
                                   &channel->rx) == 0);
    clone->data = channel;
  }
  atomic_fetch_add(&channel->receivers, end->open);
  return is_clone && on_loop;
}

static void deal_consumer(uint64_t *choices, loopchan_sender_t **txs) {
  static void (*const work[])(void *) = {consume_on_loop, consume_on_thread,
                                         consume_shared};
  flavour_t flavour = (flavour_t) draw_below(choices, 3);
  int owned = flavour == SHARED ? 1 : 1 + (int) draw_below(choices, OWNED);
  int hands = flavour == SHARED ? 2 + (int) draw_below(choices, HANDS - 1) : 1;
  bool loop_first = flavour == SHARED && draw_below(choices, 3) == 0;
  actor_t *first = &actors[actor_count], *actor;
  int i, hand;

  for (hand = 0; hand < hands; hand++) {
    actor = add_actor(choices, work[flavour]);
    actor->flavour = flavour;
    actor->hand = hand;
    actor->owned_count = owned;
  }
  for (i = 0; i < owned; i++) {
    channel_t *channel = &game.channels[game.channel_count];
    channel->index = game.channel_count;
    channel->flavour = flavour;
    txs[game.channel_count++] = deal_channel(
        channel, flavour == ON_LOOP || loop_first ? &first->loop : NULL,
        choices);
    for (hand = 0; hand < hands; hand++) {
      bool is_clone = hand > 0 && (loop_first || draw_below(choices, 2) == 0);
      first[hand].owned[i] = channel;
      if (deal_end(channel, &first[hand], is_clone,
                   draw_below(choices, 2) == 0) ||
          (loop_first && hand == 0))
        works[first + hand - actors] = consume_on_loop;
    }
  }
}

/* A stream from the actor to the channel, by a sender of its own, or, on a
 * thread, by the one that is shared. */
static void deal_stream(actor_t *actor, int channel, stream_t *stream,
                        loopchan_sender_t *tx, bool share) {
  stream->index = (uint32_t) (stream - game.streams);
  stream->channel = channel;
  if (share) {
    stream->users = &game.users[channel];
    atomic_fetch_add(stream->users, 1);
    stream->tx = tx;
  } else {
    stream->tx = loopchan_sender_clone(tx);
    EXPECT(stream->tx != NULL);
  }
  actor->streams[channel] = stream;
}

/* Decides which actor sends where; returns how many streams there are. */
static uint32_t deal_streams(uint64_t *choices, loopchan_sender_t **txs) {
  uint32_t streams = 0;
  unsigned a;
  int i;

  for (i = 0; i < game.channel_count; i++)
    atomic_init(&game.users[i], 0);
  for (a = 0; a < actor_count; a++)
    for (i = 0; i < game.channel_count; i++) {
      bool share = draw_below(choices, 3) == 0;
      unsigned of = actors[a].owned_count > 0 ? 4 : 2;
      if (actors[a].flavour == SHARED || draw_below(choices, of) != 0)
        continue;
      deal_stream(&actors[a], i, &game.streams[streams++], txs[i],
                  share && works[a] != produce_on_loop);
    }
  for (i = 0; i < game.channel_count; i++)
    if (atomic_load(&game.users[i]) == 0)
      loopchan_sender_drop(txs[i]);
  return streams;
}

/* Deals all; returns how many streams there are. */
static uint32_t deal(uint64_t seed) {
  uint64_t choices = seed;
  int consumers = 1 + (int) draw_below(&choices, CONSUMERS);
  int producers = 1 + (int) draw_below(&choices, PRODUCERS);
  loopchan_sender_t *txs[CHANNELS];

  actor_count = 0;
  game.channel_count = 0;
  memset(game.streams, 0, sizeof game.streams);
  while (consumers-- > 0)
    deal_consumer(&choices, txs);
  while (producers-- > 0)
    add_actor(&choices, draw_below(&choices, 3) == 0 ? produce_on_loop
                                                     : produce_on_thread);
  return deal_streams(&choices, txs);
}

/* The order of what one thread received, and dropped. */
static void check_log(const channel_t *channel, const log_t *log) {
  uint64_t latest_begun_ns = 0;
  uint32_t next[STREAMS] = {0};
  const message_t *before = NULL;
  size_t i;

  for (i = 0; i < log->count; i++) {
    const message_t *message = &log->messages[i];
    const stream_t *stream = &game.streams[message->stream];
    EXPECT(stream->channel == channel->index);
    /* In the order of its sender. */
    EXPECT(message->number >= next[message->stream]);
    next[message->stream] = message->number + 1;
    /* Not behind one whose send began after its own had returned. */
    EXPECT(stream->returned_ns[message->number] >= latest_begun_ns);
    if (latest_begun_ns < stream->begun_ns[message->number])
      latest_begun_ns = stream->begun_ns[message->number];
    /* Unbounded, many are sent in one step: nothing comes between. */
    EXPECT(!channel->latest || message->more == 0);
    if (before != NULL && before->more > 0 &&
        channel->capacity == LOOPCHAN_UNBOUNDED && channel->flavour != SHARED)
      EXPECT(message->stream == before->stream &&
             message->number == before->number + 1);
    before = message;
  }
}

/* Whether a receiver with these figures may have been closed after one with
 * those: as much was done or more, and if it was as much, no more sends waited.
 * The last one leaves nothing in the queue. */
static bool may_be_later(const loopchan_stats_t *these,
                         const loopchan_stats_t *those) {
  uint64_t done = these->received + these->dropped;
  uint64_t done_before = those->received + those->dropped;

  return these->queued == 0 &&
         (done > done_before ||
          (done == done_before && these->waiting <= those->waiting));
}

/* Those of the receiver that was closed last. */
static void last_stats(channel_t *channel, loopchan_stats_t *last) {
  bool found = false;
  int hand;

  memset(last, 0, sizeof *last);
  for (hand = 0; hand < HANDS; hand++) {
    loopchan_stats_t stats;
    if (channel->ends_of[hand].rx == NULL)
      continue;
    EXPECT(loopchan_stats(channel->ends_of[hand].rx, &stats) == 0);
    if (!found || may_be_later(&stats, last))
      *last = stats;
    found = true;
  }
}

static void check_channel(channel_t *channel, uint32_t streams) {
  uint64_t accepted = 0, received = 0, dropped = 0;
  loopchan_stats_t stats;
  uint32_t s, n;
  int hand;

  for (s = 0; s < streams; s++)
    for (n = 0; n < MESSAGES && game.streams[s].channel == channel->index;
         n++) {
      stream_t *stream = &game.streams[s];
      int got = atomic_load(&stream->received[n]);
      int lost = atomic_load(&stream->dropped[n]);
      if (got + lost != stream->accepted[n])
        fail(
            "message %u of stream %u, channel %d: accepted %d, received %d, "
            "dropped %d",
            (unsigned) n, (unsigned) s, channel->index, stream->accepted[n],
            got, lost);
      accepted += stream->accepted[n];
      received += (uint64_t) got;
      dropped += (uint64_t) lost;
    }
  for (hand = 0; hand < HANDS; hand++)
    check_log(channel, &channel->logs[hand]);
  last_stats(channel, &stats);
  EXPECT(stats.received == received);
  EXPECT(stats.sent == stats.received + stats.dropped);
  /* A send that replaced may have been in progress when it was closed. */
  EXPECT(stats.dropped == dropped ||
         (channel->latest && stats.dropped < dropped));
  EXPECT(stats.sent == accepted || channel->latest);
  EXPECT(stats.queued == 0 && stats.waiting == 0);
}

void crowd_run(uint64_t seed) {
  uint32_t streams = deal(seed);
  unsigned a;
  int i;

  for (a = 0; a < actor_count; a++)
    EXPECT(uv_thread_create(&actors[a].thread, works[a], &actors[a]) == 0);
  for (a = 0; a < actor_count; a++)
    EXPECT(uv_thread_join(&actors[a].thread) == 0);
  /* Here, as their threads' ends would look like races on file descriptors. */
  for (a = 0; a < actor_count; a++)
    EXPECT(uv_loop_close(&actors[a].loop) == 0);
  for (i = 0; i < game.channel_count; i++)
    check_channel(&game.channels[i], streams);
  EXPECT(memory_blocks() == 0);
}
