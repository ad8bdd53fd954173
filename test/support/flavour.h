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
} flavour_t;

#define FLAVOURS_OF(kind, where)                                           \
  {where ", unbounded", kind, LOOPCHAN_UNBOUNDED}, {where ", 1", kind, 1}, \
      {where ", 2", kind, 2}, {where ", 1024", kind, 1024}, {              \
    where ", rendezvous", kind, LOOPCHAN_RENDEZVOUS                        \
  }

static const flavour_t flavours[] = {FLAVOURS_OF(ON_LOOP, "loop"),
                                     FLAVOURS_OF(ON_THREAD, "thread"),
                                     FLAVOURS_OF(ON_SHARED, "shared")};
/* The first FLAVOURS_ON_LOOP have a loop receiver, the next as many a thread
 * receiver. */
#define FLAVOURS_ON_LOOP 5
#define FLAVOURS 15

static inline uv_loop_t *flavour_loop(const flavour_t *flavour) {
  return flavour->kind == ON_LOOP ? &loop : NULL;
}

static inline loopchan_options_t flavour_options(const flavour_t *flavour) {
  loopchan_options_t options = int_options();

  options.capacity = flavour->capacity;
  options.flags = flavour->kind == ON_SHARED ? LOOPCHAN_SHARED : 0;
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

#endif /* SUPPORT_FLAVOUR_H */
