/* listing: the lines that sha256sum would print, so that sha256sum -c reads
 * them. Sorted means by bytes, so that two runs can be compared. */
#include <errno.h>
#include <string.h>

#include "listing.h"
#include "name.h"

struct line {
  char *path;
  unsigned char sum[SUM_BYTES];
};

static int by_path(const void *a, const void *b) {
  return strcmp(((const struct line *) a)->path,
                ((const struct line *) b)->path);
}

/* A backslash at the head of the line says that the name is escaped. */
static int put_line(const char *path, const unsigned char *sum, int safely) {
  errno = 0;
  if (strpbrk(path, "\\\n\r") != NULL)
    putchar('\\');
  for (int i = 0; i < SUM_BYTES; i++)
    printf("%02x", sum[i]);
  fputs("  ", stdout);
  name_put(stdout, path, safely);
  putchar('\n');
  return ferror(stdout) ? uv_translate_sys_error(errno) : 0;
}

int listing_add(struct listing *l, const struct report *r) {
  if (!l->sorted) {
    int err = put_line(r->path, r->sum, l->safely);
    if (err == 0)
      free(r->path);
    return err;
  }
  if (l->count == l->room) {
    size_t room = l->room == 0 ? 256 : 2 * l->room;
    struct line *lines = realloc(l->lines, room * sizeof(*lines));
    if (lines == NULL)
      return UV_ENOMEM;
    l->lines = lines;
    l->room = room;
  }
  struct line *line = &l->lines[l->count++];
  line->path = r->path;
  memcpy(line->sum, r->sum, SUM_BYTES);
  return 0;
}

int listing_print(struct listing *l) {
  int err = 0;
  if (l->count > 0)
    qsort(l->lines, l->count, sizeof(*l->lines), by_path);
  for (size_t i = 0; err == 0 && i < l->count; i++)
    err = put_line(l->lines[i].path, l->lines[i].sum, l->safely);
  if (err == 0 && fflush(stdout) != 0)
    err = uv_translate_sys_error(errno);
  return err;
}

void listing_free(struct listing *l) {
  for (size_t i = 0; i < l->count; i++)
    free(l->lines[i].path);
  free(l->lines);
}
