/* options: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../number.h"
#include "name.h"
#include "options.h"

enum { MOST_WORKERS = 1024 };

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

/* Returns 0 for what is not a number of workers. */
static size_t read_workers(const char *text) {
  uint64_t n;
  return read_number(text, 1, MOST_WORKERS, &n) ? (size_t) n : 0;
}

static int complain(const char *what) {
  fprintf(stderr, "treesum: %s\nTry 'treesum --help'.\n", what);
  return EXIT_CANNOT;
}

/* Not getopt_long's own message: that has the word as it is, whatever a
 * terminal takes it for. optopt: a short option's, or the val of a long one
 * that was given an argument, or 0. */
static int complain_of_option(char **argv) {
  const char letter[] = {'-', (char) optopt, '\0'};
  int is_long = optopt == 0 || optopt == 1 || optopt == 'h';

  fputs("treesum: not an option: ", stderr);
  name_put_quoted(stderr, is_long ? argv[optind - 1] : letter);
  fputs("\nTry 'treesum --help'.\n", stderr);
  return EXIT_CANNOT;
}

int options_read(struct options *o, int argc, char **argv, int *status) {
  const struct option known[] = {
      {"sorted", no_argument, &o->sorted, 1},
      {"arrival", no_argument, &o->sorted, 0},
      {"progress", no_argument, &o->progress, 1},
      {"no-progress", no_argument, &o->progress, 0},
      {"summary", no_argument, &o->summary, 1},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  int option;

  o->sorted = 1;
  o->progress = isatty(STDERR_FILENO);
  o->summary = 0;
  o->workers = processors();
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":hj:", known, NULL)) != -1) {
    if (option == 'h') {
      *status = fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_CANNOT
                                                               : EXIT_SUCCESS;
      return 0;
    }
    if (option == 'j' || option == ':')
      o->workers = option == 'j' ? read_workers(optarg) : 0;
    if (option == '?') {
      *status = complain_of_option(argv);
      return 0;
    }
  }
  o->roots = argv + optind;
  if (o->workers == 0)
    *status = complain("-j takes a number from 1 to 1024");
  else if (o->roots[0] == NULL)
    *status = complain("which directory?");
  else
    return 1;
  return 0;
}
