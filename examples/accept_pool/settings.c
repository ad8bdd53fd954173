#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../option.h"
#include "settings.h"

enum {
  MODE = LONG_OPTION,
  PORT,
  LOOPS,
  BACKLOG,
  AHEAD,
  CONNECTIONS,
  REQUESTS,
  LIGHT,
  HEAVY,
  HELP
};

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

static bool read_mode(const struct given *given, enum mode *mode) {
  for (unsigned i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++)
    if (strcmp(given->value, mode_names[i]) == 0) {
      *mode = (enum mode) i;
      return true;
    }
  return refuse_value(given, "pool, reuseport, shared or one");
}

/* Returns false when it has said what is wrong. */
static bool take(struct settings *s, int option, const struct given *given) {
  uint64_t n = 0;
  bool ok;

  switch (option) {
    case MODE:
      return read_mode(given, &s->mode);
    case PORT:
      ok = take_number(given, 0, UINT16_MAX, &n);
      s->port = (int) n;
      return ok;
    case LOOPS:
      ok = take_number(given, 1, MOST_LOOPS, &n);
      s->loops = (unsigned) n;
      return ok;
    case BACKLOG:
      ok = take_number(given, 1, MOST_BACKLOG, &n);
      s->backlog = (int) n;
      return ok;
    case AHEAD:
      ok = take_number(given, 0, MOST_AHEAD, &n);
      s->ahead = (size_t) n;
      return ok;
    case CONNECTIONS:
      ok = take_number(given, 1, MOST_OPEN, &n);
      s->connections = (size_t) n;
      return ok;
    case REQUESTS:
      ok = take_number(given, 1, MOST_REQUESTS, &n);
      s->requests = (size_t) n;
      return ok;
    default:
      ok = take_number(given, 0, MOST_US, &n);
      *(option == LIGHT ? &s->light_us : &s->heavy_us) = (unsigned) n;
      return ok;
  }
}

static bool try_help(int *status) {
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
      {"mode", required_argument, NULL, MODE},
      {"port", required_argument, NULL, PORT},
      {"loops", required_argument, NULL, LOOPS},
      {"backlog", required_argument, NULL, BACKLOG},
      {"ahead", required_argument, NULL, AHEAD},
      {"connections", required_argument, NULL, CONNECTIONS},
      {"requests", required_argument, NULL, REQUESTS},
      {"light", required_argument, NULL, LIGHT},
      {"heavy", required_argument, NULL, HEAVY},
      {"help", no_argument, NULL, HELP},
      {NULL, 0, NULL, 0}};
  int option, which = 0;

  set_defaults(s);
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":", names, &which)) != -1) {
    if (option == HELP) {
      fputs(help, stdout);
      *status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
      return false;
    }
    if (option == '?' || option == ':') {
      refuse_option("accept_pool", option, argv);
      return try_help(status);
    }
    const struct given given = {"accept_pool", "--", names[which].name, optarg};
    if (!take(s, option, &given))
      return try_help(status);
  }
  if (optind != argc) {
    refuse_word("accept_pool", argv[optind]);
    return try_help(status);
  }
  if (s->mode == MODE_ONE)
    s->loops = 1;
  if (s->connections < s->loops) {
    fprintf(stderr,
            "accept_pool: --connections: not '%zu', but as many as "
            "loops (%u) or more\n",
            s->connections, s->loops);
    return try_help(status);
  }
  return true;
}
