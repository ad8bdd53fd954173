/* walker: a thread that finds the files, and waits when it is far ahead.
 *
 * Knows:   directories. Not what files contain, nor who reads them.
 * Threads: walker_start on the loop's thread, all else on the walker's own.
 * Ends:    when all is found; when a report or a job is refused, or would be
 *          (UV_EPIPE); or when it gets no descriptor.
 *
 * Its list of directories to visit is a channel to itself, so what is on it
 * when the walk is cut short goes to job_drop.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "walker.h"

struct walk {
  struct walker *walker;
  loopchan_receiver_t todo;
  loopchan_sender_t *later;
};

/* Takes path over. */
static int fail(struct walk *k, char *path, int why) {
  struct report r = {.kind = REPORT_FAILED, .err = why, .path = path};
  int err = reports_send(k->walker->reports, &r);
  if (err != 0)
    free(path);
  return err;
}

/* Takes path over. */
static int give_out(struct walk *k, char *path, uint64_t bytes, int follow) {
  struct report found = {.kind = REPORT_FOUND, .bytes = bytes};
  struct job job = {path, follow};
  int err = reports_send(k->walker->reports, &found);
  if (err == 0)
    err = jobs_send(k->walker->jobs, &job);
  if (err != 0)
    free(path);
  return err;
}

/* A directory makes no report that could be refused, so it has to ask. */
static int still_wanted(const struct walk *k) {
  return loopchan_is_closed(k->walker->reports) ? UV_EPIPE : 0;
}

/* Takes path over. */
static int put_off(struct walk *k, char *path, int follow) {
  struct job directory = {path, follow};
  int err = still_wanted(k);
  if (err == 0)
    err = jobs_send(k->later, &directory);
  if (err != 0)
    free(path);
  return err;
}

/* Takes path over. */
static int visit(struct walk *k, char *path) {
  struct report link = {.kind = REPORT_LINK};
  struct stat st;
  if (lstat(path, &st) != 0)
    return fail(k, path, uv_translate_sys_error(errno));
  switch (st.st_mode & S_IFMT) {
    case S_IFREG:
      return give_out(k, path, (uint64_t) st.st_size, 0);
    case S_IFDIR:
      return put_off(k, path, 0);
    case S_IFLNK:
      free(path);
      return reports_send(k->walker->reports, &link);
    default:
      return fail(k, path, UV_EFTYPE);
  }
}

/* NULL: out of memory. */
static char *join(const char *directory, const char *name) {
  size_t length = strlen(directory);
  size_t size = length + strlen(name) + 2;
  const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
  char *path = malloc(size);
  if (path != NULL)
    snprintf(path, size, "%s%s%s", directory, slash, name);
  return path;
}

/* Not opendir: what was a directory may be a symbolic link by now. */
static DIR *open_directory(const char *path, int follow) {
  DIR *directory;
  int err;
  int fd = open(path,
                O_RDONLY | (follow ? 0 : O_NOFOLLOW) | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  directory = fdopendir(fd);
  if (directory == NULL) {
    err = errno;
    close(fd);
    errno = err;
  }
  return directory;
}

/* Takes path over. What is no directory any more is visited as what it is. */
static int not_opened(struct walk *k, char *path, int follow, int why) {
  struct stat st;
  if (no_descriptors(why)) {
    free(path);
    return why;
  }
  if (!follow && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
    return visit(k, path);
  return fail(k, path, why);
}

/* Takes path over: it is reported if the directory cannot be read. */
static int list(struct walk *k, char *path, int follow) {
  int err = still_wanted(k);
  struct dirent *entry;
  DIR *directory = open_directory(path, follow);
  if (directory == NULL)
    return not_opened(k, path, follow, uv_translate_sys_error(errno));

  while (errno = 0, err == 0 && (entry = readdir(directory)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    char *child = join(path, entry->d_name);
    err = child == NULL ? UV_ENOMEM : visit(k, child);
  }
  int unread = errno;
  closedir(directory);
  if (err == 0 && unread != 0)
    return fail(k, path, uv_translate_sys_error(unread));
  free(path);
  return err;
}

/* A root may be a symbolic link: the user named it, and means what it leads to,
 * as sha256sum takes it. A - on a line would be sha256sum's standard input. */
static int visit_root(struct walk *k, const char *root) {
  struct stat st;
  char *path = strdup(strcmp(root, "-") == 0 ? "./-" : root);
  if (path == NULL)
    return UV_ENOMEM;
  if (stat(path, &st) != 0)
    return fail(k, path, uv_translate_sys_error(errno));
  if (S_ISDIR(st.st_mode))
    return put_off(k, path, 1);
  if (S_ISREG(st.st_mode))
    return give_out(k, path, (uint64_t) st.st_size, 1);
  return fail(k, path, UV_EFTYPE);
}

static void run(void *arg) {
  struct walker *w = arg;
  struct walk k = {.walker = w};
  loopchan_options_t options = {.drop = job_drop};
  struct report walked = {.kind = REPORT_WALKED};
  struct job directory;
  int err = jobs_open(NULL, &k.todo, &k.later, &options);

  if (err == 0) {
    for (char *const *root = w->roots; err == 0 && *root != NULL; root++)
      err = visit_root(&k, *root);
    while (err == 0 && (err = jobs_try_recv(&k.todo, &directory)) == 0)
      err = list(&k, directory.path, directory.follow);
    if (err == UV_EAGAIN)
      err = reports_send(w->reports, &walked);
    loopchan_sender_drop(k.later);
    loopchan_close(&k.todo, NULL);
  }
  if (err != UV_EPIPE)
    w->err = err;
  walker_let_go(w);
}

void walker_let_go(struct walker *w) {
  loopchan_sender_drop(w->jobs);
  loopchan_sender_drop(w->reports);
}

int walker_start(struct walker *w) {
  w->err = 0;
  return uv_thread_create(&w->thread, run, w);
}
