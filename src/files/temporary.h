/* temporary - the temporary file of a file that is being received. It is in the same directory, and gets the name of
 * the file by rename(2) when it is complete.
 *
 * Its name is ".NAME.remex-XXXXXXXX": NAME is cut at 200 bytes, X is one of a-z0-9. It belongs to us, has mode 0600,
 * and is locked (flock(2)) while a transfer writes to it. An unlocked temporary is left from an interrupted transfer:
 * another transfer may continue it (temporary_adopt), and it is removed when it was not written to for a day. A
 * directory keeps only a few of them, so that a transfer that is started and interrupted many times does not fill the
 * disk.
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
	TEMPORARY_MOST = 16, /* temporaries from interrupted transfers in one directory */
};

/* Make a temporary for `name` in the directory. Its descriptor (open for reading and writing, locked), and its name in
 * `temporary`; or -1 and err. */
int temporary_make (int directory, const char *name, char temporary[TEMPORARY_NAME], struct err *err);

/* Take over the youngest temporary that an interrupted transfer of `name` left: a descriptor as above, or -1 with
 * errno; ENOENT where there is none. Only a regular file counts that has one link, belongs to us, is not empty, and
 * is not locked. */
int temporary_adopt (int directory, const char *name, char temporary[TEMPORARY_NAME]);

/* Remove the temporaries, of all names, that were not written to since `before`. Locked ones stay, and so do files
 * that only have such a name. Errors are ignored. Returns how many were removed. */
int temporary_sweep (int directory, time_t before);

/* Of the unlocked temporaries keep the youngest one for each name, and the youngest TEMPORARY_MOST in all. Returns
 * how many were removed. */
int temporary_trim (int directory);

/* Call temporary_trim before a temporary is made, unless this process did so for that directory within the last
 * hour. */
void temporary_trim_first (int directory);

/* Call temporary_sweep for a day, unless this process did so for that directory within the last hour: reading a
 * large directory once for each file would take longer than the files. */
int temporary_tidy (int directory);

/* Has that name the form of a temporary? */
bool temporary_is (const char *name);

#endif
