/* open_dir - a directory that is being received: held open while something in it is to come or waits for the disk.
 *
 * It is referred to by whoever stands in it and by every file that waits in the batch (batch.h). With the last one it is
 * finished: it gets its mode and its time, which what is made in it would change, and goes to the disk. A directory that
 * could not be made is a level without a descriptor: what belongs in it fails, by name, and the rest goes on.
 */
#ifndef REMEX_FILES_OPEN_DIR_H
#define REMEX_FILES_OPEN_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "files/item.h"
#include "files/file_writer.h"

enum { OPEN_DIR_PATH = 4096 };

struct open_dir {
	struct open_dir *up; /* a reference; NULL at the top */
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
	char path[OPEN_DIR_PATH]; /* for reports; "" at the top */
};

/* The level that a place is in; the descriptor is its own from now on, also on failure. NULL without memory. */
struct open_dir *open_dir_top (int fd, int64_t source);

/* Make the directory `name` in `up`, or use the one that is there (never by a link), and enter it. One that is ours and is to get
 * the sender's mode lets us in meanwhile, whatever its mode. A level always (NULL only without memory); where it has no
 * descriptor, err says why. */
struct open_dir *open_dir_enter (struct open_dir *up, const struct item *item, const char *name,
	const struct file_writer_options *options, struct err *err);

/* One that there is nothing of, in `up` (NULL: at the top). NULL without memory. */
struct open_dir *open_dir_dead (struct open_dir *up, const struct item *item, int64_t source);

struct open_dir *open_dir_hold (struct open_dir *dir);

/* The last reference is gone (who gave it up has counted): mode, time, disk. 0, or -1 and err. Then open_dir_free, which does
 * not touch `up`. */
int open_dir_finish (struct open_dir *dir, const struct file_writer_options *options, struct err *err);
void open_dir_free (struct open_dir *dir);

/* A name in it has changed. */
void open_dir_change (struct open_dir *dir);

/* fsync(2) it if its names have changed and that is wanted. */
int open_dir_sync (struct open_dir *dir, const struct file_writer_options *options, struct err *err);

/* "PATH/NAME" of something in it, for reports; cut at the front where it is too long. Returns out. */
char *open_dir_path (const struct open_dir *dir, const char *name, char out[OPEN_DIR_PATH]);

#endif
