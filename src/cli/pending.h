/* pending - what a put has sent and the server has not answered for yet.
 *
 * The sender tells of each item that it appends to the stream (pending_sent); the server reports each file, directory and
 * link once, when it is in place or has failed (pending_done, pending_failed). A report of success counts only where it
 * names something that was sent, with the size and the SHA-256 that were sent. What is left when the call has ended was
 * not confirmed.
 *
 * A path is that of the reports: the names of the items from the top, joined by slashes, and of a longer one the last
 * OPEN_DIR_PATH - 1 bytes (files/open_dir.h). One path may be sent more than once.
 */
#ifndef REMEX_CLI_PENDING_H
#define REMEX_CLI_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/item.h"

enum { PENDING_MAX = 256 * 1024 }; /* entries; a server that confirms what it takes lets far fewer wait */

struct pending_entry {
	struct pending_entry *next; /* in its bucket */
	enum item_kind
		kind; /* FILE, DIRECTORY, LINK; FAILED: the sender could not send it, so only a failure is right */
	int64_t source;
	int64_t size; /* of a FILE: -1 where it is not known */
	char sha256[DIGEST_TEXT]; /* of a FILE: "" before its end was sent */
	char path[]; /* with its NUL */
};

struct pending {
	struct pending_entry **buckets;
	size_t n_buckets, n;
	struct pending_entry *file; /* the file whose end was not sent yet; NULL: none, or it has failed */
	struct buf path; /* of the directory that the sender is in, without a NUL */
	int64_t source;
	int error; /* errno: an item could not be noted (ENOMEM), or too many wait (ENOBUFS) */
};

void pending_init (struct pending *pending);
void pending_free (struct pending *pending);

/* An item was sent. What goes wrong is in pending->error. */
void pending_sent (struct pending *pending, const struct item *item);

/* The server says that this is in place: 0, and it is pending no more. 1 and err: it was sent, but with another size or
 * sum; it is pending no more, and has failed. -1 and err: it was not sent. */
int pending_done (struct pending *pending, const struct item *done, struct err *err);

/* The server says that this has failed: pending no more, if it was. */
void pending_failed (struct pending *pending, const struct item *failed);

/* Take out any that is left, for the caller to free(3); NULL: none is. */
struct pending_entry *pending_take (struct pending *pending);

#endif
