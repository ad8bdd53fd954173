/* faults: functions of libuv that are made to fail.
 *
 * A program that links this has them stand before libuv's own, also for the
 * library's calls. Most of them never fail on a machine in health.
 */
#ifndef SUPPORT_FAULTS_H
#define SUPPORT_FAULTS_H

#include <stddef.h>

typedef enum {
  UV_MUTEX_INIT,
  UV_COND_INIT,
  UV_ASYNC_INIT,
  UV_THREAD_CREATE,
  FAULTS
} fault_t;

/* The n-th call of it from now answers code, once; 0: none does. */
void fault_arm(fault_t which, size_t n, int code);

/* Whether that has happened; calls since fault_arm. */
int fault_has_happened(fault_t which);
size_t fault_calls(fault_t which);

#endif /* SUPPORT_FAULTS_H */
