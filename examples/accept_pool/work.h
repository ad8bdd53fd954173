/* work: stands for whatever a request needs a processor for. */
#ifndef WORK_H
#define WORK_H

/* Calculates until this thread has had the processor for so many microseconds;
 * while another thread has it, that does not count. */
void work(unsigned us);

#endif
