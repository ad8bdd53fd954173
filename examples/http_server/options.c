/* options: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../option.h"
#include "limit.h"
#include "options.h"

enum { PORT = LONG_OPTION, MODE, WORKERS, AHEAD, PATIENCE, COST, HELP };

/* By default. */
enum { THE_PORT = 8080, THE_AHEAD = 16, THE_COST = 600000 };
enum { MOST_WORKERS = 1024, MOST_AHEAD = 1 << 20, MOST_COST = 1 << 30 };
enum { MOST_PATIENCE = 3600 };

static const char help[] =
    "Usage: http_server [OPTION]...\n"
    "Serves HTTP/1.1 and HTTP/2 (without TLS, by prior knowledge or upgrade)\n"
    "on 127.0.0.1: GET / and /health and /stats, POST /password and\n"
    "/thumbnail?width=N.\n"
    "\n"
    "  --port N     listen there (8080); 0: on any, which is then printed\n"
    "  --mode MODE  who does the work: channel (the default), on-loop or\n"
    "               queue-work\n"
    "  --workers N  threads for it; by default one for each processor but one\n"
    "  --ahead N    how many requests may wait for a thread (16); others wait\n"
    "               in a queue for room there (mode channel)\n"
    "  --patience N seconds in the queue until they get 503 (1); 0: at once\n"
    "  --cost N     rounds of a password's hash (600000)\n"
    "  --help       print this\n"
    "\n"
    "SIGTERM and Ctrl-C: what was accepted is answered, then it ends, after\n"
    "half a minute at most. A second one kills.\n";

static size_t workers_by_default(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 2 ? 1 : n > MOST_WORKERS ? MOST_WORKERS : (size_t) n - 1;
}

/* Returns false when it has said what is wrong. */
static bool take(struct options *o, int option, const struct given *given) {
  uint64_t n = 0;
  bool ok;

  switch (option) {
    case MODE:
      o->kind = crew_kind_by_name(given->value);
      return o->kind != NULL ||
             refuse_value(given, "channel, on-loop or queue-work");
    case PORT:
      ok = take_number(given, 0, UINT16_MAX, &n);
      o->port = (int) n;
      return ok;
    case WORKERS:
      ok = take_number(given, 1, MOST_WORKERS, &n);
      o->workers = (size_t) n;
      return ok;
    case AHEAD:
      ok = take_number(given, 1, MOST_AHEAD, &n);
      o->ahead = (size_t) n;
      return ok;
    case PATIENCE:
      ok = take_number(given, 0, MOST_PATIENCE, &n);
      o->patience = (unsigned) n;
      return ok;
    default:
      ok = take_number(given, 1, MOST_COST, &n);
      o->cost = (unsigned) n;
      return ok;
  }
}

static int try_help(int *status) {
  fputs("Try 'http_server --help'.\n", stderr);
  *status = 2;
  return 0;
}

int options_read(struct options *o, int argc, char **argv, int *status) {
  static const struct option names[] = {
      {"port", required_argument, NULL, PORT},
      {"mode", required_argument, NULL, MODE},
      {"workers", required_argument, NULL, WORKERS},
      {"ahead", required_argument, NULL, AHEAD},
      {"patience", required_argument, NULL, PATIENCE},
      {"cost", required_argument, NULL, COST},
      {"help", no_argument, NULL, HELP},
      {NULL, 0, NULL, 0}};
  int option, which = 0;

  *o = (struct options){THE_PORT,  &crew_channel, workers_by_default(),
                        THE_AHEAD, THE_COST,      QUEUE_S};
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":", names, &which)) != -1) {
    if (option == HELP) {
      fputs(help, stdout);
      *status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
      return 0;
    }
    if (option == '?' || option == ':') {
      refuse_option("http_server", option, argv);
      return try_help(status);
    }
    const struct given given = {"http_server", "--", names[which].name, optarg};
    if (!take(o, option, &given))
      return try_help(status);
  }
  if (optind == argc)
    return 1;
  refuse_word("http_server", argv[optind]);
  return try_help(status);
}
