/* name_pattern - a name with numbers in brackets: r[1-4]n[1-16] stands for 64 names.
 *
 * A pattern is read once and then goes from name to name, the last bracket first. A bracket that holds an address of
 * IPv6 ([::1], alice@[::1]:7363) is a plain part of the name.
 */
#ifndef REMEX_HOSTS_NAME_PATTERN_H
#define REMEX_HOSTS_NAME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hosts/host_name.h"
#include "hosts/ranges.h"

enum { NAME_PATTERN_PARTS = 64 }; /* the pieces in brackets, and between them */

struct name_part {
	const char *text; /* not terminated; NULL: ranges */
	size_t n;
	struct ranges ranges;
	struct ranges_cursor cursor;
};

struct name_pattern {
	struct name_part parts[NAME_PATTERN_PARTS];
	size_t n_parts;
	uint64_t n_names;
	bool wildcard; /* a '*' or '?' is in it, outside brackets */
};

/* The length of the bracket at p, in a terminated text: up to its ']', or 1 where it has none. */
size_t name_pattern_bracket (const char *p);

/* Read n bytes, which are not terminated and have to live as long as the pattern. More than `most` names are an error.
 * 0; or -1, err, whose text is a sentence with an example, and *fault, the place in the text. Call name_pattern_free
 * also after a failure. */
int name_pattern_read (
	struct name_pattern *pattern, const char *text, size_t n, uint64_t most, const char **fault, struct err *err);
void name_pattern_free (struct name_pattern *pattern);

/* Write the current name. false: it is longer than HOST_NAME_BYTES. */
bool name_pattern_write (const struct name_pattern *pattern, char name[HOST_NAME_BYTES + 1]);

/* Go to the next name. false: that was the last one, and the first one is the current one again. */
bool name_pattern_next (struct name_pattern *pattern);

#endif
