/* batch - complete files that a receiver brings to the disk together, and the reports about files that are done. A file
 * is reported when it is in place and cannot be lost any more.
 *
 * Complete files wait here, at most RECEIVER_BATCH files with RECEIVER_BATCH_BYTES together. Then they are written to
 * the disk together, get their names, their directories are synced, and they are reported. Without sync no file waits.
 * A directory is finished and reported when its last reference goes.
 */
#ifndef REMEX_FILES_BATCH_H
#define REMEX_FILES_BATCH_H

#include "files/open_dir.h"
#include "files/receiver.h"

#define RECEIVER_BATCH_BYTES ((int64_t)64 * 1024 * 1024)

/* A complete file that waits. */
struct waiting {
	struct file_writer *writer;
	struct open_dir *dir; /* a reference, or NULL */
	char *path;
	int64_t source;
	bool changed, failed;
};

struct batch {
	const struct file_writer_options *options;
	receiver_report *report;
	void *data;
	struct waiting items[RECEIVER_BATCH];
	size_t n;
	int64_t bytes;
	struct err full; /* code not 0: the disk is full, or a quota is used up; no more is received */
};

/* Add a complete file (owned from now on) of that directory (NULL: it was written to a descriptor). It is published
 * now or with the others. 0; -1 when out of memory, and the file is discarded. */
int batch_add (struct batch *batch, struct open_dir *dir, int64_t source, const char *path, struct file_writer *writer,
	bool changed);

/* Publish all files that wait. */
void batch_flush (struct batch *batch);

/* Discard all files that wait. */
void batch_drop (struct batch *batch);

/* Drop a reference to a directory (NULL is allowed). The last reference finishes the directory, and may finish those
 * above. */
void batch_release (struct batch *batch, struct open_dir *dir);

/* Report the result of an item. The first item that fails because the disk is full sets batch->full; later ones
 * that fail for this reason are not reported. */
void batch_report (struct batch *batch, const struct receipt *receipt);

/* Report that an item failed. */
void batch_fail (struct batch *batch, enum item_kind kind, int64_t source, const char *path, int64_t size,
	const struct err *err);

#endif
