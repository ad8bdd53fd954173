/* request: one, from its head to the last byte of its answer. Neither which
 * version of HTTP it came by nor what it asks for is known here.
 *
 *   protocol --> request_method, pages_route --> pages_head
 *            --> request_append ...          --> pages_whole
 *   pages, at once or later: request_answer  --> respond, the protocol's
 *   protocol --> request_end: its answer is delivered, or never will be
 *
 * Once answered it is not to be asked for its body any more.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdint.h>

#include "body.h"
#include "limit.h"
#include "queue.h"

enum method {
  METHOD_GET,
  METHOD_HEAD,
  METHOD_POST,
  METHOD_OTHER,  /* one of HTTP's */
  METHOD_UNKNOWN /* of nobody's */
};

struct answer {
  int status; /* 0: none yet */
  const char *type;
  const char *allow; /* NULL: no such field */
  const unsigned char *content;
  size_t bytes;
};

struct request {
  struct connection *connection;
  void (*respond)(struct request *); /* the protocol's: send r->answer */
  size_t *held;                      /* by all on its connection */
  const struct page *page;           /* NULL: there is none */
  enum method method;
  unsigned width;     /* of a thumbnail; 0: not a number */
  uint64_t announced; /* bytes of body; UINT64_MAX: it does not tell */
  struct body body;
  size_t charged; /* of *held, for this one */
  unsigned began; /* ticks: its head, or its answer */
  unsigned moved; /* when it last got on */
  const unsigned *now;
  struct answer answer;
  struct ticket *ticket; /* waits for it, or holds its answer; or NULL */
  struct queue *queue;   /* in which it waits; or NULL */
  struct request *next, *previous; /* there */
  char text[256];                  /* for short answers */
};

void request_begin(struct request *r, struct connection *c,
                   void (*respond)(struct request *));

void request_method(struct request *r, const char *name, size_t bytes);

/* Returns 0, or the status to refuse it with. */
int request_append(struct request *r, const void *data, size_t bytes);

/* Charges its connection. Returns 0 or UV_ENOBUFS. */
int request_charge(struct request *r, size_t bytes);

/* What it was charged for is given back already. */
void request_discharge(struct request *r);

/* content has to last as long as the request: see ticket. */
void request_answer(struct request *r, int status, const char *type,
                    const void *content, size_t bytes);

/* Answers with a line that says the status. */
void request_refuse(struct request *r, int status);

/* Gives back what it has. delivered: the system took the last byte of its
 * answer. */
void request_end(struct request *r, int delivered);

/* How many bytes follow the head of the answer. */
size_t request_content(const struct request *r);

#endif
