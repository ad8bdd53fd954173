#ifndef REQUESTS_H
#define REQUESTS_H

#include "command.h"

/* What a client has sent, and the steps that it asks for. Zero-initialise it.
 */
struct requests {
  struct buffer in;
  size_t used;  /* bytes of it that are done with */
  bool is_over; /* the client has left, or cannot be understood any more */

  struct resp resp;              /* the request behind those bytes */
  const struct command *command; /* its, while its steps are being made */
  size_t made, total;            /* of its steps */
};

/* Room for so many more bytes. */
char *requests_reserve(struct requests *q, size_t bytes);

/* So many bytes have come there. */
void requests_came(struct requests *q, size_t length);

/* Bytes that have come and are not done with. */
size_t requests_unread(const struct requests *q);

/* Makes the next step, in the order of the requests. NULL: the next request has
 * not come in full; or, if is_over, there will be none. */
struct step *requests_next(struct requests *q, unsigned shards);

void requests_free(struct requests *q);

#endif
