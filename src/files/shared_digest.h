/* shared_digest - one sum for all readers of one file, at once or one after the other: each byte is hashed once, by
 * the reader that comes to it first. `remex put` to many hosts has one reader for each host.
 *
 * Every reader begins at the start of the file and adds what it reads, so that the sum covers a prefix of the file: from 0
 * to the farthest reader. Bytes within that prefix are not hashed again.
 *
 * A file is known by device, inode, size, mtime and ctime: a file that changes is another file from then on. A file that
 * changed within the last SHARED_DIGEST_QUIET seconds is not shared, because timestamps are too coarse to tell whether
 * it changes once more.
 */
#ifndef REMEX_FILES_SHARED_DIGEST_H
#define REMEX_FILES_SHARED_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "files/digest.h"

enum {
	SHARED_DIGEST_QUIET = 2, /* seconds; FAT keeps times of two seconds */
	SHARED_DIGEST_IDLE = 4096, /* sums that are kept without a reader: those that were used last */
};

struct shared_digests; /* the sums of all files */
struct shared_digest; /* that of one file */

/* NULL when out of memory. Free it after all of its sums are closed. */
struct shared_digests *shared_digests_new (enum digest_kind sum);
void shared_digests_free (struct shared_digests *all);

/* The sum of the regular file that has this stat. NULL: it is not shared (out of memory, or a recent change), and its
 * reader needs a sum of its own. Then shared_digest_close, which takes NULL. */
struct shared_digest *shared_digest_open (struct shared_digests *all, const struct stat *st);
void shared_digest_close (struct shared_digest *shared);

/* A reader has read n bytes at `offset`; NULL: n zeros. The reader must have added everything before `offset`. */
void shared_digest_add (struct shared_digest *shared, int64_t offset, const void *bytes, int64_t n);

/* The sum, for a reader that has added all `size` bytes of the file: "" where that is not so, or when out of memory. */
void shared_digest_text (struct shared_digest *shared, int64_t size, char text[DIGEST_TEXT]);

#endif
