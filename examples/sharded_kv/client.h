#ifndef CLIENT_H
#define CLIENT_H

#include "shard.h"

/* The clients of one loop. All calls are on its thread. */

/* Takes the client that waits at the shard's listener. */
void client_accept(struct shard *s);

/* A step that was with another shard is home again. */
void client_answered(struct step *step);

/* Does what there is to do since the last turn of the loop: reads requests,
 * begins their steps, writes replies. To be called before the loop sleeps. */
void clients_turn(struct shard *s);

/* Reads nothing more from anybody, answers what was read, hangs up. */
void clients_end(struct shard *s);

/* Looks at what each client has taken since the last look. Hangs up on those
 * that took nothing for so many looks, and could have. */
void clients_look(struct shard *s, unsigned patience);

/* Hangs up on all of them at once. */
void clients_drop(struct shard *s);

#endif
