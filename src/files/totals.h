/* totals - how many files and bytes there are to send. Counting is a walk of its own before the transfer: it opens no
 * file, and silently skips what it cannot read. Files may change between counting and sending: a total is only for
 * progress.
 */
#ifndef REMEX_FILES_TOTALS_H
#define REMEX_FILES_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "files/walk.h"

enum { TOTALS_STEP = 1024 }; /* names that one totals_step looks at */

/* All zero: nothing is counted yet. */
struct totals {
	int64_t files, bytes; /* bytes is -1 when a source is a stream, whose size is unknown */
};

/* Count a source. The walk must be at the top. The descriptor is owned from now on. With `recursive`, the walk enters a
 * directory: call totals_step until the walk is at the top again. */
void totals_source (struct totals *totals, struct walk *walk, int fd, bool stream, bool recursive);
void totals_step (struct totals *totals, struct walk *walk);

#endif
