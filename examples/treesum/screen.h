#ifndef SCREEN_H
#define SCREEN_H

#include "report.h"

/* What a person sees on stderr, and the counts behind it. Zero-initialise it,
 * then set begun_ns. */
struct screen {
  uint64_t begun_ns;
  uint64_t found, done, failed, links;
  uint64_t bytes_found, bytes_read;
  int walked; /* found and bytes_found are final */
  int shown;  /* a progress line is on the terminal's last line */
};

/* Counts a report, and prints it if it is an error. */
void screen_add(struct screen *s, const struct report *r);

void screen_show_progress(struct screen *s);
void screen_hide_progress(struct screen *s);
void screen_sum_up(const struct screen *s);

#endif
