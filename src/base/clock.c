/* clock - see clock.h. */
#include "config.h"

#include <limits.h>
#include <time.h>

#include "base/clock.h"

int64_t clock_ns (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ms (void)
{
	return clock_ns () / 1000000;
}

int clock_until (int64_t when_ms)
{
	int64_t left;

	if (!when_ms)
		return -1;
	left = when_ms - clock_ms ();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}
