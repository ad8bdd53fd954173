#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "picture.h"
#include "work.h"

struct work *work_new(enum work_kind kind, unsigned parameter, const void *in,
                      size_t bytes) {
  struct work *w = malloc(sizeof(*w) + bytes);

  if (w == NULL)
    return NULL;
  *w = (struct work){.kind = kind, .parameter = parameter, .in_bytes = bytes};
  memcpy(w->in, in, bytes);
  return w;
}

void work_do(struct work *w) {
  unsigned char *png = NULL;

  switch (w->kind) {
    case WORK_PASSWORD:
      w->out = password_hash(w->in, w->in_bytes, w->parameter);
      w->out_bytes = w->out == NULL ? 0 : strlen(w->out);
      w->wrong = w->out == NULL ? "out of memory" : NULL;
      break;
    case WORK_THUMBNAIL:
      w->wrong =
          picture_shrink(w->in, w->in_bytes, w->parameter, &png, &w->out_bytes);
      w->out = png;
      break;
  }
}

void work_free(struct ticket *t) {
  struct work *w = H2O_STRUCT_FROM_MEMBER(struct work, ticket, t);
  free(w->out);
  free(w);
}
