#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "pages.h"

enum { THUMBNAIL_WIDTH = 128 };

struct page {
  const char *path;
  const char *allow;
  void (*serve)(struct pages *, struct request *);
  enum work_kind kind; /* for the crew */
};

/* Retry-After is a second. It is enough for about six passwords: by then jobs
 * are done; clients need not retry sooner. */
void pages_turn_away(struct pages *pages, struct request *r) {
  pages->ledger.refused++;
  request_refuse(r, 503);
}

/* Room for one more that is answered later? */
static int is_full(const struct pages *pages) {
  return pages->stopping ||
         pages->ledger.open + pages->queue.count >= MOST_UNDER_WAY;
}

static void on_hello(struct pages *pages, struct request *r) {
  (void) pages;
  request_answer(r, 200, "text/plain", "hello\n", 6);
}

static void on_stats(struct pages *pages, struct request *r) {
  const struct ledger *l = &pages->ledger;
  int bytes =
      snprintf(r->text, sizeof(r->text),
               "accepted %zu\nanswered %zu\nabandoned %zu\n"
               "refused %zu\nsending %zu\nopen %zu\nheld %zu\n"
               "waiting %zu\n",
               l->accepted, l->answered, l->abandoned, l->refused, l->sending,
               l->open, pages->hold.bytes, pages->queue.count);
  request_answer(r, 200, "text/plain", r->text, (size_t) bytes);
}

struct check_up {
  struct ticket ticket; /* first: a ticket is its check-up */
  uv_fs_t fs;
  struct pages *pages;
};

static void free_check_up(struct ticket *t) {
  free((struct check_up *) t);
}

static void on_disk(uv_fs_t *fs) {
  struct check_up *c = fs->data;
  const uv_statfs_t *disk = fs->ptr;
  uint64_t bytes = fs->result == 0 ? disk->f_bavail * disk->f_bsize : 0;
  int err = (int) fs->result;
  struct request *r;

  uv_fs_req_cleanup(fs);
  c->pages->checks--;
  r = ticket_redeem(&c->ticket);
  if (r == NULL)
    return; /* nobody waits for this any more, and c is freed */
  if (err < 0) {
    request_refuse(r, 500);
    return;
  }
  int length =
      snprintf(r->text, sizeof(r->text), "%" PRIu64 " bytes free\n", bytes);
  request_answer(r, 200, "text/plain", r->text, (size_t) length);
}

static void on_health(struct pages *pages, struct request *r) {
  struct check_up *c = NULL;

  if (!is_full(pages) && pages->checks < MOST_CHECKS)
    c = malloc(sizeof(*c));
  if (c == NULL) {
    pages_turn_away(pages, r);
    return;
  }
  c->pages = pages;
  c->fs.data = c;
  ticket_take(&c->ticket, &pages->ledger, r, free_check_up);
  if (uv_fs_statfs(pages->crew->loop, &c->fs, "/", on_disk) != 0) {
    ticket_refuse(&c->ticket);
    pages_turn_away(pages, r);
    return;
  }
  pages->checks++;
}

/* Hands r to the crew. After an error r is as it was. */
static int submit(struct pages *pages, struct request *r) {
  enum work_kind kind = r->page->kind;
  unsigned parameter = kind == WORK_THUMBNAIL ? r->width : pages->cost;
  struct work *w = work_new(kind, parameter, &r->body);
  int err;

  if (w == NULL)
    return UV_ENOMEM;
  ticket_take(&w->ticket, &pages->ledger, r, work_free);
  err = pages->crew->kind->submit(pages->crew, w);
  if (err != 0) {
    work_return(w, &r->body);
    ticket_refuse(&w->ticket);
  }
  return err;
}

/* A refusal at once would be no relief: clients that come back at once then
 * take the processor from the crew. */
static void on_work(struct pages *pages, struct request *r) {
  int err = UV_EAGAIN; /* no room */

  if (is_full(pages)) {
    pages_turn_away(pages, r);
    return;
  }
  if (pages->queue.count == 0) /* or it would overtake */
    err = submit(pages, r);
  if (err == UV_EAGAIN && pages->patience > 0)
    err = queue_append(&pages->queue, r);
  if (err != 0)
    pages_turn_away(pages, r);
}

/* Each leaves before it is submitted: it may have its answer, and be gone, when
 * submit returns. */
static void move_up(struct pages *pages) {
  int err = 0;

  while (err != UV_EAGAIN && pages->queue.count > 0) {
    struct request *r = pages->queue.first;
    queue_remove(r);
    err = submit(pages, r);
    if (err == UV_EAGAIN)
      queue_return(&pages->queue, r);
    else if (err != 0)
      pages_turn_away(pages, r);
  }
}

static void send_home(struct pages *pages) {
  struct request *r = pages->queue.first;
  queue_remove(r);
  pages_turn_away(pages, r);
}

/* A worker that takes a job makes room, too, and says nothing. */
void pages_tick(struct pages *pages) {
  move_up(pages);
  while (queue_age(&pages->queue) > pages->patience)
    send_home(pages);
}

void pages_stop(struct pages *pages) {
  pages->stopping = 1;
  while (pages->queue.count > 0)
    send_home(pages);
}

/* Digits and nothing else. 0: that is no width. */
static unsigned read_width(const char *text, size_t bytes) {
  uint64_t n = 0;

  for (size_t i = 0; i < bytes; i++) {
    if (text[i] < '0' || text[i] > '9')
      return 0;
    n = n * 10 + (unsigned) (text[i] - '0');
    if (n > UINT32_MAX)
      return 0;
  }
  return (unsigned) n;
}

/* width=N among the parameters, once at most; others are nobody's. A width that
 * has no value is none. */
static unsigned find_width(const char *query, size_t bytes) {
  static const char name[] = "width";
  const size_t length = sizeof(name) - 1;
  unsigned width = THUMBNAIL_WIDTH;
  int found = 0;

  while (bytes > 0) {
    const char *end = memchr(query, '&', bytes);
    size_t one = end == NULL ? bytes : (size_t) (end - query);
    if (one >= length && memcmp(query, name, length) == 0 &&
        (one == length || query[length] == '=')) {
      if (found++ > 0 || one == length)
        return 0;
      width = read_width(query + length + 1, one - length - 1);
    }
    one += end != NULL;
    query += one;
    bytes -= one;
  }
  return width;
}

void pages_route(struct request *r, const char *target, size_t bytes) {
  static const struct page all[] = {
      {"/", "GET, HEAD", on_hello, WORK_NONE},
      {"/health", "GET, HEAD", on_health, WORK_NONE},
      {"/stats", "GET, HEAD", on_stats, WORK_NONE},
      {"/password", "POST", on_work, WORK_PASSWORD},
      {"/thumbnail", "POST", on_work, WORK_THUMBNAIL}};
  size_t host = head_skip_host(target, bytes);
  const char *query;
  size_t length;

  target += host;
  bytes -= host;
  query = bytes == 0 ? NULL : memchr(target, '?', bytes);
  length = query == NULL ? bytes : (size_t) (query - target);
  r->page = NULL;
  r->width = query == NULL ? THUMBNAIL_WIDTH
                           : find_width(query + 1, bytes - length - 1);
  if (length == 0 && host > 0)
    length = strlen(target = "/");
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (strlen(all[i].path) == length &&
        memcmp(all[i].path, target, length) == 0)
      r->page = &all[i];
}

static int is_allowed(const struct request *r) {
  if (strcmp(r->page->allow, "POST") == 0)
    return r->method == METHOD_POST;
  return r->method == METHOD_GET || r->method == METHOD_HEAD;
}

void pages_head(struct pages *pages, struct request *r) {
  if (r->method == METHOD_UNKNOWN) {
    request_refuse(r, 501);
  } else if (r->page == NULL) {
    request_refuse(r, 404);
  } else if (!is_allowed(r)) {
    r->answer.allow = r->page->allow;
    request_refuse(r, 405);
  } else if (r->announced != UINT64_MAX && r->announced > MOST_BODY) {
    request_refuse(r, 413);
  } else if (r->page->kind == WORK_THUMBNAIL && r->width == 0) {
    request_refuse(r, 400);
  } else if (pages->stopping) {
    pages_turn_away(pages, r);
  }
}

void pages_whole(struct pages *pages, struct request *r) {
  if (pages->stopping)
    pages_turn_away(pages, r);
  else
    r->page->serve(pages, r);
}

/* A result that there is no room for is refused as a request is. */
static void answer(struct work *w) {
  struct request *r = ticket_redeem(&w->ticket);
  const char *type;

  if (r == NULL)
    return; /* its client has gone, and so has w */
  type = w->kind == WORK_THUMBNAIL ? "image/png" : "text/plain";
  body_free(&w->in); /* the result takes the place of what was sent */
  request_discharge(r);
  if (w->wrong != NULL)
    request_answer(r, 400, "text/plain", w->wrong, strlen(w->wrong));
  else if (w->out == NULL || work_keep(w) != 0 ||
           request_charge(r, w->kept.bytes) != 0)
    request_refuse(r, 503);
  else
    request_answer(r, 200, type, w->kept.data, w->kept.bytes);
}

void pages_answer(struct crew *crew, struct work *w) {
  answer(w);
  move_up(crew->data);
}
