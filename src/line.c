/* line: sends that wait for their turn.
 *
 * Knows:   the credits, the inbox that it pushes to, whom to answer.
 * Threads: any.
 * Promise: first come, first served; each that joined is answered once, or
 *          left.
 */
#include "line.h"

int lc_line_init(lc_line_t *line, lc_inbox_t *inbox, lc_kind_t kind,
                 size_t capacity) {
  lc_credit_init(&line->credit, capacity);
  line->inbox = inbox;
  line->kind = kind;
  line->refuses = false;
  line->first = line->last = NULL;
  line->watchers = NULL;
  line->owed = NULL;
  line->owed_end = &line->owed;
  line->length = line->hurried = 0;
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

static void lock(lc_line_t *line) {
  uv_mutex_lock(&line->mutex);
}

static void unlock(lc_line_t *line) {
  lc_answers_t *owed = line->owed;

  line->owed = NULL;
  line->owed_end = &line->owed;
  uv_mutex_unlock(&line->mutex);
  while (owed != NULL) {
    lc_answers_t *next = owed->next_owed;
    lc_wake_pay(&owed->wake);
    owed = next;
  }
}

/* From here on: locked, up to the public calls. */

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
  pending->answered = false;
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

/* Out of the line, it is among the answers, in that order. */
static void move_on(lc_line_t *line, lc_pending_t *pending) {
  lc_answers_t *answers = pending->answers;

  take_out(line, pending);
  pending->next = NULL;
  if (answers->newest != NULL)
    answers->newest->next = pending;
  else
    answers->oldest = pending;
  answers->newest = pending;
}

/* A thread that is woken may run at once, in place of its waker, and would find
 * the mutex locked; so it is woken when that is free again: it goes nowhere
 * before. A writer might, so its wake is paid here, where it cannot close. */
static void owe(lc_line_t *line, lc_answers_t *answers) {
  if (lc_wake_is_async(&answers->wake)) {
    lc_wake_pay(&answers->wake);
    return;
  }
  answers->next_owed = NULL;
  *line->owed_end = answers;
  line->owed_end = &answers->next_owed;
}

/* Nobody may touch it any more: its owner may be gone by the end. Behind one
 * without an answer it waits for that one's wake. */
static void answer(lc_line_t *line, lc_pending_t *pending, int result) {
  lc_answers_t *answers = pending->answers;

  lc_assert(!pending->answered);
  pending->result = result;
  pending->answered = true;
  answers->owed--;
  if (answers->oldest == pending)
    owe(line, answers);
}

/* Has whoever takes or frees a place know of the line, or of none. */
static void mark(lc_line_t *line) {
  if (line->kind == LC_BOUNDED)
    lc_credit_mark(&line->credit, line->length == 0    ? 0
                                  : line->hurried == 0 ? LC_SERVE
                                                       : LC_HURRY);
}

static bool take_place(lc_line_t *line) {
  return line->kind == LC_UNBOUNDED || lc_credit_take_in_line(&line->credit);
}

static bool serve(lc_line_t *line) {
  bool owes = false;

  if (line->kind == LC_BY_HAND)
    return line->length > 0 && lc_inbox_rouse(line->inbox);
  mark(line);
  while (line->length > 0 && take_place(line)) {
    lc_pending_t *first = line->first;
    lc_push_t pushed;
    lc_assert(first != NULL);
    pushed =
        lc_inbox_push(line->inbox, first->newest, first->oldest, LC_NO_TURN);
    owes = owes || pushed == LC_PUSHED_OWES_WAKE;
    move_on(line, first);
    line->sent += pushed != LC_REFUSED;
    answer(line, first, pushed == LC_REFUSED ? UV_EPIPE : 0);
  }
  mark(line);
  return owes;
}

bool lc_line_serve(lc_line_t *line) {
  bool owes;

  lock(line);
  owes = serve(line);
  unlock(line);
  return owes;
}

bool lc_line_join(lc_line_t *line, lc_pending_t *pending) {
  bool owes = false;

  lock(line);
  pending->answers->owed++;
  append(line, pending);
  if (line->refuses) {
    move_on(line, pending);
    answer(line, pending, UV_EPIPE);
  } else {
    owes = serve(line);
  }
  unlock(line);
  return owes;
}

bool lc_line_hurry(lc_line_t *line, lc_pending_t *pending) {
  bool owes = false;

  lock(line);
  if (pending->in_line) {
    pending->hurried = true;
    line->hurried++;
    owes = serve(line);
  }
  unlock(line);
  return owes;
}

bool lc_line_leave(lc_line_t *line, lc_pending_t *pending, bool *left) {
  bool owes;

  lock(line);
  /* A place may have come free that did not call for the line to be served. */
  owes = serve(line);
  *left = pending->in_line;
  if (*left) {
    take_out(line, pending);
    pending->answers->owed--;
    mark(line);
  }
  unlock(line);
  return owes;
}

bool lc_line_park(lc_line_t *line) {
  bool parked;

  lock(line);
  parked = line->length == 0 && lc_inbox_park(line->inbox);
  unlock(line);
  return parked;
}

lc_pending_t *lc_line_pull(lc_line_t *line) {
  lc_pending_t *first = NULL;

  lock(line);
  if (!lc_inbox_has_links(line->inbox))
    first = line->first;
  if (first != NULL) {
    move_on(line, first);
    line->sent++;
  }
  unlock(line);
  return first;
}

void lc_line_answer(lc_line_t *line, lc_pending_t *pending) {
  lock(line);
  answer(line, pending, 0);
  unlock(line);
}

lc_pending_t *lc_line_collect(lc_line_t *line, lc_answers_t *answers) {
  lc_pending_t *oldest, *kept = NULL, **end = &oldest;

  lock(line);
  oldest = answers->oldest;
  /* Only by hand has one left the line without an answer. Else nobody looks:
   * they may be many, and others want the mutex. */
  if (line->kind == LC_BY_HAND) {
    while (*end != NULL && (*end)->answered)
      end = &(*end)->next;
    kept = *end;
    *end = NULL;
  }
  answers->oldest = kept;
  if (kept == NULL)
    answers->newest = NULL;
  unlock(line);
  return oldest;
}

bool lc_line_owes(lc_line_t *line, const lc_answers_t *answers) {
  bool owes;

  lock(line);
  owes = answers->owed > 0;
  unlock(line);
  return owes;
}

void lc_line_watch(lc_line_t *line, lc_answers_t *answers) {
  lock(line);
  answers->next = line->watchers;
  if (answers->next != NULL)
    answers->next->prev = answers;
  line->watchers = answers;
  unlock(line);
}

lc_pending_t *lc_line_unwatch(lc_line_t *line, lc_answers_t *answers) {
  lc_pending_t *oldest = NULL, **end = &oldest, *pending, *next;

  lock(line);
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
  mark(line);
  unlock(line);
  return oldest;
}

void lc_line_refuse(lc_line_t *line) {
  lc_answers_t *watcher;

  lock(line);
  line->refuses = true;
  while (line->first != NULL) {
    lc_pending_t *first = line->first;
    move_on(line, first);
    answer(line, first, UV_EPIPE);
  }
  /* Who has an answer to collect is on its way already. */
  for (watcher = line->watchers; watcher != NULL; watcher = watcher->next)
    if (watcher->oldest == NULL || !watcher->oldest->answered)
      lc_wake_pay(&watcher->wake);
  unlock(line);
}

size_t lc_line_length(lc_line_t *line) {
  size_t length;

  lock(line);
  length = line->length;
  unlock(line);
  return length;
}

uint64_t lc_line_sent(lc_line_t *line) {
  uint64_t sent;

  lock(line);
  sent = line->sent;
  unlock(line);
  return sent;
}
