/* name: names of files for people to read. A name may contain every byte but
 * zero and the slash, so it may contain what a terminal takes for a command.
 *
 * What can be printed is a question of the locale: main has set it. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "name.h"

/* Unicode's Bidi_Control: nothing to see, but what follows is shown in another
 * order, so that a name looks like another one. */
static int is_bidi_control(wchar_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* How many bytes the first character has; *printable: whether it can be shown.
 * Bytes that are no character are one by one. */
static size_t character(const char *path, size_t left, int *printable) {
  mbstate_t state = {0};
  wchar_t c;
  size_t n = mbrtowc(&c, path, left, &state);

  if (n == 0 || n > left) {
    *printable = 0;
    return 1;
  }
  *printable = iswprint((wint_t) c) != 0 && !is_bidi_control(c);
  return n;
}

void name_put(FILE *to, const char *path, int safely) {
  size_t left = strlen(path), n;
  int printable;

  for (; left > 0; path += n, left -= n) {
    n = character(path, left, &printable);
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
  int printable;

  if (left == 0 || strpbrk(path, " !\"#$&'()*;<=>?[\\]^`{|}~") != NULL)
    return 0;
  for (; left > 0; path += n, left -= n) {
    n = character(path, left, &printable);
    if (!printable)
      return 0;
  }
  return 1;
}

static void put_escaped(FILE *to, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] >= '\a' && bytes[i] <= '\r')
      fprintf(to, "\\%c", "abtnvfr"[bytes[i] - '\a']);
    else
      fprintf(to, "\\%03o", (unsigned char) bytes[i]);
  }
}

/* 'it'\''s' and 'red'$'\033''[31m' */
void name_put_quoted(FILE *to, const char *path) {
  size_t left = strlen(path), n;
  int printable, escaping = 0;

  if (is_plain(path)) {
    fputs(path, to);
    return;
  }
  putc('\'', to);
  for (; left > 0; path += n, left -= n) {
    n = character(path, left, &printable);
    if (printable == escaping)
      fputs(escaping ? "''" : "'$'", to);
    escaping = !printable;
    if (*path == '\'')
      fputs("'\\''", to);
    else if (printable)
      fwrite(path, 1, n, to);
    else
      put_escaped(to, path, n);
  }
  putc('\'', to);
}
