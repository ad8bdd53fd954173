#ifndef COMMAND_H
#define COMMAND_H

#include "resp.h"
#include "step.h"

/* A request in full: its words lie in bytes. */
struct request {
  const struct resp *resp;
  const char *bytes;
};

/* A command, and which steps it is made of: first what it says itself, then one
 * step for every stride words behind the name, then one for every shard. */
struct command {
  const char *name;
  size_t least, most; /* words, with the name; most 0: no limit */
  void (*say)(struct buffer *reply, const struct request *r); /* or NULL */
  size_t stride;                                              /* or 0 */
  bool every_shard;
  enum verb verb;
  enum ending ending;
  bool leaves; /* the client hangs up after it */
};

/* What the request's first word names, if its other words fit. NULL: *reply is
 * an error. */
const struct command *command_find(const struct request *r,
                                   struct buffer *reply);

/* How many steps the request is. */
size_t command_steps(const struct command *c, const struct request *r,
                     unsigned shards);

/* Makes step i of them. */
struct step *command_step(const struct command *c, const struct request *r,
                          size_t i, unsigned shards);

#endif
