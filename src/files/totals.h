/* totals - how much there is to send: a walk before the walk, which opens no file and passes over in silence what it cannot
 * see. What changes between the two is not its business: a total is for people who wait.
 */
#ifndef REMEX_FILES_TOTALS_H
#define REMEX_FILES_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "files/walk.h"

enum { TOTALS_STEP = 1024 }; /* names that one totals_step looks at */

/* All zero, nothing was counted. */
struct totals {
	int64_t files, bytes; /* bytes -1: a stream is among them, and nobody knows */
};

/* Count a source, while the walk is at the top. The descriptor is owned from now on; a directory (with `recursive`) is then
 * entered by the walk: totals_step goes on until that is at the top again. */
void totals_source (struct totals *totals, struct walk *walk, int fd, bool stream, bool recursive);
void totals_step (struct totals *totals, struct walk *walk);

#endif
