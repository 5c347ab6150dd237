/* asciicast_reader - a recording, line by line: asciicast v2 (asciicast.h). Pure.
 *
 * The files of asciinema(1) are read, too: a header with other members, events of other kinds ("i" input, "m" marker), and
 * empty lines. A file that is none is refused with the reason and what would be right; the caller adds its name and the
 * number of the line.
 */
#ifndef REMEX_RECORD_ASCIICAST_READER_H
#define REMEX_RECORD_ASCIICAST_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ASCIICAST_LINE_MAX = 16 * 1024 * 1024 }; /* bytes; a longer line is refused by the caller */

enum asciicast_kind {
	ASCIICAST_OUTPUT,
	ASCIICAST_SIZE,
	ASCIICAST_OTHER, /* an event of another kind, or an empty line: its time counts */
};

struct asciicast_info {
	int rows, cols;
	double idle; /* the header's idle_time_limit in seconds; 0: none */
	bool term; /* the header has env.TERM */
};

struct asciicast_event {
	enum asciicast_kind kind;
	double seconds; /* since the start; of an empty line -1 */
	const char *bytes; /* OUTPUT: n bytes, which belong to `json` */
	size_t n;
	int rows, cols; /* SIZE */
	json_t *json; /* to be given up (json_decref) */
};

/* Read the first line. 0, or -1 and err. */
int asciicast_read_header (const char *line, size_t n, struct asciicast_info *info, struct err *err);

/* Read another line. 0; or -1 and err, and event->json is NULL. */
int asciicast_read_event (const char *line, size_t n, struct asciicast_event *event, struct err *err);

#endif
