/* settings: what the command line says, and whether the server is to stop. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum mode {
  MODE_POOL,      /* one loop accepts, the others take from a channel */
  MODE_REUSEPORT, /* each loop has a listening socket of its own */
  MODE_SHARED,    /* each loop polls the same listening socket */
  MODE_ONE        /* there is only one loop */
};

struct settings {
  enum mode mode;
  int port;
  unsigned loops;
  int backlog;
  size_t ahead;       /* connections that may wait in the channel */
  size_t connections; /* of all loops together */
  size_t requests;    /* of one connection */
  unsigned light_us, heavy_us;
  atomic_bool stopping; /* set by the main thread, read by all */
};

/* Returns whether the server is to start; if not, *status is what main
 * returns. */
bool settings_read(struct settings *s, int argc, char **argv, int *status);

#endif
