/* connection: one client's socket. What is spoken on it is a protocol's.
 *
 *      +------+  connection_finish   +-----------+  the client hangs up,
 *      | OPEN | -------------------> | LINGERING | ------------------+
 *      +------+  our end is closed   +-----------+  or LINGER_S      |
 *         |                                                          v
 *         +-- connection_close: at once, answers are cut ------> | CLOSED |
 *
 * It lingers because a close would reset it if the client has sent more than we
 * have read, and a reset throws away what the client has not read yet.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <uv.h>

#include "http1.h"
#include "http2.h"

struct connections;
struct connection;

struct protocol {
  void (*read)(struct connection *c, const char *bytes, size_t count);
  void (*eof)(struct connection *c);  /* the client will send no more */
  void (*sent)(struct connection *c); /* all of the last connection_send */
  void (*stop)(struct connection *c);
  void (*tick)(struct connection *c); /* every second, while it is open */
  void (*lost)(struct connection *c); /* give back what it has */
};

enum connection_state { OPEN, LINGERING, CLOSED };

struct connection {
  uv_tcp_t tcp; /* first: a handle is its connection */
  struct connection *next, *previous;
  struct connections *all;
  const struct protocol *protocol;
  union {
    struct http1 http1;
    struct http2 http2;
  } as;
  enum connection_state state;
  int turned_away; /* it is one too many */
  int writing;     /* until sent, or lost */
  int paused;      /* reads no more */
  uv_write_t write;
  uv_shutdown_t shutdown;
  size_t unsent;  /* bytes that the system had not taken at the last tick */
  unsigned since; /* ticks: when it came into its state */
  unsigned moved; /* when it last took something */
  size_t held;    /* bytes of bodies and answers */
};

/* The listener has a client. */
void connection_accept(struct connections *all);

/* The bytes have to last until sent, or lost. An error is told by lost. */
void connection_send(struct connection *c, const uv_buf_t *bufs,
                     unsigned count);

/* Reads no more, or again. */
void connection_pause(struct connection *c);
void connection_resume(struct connection *c);

/* Nothing more will be sent. */
void connection_finish(struct connection *c);

void connection_close(struct connection *c);

void connection_tick(struct connection *c);

#endif
