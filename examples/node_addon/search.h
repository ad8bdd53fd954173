/* search: threads that look for a needle in a file. */
#ifndef SEARCH_H
#define SEARCH_H

#include "pipe.h"

/* Bytes of a file that a thread searches at a time. A needle is no longer: with
 * each piece is read what of the next one a needle may reach into. */
enum { PIECE = 256 * 1024 };

struct search;

/* Makes a search with a descriptor of its own for the file, and a copy of the
 * needle. UV_ENOMEM, or what dup said. */
int search_new(struct search **search, int fd, const void *needle,
               size_t needle_bytes, size_t threads);

/* Starts the threads: each takes a port of the pipe. Thread i of n searches the
 * pieces i, i + n, i + 2n, ... and sends every offset where the needle begins,
 * in order. On an error, close the pipe: some may have been started. */
int search_start(struct search *s, struct pipe *pipe);

/* Why the search ended early: the code of the first thread that failed, or 0.
 * To be asked when all ports have ended. */
int search_err(const struct search *s);

/* Waits for the threads. When their ports are refused they end soon: after one
 * piece at most. */
void search_join(struct search *s);

/* After search_join, or instead of search_start. */
void search_free(struct search *s);

#endif
