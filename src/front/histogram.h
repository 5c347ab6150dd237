/* histogram - durations, counted in decades: up to 1 ms, 10 ms … 100 s, and more. It also has the number and the sum,
 * so that rates and means can be computed from two readings.
 */
#ifndef REMEX_FRONT_HISTOGRAM_H
#define REMEX_FRONT_HISTOGRAM_H

#include <jansson.h>
#include <stdint.h>

enum { HISTOGRAM_DECADES = 6 }; /* decades with a bound; there is one more without a bound */

struct histogram {
	uint64_t counts[HISTOGRAM_DECADES + 1];
	uint64_t n;
	int64_t sum_ms;
};

void histogram_add (struct histogram *histogram, int64_t ms);

/* {"1ms":n, …, "100s":n, "more":n, "count":n, "seconds":x}: each count is of its own decade only. A new reference. */
json_t *histogram_json (const struct histogram *histogram);

#endif
