/* progress - one line about a long operation, on the terminal at stderr. It is overwritten in place and removed at the
 * end. If stderr is not a terminal there is no line.
 */
#ifndef REMEX_CLI_PROGRESS_H
#define REMEX_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* wanted, and stderr is a terminal */
	bool drawn; /* the line is on the screen */
	int64_t start_ms, next_ms; /* the clock (base/clock.h) */
	int64_t last_ms, last_bytes;
	double rate; /* recent bytes per second */
};

void progress_init (struct progress *progress, bool wanted);

/* In how many milliseconds the line must be drawn again; 0: now; -1: never. */
int progress_due (const struct progress *progress);

/* Draw the line: the `name` of the current item, the bytes so far, and the total (-1: unknown). */
void progress_draw (struct progress *progress, const char *name, int64_t bytes, int64_t total);

/* Remove the line, so that other text can be printed. */
void progress_clear (struct progress *progress);

/* "1.5 GiB", in out. Returns out. */
char *progress_bytes (char *out, size_t size, double bytes);

#endif
