/* sharded_kv: a server of keys and values for Redis' clients, with one loop and
 * one share of the keys for each processor.
 *
 * Loops share nothing. What one wants of another's keys it asks for, through a
 * channel of questions, and is told through its own channel of answers.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../option.h"
#include "../standard_files.h"
#include "must.h"
#include "shard.h"

enum { LOOPS_MOST = 64, ROOM_MOST = 1 << 20, PATIENCE_MOST_S = 3600 };
enum { EXIT_USAGE = 2 };

/* Descriptors that are not clients': the process's, each loop's. */
enum { PROCESS_FILES = 32, LOOP_FILES = 16, FILES_MOST = 1 << 20 };

static void usage(FILE *to, int status) {
  fputs(
      "Usage: sharded_kv [-p PORT] [-l LOOPS] [-r ROOM] [-w SECONDS]\n"
      "                  [-t SECONDS]\n"
      "Serves Redis' clients on 127.0.0.1.\n"
      "\n"
      "  -p PORT     where; 0: any port that is free; by default 7379\n"
      "  -l LOOPS    so many; by default one per processor\n"
      "  -r ROOM     of each channel to a loop; by default 1024\n"
      "  -w SECONDS  at a stop, waits so long for clients that neither take\n"
      "              their replies nor hang up; by default 1\n"
      "  -t SECONDS  at a stop, hangs up on everybody after so long; by\n"
      "              default 30\n"
      "  -h          prints this\n",
      to);
  exit(fflush(to) == 0 ? status : EXIT_FAILURE);
}

static uint64_t number_of(int option, uint64_t least, uint64_t most) {
  const char name[] = {(char) option, '\0'};
  const struct given given = {"sharded_kv", "-", name, optarg};
  uint64_t number;

  if (!take_number(&given, least, most, &number))
    usage(stderr, EXIT_USAGE);
  return number;
}

static struct shard_options read_options(int argc, char **argv) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  struct shard_options o = {.loops = 1,
                            .room = 1024,
                            .port = 7379,
                            .patience_ms = 1000,
                            .total_ms = 30000};
  int option;

  if (processors > 1)
    o.loops = processors > LOOPS_MOST ? LOOPS_MOST : (unsigned) processors;
  opterr = 0;
  while ((option = getopt(argc, argv, ":p:l:r:w:t:h")) != -1) {
    if (option == 'p')
      o.port = (int) number_of(option, 0, UINT16_MAX);
    else if (option == 'l')
      o.loops = (unsigned) number_of(option, 1, LOOPS_MOST);
    else if (option == 'r')
      o.room = (size_t) number_of(option, 1, ROOM_MOST);
    else if (option == 'w')
      o.patience_ms = 1000 * number_of(option, 0, PATIENCE_MOST_S);
    else if (option == 't')
      o.total_ms = 1000 * number_of(option, 0, PATIENCE_MOST_S);
    else if (option == 'h')
      usage(stdout, EXIT_SUCCESS);
    else {
      refuse_option("sharded_kv", option, argv);
      usage(stderr, EXIT_USAGE);
    }
  }
  if (optind != argc) {
    refuse_word("sharded_kv", argv[optind]);
    usage(stderr, EXIT_USAGE);
  }
  return o;
}

static size_t clients_of_each(unsigned loops) {
  size_t others = PROCESS_FILES + LOOP_FILES * (size_t) loops;
  struct rlimit files;

  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    must(uv_translate_sys_error(errno), "getrlimit");
  if (files.rlim_cur > FILES_MOST)
    files.rlim_cur = FILES_MOST;
  if (files.rlim_cur < others + loops)
    must(UV_EMFILE, "cannot start");
  return ((size_t) files.rlim_cur - others) / loops;
}

static void run(void *shard) {
  shard_run(shard);
}

int main(int argc, char **argv) {
  struct shard_options o;
  struct shard *shards;
  unsigned i;

  if (open_standard_files() != 0)
    must(uv_translate_sys_error(errno), "/dev/null");
  o = read_options(argc, argv);
  shards = calloc(o.loops, sizeof(*shards));
  if (shards == NULL)
    must(UV_ENOMEM, "cannot start");
  must(store_choose_hash(), "cannot choose a hash");
  o.clients_most = clients_of_each(o.loops);
  signal(SIGPIPE, SIG_IGN); /* else a client that has gone ends the server */
  for (i = 0; i < o.loops; i++)
    shard_open(&shards[i], i, &o);
  for (i = 0; i < o.loops; i++)
    shard_connect(&shards[i], shards);
  for (i = 0; i < o.loops; i++)
    shard_connected(&shards[i]);
  printf("ready at port %d, with %u loops\n", o.port, o.loops);
  fflush(stdout);

  for (i = 1; i < o.loops; i++)
    must(uv_thread_create(&shards[i].thread, run, &shards[i]),
         "uv_thread_create");
  shard_run(&shards[0]);
  for (i = 1; i < o.loops; i++)
    must(uv_thread_join(&shards[i].thread), "uv_thread_join");
  for (i = 0; i < o.loops; i++)
    shard_sum_up(&shards[i]);
  free(shards);
  return flush_standard_output() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
