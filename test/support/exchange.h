/* exchange: messages pass through a channel of any flavour, by every call there
 * is, while it ends in any way; and the books are kept.
 *
 * Senders are threads, and a writer on the test's loop if asked for. A loop
 * receiver is on that loop too, a thread receiver has a thread, a shared one
 * three. Every message has a number, so that who accepts, receives, drops or
 * refuses it puts it down. exchange() asserts that each message accepted was
 * received once or dropped once, no refused one ever, and each sender's in its
 * order; and that no memory is left.
 */
#ifndef SUPPORT_EXCHANGE_H
#define SUPPORT_EXCHANGE_H

#include <loopchan.h>
#include <stdbool.h>

#define EXCHANGE_SENDERS 9
#define EXCHANGE_EACH 400

typedef enum { ENDS_BY_DROP, ENDS_BY_CLOSE, ENDS_BY_SHUTDOWN } ending_t;

typedef struct {
  uv_loop_t *loop;
  int senders; /* threads, EXCHANGE_SENDERS - 1 at most */
  int each;    /* messages that each wants to send, EXCHANGE_EACH at most */
  bool writer; /* one more sender */
  ending_t ending;
  int end_after; /* so many messages received */
  unsigned seed; /* of all that is drawn */
  int fault;     /* a code that any call may answer; 0: none may */
  void (*thread_begins)(void), (*thread_ends)(void); /* or NULL */
} exchange_t;

/* The next number of a row that begins with the seed. */
unsigned draw(unsigned *seed, unsigned below);

/* Plays options, msg_size and drop excepted, on a thread or on the loop. How
 * many calls answered how->fault. */
int exchange(const loopchan_options_t *options, bool on_loop,
             const exchange_t *how);

#endif /* SUPPORT_EXCHANGE_H */
