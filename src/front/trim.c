/* trim - see trim.h. */
#include "config.h"

#include <malloc.h>

#include "base/clock.h"
#include "front/trim.h"
#include "loop/loop.h"

enum {
	MAPPED_FROM = 128 * 1024, /* a block from this size goes back to the system when it is freed (mallopt(3)) */
	TRIM_MS = 200,
};

void trim_init (struct trim *trim, uv_loop_t *loop)
{
	*trim = (struct trim){ .loop = loop };
	/* Without this, glibc raises the threshold when a large block is freed, and keeps such blocks, up to 32 MiB. */
	mallopt (M_MMAP_THRESHOLD, MAPPED_FROM);
	mallopt (M_TRIM_THRESHOLD, MAPPED_FROM);
}

void trim_free (struct trim *trim)
{
	timer_free (&trim->timer);
}

static void on_trim (void *arg)
{
	struct trim *trim = arg;

	trim->soon = false;
	malloc_trim (0);
}

void trim_later (struct trim *trim)
{
	if (!trim->soon)
		timer_set (trim->loop, &trim->timer, clock_ms () + TRIM_MS, on_trim, trim);
	trim->soon = true;
}
