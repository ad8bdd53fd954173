/* measure: figures of several rounds, and what to say of them. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define MEASURE_ROUNDS_MOST 99

typedef struct {
  double figures[MEASURE_ROUNDS_MOST];
  size_t count;
} measure_t;

void measure_add(measure_t *measure, double figure);
double measure_median(measure_t *measure);
/* Sorted by measure_median before. */
double measure_least(const measure_t *measure);
double measure_most(const measure_t *measure);

#endif /* BENCH_MEASURE_H */
