/* line: sends that wait for their turn.
 *
 * Who finds a bounded channel full joins the line with the message ready to be
 * pushed. Whoever serves the line - the receiver when it has freed a place,
 * or a sender that comes by - pushes the first one's message for it. So a
 * message is in the channel the moment there is room, in the order of joining,
 * whenever its sender comes to run.
 *
 *   sender:    joins ............ waits for the answer .......... goes on
 *   server:               takes a place, pushes, answers
 *
 * On a rendezvous channel nothing is pushed: the receiver pulls the first one
 * out, receives its message where it lies, and answers then.
 */
#ifndef LC_LINE_H
#define LC_LINE_H

#include <uv.h>

#include "credit.h"
#include "inbox.h"
#include "spin.h"
#include "wake.h"

/* Where a thread, or a writer, learns what became of its sends. All but the
 * wake is guarded by the line's mutex. */
typedef struct lc_answers {
  lc_wake_t wake;
  struct lc_pending *oldest, *newest; /* answered, not collected yet */
  struct lc_pending *in_hand;         /* rendezvous: is being received */
  struct lc_pending *held_oldest, *held_newest; /* answered behind it */
  size_t owed;                    /* that joined, not answered yet */
  struct lc_answers *prev, *next; /* those who watch */
} lc_answers_t;

/* One send in line. */
typedef struct lc_pending {
  struct lc_pending *prev, *next; /* in line, then among the answers */
  lc_link_t *newest, *oldest;     /* what is to be pushed */
  lc_answers_t *answers;
  int result; /* when answered: 0, or UV_EPIPE, or UV_ECANCELED */
  bool in_line, hurried;
} lc_pending_t;

typedef struct {
  lc_credit_t credit;
  lc_inbox_t *inbox; /* what is served is pushed here */
  bool unbounded;    /* there is always a place */
  bool by_hand;      /* rendezvous: nobody serves, the receiver pulls */
  uv_mutex_t mutex;  /* guards all below, and answers */
  bool refuses;
  lc_pending_t *first, *last;
  lc_answers_t *watchers;
  size_t length, hurried;
  lc_patience_t patience; /* of the first in line */
  uint64_t sent;          /* messages of the line that were accepted */
} lc_line_t;

/* capacity SIZE_MAX: unbounded. */
LC_MUST_USE int lc_line_init(lc_line_t *line, lc_inbox_t *inbox,
                             size_t capacity, bool by_hand,
                             uint64_t most_spin_ns);
void lc_line_destroy(lc_line_t *line);

LC_MUST_USE int lc_answers_init(lc_answers_t *answers, uv_async_t *async);
void lc_answers_destroy(lc_answers_t *answers);

/* The calls that return a bool of debt: true, and the caller owes the receiver
 * a wake. */

/* Any thread. Joins at the end; the answer may be there at once. *spin_ns: how
 * long to look out for it before sleeping. */
LC_MUST_USE bool lc_line_join(lc_line_t *line, lc_pending_t *pending,
                              uint64_t *spin_ns);

/* Any thread. To look out has paid, or has not. */
void lc_line_learn(lc_line_t *line, bool paid);

/* Any thread. From now on each place that is freed serves the line, until this
 * one has its answer. */
LC_MUST_USE bool lc_line_hurry(lc_line_t *line, lc_pending_t *pending);

/* Any thread. Pushes for those whose turn it is. */
LC_MUST_USE bool lc_line_serve(lc_line_t *line);

/* Any thread. True: it is out of the line, unanswered. False: its answer is
 * there, or it is being received. */
LC_MUST_USE bool lc_line_leave(lc_line_t *line, lc_pending_t *pending);

/* Receiver, rendezvous. Takes the first out, to be answered; NULL: none, or the
 * inbox has something that goes first. */
lc_pending_t *lc_line_pull(lc_line_t *line);
void lc_line_answer(lc_line_t *line, lc_pending_t *pending);

/* The loop's thread whose answers they are. Those there are, oldest first. */
lc_pending_t *lc_line_collect(lc_line_t *line, lc_answers_t *answers);

/* The same thread. Whether one still stands in line; whether any answer is to
 * come. */
bool lc_line_has(lc_line_t *line, const lc_pending_t *pending);
bool lc_line_owes(lc_line_t *line, const lc_answers_t *answers);

/* The same thread. A wake tells of the refusal, too. Who watches no more takes
 * all of its own out of the line and has them back, oldest first; their result
 * is UV_ECANCELED. */
void lc_line_watch(lc_line_t *line, lc_answers_t *answers);
lc_pending_t *lc_line_unwatch(lc_line_t *line, lc_answers_t *answers);

/* Receiver. Refuses everybody, now and later. The inbox is closed. */
void lc_line_refuse(lc_line_t *line);

/* Any thread. How many stand in line; how many messages it brought in. */
size_t lc_line_length(lc_line_t *line, uint64_t *sent);

#endif /* LC_LINE_H */
