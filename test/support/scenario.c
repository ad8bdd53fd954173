/* scenario: the life of a channel in which one call may fail. */
#include "scenario.h"

#include <check.h>
#include <stdatomic.h>

#include "support/exchange.h"
#include "support/flavour.h"
#include "support/locks.h"
#include "support/threads.h"

static atomic_int faults;
static int allowed;

/* Whether the call went well, or as badly as it may. */
static bool went(int code) {
  if (allowed != 0 && code == allowed)
    faults++;
  return code == 0;
}

unsigned scenario_seed;

int scenario_exchange(uv_loop_t *on, int flavour, int fault) {
  exchange_t how = {.loop = on, .senders = 2, .each = 60, .writer = true};
  loopchan_options_t options = flavour_options(&flavours[flavour]);

  how.fault = fault;
  how.seed = scenario_seed;
  return exchange(&options, flavours[flavour].kind == ON_LOOP, &how);
}

/* -------------------------------------------------------------- the select */

#define WATCHED 3
#define PASSED 60

static loopchan_receiver_t rxs[WATCHED];
static loopchan_sender_t *txs[WATCHED];
static atomic_int passed[PASSED];

static void send_round(int self) {
  (void) self;
  for (int i = 0; i < PASSED; i++)
    passed[i] = went(loopchan_send(txs[i % WATCHED], &i));
  for (int i = 0; i < WATCHED; i++)
    loopchan_sender_drop(txs[i]);
}

/* Takes what the one that select names has. True: that was its end. */
static bool take_from(loopchan_receiver_t *from, int *received) {
  int message, err;

  while ((err = loopchan_try_recv(from, &message)) == 0) {
    ck_assert_int_eq(message % WATCHED, (int) (from - rxs));
    (*received)++;
  }
  return err == UV_EOF;
}

static int receive_from_all(void) {
  loopchan_receiver_t *open[WATCHED];
  int n = WATCHED, received = 0;

  for (int i = 0; i < WATCHED; i++)
    open[i] = &rxs[i];
  while (n > 0) {
    int at = loopchan_select(open, (size_t) n, LOOPCHAN_FOREVER);
    if (at < 0)
      ck_assert(!went(at) && at == allowed);
    else if (take_from(open[at], &received))
      open[at] = open[--n];
  }
  return received;
}

int scenario_select(uv_loop_t *on, int flavour, int fault) {
  loopchan_options_t options = flavour_options(&flavours[flavour]);
  int opened = 0, accepted = 0, received;

  (void) on;
  faults = 0;
  allowed = fault;
  options.flags = 0;
  while (opened < WATCHED &&
         went(loopchan_open(NULL, &rxs[opened], &txs[opened], &options)))
    opened++;
  if (opened == WATCHED) {
    threads_start(1, send_round);
    received = receive_from_all();
    threads_join();
    for (int i = 0; i < PASSED; i++)
      accepted += passed[i];
    ck_assert_int_eq(received, accepted);
    ck_assert(accepted == PASSED || (accepted == PASSED - 1 && faults == 1));
  }
  for (int i = 0; i < opened; i++) {
    if (opened < WATCHED)
      loopchan_sender_drop(txs[i]);
    ck_assert_int_eq(loopchan_close(&rxs[i], NULL), 0);
  }
  ck_assert_uint_eq(memory_blocks(), 0);
  return faults;
}

/* --------------------------------------------------------------- the typed */

LOOPCHAN_TYPED(number, int);

static int typed_received;

static void on_number(loopchan_receiver_t *receiver, int status, int *number) {
  if (status == 0)
    ck_assert_int_eq(*number, typed_received++);
  else
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

static int typed_send_one(int i) {
  int *place, err;

  switch (i % 5) {
    case 0:
      return number_send(tx, &i);
    case 1:
      return number_try_send(tx, &i);
    case 2:
      return number_send_timeout(tx, &i, 0);
    case 3:
      err = (int) number_send_many(tx, &i, 1);
      return err == 1 ? 0 : err;
  }
  err = number_reserve(tx, &place);
  if (err != 0)
    return err;
  number_abandon(tx, place);
  err = number_reserve(tx, &place);
  if (err != 0)
    return err;
  *place = i;
  return number_commit(tx, place);
}

static int typed_receive_one(int *number) {
  switch (typed_received % 4) {
    case 0:
      return number_recv(&rx, number);
    case 1:
      return number_try_recv(&rx, number);
    case 2:
      return number_recv_timeout(&rx, number, LOOPCHAN_FOREVER);
  }
  return number_recv_many(&rx, number, 1) == 1 ? 0 : UV_EOF;
}

int scenario_typed(uv_loop_t *on, int flavour, int fault) {
  loopchan_options_t options = flavour_options(&flavours[flavour]);
  uv_loop_t *where = flavours[flavour].kind == ON_LOOP ? on : NULL;
  int room = flavour_room(&flavours[flavour], 200), accepted = 0, number;

  faults = typed_received = 0;
  allowed = fault;
  if (!went(number_open(where, &rx, &tx, &options)))
    return faults;
  for (int tries = 0; accepted < room && tries < room + 1; tries++)
    accepted += went(typed_send_one(accepted));
  drop_tx();
  if (where != NULL) {
    ck_assert_int_eq(number_recv_start(&rx, on_number), 0);
    uv_run(on, UV_RUN_DEFAULT);
  } else {
    while (typed_receive_one(&number) == 0)
      ck_assert_int_eq(number, typed_received++);
    close_rx();
  }
  ck_assert_int_eq(accepted, room);
  ck_assert_int_eq(typed_received, room);
  ck_assert_uint_eq(memory_blocks(), 0);
  return faults;
}

/* --------------------------------------------------------------- the sweep */

size_t sweep(scenario_t scenario, uv_loop_t *on, int flavour,
             const source_t *source) {
  int locks_at_first = locks_alive();
  size_t n;

  source->arm(0);
  ck_assert_int_eq(scenario(on, flavour, 0), 0);
  for (n = 1;; n++) {
    int told;
    source->arm(n);
    told = scenario(on, flavour, source->code);
    ck_assert_int_eq(locks_alive(), locks_at_first);
    if (!source->has_happened())
      break;
    /* One fault is told by one call, and costs no more than that; but a call
     * that finds what it could not wait for has nothing to tell. */
    ck_assert(told == 1 ||
              (told == 0 && (source->may_go_on || scenario == scenario_select ||
                             flavours[flavour].kind == ON_SHARED)));
  }
  source->arm(0);
  return n - 1;
}
