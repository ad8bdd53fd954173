/* name: names of files for people to read. A name may contain every byte but
 * zero and the slash, so it may contain what a terminal takes for a command.
 *
 * What can be printed is a question of the locale: main has set it. */
#include <string.h>

#include "../quoted.h"
#include "name.h"

void name_put(FILE *to, const char *path, int safely) {
  size_t left = strlen(path), n;
  bool printable;

  for (; left > 0; path += n, left -= n) {
    n = quoted_character(path, left, &printable);
    if (*path == '\\')
      fputs("\\\\", to);
    else if (*path == '\n')
      fputs("\\n", to);
    else if (*path == '\r')
      fputs("\\r", to);
    else if (safely && !printable)
      putc('?', to);
    else
      fwrite(path, 1, n, to);
  }
}

static int is_plain(const char *path) {
  size_t left = strlen(path), n;
  bool printable;

  if (left == 0 || strpbrk(path, " !\"#$&'()*;<=>?[\\]^`{|}~") != NULL)
    return 0;
  for (; left > 0; path += n, left -= n) {
    n = quoted_character(path, left, &printable);
    if (!printable)
      return 0;
  }
  return 1;
}

void name_put_quoted(FILE *to, const char *path) {
  if (is_plain(path))
    fputs(path, to);
  else
    put_quoted(to, path);
}
