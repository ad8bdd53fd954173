/* screen: errors, the progress line and the totals, on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "name.h"
#include "screen.h"

enum { SIZE_CHARS = 16, BAR_CHARS = 10, LINE_CHARS = 160 };

static const char *size_text(char text[SIZE_CHARS], double bytes) {
  const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t i = 0;
  for (; bytes >= 1000 && i < 5; i++)
    bytes /= 1024;
  snprintf(text, SIZE_CHARS, "%.*f %s", i > 0 && bytes < 100, bytes, units[i]);
  return text;
}

static double seconds_since(uint64_t begun_ns) {
  return (double) (uv_hrtime() - begun_ns) / 1e9;
}

/* Not uv_strerror: it leaks on codes that it does not know. */
static void complain(const char *path, int err) {
  char why[64] = "not a regular file";
  if (err != UV_EFTYPE)
    uv_strerror_r(err, why, sizeof(why));
  fputs("treesum: ", stderr);
  name_put_quoted(stderr, path);
  fprintf(stderr, ": %s\n", why);
}

void screen_add(struct screen *s, const struct report *r) {
  switch (r->kind) {
    case REPORT_FOUND:
      s->found++;
      s->bytes_found += r->bytes;
      break;
    case REPORT_LINK:
      s->links++;
      break;
    case REPORT_WALKED:
      s->walked = 1;
      break;
    case REPORT_DONE:
      s->done++;
      break;
    case REPORT_FAILED:
      s->failed++;
      screen_hide_progress(s);
      complain(r->path, r->err);
      break;
  }
}

/* How many columns a line may have. A terminal wraps a line that is longer, and
 * \r leads to the last of its rows only; some do so one column early. Asked
 * each time, for its user may make it narrower. */
static int columns(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
    return LINE_CHARS;
  return size.ws_col == 0 ? 79 : size.ws_col - 1;
}

/* While the walk goes on there is no total to measure against: no bar, no time
 * left. A file that grows may make more than was found. */
void screen_show_progress(struct screen *s) {
  char read[SIZE_CHARS], found[SIZE_CHARS], rate[SIZE_CHARS];
  char bar[BAR_CHARS + 1], left[32] = "", line[LINE_CHARS];
  double per_second = (double) s->bytes_read / seconds_since(s->begun_ns);
  double part = 0;

  if (s->walked && s->bytes_found > 0)
    part = (double) s->bytes_read / (double) s->bytes_found;
  for (int i = 0; i < BAR_CHARS; i++)
    bar[i] = i + 0.5 < part * (double) BAR_CHARS ? '#' : '.';
  bar[BAR_CHARS] = '\0';
  if (part > 0) {
    double bytes_left =
        part < 1 ? (double) (s->bytes_found - s->bytes_read) : 0;
    unsigned long seconds = (unsigned long) (bytes_left / per_second);
    snprintf(left, sizeof(left), "%lu:%02lu left", seconds / 60, seconds % 60);
  }
  snprintf(line, sizeof(line),
           "[%s] %" PRIu64 "/%" PRIu64 " files %s/%s %s/s %s", bar, s->done,
           s->found, size_text(read, (double) s->bytes_read),
           size_text(found, (double) s->bytes_found),
           size_text(rate, per_second), left);
  fprintf(stderr, "\r\033[K%.*s", columns(), line);
  s->shown = 1;
}

void screen_hide_progress(struct screen *s) {
  if (s->shown)
    fputs("\r\033[K", stderr);
  s->shown = 0;
}

void screen_sum_up(const struct screen *s) {
  char read[SIZE_CHARS], rate[SIZE_CHARS];
  double seconds = seconds_since(s->begun_ns);
  fprintf(stderr,
          "%" PRIu64 " files, %s in %.2f s (%s/s); %" PRIu64 " failed, %" PRIu64
          " symbolic links skipped\n",
          s->done, size_text(read, (double) s->bytes_read), seconds,
          size_text(rate, (double) s->bytes_read / seconds), s->failed,
          s->links);
}
