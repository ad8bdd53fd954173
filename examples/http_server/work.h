/* work: what takes a processor's time. Knows no HTTP, and which thread it is
 * done on is all the same to it. */
#ifndef WORK_H
#define WORK_H

#include <stddef.h>

#include "body.h"
#include "ticket.h"

enum work_kind { WORK_NONE, WORK_PASSWORD, WORK_THUMBNAIL };

struct work {
  struct ticket ticket; /* the loop's, also while the work is done */
  enum work_kind kind;
  unsigned parameter; /* rounds of a password, width of a thumbnail */
  const char *wrong;  /* with what was sent; NULL: out is the result */
  void *out;          /* NULL without wrong: there was no memory */
  size_t out_bytes;
  struct body in;
  struct body kept; /* the result, when the loop has it */
};

/* Takes what is in in: the request's own memory goes when its client does.
 * NULL: out of memory. */
struct work *work_new(enum work_kind kind, unsigned parameter, struct body *in);

/* Gives it back, when w is not to be done after all. */
void work_return(struct work *w, struct body *in);

/* What is unwanted is not begun. */
void work_do(struct work *w);

/* The loop's: counts the result among what is held. Returns 0 or
 * UV_ENOBUFS. */
int work_keep(struct work *w);

/* Frees the result: as if there had been no memory for it. */
void work_give_up(struct work *w);

void work_free(struct ticket *t);

#endif
