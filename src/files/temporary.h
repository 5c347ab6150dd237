/* temporary - the file beside the file: what is being received has a name of its own in the same directory, until it is
 * whole and takes its name by rename(2).
 *
 * It is called ".NAME.remex-XXXXXXXX", the NAME cut at 200 bytes, X of a-z0-9, belongs to us, has mode 0600, and is locked
 * (flock(2)) as long as somebody works on it. One that nobody works on is what an interrupted transfer has left: it may be
 * taken over to continue (temporary_adopt), and is swept when it was not written to for a day. Of these a directory keeps a
 * few, so that one transfer that is begun and interrupted again and again does not fill the disk.
 */
#ifndef REMEX_FILES_TEMPORARY_H
#define REMEX_FILES_TEMPORARY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

enum {
	TEMPORARY_NAME = 224,
	TEMPORARY_DAY = 24 * 3600,
	TEMPORARY_MOST = 16, /* that interrupted transfers leave in one directory */
};

/* Make one for `name` in the directory: its descriptor (open for reading and writing, locked) and its name; -1 and err. */
int temporary_make (int directory, const char *name, char temporary[TEMPORARY_NAME], struct err *err);

/* Take over the youngest one that an interrupted transfer of `name` has left: as above; -1 with errno ENOENT where there
 * is none. Only regular files with one link that belong to us, that have something in them, and that nobody holds. */
int temporary_adopt (int directory, const char *name, char temporary[TEMPORARY_NAME]);

/* Remove those of any name that were not written to since `before`; how many. Held ones, and what only looks like one,
 * stay. What cannot be removed is left alone, in silence. */
int temporary_sweep (int directory, time_t before);

/* Of those that nobody works on keep one of each name, and TEMPORARY_MOST in all: the youngest ones. How many were removed. */
int temporary_trim (int directory);

/* Before one is made: trim, unless this process has trimmed that directory within the last hour. */
void temporary_trim_first (int directory);

/* Sweep those of yesterday and before, unless this process has looked at that directory within the last hour: reading a
 * large directory for every file in it would cost more than the files. */
int temporary_tidy (int directory);

/* Is that the name of one? */
bool temporary_is (const char *name);

#endif
