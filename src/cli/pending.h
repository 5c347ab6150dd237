/* pending - the items that a put has sent and the server has not reported yet.
 *
 * The sender calls pending_sent for each item that it appends to the stream. The server reports each file, directory
 * and link once, when it is in place or has failed (pending_done, pending_failed). A report of success counts only if
 * that item was sent, with that size and sum. Entries that are left when the call has ended were not confirmed.
 *
 * A path is the path in the reports: the names of the items from the top, joined by slashes; of a longer path the last
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

enum { PENDING_MAX = 256 * 1024 }; /* entries; far fewer wait if the server confirms the items that it takes */

struct pending_entry {
	struct pending_entry *next; /* in the same bucket */
	enum item_kind
		kind; /* FILE, DIRECTORY, LINK; FAILED: the sender failed to send it, so the report must be a failure */
	int64_t source;
	int64_t size; /* of a FILE; -1: unknown */
	char sum[DIGEST_TEXT]; /* of a FILE; "" until its end was sent */
	char path[]; /* with its NUL */
};

struct pending {
	struct pending_entry **buckets;
	size_t n_buckets, n;
	size_t first; /* the buckets before this one are empty: where pending_take begins */
	struct pending_entry *file; /* the file whose end was not sent yet; NULL: none, or it has failed */
	struct buf path; /* of the directory that the sender is in, without a NUL */
	int64_t source;
	int error; /* errno: an entry could not be added (ENOMEM), or there are too many (ENOBUFS) */
};

void pending_init (struct pending *pending);
void pending_free (struct pending *pending);

/* An item was sent. Errors are in pending->error. */
void pending_sent (struct pending *pending, const struct item *item);

/* The server reports success. 0: the entry is removed. 1 and err: the item was sent with another size or sum; the entry
 * is removed, and the item has failed. -1 and err: the item was not sent. */
int pending_done (struct pending *pending, const struct item *done, struct err *err);

/* The server reports a failure: remove the entry, if there is one. */
void pending_failed (struct pending *pending, const struct item *failed);

/* Remove any entry that is left; the caller calls free(3). NULL: there is none. */
struct pending_entry *pending_take (struct pending *pending);

#endif
