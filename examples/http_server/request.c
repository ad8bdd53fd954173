#include <stdio.h>
#include <string.h>

#include "connections.h"
#include "status.h"

void request_begin(struct request *r, struct connection *c,
                   void (*respond)(struct request *)) {
  *r = (struct request){.connection = c,
                        .respond = respond,
                        .held = &c->held,
                        .method = METHOD_UNKNOWN,
                        .announced = UINT64_MAX,
                        .body = {.hold = &c->all->pages->hold},
                        .began = c->all->ticks,
                        .moved = c->all->ticks,
                        .now = &c->all->ticks};
}

void request_method(struct request *r, const char *name, size_t bytes) {
  static const struct {
    const char *name;
    enum method method;
  } all[] = {{"GET", METHOD_GET},       {"HEAD", METHOD_HEAD},
             {"POST", METHOD_POST},     {"PUT", METHOD_OTHER},
             {"DELETE", METHOD_OTHER},  {"CONNECT", METHOD_OTHER},
             {"OPTIONS", METHOD_OTHER}, {"TRACE", METHOD_OTHER},
             {"PATCH", METHOD_OTHER}};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (strlen(all[i].name) == bytes && memcmp(all[i].name, name, bytes) == 0)
      r->method = all[i].method;
}

int request_charge(struct request *r, size_t bytes) {
  if (bytes > MOST_HELD_EACH - *r->held)
    return UV_ENOBUFS;
  *r->held += bytes;
  r->charged += bytes;
  return 0;
}

void request_discharge(struct request *r) {
  *r->held -= r->charged;
  r->charged = 0;
}

int request_append(struct request *r, const void *data, size_t bytes) {
  size_t room = r->body.room;

  r->moved = *r->now;
  if (bytes > MOST_BODY - r->body.bytes)
    return 413;
  if (body_room(&r->body, bytes) - room > MOST_HELD_EACH - *r->held)
    return 503;
  if (body_append(&r->body, data, bytes) != 0)
    return 503;
  return request_charge(r, r->body.room - room) == 0 ? 0 : 503;
}

void request_answer(struct request *r, int status, const char *type,
                    const void *content, size_t bytes) {
  r->answer.status = status;
  r->answer.type = type;
  r->answer.content = content;
  r->answer.bytes = bytes;
  r->began = r->moved = *r->now;
  r->respond(r);
}

void request_refuse(struct request *r, int status) {
  int bytes = snprintf(r->text, sizeof(r->text), "%d %s\n", status,
                       status_reason(status));
  request_answer(r, status, "text/plain", r->text, (size_t) bytes);
}

void request_end(struct request *r, int delivered) {
  if (r->queue != NULL)
    queue_remove(r);
  body_free(&r->body);
  request_discharge(r);
  if (r->ticket != NULL)
    ticket_end(r->ticket, delivered);
  r->ticket = NULL;
}

size_t request_content(const struct request *r) {
  return r->method == METHOD_HEAD ? 0 : r->answer.bytes;
}
