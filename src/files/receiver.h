/* receiver - makes files from a stream of items (item.h). `remex get` has one in the client, `remex put` has one in the
 * file plugin.
 *
 * The caller feeds it bytes. The receiver is in an open directory; paths are used only for reports. Each item is made
 * by its name in the directory that was entered, and no link is followed. A file is written to a temporary in its
 * directory (file_writer.h). Complete files wait, at most RECEIVER_BATCH of them, go to the disk together, and get
 * their names then. A directory gets its mode, its time and its fsync when all of its contents have theirs.
 *
 * An item that fails is reported, and the rest goes on. A stream that breaks the rules ends the transfer, and so does a
 * full disk.
 */
#ifndef REMEX_FILES_RECEIVER_H
#define REMEX_FILES_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/file_writer.h"
#include "files/item.h"
#include "files/target.h"

enum {
	RECEIVER_BATCH =
		400, /* complete files that wait for the disk together; each has a descriptor, of the usual 1024 */
	RECEIVER_MANY = 16, /* so many files or more are synced by one call for the filesystem (syncfs(2)) */
	RECEIVER_DEPTH = 256, /* levels of directories; a deeper directory fails */
	RECEIVER_STEP = 16 * 1024 * 1024,
	RECEIVER_SMALL = 64 * 1024, /* an interrupted file of up to so many bytes is not kept for resuming */
};

/* The report for an item that is finished or has failed. */
struct receipt {
	enum item_kind kind; /* ITEM_FILE, ITEM_DIRECTORY, ITEM_LINK, or ITEM_FAILED: the sender could not send it */
	int64_t source; /* the number of the source it belongs to */
	const char *path; /* from the top, beginning with the name of the source, as the sender sent it */
	int64_t size; /* of a file */
	const char *sum; /* of a file that is in place; else "" */
	bool changed; /* the file changed while the sender read it, and is in place nevertheless */
	const char *note; /* "not kept: …", the lost attributes of a replaced file; NULL or "": nothing is lost */
	const struct err *err; /* NULL: the item is in place */
};

/* Where does an item at the top go? Set `target` (the receiver owns it then), or set *fd to a descriptor (borrowed)
 * that gets the content of the file. 0, or -1 and err with a code; err->sys EPROTO: such an item was not asked for,
 * which ends the stream. */
typedef int receiver_target (void *data, const struct item *item, struct target *target, int *fd, struct err *err);
typedef void receiver_report (void *data, const struct receipt *receipt);

struct receiver_options {
	struct file_writer_options writer;
	bool recursive; /* directories and links may come */
	bool live; /* accept a file that changed while the sender read it; otherwise such a file fails */
	bool tame; /* refuse links that could lead out of their directory: absolute links, and links with ".." */
};

struct receiver;
struct receiver *receiver_new (
	const struct receiver_options *options, receiver_target *target, receiver_report *report, void *data);

/* Take bytes from `in`, as many as possible. Answers for the sender ({"have":…}) are appended to `back`. Returns
 *   0   all possible bytes are taken
 *   1   call again, also without new bytes in `in`: the sum of large or many holes, or of a partial file, takes time, and
 *       is computed in steps of about RECEIVER_STEP bytes
 *  -1   the transfer ends; err: CODE_BAD_VALUE: the stream breaks the rules; CODE_IO_ERROR with err->sys ENOSPC or EDQUOT: the
 *       disk is full or a quota is used up, and the report of the item has the same words. All following items would fail
 *       for this reason. Files that were complete before are put in place, as far as there is room. */
int receiver_take (struct receiver *receiver, struct buf *in, struct buf *back, struct err *err);

/* The stream has ended: put all waiting files in place. 0, or -1 and err when the stream is incomplete, or as above. */
int receiver_end (struct receiver *receiver, struct err *err);

/* Waiting files are discarded. The temporary of the current file stays, so that the transfer can be resumed, unless
 * the file is small. */
void receiver_free (struct receiver *receiver);

struct receiver_progress {
	int64_t files, bytes; /* so far */
	int64_t total_files, total_bytes; /* from the sender; -1: the sender sent none */
};
void receiver_progress (const struct receiver *receiver, struct receiver_progress *progress);

#endif
