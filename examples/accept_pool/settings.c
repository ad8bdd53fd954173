#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../number.h"
#include "settings.h"

enum {
  MOST_LOOPS = 64,
  MOST_BACKLOG = 65535,
  MOST_AHEAD = 65536,
  MOST_OPEN = 1000000,
  MOST_REQUESTS = 1000000000,
  MOST_US = 10000000
};

static const char help[] =
    "Usage: accept_pool [OPTION]...\n"
    "Serves HTTP/1.1 on 127.0.0.1: GET / and, after more work, GET /heavy.\n"
    "\n"
    "  --mode MODE      how connections get to the loops: pool (the default),\n"
    "                   reuseport, shared or one\n"
    "  --port N         listen there (8080); 0: on any, which is then printed\n"
    "  --loops N        loops that serve; by default one per processor\n"
    "  --backlog N      connections that may wait in the kernel (511)\n"
    "  --ahead N        connections that may wait in the channel (64); 0: "
    "none,\n"
    "                   each goes from the accepting loop to an idle one\n"
    "  --connections N  open at once, of all loops together (1000)\n"
    "  --requests N     of one connection; then it is closed (1000)\n"
    "  --light US       microseconds of work for / (50)\n"
    "  --heavy US       microseconds of work for /heavy (10000)\n"
    "  --help           print this\n"
    "\n"
    "SIGTERM and Ctrl-C end it, after half a minute at most. A second one\n"
    "kills.\n";

static const char *const mode_names[] = {[MODE_POOL] = "pool",
                                         [MODE_REUSEPORT] = "reuseport",
                                         [MODE_SHARED] = "shared",
                                         [MODE_ONE] = "one"};

static bool read_mode(const char *text, enum mode *mode) {
  for (unsigned i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++)
    if (strcmp(text, mode_names[i]) == 0) {
      *mode = (enum mode) i;
      return true;
    }
  return false;
}

/* Returns whether the option's argument is in its range. */
static bool take(struct settings *s, int option, const char *text) {
  uint64_t n = 0;
  bool ok;

  switch (option) {
    case 'm':
      return read_mode(text, &s->mode);
    case 'p':
      ok = read_number(text, 0, UINT16_MAX, &n);
      s->port = (int) n;
      return ok;
    case 'l':
      ok = read_number(text, 1, MOST_LOOPS, &n);
      s->loops = (unsigned) n;
      return ok;
    case 'b':
      ok = read_number(text, 1, MOST_BACKLOG, &n);
      s->backlog = (int) n;
      return ok;
    case 'a':
      ok = read_number(text, 0, MOST_AHEAD, &n);
      s->ahead = (size_t) n;
      return ok;
    case 'c':
      ok = read_number(text, 1, MOST_OPEN, &n);
      s->connections = (size_t) n;
      return ok;
    case 'r':
      ok = read_number(text, 1, MOST_REQUESTS, &n);
      s->requests = (size_t) n;
      return ok;
    default:
      ok = read_number(text, 0, MOST_US, &n);
      *(option == 'u' ? &s->light_us : &s->heavy_us) = (unsigned) n;
      return ok;
  }
}

static bool refuse(int *status, const char *name, const char *text) {
  if (name != NULL)
    fprintf(stderr, "accept_pool: --%s: not '%s'\n", name, text);
  fputs("Try 'accept_pool --help'.\n", stderr);
  *status = 2;
  return false;
}

static void set_defaults(struct settings *s) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);

  s->mode = MODE_POOL;
  s->port = 8080;
  s->loops = processors < 1            ? 1
             : processors > MOST_LOOPS ? MOST_LOOPS
                                       : (unsigned) processors;
  s->backlog = 511;
  s->ahead = 64;
  s->connections = s->requests = 1000;
  s->light_us = 50;
  s->heavy_us = 10000;
  atomic_init(&s->stopping, false);
}

bool settings_read(struct settings *s, int argc, char **argv, int *status) {
  static const struct option names[] = {
      {"mode", required_argument, NULL, 'm'},
      {"port", required_argument, NULL, 'p'},
      {"loops", required_argument, NULL, 'l'},
      {"backlog", required_argument, NULL, 'b'},
      {"ahead", required_argument, NULL, 'a'},
      {"connections", required_argument, NULL, 'c'},
      {"requests", required_argument, NULL, 'r'},
      {"light", required_argument, NULL, 'u'},
      {"heavy", required_argument, NULL, 'v'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  int option, which = 0;

  set_defaults(s);
  while ((option = getopt_long(argc, argv, "", names, &which)) != -1) {
    if (option == 'h') {
      fputs(help, stdout);
      *status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
      return false;
    }
    if (option == '?') /* getopt_long has said what is wrong */
      return refuse(status, NULL, NULL);
    if (!take(s, option, optarg))
      return refuse(status, names[which].name, optarg);
  }
  if (optind != argc)
    return refuse(status, NULL, NULL);
  if (s->mode == MODE_ONE)
    s->loops = 1;
  if (s->connections < s->loops) {
    fputs("accept_pool: --connections: fewer than loops\n", stderr);
    return refuse(status, NULL, NULL);
  }
  return true;
}
