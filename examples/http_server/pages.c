#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pages.h"

enum { MOST_BODY = 8 << 20, THUMBNAIL_WIDTH = 128 };

struct page {
  h2o_handler_t super;
  struct pages *pages;
};

static struct pages *pages_of(h2o_handler_t *handler) {
  return ((struct page *) handler)->pages;
}

/* body has to last as long as the request. */
static void answer(h2o_req_t *req, const char *type, const void *body,
                   size_t bytes) {
  static h2o_generator_t generator = {NULL, NULL};
  h2o_iovec_t all = h2o_iovec_init(body, bytes);

  req->res.status = 200;
  req->res.reason = "OK";
  req->res.content_length = bytes;
  h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                 type, strlen(type));
  h2o_start_response(req, &generator);
  h2o_send(req, &all, 1, H2O_SEND_STATE_FINAL);
}

/* A second is about what ten passwords take: somebody will have gone by then,
 * and the client need not hammer. */
static void answer_later(h2o_req_t *req) {
  h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_RETRY_AFTER, NULL,
                 H2O_STRLIT("1"));
  h2o_send_error_503(req, "Service Unavailable", "busy: come back\n",
                     H2O_SEND_ERROR_KEEP_HEADERS);
}

static int is_method(const h2o_req_t *req, const char *method) {
  return h2o_memis(req->method.base, req->method.len, method, strlen(method));
}

/* What needs the crew. */
static int hand_over(h2o_handler_t *handler, h2o_req_t *req,
                     enum work_kind kind, unsigned parameter) {
  struct pages *pages = pages_of(handler);
  struct work *w;
  int err;

  if (!is_method(req, "POST"))
    return -1;
  w = work_new(kind, parameter, req->entity.base, req->entity.len);
  if (w == NULL) {
    answer_later(req);
    return 0;
  }
  ticket_take(&w->ticket, &pages->ledger, req, work_free);
  err = pages->crew->kind->submit(pages->crew, w);
  if (err != 0) { /* UV_EAGAIN: no room; or no memory */
    ticket_refuse(&w->ticket);
    answer_later(req);
  }
  return 0;
}

static int on_hello(h2o_handler_t *handler, h2o_req_t *req) {
  (void) handler;
  if (req->path_normalized.len != 1 || !is_method(req, "GET"))
    return -1; /* h2o answers 404 */
  answer(req, "text/plain", H2O_STRLIT("hello\n"));
  return 0;
}

static int on_stats(h2o_handler_t *handler, h2o_req_t *req) {
  const struct ledger *l = &pages_of(handler)->ledger;
  char text[256];
  int bytes =
      snprintf(text, sizeof(text),
               "accepted %zu\nanswered %zu\nabandoned %zu\n"
               "refused %zu\nopen %zu\n",
               l->accepted, l->answered, l->abandoned, l->refused, l->open);
  h2o_iovec_t copy = h2o_strdup(&req->pool, text, (size_t) bytes);

  answer(req, "text/plain", copy.base, copy.len);
  return 0;
}

struct check_up {
  struct ticket ticket;
  uv_fs_t fs;
};

static void free_check_up(struct ticket *t) {
  free(H2O_STRUCT_FROM_MEMBER(struct check_up, ticket, t));
}

static void on_disk(uv_fs_t *fs) {
  struct check_up *c = H2O_STRUCT_FROM_MEMBER(struct check_up, fs, fs);
  const uv_statfs_t *disk = fs->ptr;
  uint64_t bytes = fs->result == 0 ? disk->f_bavail * disk->f_bsize : 0;
  h2o_req_t *req;

  uv_fs_req_cleanup(fs);
  req = ticket_redeem(&c->ticket);
  if (req == NULL)
    return; /* nobody waits for this any more, and c is freed */
  char *text = h2o_mem_alloc_pool(&req->pool, 64);
  answer(req, "text/plain", text,
         (size_t) snprintf(text, 64, "%" PRIu64 " bytes free\n", bytes));
}

static int on_health(h2o_handler_t *handler, h2o_req_t *req) {
  struct pages *pages = pages_of(handler);
  struct check_up *c = h2o_mem_alloc(sizeof(*c));
  int err;

  ticket_take(&c->ticket, &pages->ledger, req, free_check_up);
  err = uv_fs_statfs(pages->crew->loop, &c->fs, "/", on_disk);
  if (err != 0) {
    ticket_refuse(&c->ticket);
    answer_later(req);
  }
  return 0;
}

static int on_password(h2o_handler_t *handler, h2o_req_t *req) {
  return hand_over(handler, req, WORK_PASSWORD, pages_of(handler)->cost);
}

/* ?width=N; the picture says whether N will do. */
static int on_thumbnail(h2o_handler_t *handler, h2o_req_t *req) {
  unsigned width = THUMBNAIL_WIDTH;
  char query[32] = "";

  if (req->query_at != SIZE_MAX)
    snprintf(query, sizeof(query), "%.*s",
             (int) (req->path.len - req->query_at),
             req->path.base + req->query_at);
  if (query[0] != '\0' && sscanf(query, "?width=%u", &width) != 1)
    width = 0;
  return hand_over(handler, req, WORK_THUMBNAIL, width);
}

void pages_answer(struct work *w) {
  h2o_req_t *req = ticket_redeem(&w->ticket);

  if (req == NULL)
    return; /* its client has gone; w is freed */
  if (w->wrong != NULL)
    h2o_send_error_400(req, "Bad Request", w->wrong, 0);
  else
    answer(req, w->kind == WORK_THUMBNAIL ? "image/png" : "text/plain", w->out,
           w->out_bytes);
}

void pages_register(struct pages *pages, h2o_globalconf_t *config) {
  static const struct {
    const char *path;
    int (*on_req)(h2o_handler_t *, h2o_req_t *);
  } all[] = {{"/health", on_health},
             {"/stats", on_stats},
             {"/password", on_password},
             {"/thumbnail", on_thumbnail},
             {"/", on_hello}}; /* the last: a path is a prefix */
  h2o_hostconf_t *host = h2o_config_register_host(
      config, h2o_iovec_init(H2O_STRLIT("default")), 65535);

  config->max_request_entity_size = MOST_BODY;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    h2o_pathconf_t *path = h2o_config_register_path(host, all[i].path, 0);
    struct page *page = (struct page *) h2o_create_handler(path, sizeof(*page));
    page->super.on_req = all[i].on_req;
    page->pages = pages;
  }
}
