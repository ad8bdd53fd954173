/* Promise §3.6: each message accepted is received once or dropped once, each
 * refused is still its sender's; whatever sends, closes, shutdowns and drops do
 * to each other.
 *
 * A message is a heap block with its sender's number and its own. Whoever ends
 * up with it frees it, so a loss is a leak and a double is a double free; and
 * the books must balance.
 *
 * Each game is printed with its seed; LOOPCHAN_SEED in the environment plays it
 * again, as far as the scheduler does. */
#include <stdbool.h>

#include "support/channel.h"
#include "support/suite.h"

#define MOST_SENDERS 8
#define MOST_AT_ONCE 60
#ifdef SLOW /* under a sanitizer */
#define ROUNDS 200
#else
#define ROUNDS 500
#endif

typedef struct {
  int sender, number;
} block_t;

typedef enum { DROP_ALL, CLOSE, SHUT_DOWN } ending_t;

static struct {
  uv_thread_t thread;
  loopchan_sender_t *tx;
  unsigned seed;
  int quota, accepted, refused; /* the sender's book */
  int received, dropped, next;  /* the receiver's, about this sender */
} senders[MOST_SENDERS];

static int end_after, taken;
static ending_t ending;
static bool ended;

static unsigned draw(unsigned *seed, unsigned below) {
  *seed = *seed * 1103515245u + 12345u;
  return (*seed >> 16) % below;
}

static block_t *new_block(int sender, int number) {
  block_t *block = malloc(sizeof *block);

  if (block == NULL)
    abort();
  block->sender = sender;
  block->number = number;
  return block;
}

/* Sends one block in one of the ways there are. Whoever was refused for want of
 * room asks again, and waits in the end. */
static int send_one(loopchan_sender_t *mine, unsigned *seed, block_t **block) {
  void *place;
  int err;

  switch (draw(seed, 4)) {
    case 0:
      err = loopchan_reserve(mine, &place);
      if (err != 0)
        break;
      memcpy(place, block, sizeof *block);
      err = loopchan_commit(mine, place);
      if (err != 0)
        loopchan_abandon(mine, place);
      break;
    case 1:
      err = loopchan_try_send(mine, block);
      break;
    case 2:
      err = loopchan_send_timeout(mine, block, draw(seed, 200) * 1000);
      break;
    default:
      err = UV_EAGAIN;
  }
  if (err == UV_EAGAIN || err == UV_ETIMEDOUT)
    err = loopchan_send(mine, block);
  return err;
}

/* Sends the blocks first, first + 1, ...; returns how many went. */
static int send_some(int s, int first, int count) {
  loopchan_sender_t *mine = senders[s].tx;
  block_t *blocks[MOST_AT_ONCE];
  int i, went;

  for (i = 0; i < count; i++)
    blocks[i] = new_block(s, first + i);
  if (count > 1) {
    ssize_t n = loopchan_send_many(mine, blocks, (size_t) count);
    went = n < 0 ? 0 : (int) n;
  } else {
    went = send_one(mine, &senders[s].seed, &blocks[0]) == 0;
  }
  for (i = went; i < count; i++)
    free(blocks[i]);
  return went;
}

static void send_quota(void *arg) {
  int s = *(int *) arg, sent = 0;

  while (sent < senders[s].quota) {
    unsigned at_once = draw(&senders[s].seed, 4) == 0 ? MOST_AT_ONCE : 1;
    int count = 1 + (int) draw(&senders[s].seed, at_once), went;

    went = send_some(s, sent, count);
    senders[s].accepted += went;
    if (went < count) {
      senders[s].refused++;
      break;
    }
    sent += count;
    if (draw(&senders[s].seed, 50) == 0) {
      loopchan_sender_t *clone = loopchan_sender_clone(senders[s].tx);
      loopchan_sender_drop(senders[s].tx);
      senders[s].tx = clone;
    }
  }
  loopchan_sender_drop(senders[s].tx);
}

/* On the receiver's thread: the block's way ends here. */
static void settle(void *msg, bool dropped) {
  block_t *block = *(block_t **) msg;

  if (block->number != senders[block->sender].next++)
    ck_abort_msg("out of order: %d", block->number);
  if (dropped)
    senders[block->sender].dropped++;
  else
    senders[block->sender].received++;
  free(block);
}

static void on_drop(void *msg, void *arg) {
  (void) arg;
  settle(msg, true);
}

static void end_game(loopchan_receiver_t *receiver) {
  if (ending == CLOSE) {
    ended = true;
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
  } else if (ending == SHUT_DOWN) {
    int err = loopchan_shutdown(receiver);
    ck_assert(err == 0 || err == UV_EALREADY);
  }
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF) {
    ended = true;
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  settle(msg, false);
  if (++taken == end_after)
    end_game(receiver);
}

/* Stops, takes a few by hand, starts again. */
static void be_restless(unsigned *seed) {
  int more = (int) draw(seed, 20);
  block_t *block;

  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  while (!ended && more-- > 0 && loopchan_try_recv(&rx, &block) == 0)
    on_message(&rx, 0, &block);
  if (!ended)
    ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
}

/* A game may end between two turns of the loop, too. */
static void receive_on_loop(unsigned *seed) {
  int turns = 1 + (int) draw(seed, 30);

  ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  while (!ended) {
    uv_run(&loop, UV_RUN_ONCE);
    if (!ended && draw(seed, 4) == 0)
      be_restless(seed);
    if (!ended && --turns == 0)
      end_game(&rx);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void receive_on_thread(void) {
  block_t *block;

  while (!ended) {
    int err = loopchan_recv(&rx, &block);
    on_message(&rx, err, err == 0 ? &block : NULL);
  }
}

static void play(int count, unsigned *seed, bool on_loop) {
  static const size_t capacities[] = {LOOPCHAN_UNBOUNDED,  1, 2, 7, 1024,
                                      LOOPCHAN_RENDEZVOUS, 64};
  loopchan_options_t options = int_options();
  static int numbers[MOST_SENDERS];
  loopchan_stats_t stats;
  uint64_t accepted = 0;
  int s;

  options.msg_size = sizeof(block_t *);
  options.capacity = capacities[draw(seed, 7)];
  options.drop = on_drop;
  options.max_messages = 1 + draw(seed, 100);
  options.spin_ns = draw(seed, 2) ? 1 : 0;
  open_with(on_loop ? &loop : NULL, &options);
  memset(senders, 0, sizeof senders);
  ending = (ending_t) draw(seed, 3);
  end_after = 1 + (int) draw(seed, 300);
  taken = 0;
  ended = false;
  for (s = 0; s < count; s++) {
    numbers[s] = s;
    senders[s].seed = *seed + (unsigned) s;
    senders[s].quota = 1 + (int) draw(seed, 400);
    senders[s].tx = loopchan_sender_clone(tx);
    ck_assert_int_eq(
        uv_thread_create(&senders[s].thread, send_quota, &numbers[s]), 0);
  }
  drop_tx();
  if (on_loop) {
    receive_on_loop(seed);
  } else {
    receive_on_thread();
  }
  for (s = 0; s < count; s++) {
    ck_assert_int_eq(uv_thread_join(&senders[s].thread), 0);
    ck_assert_int_eq(senders[s].accepted,
                     senders[s].received + senders[s].dropped);
    ck_assert(senders[s].refused == 0 || ending != DROP_ALL);
    accepted += (uint64_t) senders[s].accepted;
  }
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.sent, accepted);
  ck_assert_uint_eq(stats.received + stats.dropped, accepted);
  ck_assert_uint_eq(memory_blocks(), 0);
}

static void play_rounds(int count, bool on_loop) {
  const char *wanted = getenv("LOOPCHAN_SEED");
  unsigned seed = wanted != NULL ? (unsigned) strtoul(wanted, NULL, 10)
                                 : (unsigned) uv_hrtime();
  int round;

  printf("%d senders: LOOPCHAN_SEED=%u\n", count, seed);
  fflush(stdout);
  for (round = 0; round < ROUNDS; round++)
    play(count, &seed, on_loop);
}

START_TEST(on_a_loop_the_books_balance) {
  play_rounds(1 << _i, true);
}
END_TEST

START_TEST(on_a_thread_the_books_balance) {
  play_rounds(1 << _i, false);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise conservation");
  TCase *books = tcase_create("books");

  tcase_add_checked_fixture(books, start_clean, expect_clean);
  tcase_set_timeout(books, 120);
  tcase_add_loop_test(books, on_a_loop_the_books_balance, 0, 4);
  tcase_add_loop_test(books, on_a_thread_the_books_balance, 0, 4);
  suite_add_tcase(suite, books);
  return suite;
}
