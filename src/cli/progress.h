/* progress - the text of the status line (status_line.h) about a long operation, and when it is due: a copy of one
 * host, or a call on many hosts. A short operation has no line.
 */
#ifndef REMEX_CLI_PROGRESS_H
#define REMEX_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/console.h"

struct progress {
	bool shown; /* wanted, and stderr is a terminal */
	int64_t start_ms, next_ms; /* the clock (base/clock.h) */
	int64_t last_ms, last_bytes;
	double rate; /* recent bytes per second */
};

void progress_init (struct progress *progress, bool wanted);

/* In how many milliseconds the line must be drawn again; 0: now; -1: never. */
int progress_due (const struct progress *progress);

/* Draw the line: the `name` of the current item, the bytes so far, and the total (-1: unknown). */
void progress_draw (struct progress *progress, const char *name, int64_t bytes, int64_t total);

/* The state of a call on many hosts. The numbers add up to n. */
struct progress_hosts {
	size_t n, done, running, failed, skipped, waiting;
	int64_t bytes; /* of files or of input, for all hosts; -1: none flow */
	int64_t total; /* -1: not known */
};

/* The line about many hosts, through `err`, which does not block. Nothing is drawn while one of our outputs is busy. */
void progress_draw_hosts (
	struct progress *progress, const struct output *out, struct output *err, const struct progress_hosts *hosts);

/* Ctrl-C was typed: the ^C that the terminal shows is erased with the line. */
void progress_interrupted (const struct progress *progress, const struct output *out, const struct output *err);

/* Remove the line. Code that prints other text with say.h or an output (console.h) need not call it. */
void progress_clear (void);

/* "1.5 GiB", in out. Returns out. */
char *progress_bytes (char *out, size_t size, double bytes);

#endif
