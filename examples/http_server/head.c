#include <string.h>
#include <strings.h>

#include "head.h"

int head_count(struct head *head, size_t bytes) {
  head->bytes += bytes;
  if (head->bytes <= MOST_HEAD)
    return 0;
  head->wrong = 431;
  return -1;
}

int head_is_endless(struct head *head, size_t bytes) {
  head->raw += bytes;
  if (head->raw <= 2 * MOST_HEAD)
    return 0;
  head->wrong = 431;
  return 1;
}

int head_target(struct head *head, const char *at, size_t bytes) {
  if (bytes > MOST_TARGET - head->target_bytes) {
    head->wrong = 414;
    return -1;
  }
  memcpy(head->target + head->target_bytes, at, bytes);
  head->target_bytes += bytes;
  return head_count(head, bytes);
}

size_t head_skip_host(const char *target, size_t bytes) {
  static const char scheme[] = "http://";
  size_t at = sizeof(scheme) - 1;

  if (bytes < at || strncasecmp(target, scheme, at) != 0)
    return 0;
  while (at < bytes && target[at] != '/' && target[at] != '?')
    at++;
  return at;
}

/* A list of words between commas. */
static int has_word(const char *list, const char *word) {
  size_t bytes = strlen(word);

  while (*list != '\0') {
    list += strspn(list, " \t,");
    size_t length = strcspn(list, ",");
    size_t end = length;
    while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
      end--;
    if (end == bytes && strncasecmp(list, word, bytes) == 0)
      return 1;
    list += length;
  }
  return 0;
}

/* Of a Host field, or of a whole URL: a name and perhaps a port. No user's
 * name: in a URL that is there to deceive. */
static int is_host(const char *host, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (strchr(" \t\"#,/<>?@\\", host[i]) != NULL)
      return 0;
  return bytes == 0 || host[0] != ':';
}

/* Transfer-Encoding. Chunks are all that is understood, once; and an HTTP/1.0
 * client does not know them, see head_end. */
static void take_coding(struct head *head) {
  if (head->codings++ > 0)
    head->wrong = 400;
  else if (strcasecmp(head->value, "chunked") != 0)
    head->wrong = 501;
}

static void end_field(struct head *head) {
  head->name[head->name_bytes] = '\0';
  while (head->value_bytes > 0 &&
         strchr(" \t", head->value[head->value_bytes - 1]) != NULL)
    head->value_bytes--;
  head->value[head->value_bytes] = '\0';
  if (strcasecmp(head->name, "host") == 0) {
    head->hosts++;
    if (!is_host(head->value, head->value_bytes))
      head->wrong = 400;
  } else if (strcasecmp(head->name, "upgrade") == 0)
    head->http2 |= has_word(head->value, "h2c");
  else if (strcasecmp(head->name, "http2-settings") == 0) {
    head->settings_fields++;
    strcpy(head->settings, head->value);
  } else if (strcasecmp(head->name, "transfer-encoding") == 0)
    take_coding(head);
  else if (strcasecmp(head->name, "expect") == 0) {
    if (strcasecmp(head->value, "100-continue") == 0)
      head->expects = 1;
    else
      head->wrong = 417;
  }
  head->name_bytes = head->value_bytes = 0;
  head->in_value = 0;
}

/* What does not fit in is cut, and then like nothing that matters. */
static size_t put(char *to, size_t room, size_t used, const char *at,
                  size_t bytes) {
  if (bytes > room - 1 - used)
    bytes = room - 1 - used;
  memcpy(to + used, at, bytes);
  return used + bytes;
}

/* http-parser takes a blank for a letter, and "Content-Length " for
 * Content-Length. A proxy may not, and then the two would not agree where the
 * next request begins. */
void head_name(struct head *head, const char *at, size_t bytes) {
  if (head->in_value)
    end_field(head);
  if (memchr(at, ' ', bytes) != NULL)
    head->wrong = 400;
  head->name_bytes = put(head->name, HEAD_NAME, head->name_bytes, at, bytes);
}

void head_value(struct head *head, const char *at, size_t bytes) {
  if (memchr(at, 0, bytes) != NULL) /* http-parser takes it */
    head->wrong = 400;
  head->in_value = 1;
  head->value_bytes =
      put(head->value, HEAD_VALUE, head->value_bytes, at, bytes);
}

void head_end(struct head *head, unsigned major, unsigned minor) {
  int is_1_0 = major == 1 && minor == 0;
  size_t host = head_skip_host(head->target, head->target_bytes);
  size_t scheme = sizeof("http://") - 1;

  if (head->in_value || head->name_bytes > 0)
    end_field(head);
  if (host == scheme ||
      (host > 0 && !is_host(head->target + scheme, host - scheme)))
    head->wrong = 400;
  if (major != 1)
    head->wrong = 505;
  else if (head->hosts > 1 || (head->hosts == 0 && !is_1_0) ||
           (head->codings > 0 && is_1_0))
    head->wrong = 400;
  head->http2 = head->http2 && head->settings_fields == 1 && !is_1_0;
}

int head_has_method(const char *bytes, size_t count) {
  size_t at = 0;

  while (at < count && ((bytes[at] >= 'A' && bytes[at] <= 'Z') ||
                        bytes[at] == '-' || bytes[at] == '_'))
    at++;
  return at > 0 && at < count && bytes[at] == ' ';
}
