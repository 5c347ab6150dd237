/* sftp_put - makes files on a machine from a stream of items (files/item.h) by its SFTP server: what a receiver
 * (files/receiver.h) does where remexd is. It has no descriptor and no clock: its owner feeds the items and moves the bytes of
 * the struct sftp.
 *
 *   BEGINNING -> WORKING -> OVER          from the first two also to FAILED
 *
 * BEGINNING: the destination is looked at. WORKING: items are taken, and files are on their way. OVER: the stream has ended,
 * and all that it named is reported. FAILED: the stream cannot go on, for the reason `why`; complete files are in place.
 *
 * A file goes to a temporary beside its name (".NAME.remex-XXXXXXXX", mode 0600 where it replaces a file), its size is
 * compared, it gets owner, mode and time, is brought to the disk (fsync@openssh.com), and gets its name
 * (posix-rename@openssh.com). It is reported when its directory is on the disk, too (sftp_place.h). Up to SFTP_PUT_FILES files
 * are on their way at once, so that a tree does not wait for each answer.
 *
 * SFTP names paths: where others may write into a directory of the tree, they can lead the copy elsewhere meanwhile.
 */
#ifndef REMEX_SSH_SFTP_PUT_H
#define REMEX_SSH_SFTP_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ssh/sftp.h"

enum { SFTP_PUT_FILES = 64 };

struct sftp_put_options {
	const char *path; /* the destination; a relative one begins where the SFTP server does, at the user's home */
	bool into; /* it must be a directory */
	bool recursive, preserve, set_id, sync; /* as in file.put (doc/protocol.md) */
};

struct sftp_put;

/* The server has greeted. The options are copied. NULL: out of memory. */
struct sftp_put *sftp_put_new (struct sftp *sftp, const struct sftp_put_options *options);

/* No request is answered any more. What is on its way stays as it is. NULL is allowed. */
void sftp_put_free (struct sftp_put *put);

/* Take items from `in`, as many as possible now: call it when `in` has more, and when answers have come. `ended`: nothing
 * comes behind `in`. */
void sftp_put_take (struct sftp_put *put, struct buf *in, bool ended);

/* The items for the client, {"done":…} and {"failed":…}: the owner consumes them. */
struct buf *sftp_put_reports (struct sftp_put *put);

enum sftp_put_state { SFTP_PUT_BEGINNING, SFTP_PUT_WORKING, SFTP_PUT_OVER, SFTP_PUT_FAILED };
enum sftp_put_state sftp_put_state (const struct sftp_put *put, struct err *why);

/* What is in place: `failed` counts items. */
struct sftp_put_totals {
	int64_t files, bytes, failed;
};
void sftp_put_totals (const struct sftp_put *put, struct sftp_put_totals *totals);

/* Give up: temporaries are removed. It is done when sftp_put_is_idle. */
void sftp_put_stop (struct sftp_put *put);
bool sftp_put_is_idle (const struct sftp_put *put);

#endif
