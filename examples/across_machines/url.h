/* url: what boss and worker say when there is no connection to the broker. */
#ifndef URL_H
#define URL_H

#include <nats/nats.h>

#include "../option.h"

/* Returns the status to exit with. */
static inline int say_no_connection(const char *program, const char *url,
                                    natsStatus s) {
  const struct given given = {program, "-", "s", url};

  if (s == NATS_INVALID_ARG) { /* it was not even tried */
    refuse_value(&given, "a URL, such as " NATS_DEFAULT_URL);
    return 2;
  }
  fprintf(stderr, "%s: ", program);
  put_quoted(stderr, url);
  fprintf(stderr, ": %s\n", natsStatus_GetText(s));
  return 1;
}

#endif /* URL_H */
