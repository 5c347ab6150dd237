/* clock - time for deadlines and intervals. It is monotonic: setting the wall clock does not change it. */
#ifndef REMEX_BASE_CLOCK_H
#define REMEX_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds, milliseconds of CLOCK_MONOTONIC (clock_gettime(2)). */
int64_t clock_ns (void);
int64_t clock_ms (void);

/* Milliseconds from now until `when`, for poll(2): 0 when that time has passed, -1 (for ever) when `when` is 0; rounded
 * so that poll never wakes before the time. */
int clock_until (int64_t when_ms);

/* The earlier of two times; 0 is no time. */
static inline int64_t clock_earlier (int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

#endif
