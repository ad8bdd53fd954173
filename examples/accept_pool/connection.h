/* connection: one client of HTTP/1.1, one request after the other.
 *
 *                     whole, or wrong                  no more to come
 *   +---------+ --------------------> +-----------+ ------------> +-----------+
 *   | READING |                       | ANSWERING |               | LINGERING |
 *   +---------+ <-------------------- +-----------+ <--+          +-----------+
 *        |        answer is written                    |                |
 *        |                                             |    it hangs up, or
 *        |      too late, gone, or an error            |       LINGER_S
 *        +---------------------------------------------+----> CLOSED <--+
 *
 * It lingers because a close would reset it if the client has sent more than we
 * have read, and a reset throws away what the client has not read yet.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

#include <uv.h>

#include "../http_server/head.h"
#include "../http_server/parser.h"

struct server;

enum page { PAGE_NONE, PAGE_LIGHT, PAGE_HEAVY };

enum connection_state { READING, ANSWERING, LINGERING, CLOSED };

struct connection {
  uv_tcp_t tcp; /* first: a handle is its connection */
  struct connection *next, *previous;
  struct server *server;
  enum connection_state state;
  parser_t parser;
  struct framing framing;
  struct head head;
  bool begun;     /* a byte of the request has come */
  bool whole;     /* all of it has */
  bool get;       /* its method is GET or HEAD */
  bool only_head; /* its method is HEAD */
  enum page page; /* what it asks for */
  bool working;   /* it is in the ledger as accepted, and not answered yet */
  bool keep;      /* goes on after this answer */
  bool eof;       /* the client will send no more */
  bool paused;    /* reads no more: there is no room in read */
  size_t requests;
  unsigned since; /* ticks: when it came into its state */
  uv_write_t write;
  uv_shutdown_t shutdown;
  char answer[320];
  size_t begin, end; /* what is read and not parsed */
  char read[4 << 10];
};

/* The descriptor is now the connection's, also after an error. */
void connection_open(struct server *s, int fd);

/* The server stops. */
void connection_stop(struct connection *c);

void connection_close(struct connection *c);

/* Every second. */
void connection_tick(struct connection *c);

#endif
