/* receiver - a stream of items (item.h) as files: what both ends do, the file plugin for put, remex for get.
 *
 * It is fed bytes. It stands in a directory that it holds open and knows nothing of paths but for reporting them: each item
 * is made by its name in the directory that was entered, never following a link. Files are written beside their names
 * (file_writer.h); those that are complete wait, at most RECEIVER_BATCH of them, so that they go to the disk together, and take
 * their names then. A directory gets its mode, its time and its fsync when all in it have theirs.
 *
 * What goes wrong with one item is reported, and the rest goes on. What breaks the rules of the stream ends it, and so does a full
 * disk.
 */
#ifndef REMEX_FILES_RECEIVER_H
#define REMEX_FILES_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/item.h"
#include "files/target.h"
#include "files/file_writer.h"

enum {
	RECEIVER_BATCH =
		400, /* complete files that wait for the disk together; each has a descriptor, of the usual 1024 */
	RECEIVER_MANY = 16, /* from so many on they are brought there by one call for their filesystem */
	RECEIVER_DEPTH = 256, /* levels of directories; what is deeper fails */
	RECEIVER_STEP = 16 * 1024 * 1024,
	RECEIVER_SMALL = 64 * 1024, /* of a file of up to so many bytes nothing is kept to be resumed */
};

/* One of these for each item that is over. */
struct receipt {
	enum item_kind kind; /* ITEM_FILE, ITEM_DIRECTORY, ITEM_LINK, or ITEM_FAILED: the sender could not send it */
	int64_t source; /* the number of the source it belongs to */
	const char *path; /* from the top: its source's own name first, as the sender gave it */
	int64_t size; /* of a file */
	const char *sha256; /* of a file that is in place; else "" */
	bool changed; /* it changed while it was read, and is in place all the same */
	const char *note; /* what is not kept of what it replaces: "not kept: …"; NULL or "": nothing is lost */
	const struct err *err; /* NULL: it is in place */
};

/* Where an item at the top goes: `place` (owned by the receiver afterwards), or *fd >= 0 (borrowed): the content of a file goes
 * there. 0, or -1 and err with a code; err->sys EPROTO where such an item was not asked for, which ends the stream. */
typedef int receiver_target (void *data, const struct item *item, struct target *target, int *fd, struct err *err);
typedef void receiver_report (void *data, const struct receipt *receipt);

struct receiver_options {
	struct file_writer_options writer;
	bool recursive; /* directories and links may come */
	bool live; /* a file that its sender says has changed while it was read is taken; otherwise it fails */
	bool tame; /* no link that could lead out of where it stands: absolute, or with ".." in it */
};

struct receiver;
struct receiver *receiver_new (
	const struct receiver_options *options, receiver_target *target, receiver_report *report, void *data);

/* Take what can be taken from `in`. Answers for the sender ({"have":…}) are appended to `back`. 0; 1: call again, also with
 * nothing new in `in`: a large hole costs its sender nothing to say and us seconds to sum up, so it is taken in steps of
 * RECEIVER_STEP bytes; -1 and err when nothing more can be taken: CODE_BAD_VALUE where this is no such stream; CODE_IO_ERROR and
 * err->sys ENOSPC or EDQUOT where something could not be made because the disk is full, or a quota used up, which its receipt has
 * told in the same words: everything behind it would fail too, with a line for each. What had its end before it is put in
 * place, as far as there is room. */
int receiver_take (struct receiver *receiver, struct buf *in, struct buf *back, struct err *err);

/* The stream has ended in good order: everything that waits is put in place. -1 and err where it was cut, or as above. */
int receiver_end (struct receiver *receiver, struct err *err);

/* What is not in place is not put there: a file that was being written stays as its temporary, to be resumed, unless
 * it is small. */
void receiver_free (struct receiver *receiver);

struct receiver_progress {
	int64_t files, bytes; /* taken so far */
	int64_t total_files, total_bytes; /* as the sender says; -1: it did not */
};
void receiver_progress (const struct receiver *receiver, struct receiver_progress *progress);

#endif
