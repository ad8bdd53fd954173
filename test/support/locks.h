/* locks: the mutexes and conditions of the library, watched.
 *
 * Linked into every test, between the library and libuv. Aborts when a mutex is
 * unlocked, or waited with, by a thread that does not hold it, when one is
 * destroyed while its destroyer holds it, and when a wait is longer than libuv
 * can count on every system. Does nothing where programs are not ELF files.
 */
#ifndef SUPPORT_LOCKS_H
#define SUPPORT_LOCKS_H

#include <stdbool.h>

/* Mutexes and conditions that were made and not destroyed; 0 where nothing is
 * counted. */
int locks_alive(void);

/* For a test that has its own function in place of one that makes such. */
void locks_made(void);

/* How often a thread began to wait with a time-out; where that is not counted,
 * one more at each call. */
int locks_timed_waits(void);

/* Has these called around each wait with a condition, by the thread that waits,
 * with its mutex locked. False, and they are not called, where programs are not
 * ELF files. */
bool locks_around_waits(void (*before)(void), void (*after)(void));

/* The calling thread loses its processor when it is about to lock a mutex, or
 * to call uv_async_send, the next time but `after`; until locks_go_on. One
 * thread at a time. False, and it does not, where programs are not ELF files.
 */
bool locks_stand_still(int after);
void locks_go_on(void);

/* The calling thread does not stand still any more, if it has not so far. */
void locks_walk_on(void);

/* Whether it stands there; true where it cannot. */
bool locks_stand(void);

/* For a test that has its own function in place of uv_async_send. */
void locks_pass(void);

#endif /* SUPPORT_LOCKS_H */
