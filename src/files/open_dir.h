/* open_dir - a directory that is being received. It stays open until all of its contents are received and on the disk.
 *
 * An open_dir is reference-counted. The receiver that is in the directory has a reference, and so has each file that
 * waits in the batch (batch.h). When the last reference goes, the directory is finished: it gets its mode and its time
 * (new entries would change them), and is synced. A directory that could not be made is an open_dir without a
 * descriptor: its contents fail, each by its name, and the rest of the stream goes on.
 */
#ifndef REMEX_FILES_OPEN_DIR_H
#define REMEX_FILES_OPEN_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "files/file_writer.h"
#include "files/item.h"

enum { OPEN_DIR_PATH = 4096 };

struct open_dir {
	struct open_dir *up; /* the directory above, a reference; NULL at the top */
	unsigned references;
	int fd; /* -1: it could not be made */
	int depth;
	bool made; /* by us; false: the directory existed before */
	bool changed; /* names in it have changed */
	bool dirty; /* names in it have changed and are not synced */
	bool lost; /* the directory existed and had an access list, which the mode of the sender has replaced */
	int lacks; /* mode bits that the directory has only while files are received, and loses at the end */
	int mode; /* from the sender; -1: the sender sent none */
	bool has_mtime;
	int64_t mtime_ns, source;
	char path[OPEN_DIR_PATH]; /* for reports; "" at the top */
};

/* An open_dir for a directory that is open already. The descriptor is owned from now on, also on failure. NULL without
 * memory. */
struct open_dir *open_dir_top (int fd, int64_t source);

/* Make the directory `name` in `up`, or use the existing one (links are not followed). A directory of our own that
 * is to get the mode of the sender keeps the bits that we need until it is finished. NULL only when out of memory;
 * where the directory could not be made or opened, the result has no descriptor, and err says why. */
struct open_dir *open_dir_enter (struct open_dir *up, const struct item *item, const char *name,
	const struct file_writer_options *options, struct err *err);

/* An open_dir without a descriptor, in `up` (NULL: at the top), for a directory that failed. NULL when out of
 * memory. */
struct open_dir *open_dir_dead (struct open_dir *up, const struct item *item, int64_t source);

struct open_dir *open_dir_hold (struct open_dir *dir);

/* The last reference is gone (the caller counts references): set mode and time, and sync. 0, or -1 and err. Then call
 * open_dir_free, which does not touch `up`. */
int open_dir_finish (struct open_dir *dir, const struct file_writer_options *options, struct err *err);
void open_dir_free (struct open_dir *dir);

/* A name in it has changed. */
void open_dir_change (struct open_dir *dir);

/* fsync(2) the directory if names in it have changed and options->sync is set. 0, or -1 and err. */
int open_dir_sync (struct open_dir *dir, const struct file_writer_options *options, struct err *err);

/* "PATH/NAME" of a file in the directory, for reports; cut at the front where it is too long. Returns out. */
char *open_dir_path (const struct open_dir *dir, const char *name, char out[OPEN_DIR_PATH]);

#endif
