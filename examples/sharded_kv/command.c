/* command: what this server understands, as a table. */
#include <stdio.h>

#include "command.h"

enum { LONGEST_NAME_TOLD = 64 };

static struct slice word(const struct request *r, size_t i) {
  const struct resp_word *w = &r->resp->words[i];
  return (struct slice){r->bytes + w->at, w->length};
}

static void say_ping(struct buffer *reply, const struct request *r) {
  if (r->resp->count == 1)
    resp_put_line(reply, "+PONG");
  else
    resp_put_string(reply, word(r, 1));
}

static void say_echo(struct buffer *reply, const struct request *r) {
  resp_put_string(reply, word(r, 1));
}

static void say_ok(struct buffer *reply, const struct request *r) {
  (void) r;
  resp_put_line(reply, "+OK");
}

static void say_refused(struct buffer *reply, const struct request *r) {
  (void) r;
  resp_put_line(reply, "-ERR this server does not speak HTTP");
}

/* The head of what its steps say. */
static void say_count(struct buffer *reply, const struct request *r) {
  resp_put_array(reply, r->resp->count - 1);
}

static void say_none(struct buffer *reply, const struct request *r) {
  (void) r;
  resp_put_array(reply, 0);
}

static const struct command commands[] = {
    {"GET", 2, 2, .stride = 1, .verb = VERB_GET},
    {"SET", 3, 3, .stride = 2, .verb = VERB_SET, .ending = ENDING_OK},
    {"INCR", 2, 2, .stride = 1, .verb = VERB_INCREMENT},
    {"INCRBY", 3, 3, .stride = 2, .verb = VERB_INCREMENT},
    {"DEL", 2, 0, .stride = 1, .verb = VERB_DELETE, .ending = ENDING_SUM},
    {"EXISTS", 2, 0, .stride = 1, .verb = VERB_EXISTS, .ending = ENDING_SUM},
    {"MGET", 2, 0, .say = say_count, .stride = 1, .verb = VERB_GET},
    {"MSET", 3, 0, .stride = 2, .verb = VERB_SET, .ending = ENDING_OK},
    {"DBSIZE", 1, 1, .every_shard = true, .verb = VERB_SIZE,
     .ending = ENDING_SUM},
    {"FLUSHALL", 1, 1, .every_shard = true, .verb = VERB_CLEAR,
     .ending = ENDING_OK},
    {"PING", 1, 2, .say = say_ping},
    {"ECHO", 2, 2, .say = say_echo},
    {"QUIT", 1, 0, .say = say_ok, .leaves = true},
    /* What redis-cli and redis-benchmark ask first, and do without. */
    {"COMMAND", 1, 0, .say = say_none},
    {"CONFIG", 2, 0, .say = say_none},
    /* A browser's request, whose body any web page may have written. */
    {"POST", 1, 0, .say = say_refused, .leaves = true},
    {"HOST:", 1, 0, .say = say_refused, .leaves = true},
};

/* The word comes from a client: only what can stand in a line is told. */
static void say_unknown(struct buffer *reply, struct slice name) {
  char line[LONGEST_NAME_TOLD + 32];
  char told[LONGEST_NAME_TOLD + 1];
  size_t i = 0;

  for (; i < name.length && i < LONGEST_NAME_TOLD; i++)
    told[i] = name.bytes[i] < ' ' || name.bytes[i] > '~' ? '?' : name.bytes[i];
  told[i] = '\0';
  snprintf(line, sizeof(line), "-ERR unknown command '%s'", told);
  resp_put_line(reply, line);
}

static bool words_fit(const struct command *c, size_t words) {
  return words >= c->least && (c->most == 0 || words <= c->most) &&
         (c->stride == 0 || (words - 1) % c->stride == 0);
}

const struct command *command_find(const struct request *r,
                                   struct buffer *reply) {
  char line[64];
  struct slice name = word(r, 0);

  for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
    const struct command *c = &commands[i];
    if (!slice_is(name, c->name))
      continue;
    if (words_fit(c, r->resp->count))
      return c;
    snprintf(line, sizeof(line),
             "-ERR wrong number of arguments for '%s' command", c->name);
    resp_put_line(reply, line);
    return NULL;
  }
  say_unknown(reply, name);
  return NULL;
}

size_t command_steps(const struct command *c, const struct request *r,
                     unsigned shards) {
  size_t by_words = c->stride == 0 ? 0 : (r->resp->count - 1) / c->stride;
  return (c->say != NULL) + by_words + (c->every_shard ? shards : 0);
}

struct step *command_step(const struct command *c, const struct request *r,
                          size_t i, unsigned shards) {
  const struct slice none = {NULL, 0};
  struct step *step;

  if (c->say != NULL && i == 0) {
    step = step_of_shard(VERB_SAY, 0);
    c->say(&step->reply, r);
    return step;
  }
  i -= c->say != NULL;
  if (c->every_shard)
    return step_of_shard(c->verb, (unsigned) i);
  size_t at = 1 + i * c->stride;
  return step_of_key(c->verb, word(r, at),
                     c->stride == 2 ? word(r, at + 1) : none, shards);
}
