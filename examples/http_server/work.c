#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "picture.h"
#include "work.h"

struct work *work_new(enum work_kind kind, unsigned parameter,
                      struct body *in) {
  struct work *w = malloc(sizeof(*w));

  if (w == NULL)
    return NULL;
  *w = (struct work){.kind = kind, .parameter = parameter, .in = *in};
  w->kept.hold = in->hold;
  *in = (struct body){.hold = in->hold};
  return w;
}

void work_return(struct work *w, struct body *in) {
  *in = w->in;
  w->in = (struct body){.hold = in->hold};
}

void work_do(struct work *w) {
  unsigned char *png = NULL;

  if (atomic_load(&w->ticket.unwanted))
    return;
  switch (w->kind) {
    case WORK_NONE:
      break;
    case WORK_PASSWORD:
      w->out = password_hash(w->in.data, w->in.bytes, w->parameter);
      w->out_bytes = w->out == NULL ? 0 : strlen(w->out);
      break;
    case WORK_THUMBNAIL:
      w->wrong = picture_shrink(w->in.data, w->in.bytes, w->parameter, &png,
                                &w->out_bytes);
      w->out = png;
      break;
  }
}

int work_keep(struct work *w) {
  int err = body_take(&w->kept, w->out, w->out_bytes);

  if (err == 0)
    w->out = NULL;
  return err;
}

void work_give_up(struct work *w) {
  free(w->out);
  w->out = NULL;
}

void work_free(struct ticket *t) {
  struct work *w = (struct work *) t;
  body_free(&w->in);
  body_free(&w->kept);
  free(w->out);
  free(w);
}
