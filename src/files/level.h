/* level - a directory that is being received: held open while something in it is to come or waits for the disk.
 *
 * It is referred to by whoever stands in it and by every file that waits in the batch (batch.h). With the last one it is
 * finished: it gets its mode and its time, which what is made in it would change, and goes to the disk. A directory that
 * could not be made is a level without a descriptor: what belongs in it fails, by name, and the rest goes on.
 */
#ifndef REMEX_FILES_LEVEL_H
#define REMEX_FILES_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "files/item.h"
#include "files/writing.h"

enum { LEVEL_PATH = 4096 };

struct level {
	struct level *up; /* a reference; NULL at the top */
	unsigned references;
	int fd; /* -1: it could not be made */
	int depth;
	bool made; /* by us; otherwise it was there */
	bool changed; /* names in it have changed */
	bool dirty; /* and not been synced yet */
	bool lost; /* its access list: it was there, and has the sender's mode now */
	int lacks; /* bits of its mode that it has only while we need them */
	int mode; /* of the sender; -1: it did not say */
	bool has_mtime;
	int64_t mtime_ns, source;
	char path[LEVEL_PATH]; /* for reports; "" at the top */
};

/* The level that a place is in; the descriptor is its own from now on, also on failure. NULL without memory. */
struct level *level_top (int fd, int64_t source);

/* Make the directory `name` in `up`, or use the one that is there (never by a link), and enter it. One that is ours and is to get
 * the sender's mode lets us in meanwhile, whatever its mode. A level always (NULL only without memory); where it has no
 * descriptor, err says why. */
struct level *level_enter (struct level *up, const struct item *item, const char *name,
	const struct writing_options *options, struct err *err);

/* One that there is nothing of, in `up` (NULL: at the top). NULL without memory. */
struct level *level_dead (struct level *up, const struct item *item, int64_t source);

struct level *level_hold (struct level *level);

/* The last reference is gone (who gave it up has counted): mode, time, disk. 0, or -1 and err. Then level_free, which does
 * not touch `up`. */
int level_finish (struct level *level, const struct writing_options *options, struct err *err);
void level_free (struct level *level);

/* A name in it has changed. */
void level_change (struct level *level);

/* fsync(2) it if its names have changed and that is wanted. */
int level_sync (struct level *level, const struct writing_options *options, struct err *err);

/* "PATH/NAME" of something in it, for reports; cut at the front where it is too long. Returns out. */
char *level_path (const struct level *level, const char *name, char out[LEVEL_PATH]);

#endif
