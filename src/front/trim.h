/* trim - gives memory back to the system (mallopt(3), malloc_trim(3)), so that a front that was busy becomes small. */
#ifndef REMEX_FRONT_TRIM_H
#define REMEX_FRONT_TRIM_H

#include <stdbool.h>
#include <uv.h>

struct timer;

struct trim {
	uv_loop_t *loop;
	struct timer *timer;
	bool soon; /* the timer runs */
};

/* Call this once in the process: from then on, large blocks go back to the system when they are freed. */
void trim_init (struct trim *trim, uv_loop_t *loop);
void trim_free (struct trim *trim);

/* Much memory has been freed in small pieces: give it back soon. */
void trim_later (struct trim *trim);

#endif
