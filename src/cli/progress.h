/* progress - one line on the terminal at stderr about something that takes long: written over itself, and gone at the end.
 * Where stderr is no terminal there is none.
 */
#ifndef REMEX_CLI_PROGRESS_H
#define REMEX_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* wanted, and there is a terminal */
	bool drawn; /* there is a line now */
	int64_t start_ms, next_ms; /* the clock (base/clock.h) */
	int64_t last_ms, last_bytes;
	double rate; /* bytes per second of late */
};

void progress_init (struct progress *progress, bool wanted);

/* In how many milliseconds it wants to be drawn again; 0: now; -1: never. */
int progress_due (const struct progress *progress);

/* Draw it: `name` of what is under way, how much of how much (total -1: not known). */
void progress_draw (struct progress *progress, const char *name, int64_t bytes, int64_t total);

/* Take the line away, so that something else can be printed. */
void progress_clear (struct progress *progress);

/* "1.5 GiB", in out. Returns out. */
char *progress_bytes (char *out, size_t size, double bytes);

#endif
