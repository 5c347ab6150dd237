/* brake - see brake.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/brake.h"

int brake_parse_max_fail (struct brake *brake, const char *text, struct err *err)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull (text, &end, 10);
	if (*text < '0' || *text > '9' || errno || (*end && strcmp (end, "%") != 0) || (*end && number > 100) ||
		number > 1000000000)
		return err_set (err, 0, "invalid value '%s' of --max-fail (examples: 3, 5%%)", text);
	brake->limited = true;
	brake->max_fail = (size_t)number;
	brake->percent = *end;
	return 0;
}

void brake_open (struct brake *brake, size_t n, size_t window)
{
	brake->n = n;
	brake->window = brake->any ? 1 : window ? window : 1;
	brake->now = brake->ramp ? 1 : brake->window;
	brake->batch = brake->rolling;
	brake->succeeded = brake->failed = 0;
	brake->held = false;
}

size_t brake_window (struct brake *brake, size_t running)
{
	size_t most = brake->now < brake->window ? brake->now : brake->window;

	if (brake->held)
		return 0;
	if (!brake->rolling)
		return most;
	if (!brake->batch && !running)
		brake->batch = brake->rolling;
	return running + brake->batch < most ? running + brake->batch : most;
}

void brake_started (struct brake *brake)
{
	if (brake->batch)
		brake->batch--;
}

static bool has_failed_too_often (const struct brake *brake)
{
	if (brake->fail_fast && brake->failed)
		return true;
	if (!brake->limited)
		return false;
	if (brake->percent)
		return brake->failed * 100 > brake->max_fail * brake->n;
	return brake->failed > brake->max_fail;
}

void brake_ended (struct brake *brake, bool succeeded, bool reached)
{
	brake->failed += !succeeded;
	if (has_failed_too_often (brake) || (brake->any && reached))
		brake->held = true;
	brake->succeeded += succeeded;
	if (brake->succeeded >= brake->now && brake->now < brake->window) {
		brake->now = brake->now > brake->window / 2 ? brake->window : 2 * brake->now;
		brake->succeeded = 0;
	}
}

bool brake_holds (const struct brake *brake)
{
	return brake->held;
}

bool brake_stops (const struct brake *brake)
{
	return brake->held && brake->fail_fast && brake->failed;
}
