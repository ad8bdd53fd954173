/* exchange: messages pass, and the books are kept.
 *
 * Threads: exchange() is for the main thread. Others only put down what they
 * see; what must not be makes them count up `strange`.
 */
#include "exchange.h"

#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "support/memory.h"
#include "support/threads.h"

#define HANDS 3
#define AT_ONCE 7
#define SENDERS (game.senders + game.writer)

static exchange_t game;
static loopchan_receiver_t rx;
static loopchan_sender_t *txs[EXCHANGE_SENDERS];

/* The books. */
static atomic_int accepted[EXCHANGE_SENDERS * EXCHANGE_EACH];
static atomic_int settled[EXCHANGE_SENDERS * EXCHANGE_EACH];
static atomic_int taken, dropped, faults, disordered, strange;

/* A hand is a thread that receives. */
static _Thread_local int last[EXCHANGE_SENDERS];
static _Thread_local bool ended;

unsigned draw(unsigned *seed, unsigned below) {
  *seed = *seed * 1103515245u + 12345u;
  return (*seed >> 16) % below;
}

/* A call answered something else than it should. */
static void note(int code) {
  if (game.fault != 0 && code == game.fault)
    faults++;
  else
    strange++;
}

/* ----------------------------------------------------------------- sending */

static int send_reserved(loopchan_sender_t *tx, const int *message) {
  void *place;
  int err = loopchan_reserve(tx, &place);

  if (err != 0)
    return err;
  memcpy(place, message, sizeof *message);
  err = loopchan_commit(tx, place);
  if (err != 0)
    loopchan_abandon(tx, place);
  return err;
}

/* In one of the ways there are. A send that was refused for want of room asks
 * again, and waits in the end. */
static int send_one(loopchan_sender_t *tx, unsigned *seed, const int *message) {
  int err = UV_EAGAIN;

  switch (draw(seed, 4)) {
    case 0:
      err = send_reserved(tx, message);
      break;
    case 1:
      err = loopchan_try_send(tx, message);
      break;
    case 2:
      err = loopchan_send_timeout(tx, message, draw(seed, 200) * 1000);
      break;
  }
  if (err == UV_EAGAIN || err == UV_ETIMEDOUT)
    err = loopchan_send(tx, message);
  return err;
}

/* The messages first ... first + count - 1; how many went, or an error. */
static int send_some(loopchan_sender_t *tx, unsigned *seed, int first,
                     int count) {
  int messages[AT_ONCE], i, err;

  for (i = 0; i < count; i++)
    messages[i] = first + i;
  if (count > 1)
    return (int) loopchan_send_many(tx, messages, (size_t) count);
  err = send_one(tx, seed, messages);
  return err == 0 ? 1 : err;
}

/* Goes on with a clone, its slabs left to others. */
static void swap_sender(loopchan_sender_t **tx) {
  loopchan_sender_t *clone = loopchan_sender_clone(*tx);

  if (clone == NULL) {
    note(UV_ENOMEM);
    return;
  }
  loopchan_sender_drop(*tx);
  *tx = clone;
}

static void send_all(int s) {
  int first = s * game.each, end = first + game.each;
  unsigned seed = game.seed + (unsigned) s;

  while (txs[s] != NULL && first < end) {
    int count = draw(&seed, 4) == 0 ? 1 + (int) draw(&seed, AT_ONCE) : 1, went;
    if (count > end - first)
      count = end - first;
    went = send_some(txs[s], &seed, first, count);
    for (int i = 0; i < went; i++)
      accepted[first + i] = 1;
    if (went == count) {
      first += count;
    } else if (loopchan_is_closed(txs[s])) {
      if (went < 0 && went != UV_EPIPE)
        note(went);
      break;
    } else {
      /* Refused on the way: which code, only the next call would tell. */
      note(went < 0 ? went : game.fault);
      first += went < 0 ? 1 : went + 1;
    }
    if (draw(&seed, 50) == 0)
      swap_sender(&txs[s]);
  }
  loopchan_sender_drop(txs[s]);
}

/* --------------------------------------------------------------- receiving */

static void begin_hand(void) {
  for (int s = 0; s < EXCHANGE_SENDERS; s++)
    last[s] = -1;
  ended = false;
}

static void settle(int message) {
  int s = message / game.each;

  if (message < 0 || s >= SENDERS) {
    strange++;
    return;
  }
  disordered += message <= last[s];
  last[s] = message;
  settled[message]++;
}

static void on_drop(void *msg, void *arg) {
  (void) arg;
  dropped++;
  settle(*(int *) msg);
}

/* LOOPCHAN_LATEST: on any thread. */
static void on_replaced(void *msg, void *arg) {
  (void) arg;
  dropped++;
  settled[*(int *) msg]++;
}

static void end_game(void) {
  int err = game.ending == ENDS_BY_CLOSE ? loopchan_close(&rx, NULL)
                                         : loopchan_shutdown(&rx);

  if (err != 0 && err != UV_EALREADY)
    note(err);
  if (game.ending == ENDS_BY_CLOSE)
    ended = true;
}

/* All of them are settled before a close drops what came behind. */
static void take(const int *messages, int count) {
  int before;

  for (int i = 0; i < count; i++)
    settle(messages[i]);
  before = atomic_fetch_add(&taken, count);
  if (game.ending != ENDS_BY_DROP && before < game.end_after &&
      before + count >= game.end_after)
    end_game();
}

static void receive_all(unsigned seed) {
  begin_hand();
  while (!ended) {
    int messages[AT_ONCE];
    ssize_t n = 1;
    int err;
    switch (draw(&seed, 4)) {
      case 0:
        err = loopchan_recv_timeout(&rx, messages, draw(&seed, 200) * 1000);
        break;
      case 1:
        err = loopchan_try_recv(&rx, messages);
        break;
      case 2:
        n = loopchan_recv_many(&rx, messages, 1 + draw(&seed, AT_ONCE));
        err = n > 0 ? 0 : (int) n;
        break;
      default:
        err = loopchan_recv(&rx, messages);
    }
    if (err == 0)
      take(messages, (int) n);
    else if (err == UV_EOF)
      ended = true;
    else if (err != UV_ETIMEDOUT && err != UV_EAGAIN)
      note(err);
  }
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == 0) {
    take(msg, 1);
    return;
  }
  if (status != UV_EOF || loopchan_close(receiver, NULL) != 0)
    strange++;
  ended = true;
}

/* Stops, takes a few by calls, starts again. */
static void be_restless(unsigned *seed) {
  int more = (int) draw(seed, 20), message;

  if (loopchan_recv_stop(&rx) != 0)
    strange++;
  while (!ended && more-- > 0 && loopchan_try_recv(&rx, &message) == 0)
    take(&message, 1);
  if (!ended && loopchan_recv_start(&rx, on_message) != 0)
    strange++;
}

/* A game may end between two turns of the loop, too. */
static void receive_on_loop(unsigned seed) {
  int turns = 1 + (int) draw(&seed, 30);

  begin_hand();
  if (loopchan_recv_start(&rx, on_message) != 0)
    strange++;
  while (!ended) {
    uv_run(game.loop, UV_RUN_ONCE);
    if (!ended && draw(&seed, 4) == 0)
      be_restless(&seed);
    if (!ended && game.ending != ENDS_BY_DROP && --turns == 0)
      end_game();
  }
}

/* -------------------------------------------------------------- the writer */

static loopchan_writer_t writer;
static loopchan_write_t requests[AT_ONCE];
static int next_write, writes_end, under_way;
static unsigned writes_seed;
static bool writer_is_open;

static void on_written(loopchan_write_t *req, int status);

static void close_writer(void) {
  next_write = writes_end;
  writer_is_open = false;
  if (loopchan_writer_close(&writer, NULL) != 0)
    strange++;
}

static int write_one(loopchan_write_t *req) {
  int err = UV_EAGAIN;

  if (draw(&writes_seed, 3) == 0)
    err = loopchan_try_write(&writer, &next_write);
  if (err == 0)
    accepted[next_write] = 1;
  if (err != UV_EAGAIN && err != UV_EPIPE)
    return err;
  req->data = &accepted[next_write];
  err = loopchan_write(req, &writer, &next_write, on_written);
  under_way += err == 0;
  return err;
}

static void write_on(loopchan_write_t *req) {
  int before = under_way;

  while (next_write < writes_end && under_way == before) {
    int err = write_one(req);
    if (err != 0)
      note(err);
    next_write++;
  }
  if (under_way == 0 && writer_is_open)
    close_writer();
}

static void on_written(loopchan_write_t *req, int status) {
  atomic_int *mine = req->data;

  under_way--;
  if (status == 0)
    *mine = 1;
  else if (*(int *) req->msg != mine - accepted)
    strange++;
  if (status == UV_EPIPE)
    next_write = writes_end;
  else if (status != 0 && status != UV_ECANCELED)
    strange++;
  if (status == UV_ECANCELED)
    return;
  if (draw(&writes_seed, 500) == 0 && next_write < writes_end)
    close_writer();
  else
    write_on(req);
}

static void open_writer(void) {
  int s = game.senders, err;

  next_write = s * game.each;
  writes_end = next_write + game.each;
  writes_seed = game.seed;
  under_way = 0;
  err = loopchan_writer_open(game.loop, &writer, txs[s]);
  writer_is_open = err == 0;
  if (err != 0) {
    note(err);
    loopchan_sender_drop(txs[s]);
  }
  for (int i = 0; writer_is_open && i < AT_ONCE; i++)
    write_on(&requests[i]);
}

/* ---------------------------------------------------------------- the game */

static void begin_game(const exchange_t *how) {
  game = *how;
  for (int i = 0; i < EXCHANGE_SENDERS * EXCHANGE_EACH; i++)
    accepted[i] = settled[i] = 0;
  taken = dropped = faults = disordered = strange = 0;
  begin_hand();
}

static void thread_begins(void) {
  if (game.thread_begins != NULL)
    game.thread_begins();
}

static void thread_ends(void) {
  if (game.thread_ends != NULL)
    game.thread_ends();
}

static void work(int self) {
  thread_begins();
  if (self < game.senders)
    send_all(self);
  else
    receive_all(game.seed + 100u + (unsigned) self);
  thread_ends();
}

static int open_game(uv_loop_t *on, const loopchan_options_t *options) {
  loopchan_options_t mine = *options;
  loopchan_sender_t *tx;
  int err;

  mine.msg_size = sizeof(int);
  mine.drop = options->flags & LOOPCHAN_LATEST ? on_replaced : on_drop;
  err = loopchan_open(on, &rx, &tx, &mine);
  if (err != 0)
    return err;
  for (int s = 0; s < SENDERS; s++) {
    txs[s] = loopchan_sender_clone(tx);
    if (txs[s] == NULL)
      note(UV_ENOMEM);
  }
  loopchan_sender_drop(tx);
  return 0;
}

static void check_books(bool is_latest) {
  loopchan_stats_t stats;
  uint64_t sent = 0;

  for (int i = 0; i < SENDERS * game.each; i++) {
    if (settled[i] != accepted[i])
      ck_abort_msg("%d: accepted %d times, received or dropped %d times", i,
                   accepted[i], settled[i]);
    sent += (uint64_t) accepted[i];
  }
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.received, (uint64_t) taken);
  ck_assert_uint_eq(stats.sent, stats.received + stats.dropped);
  /* A send that replaced may have been in progress at the close. */
  if (is_latest)
    ck_assert_uint_le(stats.sent, sent);
  else
    ck_assert_uint_eq(stats.sent, sent);
  ck_assert_uint_eq(stats.waiting, 0);
}

int exchange(const loopchan_options_t *options, bool on_loop,
             const exchange_t *how) {
  int hands = on_loop ? 0 : options->flags & LOOPCHAN_SHARED ? HANDS : 1, err;

  begin_game(how);
  err = open_game(on_loop ? game.loop : NULL, options);
  if (err != 0) {
    note(err);
  } else {
    thread_begins();
    threads_start(game.senders + hands, work);
    if (game.writer && txs[game.senders] != NULL)
      open_writer();
    if (on_loop)
      receive_on_loop(game.seed);
    uv_run(game.loop, UV_RUN_DEFAULT);
    threads_join();
    thread_ends();
    err = loopchan_close(&rx, NULL);
    ck_assert(err == 0 || err == UV_EALREADY);
    check_books((options->flags & LOOPCHAN_LATEST) != 0);
  }
  ck_assert_int_eq(disordered, 0);
  ck_assert_int_eq(strange, 0);
  ck_assert_uint_eq(memory_blocks(), 0);
  return faults;
}
