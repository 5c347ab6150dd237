/* batch - what a receiver has done: told in receipts, each when it is true for good.
 *
 * Files that are complete wait here, at most RECEIVER_BATCH of them and RECEIVER_BATCH_BYTES in them: they are written to
 * the disk together, take their names, their directories are synced, and then they are reported. Without sync nothing
 * waits. Directories are finished, and reported, with their last reference.
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
	struct err
		full; /* the disk was full, or a quota used up (code not 0): for what, in words; no more is to be taken */
};

/* A complete file (owned from now on) of that level (NULL: of none, it went to a descriptor): published now or with the others. -1: no memory, and it is gone. */
int batch_add (struct batch *batch, struct open_dir *dir, int64_t source, const char *path, struct file_writer *writer,
	bool changed);

/* Put everything that waits in place. */
void batch_flush (struct batch *batch);

/* Give up what waits: nothing is published. */
void batch_drop (struct batch *batch);

/* Give up a reference to a level; finishes it and those above where that was the last one. NULL is allowed. */
void batch_release (struct batch *batch, struct open_dir *dir);

/* Tell what became of something. The first thing that fails because the disk is full is in batch->full too, and the others that
 * do are not told. */
void batch_tell (struct batch *batch, const struct receipt *receipt);

/* Tell that something failed. */
void batch_fail (struct batch *batch, enum item_kind kind, int64_t source, const char *path, int64_t size,
	const struct err *err);

#endif
