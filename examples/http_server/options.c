/* options: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../number.h"
#include "limit.h"
#include "options.h"

enum { PORT = 8080, AHEAD = 16, COST = 600000 };
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

/* Returns whether the option's argument is in its range. */
static bool take(struct options *o, int option, const char *text) {
  uint64_t n = 0;
  bool ok;

  switch (option) {
    case 'm':
      o->kind = crew_kind_by_name(text);
      return o->kind != NULL;
    case 'p':
      ok = read_number(text, 0, UINT16_MAX, &n);
      o->port = (int) n;
      return ok;
    case 'w':
      ok = read_number(text, 1, MOST_WORKERS, &n);
      o->workers = (size_t) n;
      return ok;
    case 'a':
      ok = read_number(text, 1, MOST_AHEAD, &n);
      o->ahead = (size_t) n;
      return ok;
    case 't':
      ok = read_number(text, 0, MOST_PATIENCE, &n);
      o->patience = (unsigned) n;
      return ok;
    default:
      ok = read_number(text, 1, MOST_COST, &n);
      o->cost = (unsigned) n;
      return ok;
  }
}

static int refuse(int *status, const char *name, const char *text) {
  if (name != NULL)
    fprintf(stderr, "http_server: --%s: not '%s'\n", name, text);
  fputs("Try 'http_server --help'.\n", stderr);
  *status = 2;
  return 0;
}

int options_read(struct options *o, int argc, char **argv, int *status) {
  static const struct option names[] = {
      {"port", required_argument, NULL, 'p'},
      {"mode", required_argument, NULL, 'm'},
      {"workers", required_argument, NULL, 'w'},
      {"ahead", required_argument, NULL, 'a'},
      {"patience", required_argument, NULL, 't'},
      {"cost", required_argument, NULL, 'c'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  int option, which = 0;

  *o = (struct options){PORT,  &crew_channel, workers_by_default(),
                        AHEAD, COST,          QUEUE_S};
  while ((option = getopt_long(argc, argv, "", names, &which)) != -1) {
    if (option == 'h') {
      fputs(help, stdout);
      *status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
      return 0;
    }
    if (option == '?') /* getopt_long has said what is wrong */
      return refuse(status, NULL, NULL);
    if (!take(o, option, optarg))
      return refuse(status, names[which].name, optarg);
  }
  return optind == argc ? 1 : refuse(status, NULL, NULL);
}
