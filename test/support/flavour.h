/* flavour: the kinds of channel there are, for the promises that hold of all.
 *
 * A test of all flavours is a loop test over 0 ... FLAVOURS - 1.
 */
#ifndef SUPPORT_FLAVOUR_H
#define SUPPORT_FLAVOUR_H

#include "support/channel.h"

typedef enum { ON_LOOP, ON_THREAD, ON_SHARED } kind_t;

typedef struct {
  const char *name;
  kind_t kind;
  size_t capacity;
  unsigned flags; /* beside what the kind needs */
} flavour_t;

#define FLAVOURS_OF(kind, where)                            \
  {where ", unbounded", kind, LOOPCHAN_UNBOUNDED, 0},       \
      {where ", 1", kind, 1, 0}, {where ", 2", kind, 2, 0}, \
      {where ", 1024", kind, 1024, 0}, {                    \
    where ", rendezvous", kind, LOOPCHAN_RENDEZVOUS, 0      \
  }

static const flavour_t flavours[] = {
    FLAVOURS_OF(ON_LOOP, "loop"),
    FLAVOURS_OF(ON_THREAD, "thread"),
    FLAVOURS_OF(ON_SHARED, "shared"),
    {"loop, latest", ON_LOOP, 1, LOOPCHAN_LATEST},
    {"thread, latest", ON_THREAD, 1, LOOPCHAN_LATEST},
    {"shared, latest", ON_SHARED, 1, LOOPCHAN_LATEST}};
/* Those that keep every message; and with those that keep the newest, for tests
 * that ask no more than that nothing is lost and nothing is left. */
#define FLAVOURS 15
#define WITH_LATEST 18
/* Of each kind of receiver, first those on a loop. */
#define CAPACITIES 5
#define FIRST_ON_THREAD CAPACITIES
#define FIRST_SHARED (2 * CAPACITIES)

static inline uv_loop_t *flavour_loop(const flavour_t *flavour) {
  return flavour->kind == ON_LOOP ? &loop : NULL;
}

static inline loopchan_options_t flavour_options(const flavour_t *flavour) {
  loopchan_options_t options = int_options();

  options.capacity = flavour->capacity;
  options.flags = flavour->flags;
  if (flavour->kind == ON_SHARED)
    options.flags |= LOOPCHAN_SHARED;
  return options;
}

static inline void open_flavour(int which) {
  loopchan_options_t options = flavour_options(&flavours[which]);

  open_with(flavour_loop(&flavours[which]), &options);
}

/* How many messages go without a receiver that waits; most at most. */
static inline int flavour_room(const flavour_t *flavour, int most) {
  if (flavour->capacity == LOOPCHAN_RENDEZVOUS)
    return 0;
  if (flavour->capacity == LOOPCHAN_UNBOUNDED ||
      flavour->capacity > (size_t) most)
    return most;
  return (int) flavour->capacity;
}

static int flavour_received, *flavour_message;

static inline void flavour_take(loopchan_receiver_t *receiver, int status,
                                void *msg) {
  ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
  if (status == 0)
    *flavour_message = *(int *) msg;
  flavour_received = status == 0 ? 1 : status;
}

/* Waits for one message, whichever way rx has. 0, or UV_EOF. */
static inline int flavour_receive(int which, int *message) {
  int err;

  if (flavours[which].kind != ON_LOOP)
    return loopchan_recv(&rx, message);
  flavour_received = 0;
  flavour_message = message;
  err = loopchan_recv_start(&rx, flavour_take);
  while (err == 0 && flavour_received == 0)
    uv_run(&loop, UV_RUN_ONCE);
  return err != 0 ? err : flavour_received == 1 ? 0 : flavour_received;
}

/* Waits for first, first + 1, ... */
static inline void expect_next(int which, int first, int count) {
  for (; count > 0; count--, first++) {
    int message = -1, err = flavour_receive(which, &message);
    if (err != 0 || message != first)
      ck_abort_msg("expected %d, got %d and code %d", first, message, err);
  }
}

static inline void expect_eof(int which) {
  int message = 77;

  ck_assert_int_eq(flavour_receive(which, &message), UV_EOF);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(message, 77);
}

#endif /* SUPPORT_FLAVOUR_H */
