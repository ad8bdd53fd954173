#ifndef NAME_H
#define NAME_H

#include <stdio.h>

/* Prints a name on a line of a list, as sha256sum does: on one line, whatever
 * it contains. safely: for a terminal; what could command it is shown as ?. */
void name_put(FILE *to, const char *path, int safely);

/* Prints a name in a message, as ls and sha256sum do: as it is if it is plain,
 * else quoted so that a shell reads it back, and nothing in it commands a
 * terminal. */
void name_put_quoted(FILE *to, const char *path);

#endif
