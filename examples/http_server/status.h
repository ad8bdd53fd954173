/* status: what the head of every answer says, in words: its status and the
 * time. */
#ifndef STATUS_H
#define STATUS_H

const char *status_reason(int status);

enum { STATUS_DATE = 30 };

/* Prints the time as HTTP has it. Returns date. */
const char *status_date(char date[STATUS_DATE]);

#endif
