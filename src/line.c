/* line: sends that wait for their turn.
 *
 * Knows:   the credits, the inbox that it pushes to, whom to answer.
 * Threads: any.
 * Promise: first come, first served; each that joined is answered once, or
 *          left.
 */
#include "line.h"

int lc_line_init(lc_line_t *line, lc_inbox_t *inbox, size_t capacity,
                 bool by_hand, uint64_t most_spin_ns) {
  lc_credit_init(&line->credit, capacity);
  line->inbox = inbox;
  line->unbounded = capacity == SIZE_MAX;
  line->by_hand = by_hand;
  line->refuses = false;
  line->first = line->last = NULL;
  line->watchers = NULL;
  line->length = line->hurried = 0;
  lc_patience_init(&line->patience, most_spin_ns);
  line->sent = 0;
  return uv_mutex_init(&line->mutex);
}

void lc_line_destroy(lc_line_t *line) {
  lc_assert(line->length == 0);
  uv_mutex_destroy(&line->mutex);
}

int lc_answers_init(lc_answers_t *answers, uv_async_t *async) {
  answers->oldest = answers->newest = NULL;
  answers->prev = answers->next = NULL;
  answers->owed = 0;
  return lc_wake_init(&answers->wake, async);
}

void lc_answers_destroy(lc_answers_t *answers) {
  lc_wake_destroy(&answers->wake);
}

/* From here on: under the mutex, up to the public calls. */

static void append(lc_line_t *line, lc_pending_t *pending) {
  pending->next = NULL;
  pending->prev = line->last;
  if (line->last != NULL)
    line->last->next = pending;
  else
    line->first = pending;
  line->last = pending;
  line->length++;
  line->hurried += pending->hurried;
  pending->in_line = true;
}

static void take_out(lc_line_t *line, lc_pending_t *pending) {
  lc_assert(pending->in_line);
  if (pending->prev != NULL)
    pending->prev->next = pending->next;
  else
    line->first = pending->next;
  if (pending->next != NULL)
    pending->next->prev = pending->prev;
  else
    line->last = pending->prev;
  line->length--;
  line->hurried -= pending->hurried;
  pending->in_line = false;
}

/* Nobody may touch it any more: its owner may be gone by the end. */
static void answer(lc_pending_t *pending, int result) {
  lc_answers_t *answers = pending->answers;
  lc_pending_t *newest = answers->newest;

  pending->result = result;
  pending->next = NULL;
  answers->owed--;
  answers->newest = pending;
  if (newest != NULL) {
    newest->next = pending;
    return;
  }
  answers->oldest = pending;
  lc_wake_pay(&answers->wake);
}

static void mark(lc_line_t *line) {
  lc_credit_mark(&line->credit, line->length == 0    ? 0
                                : line->hurried == 0 ? LC_SERVE
                                                     : LC_SERVE | LC_HURRY);
}

static bool serve(lc_line_t *line) {
  bool owes = false;

  if (line->by_hand)
    return line->length > 0 && lc_inbox_rouse(line->inbox);
  mark(line);
  while (line->length > 0 &&
         (line->unbounded || lc_credit_take_in_line(&line->credit))) {
    lc_pending_t *first = line->first;
    lc_push_t pushed =
        lc_inbox_push(line->inbox, first->newest, first->oldest, LC_NO_TURN);
    owes = owes || pushed == LC_PUSHED_OWES_WAKE;
    take_out(line, first);
    line->sent += pushed != LC_REFUSED;
    answer(first, pushed == LC_REFUSED ? UV_EPIPE : 0);
  }
  mark(line);
  return owes;
}

bool lc_line_serve(lc_line_t *line) {
  bool owes;

  uv_mutex_lock(&line->mutex);
  owes = serve(line);
  uv_mutex_unlock(&line->mutex);
  return owes;
}

bool lc_line_join(lc_line_t *line, lc_pending_t *pending, uint64_t *spin_ns) {
  bool owes = false;

  uv_mutex_lock(&line->mutex);
  pending->answers->owed++;
  *spin_ns = line->length == 0 ? line->patience.next_ns : 0;
  if (line->refuses) {
    pending->in_line = false;
    answer(pending, UV_EPIPE);
  } else {
    append(line, pending);
    owes = serve(line);
  }
  uv_mutex_unlock(&line->mutex);
  return owes;
}

void lc_line_learn(lc_line_t *line, bool paid) {
  uv_mutex_lock(&line->mutex);
  lc_patience_learn(&line->patience, paid);
  uv_mutex_unlock(&line->mutex);
}

bool lc_line_hurry(lc_line_t *line, lc_pending_t *pending) {
  bool owes = false;

  uv_mutex_lock(&line->mutex);
  if (pending->in_line) {
    pending->hurried = true;
    line->hurried++;
    owes = serve(line);
  }
  uv_mutex_unlock(&line->mutex);
  return owes;
}

bool lc_line_leave(lc_line_t *line, lc_pending_t *pending) {
  bool was_in_line;

  uv_mutex_lock(&line->mutex);
  was_in_line = pending->in_line;
  if (was_in_line) {
    take_out(line, pending);
    pending->answers->owed--;
    if (!line->by_hand)
      mark(line);
  }
  uv_mutex_unlock(&line->mutex);
  return was_in_line;
}

lc_pending_t *lc_line_pull(lc_line_t *line) {
  lc_pending_t *first;

  uv_mutex_lock(&line->mutex);
  first = line->first;
  if (first != NULL) {
    take_out(line, first);
    line->sent++;
  }
  uv_mutex_unlock(&line->mutex);
  return first;
}

void lc_line_answer(lc_line_t *line, lc_pending_t *pending) {
  uv_mutex_lock(&line->mutex);
  answer(pending, 0);
  uv_mutex_unlock(&line->mutex);
}

lc_pending_t *lc_line_collect(lc_line_t *line, lc_answers_t *answers) {
  lc_pending_t *oldest;

  uv_mutex_lock(&line->mutex);
  oldest = answers->oldest;
  answers->oldest = answers->newest = NULL;
  uv_mutex_unlock(&line->mutex);
  return oldest;
}

bool lc_line_has(lc_line_t *line, const lc_pending_t *pending) {
  bool in_line;

  uv_mutex_lock(&line->mutex);
  in_line = pending->in_line;
  uv_mutex_unlock(&line->mutex);
  return in_line;
}

bool lc_line_owes(lc_line_t *line, const lc_answers_t *answers) {
  bool owes;

  uv_mutex_lock(&line->mutex);
  owes = answers->owed > 0;
  uv_mutex_unlock(&line->mutex);
  return owes;
}

void lc_line_watch(lc_line_t *line, lc_answers_t *answers) {
  uv_mutex_lock(&line->mutex);
  answers->next = line->watchers;
  if (answers->next != NULL)
    answers->next->prev = answers;
  line->watchers = answers;
  uv_mutex_unlock(&line->mutex);
}

lc_pending_t *lc_line_unwatch(lc_line_t *line, lc_answers_t *answers) {
  lc_pending_t *oldest = NULL, **end = &oldest, *pending, *next;

  uv_mutex_lock(&line->mutex);
  if (answers->next != NULL)
    answers->next->prev = answers->prev;
  if (answers->prev != NULL)
    answers->prev->next = answers->next;
  else
    line->watchers = answers->next;
  for (pending = line->first; pending != NULL; pending = next) {
    next = pending->next;
    if (pending->answers != answers)
      continue;
    take_out(line, pending);
    answers->owed--;
    pending->result = UV_ECANCELED;
    pending->next = NULL;
    *end = pending;
    end = &pending->next;
  }
  if (!line->by_hand)
    mark(line);
  uv_mutex_unlock(&line->mutex);
  return oldest;
}

void lc_line_refuse(lc_line_t *line) {
  lc_answers_t *watcher;

  uv_mutex_lock(&line->mutex);
  line->refuses = true;
  while (line->first != NULL) {
    lc_pending_t *first = line->first;
    take_out(line, first);
    answer(first, UV_EPIPE);
  }
  for (watcher = line->watchers; watcher != NULL; watcher = watcher->next)
    if (watcher->oldest == NULL)
      lc_wake_pay(&watcher->wake);
  uv_mutex_unlock(&line->mutex);
}

size_t lc_line_length(lc_line_t *line, uint64_t *sent) {
  size_t length;

  uv_mutex_lock(&line->mutex);
  length = line->length;
  *sent = line->sent;
  uv_mutex_unlock(&line->mutex);
  return length;
}
