/* head: what the head of an HTTP/1 request says, as far as it matters here. */
#ifndef HEAD_H
#define HEAD_H

#include <stddef.h>

#include "limit.h"

enum { HEAD_NAME = 20, HEAD_VALUE = 256 };

struct head {
  char target[MOST_TARGET + 1];
  size_t target_bytes;
  char name[HEAD_NAME], value[HEAD_VALUE]; /* of a field, cut */
  size_t name_bytes, value_bytes;
  int in_value;
  size_t bytes; /* of target, names and values */
  size_t raw;   /* as they came, while the head was not complete */
  size_t hosts;
  int expects; /* 100-continue */
  int http2;   /* wants to go over */
  char settings[HEAD_VALUE];
  size_t settings_fields, codings;
  int wrong; /* the status to refuse it with; 0: none */
};

/* Returns -1, which ends the parsing, when the head is too long. */
int head_count(struct head *head, size_t bytes);

/* Empty lines before a head, and blanks in it, are no part of any field. So
 * many bytes have come, and the head is not complete: returns whether that is
 * all that it may have. */
int head_is_endless(struct head *head, size_t bytes);

/* A whole URL is for proxies, but a server has to know it. Returns where its
 * path begins, behind the host; 0: it is a path. */
size_t head_skip_host(const char *target, size_t bytes);

/* Pieces, as they come. */
int head_target(struct head *head, const char *at, size_t bytes);
void head_name(struct head *head, const char *at, size_t bytes);
void head_value(struct head *head, const char *at, size_t bytes);
void head_end(struct head *head, unsigned major, unsigned minor);

/* Whether a line begins like a request: a word, and a space. Then it is the
 * method that the parser does not know. */
int head_has_method(const char *bytes, size_t count);

#endif
