/* tally - how much there is to send: a walk before the walk, which opens no file and passes over in silence what it cannot
 * see. What changes between the two is not its business: a total is for people who wait.
 */
#ifndef REMEX_FILES_TALLY_H
#define REMEX_FILES_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "files/walk.h"

enum { TALLY_STEP = 1024 }; /* names that one tally_step looks at */

/* All zero, nothing was counted. */
struct tally {
	int64_t files, bytes; /* bytes -1: a stream is among them, and nobody knows */
};

/* Count a source, while the walk is at the top. The descriptor is owned from now on; a directory (with `recursive`) is then
 * entered by the walk: tally_step goes on until that is at the top again. */
void tally_source (struct tally *tally, struct walk *walk, int fd, bool stream, bool recursive);
void tally_step (struct tally *tally, struct walk *walk);

#endif
