/* fuzz: random sequences of calls, checked against a model. See README.md.
 *
 * Runs lie in child processes, so that this one survives what they do: it
 * notices a crash and a hang, shrinks the sequence, and prints it.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/memory.h"

#define BATCH 64          /* runs of a child */
#define HANG_SECONDS 30   /* no run takes a tenth of that */
#define STARVED_MOST 10   /* times that, while it has no processor */
#define SHRINK_SECONDS 3  /* the same, when it is known that a run fails */
#define LINES_OF_CROWD 40 /* of each actor */

typedef struct {
  op_t ops[OPS_MOST];
  size_t count;
} sequence_t;

static struct {
  bool single, crowd;
  uint64_t seed, count; /* count 0: no end */
  time_t seconds;       /* 0: no end */
  const char *file;     /* "-": standard input */
} options = {true, true, 0, 0, 0, NULL};

static void make_sequence(uint64_t seed, sequence_t *sequence) {
  size_t i;

  sequence->count = 20 + draw_below(&seed, OPS_MOST / 2);
  for (i = 0; i < sequence->count; i++) {
    uint64_t bits = draw(&seed);
    memcpy(&sequence->ops[i], &bits, sizeof *sequence->ops);
  }
}

static void run_seed(uint64_t seed, bool single) {
  static sequence_t sequence;

  trace_clear();
  trace_set_run(seed);
  if (single) {
    make_sequence(seed, &sequence);
    single_run(sequence.ops, sequence.count);
  } else {
    crowd_run(seed);
  }
}

static void on_alarm(int signal) {
  (void) signal;
}

/* Whether a thread of the child wants the processor: on a machine that has much
 * else to do it may get none for long, and nothing hangs. */
static bool is_runnable(pid_t child) {
  bool runnable = false;
  char name[64], state;
  DIR *threads;
  struct dirent *at;

  snprintf(name, sizeof name, "/proc/%d/task", (int) child);
  threads = opendir(name);
  while (threads != NULL && !runnable && (at = readdir(threads)) != NULL) {
    FILE *file;
    snprintf(name, sizeof name, "/proc/%d/task/%.20s/stat", (int) child,
             at->d_name);
    file = fopen(name, "r");
    if (file == NULL)
      continue;
    runnable = fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state == 'R';
    fclose(file);
  }
  if (threads != NULL)
    closedir(threads);
  return runnable;
}

/* Waits for a child; false: it crashed, or made no progress for that long. */
static bool wait_for(pid_t child, unsigned seconds, const char **how) {
  struct sigaction action;
  uint64_t seen = trace_run();
  int status, patience = STARVED_MOST;

  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm; /* no SA_RESTART: it interrupts waitpid */
  sigaction(SIGALRM, &action, NULL);
  alarm(seconds);
  while (waitpid(child, &status, 0) < 0) {
    if (trace_run() != seen)
      patience = STARVED_MOST;
    else if (patience-- == 0 || !is_runnable(child)) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      *how = "it hangs";
      return false;
    }
    seen = trace_run();
    alarm(seconds);
  }
  alarm(0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return true;
  *how = WIFEXITED(status) ? "a sanitizer, or a leak, ended it" : "it crashed";
  return false;
}

static pid_t fork_child(bool quiet) {
  pid_t child;

  fflush(NULL);
  child = fork();
  if (child < 0) {
    perror("fuzz: fork");
    exit(2);
  }
  if (child == 0 && quiet) {
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDERR_FILENO);
  }
  return child;
}

/* Whether the sequence fails, in a child of its own. */
static bool fails(const sequence_t *sequence, const char **how) {
  pid_t child;

  trace_clear();
  trace_set_run(trace_run() + 1);
  child = fork_child(true);
  if (child == 0) {
    single_run(sequence->ops, sequence->count);
    exit(0);
  }
  return !wait_for(child, SHRINK_SECONDS, how);
}

static void leave_out(sequence_t *sequence, size_t at, size_t count) {
  sequence->count -= count;
  memmove(sequence->ops + at, sequence->ops + at + count,
          (sequence->count - at) * sizeof *sequence->ops);
}

/* Leaves out all that the failure does not need: halves, quarters, ..., single
 * operations, until none can go. */
static void shrink(sequence_t *sequence) {
  size_t chunk = sequence->count / 2;
  const char *how;

  while (chunk > 0) {
    size_t at = 0, before = sequence->count;
    while (at + chunk <= sequence->count) {
      sequence_t shorter = *sequence;
      leave_out(&shorter, at, chunk);
      if (fails(&shorter, &how))
        *sequence = shorter;
      else
        at += chunk;
    }
    if (chunk > 1 || sequence->count == before)
      chunk /= 2;
  }
}

static void save(const sequence_t *sequence, uint64_t seed) {
  char name[64];
  FILE *file;

  snprintf(name, sizeof name, "fuzz-%llu.ops", (unsigned long long) seed);
  file = fopen(name, "wb");
  if (file == NULL || fwrite(sequence->ops, sizeof *sequence->ops,
                             sequence->count, file) != sequence->count)
    perror(name);
  else
    printf("again: fuzz %s\n", name);
  if (file != NULL)
    fclose(file);
}

static void print_failure(const char *how, size_t lines) {
  printf("failed: %s%s%s\n", how, trace_why()[0] != '\0' ? ": " : "",
         trace_why());
  trace_print(stdout, lines);
}

static void report_single(sequence_t *sequence, uint64_t seed,
                          const char *how) {
  printf("shrinking %zu operations\n", sequence->count);
  fflush(stdout);
  if (!fails(sequence, &how)) {
    /* It needs what the batch did before: a child of its own passes. */
    printf("alone it passes\n");
    return;
  }
  shrink(sequence);
  if (fails(sequence, &how))
    print_failure(how, OPS_MOST);
  save(sequence, seed);
}

static int report(bool single, const char *how) {
  static sequence_t sequence;
  uint64_t seed = trace_run();

  print_failure(how, LINES_OF_CROWD);
  printf("again: fuzz --%s --seed %llu --count 1\n",
         single ? "single" : "crowd", (unsigned long long) seed);
  if (single) {
    make_sequence(seed, &sequence);
    report_single(&sequence, seed, how);
  }
  return 1;
}

/* Seeds from first on, in a child. */
static int run_batch(uint64_t first, uint64_t count, bool single) {
  const char *how = NULL;
  pid_t child = fork_child(false);
  uint64_t i;

  if (child == 0) {
    for (i = 0; i < count; i++)
      run_seed(first + i, single);
    exit(0);
  }
  return wait_for(child, HANG_SECONDS, &how) ? 0 : report(single, how);
}

static int run_seeds(void) {
  time_t end = options.seconds > 0 ? time(NULL) + options.seconds : 0;
  uint64_t done = 0, count;

  printf("fuzz: --seed %llu\n", (unsigned long long) options.seed);
  while ((options.count == 0 || done < options.count) &&
         (end == 0 || time(NULL) < end)) {
    count = BATCH;
    if (options.count > 0 && options.count - done < count)
      count = options.count - done;
    if (options.single && run_batch(options.seed + done, count, true) != 0)
      return 1;
    if (options.crowd && run_batch(options.seed + done, count, false) != 0)
      return 1;
    done += count;
  }
  printf("fuzz: %llu seeds passed\n", (unsigned long long) done);
  return 0;
}

static void read_sequence(const uint8_t *data, size_t size,
                          sequence_t *sequence) {
  sequence->count = size / sizeof *sequence->ops;
  if (sequence->count > OPS_MOST)
    sequence->count = OPS_MOST;
  memcpy(sequence->ops, data, sequence->count * sizeof *sequence->ops);
}

/* A file of operations, as it was saved, or as AFL++ makes them. */
static int run_file(void) {
  static uint8_t data[sizeof(op_t) * OPS_MOST];
  static sequence_t sequence;
  FILE *file = stdin;

  if (strcmp(options.file, "-") != 0)
    file = fopen(options.file, "rb");
  if (file == NULL) {
    perror(options.file);
    return 2;
  }
  read_sequence(data, fread(data, 1, sizeof data, file), &sequence);
  trace_print_at_failure();
  single_run(sequence.ops, sequence.count);
  return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void) argc;
  (void) argv;
  trace_map();
  trace_print_at_failure();
  memory_watch();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sequence_t sequence;

  trace_clear();
  read_sequence(data, size, &sequence);
  single_run(sequence.ops, sequence.count);
  return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER

static int usage(void) {
  fprintf(stderr,
          "usage: fuzz [--single | --crowd] [--seed N] [--count N] "
          "[--seconds N]\n       fuzz FILE, or - for standard input\n");
  return 2;
}

static bool parse(int argc, char **argv) {
  int i;

  for (i = 1; i < argc; i++) {
    const char *name = argv[i];
    uint64_t value = 0;
    if (strcmp(name, "--single") == 0) {
      options.crowd = false;
      continue;
    }
    if (strcmp(name, "--crowd") == 0) {
      options.single = false;
      continue;
    }
    if (strncmp(name, "--", 2) != 0) {
      options.file = name;
      continue;
    }
    if (++i == argc)
      return false;
    value = strtoull(argv[i], NULL, 10);
    if (strcmp(name, "--seed") == 0)
      options.seed = value;
    else if (strcmp(name, "--count") == 0)
      options.count = value;
    else if (strcmp(name, "--seconds") == 0)
      options.seconds = (time_t) value;
    else
      return false;
  }
  return options.single || options.crowd;
}

int main(int argc, char **argv) {
  options.seed = (uint64_t) time(NULL) * 1000;
  if (!parse(argc, argv))
    return usage();
  trace_map();
  memory_watch();
  return options.file != NULL ? run_file() : run_seeds();
}

#endif
