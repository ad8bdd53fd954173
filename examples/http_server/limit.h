/* limit: what one client may take, and all of them together. The README has
 * them as a table, with what they are refused with. */
#ifndef LIMIT_H
#define LIMIT_H

enum {
  MOST_CONNECTIONS = 512,
  MOST_TURNED_AWAY = 64, /* of those beyond, who still get their 503 */
  MOST_UNDER_WAY = 512,  /* requests accepted and not delivered, or queued */
  MOST_QUEUED = 384,     /* of those: that wait for room with the crew */
  MOST_CHECKS = 64,      /* of those: of the disk */
  MOST_STREAMS = 100,    /* of one HTTP/2 connection, at once */
  MOST_RESETS = 200,     /* of its streams, and so many more a second: */
  MORE_RESETS = 20,
  MOST_UNSENT = 512 /* frames that wait for the client, but for content */
};

/* In bytes. */
enum {
  MOST_TARGET = 1 << 10,       /* a path and its query */
  MOST_HEAD = 16 << 10,        /* a request's head */
  MOST_BODY = 8 << 20,         /* a request's body */
  MOST_HELD_EACH = 16 << 20,   /* bodies and answers of one connection */
  MOST_HELD = 64 << 20,        /* and of all */
  MOST_HELD_QUEUED = 32 << 20, /* and of all that are queued */
  SMALL_BODY = 64 << 10        /* read to its end although it is refused */
};

/* In seconds, which are counted by ticks of a timer: those in which the loop
 * itself was busy are not held against a client. */
enum {
  IDLE_S = 10,         /* between requests */
  HEAD_S = 10,         /* for all of a head */
  BODY_S = 10,         /* for a body to move on */
  QUEUE_S = 1,         /* for room with the crew; --patience is another */
  ANSWER_S = 30,       /* for an answer to move on */
  REQUEST_S = 300,     /* for all of a body, and for all of an answer */
  LINGER_S = 5,        /* for a client to hang up when we have */
  STOP_GRACE_S = 1,    /* of a stop: for clients to read that we go */
  STOP_PATIENCE_S = 5, /* of a stop: for an answer to move on */
  STOP_S = 30          /* for all of a stop */
};

#endif
