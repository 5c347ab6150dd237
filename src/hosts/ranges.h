/* ranges - the numbers between brackets: 1-3,007,10-20/5.
 *
 *   RANGES := RANGE { "," RANGE }
 *   RANGE  := NUMBER | FIRST "-" LAST [ "/" STEP ]
 *
 * Spaces around numbers do not count. A number keeps its zeros: 1 and 01 are different. A range whose first number
 * begins with a zero is padded to the length of its first number, and its last number has to be as long (the rules of
 * ClusterShell 1.9). Numbers come in the order in which they are written.
 */
#ifndef REMEX_HOSTS_RANGES_H
#define REMEX_HOSTS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RANGES_DIGITS = 18 }; /* of a number of a range; a single number may have more */

/* One RANGE. A single number is its text. */
struct range {
	const char *text; /* not terminated; NULL: a range of numbers */
	size_t text_n;
	uint64_t first, step, n; /* n numbers */
	int width; /* padded with zeros to this many digits */
};

struct ranges {
	struct range *items;
	size_t n_items;
	uint64_t n; /* the numbers of all of them; UINT64_MAX: at least so many */
};

/* Read the n bytes between two brackets, which have to live as long as the ranges. 0; or -1, err, whose text is a
 * sentence with an example, and *at, the place of the fault. */
int ranges_parse (struct ranges *ranges, const char *text, size_t n, size_t *at, struct err *err);
void ranges_free (struct ranges *ranges);

/* A number as text, without its end: a cursor goes through the ranges from { 0, 0 }. */
struct ranges_cursor {
	size_t item;
	uint64_t k;
};

/* The number at the cursor: its length, its digits in `out` if it is one of a range (else *text points to them). */
size_t ranges_at (const struct ranges *ranges, const struct ranges_cursor *cursor, char out[RANGES_DIGITS + 2],
	const char **text);

/* Go to the next number; false, and the cursor is at the first one again: that was the last one. */
bool ranges_next (const struct ranges *ranges, struct ranges_cursor *cursor);

#endif
