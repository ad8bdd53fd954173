/* line: requests that found no room with the crew, and stand in line for it:
 * first come, first served. They are not accepted yet, and each may leave at
 * any time: request_end sees to that. How many may stand there, and with how
 * many bytes of body, has a bound. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>

struct request;

/* Zero-initialise it. */
struct line {
  struct request *first, *last;
  size_t count;
  size_t bytes; /* of their bodies, which are counted in the hold, too */
};

/* Behind all others. Returns 0 or UV_ENOBUFS: the line is long enough. */
int line_join(struct line *line, struct request *r);

/* Before all others, where r has just left. */
void line_return(struct line *line, struct request *r);

/* It stands in one. */
void line_leave(struct request *r);

/* How many ticks the first one has stood there; 0: there is none. */
unsigned line_age(const struct line *line);

#endif
