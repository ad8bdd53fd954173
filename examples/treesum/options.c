/* options: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../option.h"
#include "options.h"

enum { MOST_WORKERS = 1024 };

enum { SORTED = LONG_OPTION, ARRIVAL, PROGRESS, NO_PROGRESS, SUMMARY, HELP };

static const char help[] =
    "Usage: treesum [OPTION]... DIR-OR-FILE...\n"
    "Prints the SHA-256 of every regular file below each directory, as\n"
    "sha256sum would, so that sha256sum -c can check them. Symbolic links are\n"
    "followed where they are named here, and skipped below. A - names the\n"
    "file ./-, not the standard input.\n"
    "\n"
    "  --sorted       print in order of the names, at the end (the default)\n"
    "  --arrival      print each file as soon as it is done\n"
    "  -j N           use N threads, by default one per processor; fewer if\n"
    "                 so many files cannot be open at once (ulimit -n)\n"
    "  --progress     show progress on stderr (the default on a terminal)\n"
    "  --no-progress  do not\n"
    "  --summary      end with a line of totals on stderr\n"
    "  --help         print this\n"
    "\n"
    "Ctrl-C stops; what is done by then is printed.\n"
    "Exit status: 0 all is well, 1 some files failed, 2 it could not run,\n"
    "130 after Ctrl-C.\n";

static size_t processors(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > MOST_WORKERS ? MOST_WORKERS : (size_t) n;
}

static int try_help(void) {
  fputs("Try 'treesum --help'.\n", stderr);
  return EXIT_CANNOT;
}

/* Returns whether the option is all right. */
static bool take(struct options *o, int option, char **argv) {
  const struct given given = {"treesum", "-", "j", optarg};
  uint64_t workers;

  switch (option) {
    case SORTED:
    case ARRIVAL:
      o->sorted = option == SORTED;
      return true;
    case PROGRESS:
    case NO_PROGRESS:
      o->progress = option == PROGRESS;
      return true;
    case SUMMARY:
      o->summary = 1;
      return true;
    case 'j':
      if (!take_number(&given, 1, MOST_WORKERS, &workers))
        return false;
      o->workers = (size_t) workers;
      return true;
    default:
      refuse_option("treesum", option, argv);
      return false;
  }
}

int options_read(struct options *o, int argc, char **argv, int *status) {
  static const struct option known[] = {
      {"sorted", no_argument, NULL, SORTED},
      {"arrival", no_argument, NULL, ARRIVAL},
      {"progress", no_argument, NULL, PROGRESS},
      {"no-progress", no_argument, NULL, NO_PROGRESS},
      {"summary", no_argument, NULL, SUMMARY},
      {"help", no_argument, NULL, HELP},
      {NULL, 0, NULL, 0},
  };
  int option;

  o->sorted = 1;
  o->progress = isatty(STDERR_FILENO);
  o->summary = 0;
  o->workers = processors();
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":hj:", known, NULL)) != -1) {
    if (option == 'h' || option == HELP) {
      *status = fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_CANNOT
                                                               : EXIT_SUCCESS;
      return 0;
    }
    if (!take(o, option, argv)) {
      *status = try_help();
      return 0;
    }
  }
  o->roots = argv + optind;
  if (o->roots[0] != NULL)
    return 1;
  fputs("treesum: which directory?\n", stderr);
  *status = try_help();
  return 0;
}
