/* sender - files, directories and links as a stream of items (item.h): what both ends do, remex for put, the file plugin
 * for get.
 *
 * It is asked for the next bytes and never waits for anybody but the disk. It holds one descriptor for each level of the
 * tree that it stands in, and a file's; its memory does not grow with the files. What cannot be sent is told by an item
 * (failed, abort), and the rest goes on. Special files (FIFOs, sockets, devices) are failed by name, directories without
 * `recursive` as well; symbolic links beneath a source are sent as links, a source that is one is followed.
 */
#ifndef REMEX_FILES_SENDER_H
#define REMEX_FILES_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/item.h"

enum { SENDER_DEPTH = 256 }; /* levels of directories; a deeper one is failed */

struct sender_options {
	bool recursive;
	bool live; /* a file that changes while it is read is sent as it was read, with `changed` in its end (after fewer
		      bytes than its size, where it shrank), and one whose size is not how much is in it (/proc) to its
		      end; otherwise it is aborted, or failed if it is small or that is known from the beginning */
	bool resume; /* ask, for each file of more than SENDER_WHOLE bytes, what is there already */
	/* Told of each item that is appended, but for data; with the sender's data. NULL: nobody is. */
	void (*sent) (void *data, const struct item *item);
	bool count; /* begin with a total: walks everything once before; without bytes, where there is a stream */
};

enum { SENDER_WHOLE = 64 * 1024 }; /* a file of up to so many bytes goes whole, in one item */

/* Source number `index`: open what it is for reading, following links as the source's own rules allow; `name` (room for
 * ITEM_NAME_MAX + 1) becomes the last component of what the receiver is told, and is to be said before a failure as well. A
 * descriptor, the sender's own from now on, of a regular file or directory (of anything where *stream is set: read until
 * its end; a stream is never made non-blocking, but asked by poll(2)), or -1 and err with a code. Asked for once for each
 * source, in order; with `count` for all of them once before, when a stream is not read. */
typedef int sender_open (void *data, int index, char *name, bool *stream, struct err *err);

struct sender;
struct sender *sender_new (const struct sender_options *options, int n_sources, sender_open *open, void *data);
void sender_free (struct sender *sender);

/* Append more of the stream to `out`, as much as fits its maximum well: with less than SENDER_ROOM left it does nothing, and
 * with ITEM_HEADER_MAX + ITEM_DATA_MAX it does best. Whatever it returns, something may have been appended.
 * SENDER_MORE: there is more; maybe nothing came this time: counting, long holes and the comparison of what is there
 * already go in steps, so that the caller can look at the rest of the world. SENDER_END: the stream is complete;
 * SENDER_WAIT: it waits for an answer (sender_answer), or for a stream to be readable (sender_waits_on); -1 with errno: out
 * of memory. */
enum { SENDER_ROOM = ITEM_HEADER_MAX + SENDER_WHOLE };
enum sender_state { SENDER_MORE, SENDER_END, SENDER_WAIT };
int sender_fill (struct sender *sender, struct buf *out);

/* The receiver's {"have":…}. 0, or -1 and err (CODE_BAD_VALUE) where none is awaited, or it is none. */
int sender_answer (struct sender *sender, const struct item *have, struct err *err);

/* The descriptor that SENDER_WAIT is about, or -1: it is the answer that is awaited. */
int sender_waits_on (const struct sender *sender);

/* What it has come to: for a progress line and for the end. `path` is that of what it is at, or was last. */
struct sender_progress {
	int64_t files, bytes; /* read so far, holes with them; sent over by resume as well */
	int64_t total_files, total_bytes; /* -1: not known */
	const char *path; /* its source's name first; good until the next call */
};
void sender_progress (const struct sender *sender, struct sender_progress *progress);

#endif
