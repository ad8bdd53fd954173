/* Fault: a thread stands still behind every single instruction of a send, a
 * drop, a receive and a close, while another one does what goes worst with it.
 * Nothing is lost, and nobody touches what is closed.
 *
 * A step costs a trap, so one run stops at some instructions only, most of them
 * early, others than the run before. LOOPCHAN_EVERY_STEP in the environment
 * makes it stop at all of them, which takes some minutes. */
#include "support/exchange.h"
#include "support/flavour.h"
#include "support/step.h"
#include "support/suite.h"

/* So long it stands still, unless the other one is through before. */
#define MOST_NS 50000

static int sent, got, dropped, wrong;
static bool closed, loop_is_gone;

static void on_drop(void *msg, void *arg) {
  (void) msg;
  (void) arg;
  dropped++;
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) msg;
  got += status == 0;
}

/* What both sides do. */

static void send_one(void) {
  sent += loopchan_send(tx, &sent) == 0;
}

static void drop_one(void) {
  drop_tx();
}

static void receive_one(void) {
  got += loopchan_recv(&rx, &(int){0}) == 0;
}

/* Both give up soon, or are served just then. */

static void send_in_time(void) {
  sent += loopchan_send_timeout(tx, &sent, 10000) == 0;
}

static void receive_in_time(void) {
  for (int i = 0; i < 3; i++)
    got += loopchan_recv_timeout(&rx, &(int){0}, 10000) == 0;
}

/* Gives up a few times before it waits. */
static void receive_at_last(void) {
  receive_in_time();
  if (got == 0)
    receive_one();
}

static void receive_on_loop(void) {
  int before = got;

  while (got == before)
    uv_run(&loop, UV_RUN_ONCE);
}

static void receive_end(void) {
  while (loopchan_recv(&rx, &(int){0}) == 0)
    got++;
}

static void on_closed(loopchan_receiver_t *receiver) {
  (void) receiver;
  closed = true;
}

static void close_thread(void) {
  wrong += loopchan_close(&rx, on_closed) != 0;
}

/* Nobody may look at its memory any more, nor at its loop's: there is nothing
 * but NULL. */
static void close_loop(void) {
  close_thread();
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
  memset(&rx.async, 0, sizeof rx.async);
  memset(&loop, 0, sizeof loop);
  loop_is_gone = true;
}

typedef struct {
  const char *name;
  kind_t kind;
  bool full; /* the bounded ones are, at the beginning */
  void (*stepped)(void), (*meanwhile)(void);
} meeting_t;

static const meeting_t meetings[] = {
    {"send, receive", ON_LOOP, false, send_one, receive_on_loop},
    {"send, receive", ON_LOOP, true, send_one, receive_on_loop},
    {"send, close", ON_LOOP, false, send_one, close_loop},
    {"send, close", ON_LOOP, true, send_one, close_loop},
    {"drop, close", ON_LOOP, false, drop_one, close_loop},
    {"send, receive", ON_THREAD, false, send_one, receive_one},
    {"send, receive", ON_THREAD, true, send_one, receive_one},
    {"receive, send", ON_THREAD, false, receive_one, send_one},
    {"receive, send", ON_THREAD, true, receive_one, send_one},
    {"send, receive at last", ON_THREAD, false, send_one, receive_at_last},
    {"send in time, receive in time", ON_THREAD, true, send_in_time,
     receive_in_time},
    {"receive in time, send in time", ON_THREAD, true, receive_in_time,
     send_in_time},
    {"send, close", ON_THREAD, true, send_one, close_thread},
    {"close, send", ON_THREAD, true, close_thread, send_one},
    {"drop, receive", ON_THREAD, false, drop_one, receive_end},
    {"drop, close", ON_THREAD, false, drop_one, close_thread},
    {"send, receive", ON_SHARED, false, send_one, receive_one},
    {"receive, send", ON_SHARED, false, receive_one, send_one},
    {"send, receive at last", ON_SHARED, false, send_one, receive_at_last},
    {"receive, close", ON_SHARED, false, receive_one, close_thread},
    {"close, receive", ON_SHARED, false, close_thread, receive_one},
};
#define MEETINGS ((int) (sizeof meetings / sizeof *meetings))

static const meeting_t *meeting;

static void be_stepped(void *arg) {
  (void) arg;
  step_begin();
  meeting->stepped();
  step_end();
}

/* A slab waits for whoever sends: to make one is no step of interest. */
static void make_slab(void) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx);
  void *place;

  ck_assert_int_eq(loopchan_reserve(clone, &place), 0);
  loopchan_abandon(clone, place);
  loopchan_sender_drop(clone);
}

static void open_meeting(const flavour_t *flavour) {
  loopchan_options_t options = flavour_options(flavour);

  sent = got = dropped = wrong = 0;
  closed = loop_is_gone = false;
  options.spin_ns = LOOPCHAN_NO_SPIN;
  options.drop = on_drop;
  open_with(flavour_loop(flavour), &options);
  make_slab();
  if (meeting->full && flavour->capacity != LOOPCHAN_UNBOUNDED)
    for (int room = flavour_room(flavour, 2); room > 0; room--)
      send_one();
  if (flavour->kind == ON_LOOP)
    ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
}

static void close_meeting(void) {
  drop_tx();
  if (!closed)
    close_thread();
  if (loop_is_gone)
    loop_open();
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(wrong, 0);
  ck_assert_msg(sent == got + dropped, "%d sent, %d received, %d dropped", sent,
                got, dropped);
  ck_assert_uint_eq(memory_blocks(), 0);
}

/* False: it has fewer instructions. */
static bool meet(const flavour_t *flavour, int stop_at) {
  uv_thread_t thread;

  open_meeting(flavour);
  step_prepare(stop_at, MOST_NS);
  ck_assert_int_eq(uv_thread_create(&thread, be_stepped, NULL), 0);
  step_await(MOST_NS);
  meeting->meanwhile();
  step.go_on = true;
  ck_assert_int_eq(uv_thread_join(&thread), 0);
  close_meeting();
  return step.stopped;
}

START_TEST(behind_every_instruction_a_thread_may_stand_still) {
  bool every = getenv("LOOPCHAN_EVERY_STEP") != NULL;
  unsigned seed = (unsigned) uv_hrtime();

  meeting = &meetings[_i];
  for (int f = 0; f < FLAVOURS; f++) {
    int stops = 0, at = 0;
    if (flavours[f].kind != meeting->kind || flavours[f].capacity == 2 ||
        flavours[f].capacity == 1024)
      continue;
    for (; meet(&flavours[f], at); stops++)
      at += every ? 1 : 1 + (int) draw(&seed, 8 + (unsigned) at / 2);
    printf("%s, %s: %d stops in %d instructions\n", flavours[f].name,
           meeting->name, stops, at);
    ck_assert_int_gt(stops, 0);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault step");

  SUITE_LOOP_CASE(suite, "each meeting", start_clean, expect_clean, MEETINGS,
                  behind_every_instruction_a_thread_may_stand_still);
  return suite;
}
