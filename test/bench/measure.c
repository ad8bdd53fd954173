/* measure: figures of several rounds, and what to say of them. */
#include "measure.h"

#include <stdlib.h>

static int ascending(const void *left, const void *right) {
  double a = *(const double *) left, b = *(const double *) right;

  return (a > b) - (a < b);
}

void measure_add(measure_t *measure, double figure) {
  if (measure->count < MEASURE_ROUNDS_MOST)
    measure->figures[measure->count++] = figure;
}

double measure_median(measure_t *measure) {
  qsort(measure->figures, measure->count, sizeof *measure->figures, ascending);
  return measure->figures[measure->count / 2];
}

double measure_least(const measure_t *measure) {
  return measure->figures[0];
}

double measure_most(const measure_t *measure) {
  return measure->figures[measure->count - 1];
}
