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
 * out, receives its message where it lies, and answers then. What a try_send
 * has pushed there was pushed while nobody stood in line, so it goes first.
 */
#ifndef LC_LINE_H
#define LC_LINE_H

#include <uv.h>

#include "credit.h"
#include "inbox.h"
#include "wake.h"

/* Where a thread, or a writer, learns what became of its sends. All but the
 * wake is guarded by the line's mutex. */
typedef struct lc_answers {
  lc_wake_t wake;
  struct lc_pending *oldest, *newest; /* out of the line, not collected yet */
  size_t owed;                        /* that joined, not answered yet */
  struct lc_answers *prev, *next;     /* those who watch */
  struct lc_answers *next_owed;       /* those whose wakes are owed */
} lc_answers_t;

/* One send in line. */
typedef struct lc_pending {
  struct lc_pending *prev, *next; /* in line, then among the answers */
  lc_link_t *newest, *oldest;     /* what is to be pushed */
  lc_answers_t *answers;
  int result; /* when answered: 0, or UV_EPIPE, or UV_ECANCELED */
  bool in_line, hurried, answered;
} lc_pending_t;

/* What a channel's capacity makes of it. */
typedef enum {
  LC_UNBOUNDED, /* there is always a place */
  LC_BOUNDED,
  LC_BY_HAND /* rendezvous: nobody serves, the receiver pulls */
} lc_kind_t;

typedef struct {
  lc_credit_t credit;
  lc_inbox_t *inbox; /* what is served is pushed here */
  lc_kind_t kind;
  uv_mutex_t mutex; /* guards all below, and answers */
  bool refuses;
  lc_pending_t *first, *last;
  lc_answers_t *watchers;
  lc_answers_t *owed, **owed_end; /* threads to be woken when it is unlocked */
  size_t length, hurried;
  uint64_t sent; /* messages of the line that were accepted */
} lc_line_t;

LC_MUST_USE int lc_line_init(lc_line_t *line, lc_inbox_t *inbox, lc_kind_t kind,
                             size_t capacity);
void lc_line_destroy(lc_line_t *line);

LC_MUST_USE int lc_answers_init(lc_answers_t *answers, uv_async_t *async);
void lc_answers_destroy(lc_answers_t *answers);

/* The calls that return a bool of debt: true, and the caller owes the receiver
 * a wake. */

/* Any thread. Joins at the end; the answer may be there at once. */
LC_MUST_USE bool lc_line_join(lc_line_t *line, lc_pending_t *pending);

/* Any thread. From now on each place that is freed serves the line, until this
 * one has its answer. */
LC_MUST_USE bool lc_line_hurry(lc_line_t *line, lc_pending_t *pending);

/* Any thread. Pushes for those whose turn it is. */
LC_MUST_USE bool lc_line_serve(lc_line_t *line);

/* Any thread. *left is true: there was no place for it, and it is out of the
 * line, unanswered; false: its answer is there, or it is being received. */
LC_MUST_USE bool lc_line_leave(lc_line_t *line, lc_pending_t *pending,
                               bool *left);

/* Receiver, rendezvous. Parks if nobody stands in line: false otherwise, or if
 * there is work in the inbox. Who joins later rouses it. */
LC_MUST_USE bool lc_line_park(lc_line_t *line);

/* Receiver, rendezvous. Takes the first out, to be answered when its message
 * has been received. NULL: none; or a link in the inbox goes first. */
lc_pending_t *lc_line_pull(lc_line_t *line);
void lc_line_answer(lc_line_t *line, lc_pending_t *pending);

/* The loop's thread whose answers they are. Those there are, in the order of
 * joining: one that is just being received keeps back those behind it. */
lc_pending_t *lc_line_collect(lc_line_t *line, lc_answers_t *answers);

/* The same thread. Whether any answer is to come. */
bool lc_line_owes(lc_line_t *line, const lc_answers_t *answers);

/* The same thread. A wake tells of the refusal, too. Who watches no more takes
 * all of its own out of the line and has them back, oldest first; their result
 * is UV_ECANCELED. */
void lc_line_watch(lc_line_t *line, lc_answers_t *answers);
lc_pending_t *lc_line_unwatch(lc_line_t *line, lc_answers_t *answers);

/* Receiver. Refuses everybody, now and later. The inbox is closed. */
void lc_line_refuse(lc_line_t *line);

/* Any thread. How many stand in line; how many messages it brought in. */
size_t lc_line_length(lc_line_t *line);
uint64_t lc_line_sent(lc_line_t *line);

#endif /* LC_LINE_H */
