#include <uv.h>

#include "line.h"
#include "request.h"

/* next NULL: at the end. */
static void insert(struct line *line, struct request *r, struct request *next) {
  r->line = line;
  r->next = next;
  r->previous = next == NULL ? line->last : next->previous;
  if (r->previous != NULL)
    r->previous->next = r;
  else
    line->first = r;
  if (next != NULL)
    next->previous = r;
  else
    line->last = r;
  line->count++;
  line->bytes += r->body.room;
}

int line_join(struct line *line, struct request *r) {
  if (line->count >= MOST_IN_LINE ||
      r->body.room > MOST_HELD_IN_LINE - line->bytes)
    return UV_ENOBUFS;
  r->moved = *r->now;
  insert(line, r, NULL);
  return 0;
}

void line_return(struct line *line, struct request *r) {
  insert(line, r, line->first);
}

void line_leave(struct request *r) {
  struct line *line = r->line;

  if (r->next != NULL)
    r->next->previous = r->previous;
  else
    line->last = r->previous;
  if (r->previous != NULL)
    r->previous->next = r->next;
  else
    line->first = r->next;
  line->count--;
  line->bytes -= r->body.room;
  r->line = NULL;
}

unsigned line_age(const struct line *line) {
  const struct request *r = line->first;
  return r == NULL ? 0 : *r->now - r->moved;
}
