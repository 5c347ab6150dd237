/* sender - makes a stream of items (item.h) from files, directories and links. `remex put` has one in the client,
 * `remex get` has one in the file plugin.
 *
 * The caller asks for the next bytes; a call waits for the disk and for nothing else. The sender holds one descriptor
 * for each directory that it is in, and one for the current file; its memory does not depend on the size or number of
 * files. A file that cannot be sent becomes an item (failed, abort), and the rest goes on. Special files (FIFOs,
 * sockets, devices) fail by name, and so do directories without `recursive`. Symbolic links beneath a source are sent
 * as links; a source that is a link is followed.
 */
#ifndef REMEX_FILES_SENDER_H
#define REMEX_FILES_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/item.h"
#include "files/shared_digest.h"

enum { SENDER_DEPTH = 256 }; /* levels of directories; a deeper directory fails */

struct sender_options {
	bool recursive;
	bool live; /* send a file that changes while it is read, with `changed` in its end item (with fewer bytes than its
		      size, where it was truncated), and read a file whose size is wrong (/proc) to its end; otherwise such a
		      file is aborted, or fails if it is small or the fault is known from the beginning */
	bool resume; /* for each file of more than SENDER_WHOLE bytes, ask how much the receiver has already */
	enum digest_kind sum;
	/* Called for each appended item, except data, with the `data` of sender_new. NULL: not called. */
	void (*sent) (void *data, const struct item *item);
	struct shared_digests *shared; /* compute sums together with other senders of the same files; NULL: alone. With
					  `live` each one is computed alone */
	bool count; /* begin with a total: walk all sources once before; the total has no bytes where a source is a stream */
};

enum { SENDER_WHOLE = 64 * 1024 }; /* a file of up to so many bytes is sent as one item */

/* Open source number `index` for reading. `name` (room for ITEM_NAME_MAX + 1 bytes) is set to the name that the
 * receiver is told, also before a failure. Returns a descriptor (the sender owns it) of a regular file or a
 * directory, or -1 and err with a code. With *stream set, any kind of file is read until its end; the sender does
 * not make a stream non-blocking, but uses poll(2). Called once for each source, in order; with `count`, for all
 * sources once before, when a stream is not read. */
typedef int sender_open (void *data, int index, char *name, bool *stream, struct err *err);

struct sender;
struct sender *sender_new (const struct sender_options *options, int n_sources, sender_open *open, void *data);
void sender_free (struct sender *sender);

/* Append more of the stream to `out`. With less than SENDER_ROOM free in `out` nothing is appended; ITEM_HEADER_MAX +
 * ITEM_DATA_MAX free is best. Bytes may be appended with each of the results:
 *   SENDER_MORE  call again. Counting, long holes and the comparison of existing bytes go in steps, in which nothing may be
 *                appended, so that the caller can do other work between them
 *   SENDER_END   the stream is complete
 *   SENDER_WAIT  wait for an answer (sender_answer), or until a stream is readable (sender_waits_on)
 *   -1           errno: out of memory */
enum { SENDER_ROOM = ITEM_HEADER_MAX + SENDER_WHOLE };
enum sender_state { SENDER_MORE, SENDER_END, SENDER_WAIT };
int sender_fill (struct sender *sender, struct buf *out);

/* Take the {"have":…} of the receiver. 0, or -1 and err (CODE_BAD_VALUE) when the sender did not ask, or it is
 * another item. */
int sender_answer (struct sender *sender, const struct item *have, struct err *err);

/* After SENDER_WAIT: the descriptor to poll, or -1: the sender waits for an answer. */
int sender_waits_on (const struct sender *sender);

/* Progress. `path` is the path of the current item. */
struct sender_progress {
	int64_t files, bytes; /* so far, including holes and bytes that the receiver had already */
	int64_t total_files, total_bytes; /* -1: unknown */
	const char *path; /* begins with the name of the source; valid until the next call */
};
void sender_progress (const struct sender *sender, struct sender_progress *progress);

#endif
