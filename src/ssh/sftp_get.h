/* sftp_get - makes a stream of items (files/item.h) from files on a machine by its SFTP server: what a sender (files/sender.h)
 * does where remexd is. It has no descriptor and no clock: its owner takes the items and moves the bytes of the struct sftp.
 *
 * The entries of a directory are opened and read ahead, up to SFTP_GET_AHEAD of them, and sent in their order. A file of up to
 * SENDER_WHOLE bytes is sent whole; a larger one is read with SFTP_WINDOW reads in flight when its turn has come. The sum is
 * that of the bytes that have come. A file whose size or time has changed when it has been read is aborted, unless `live`.
 *
 * The server is not trusted: a name that is a path ends the transfer; data that was not asked for ends it; a file never gets
 * more bytes than it had at the beginning; links are sent as links, and are followed only as a source; directories may be
 * SENDER_DEPTH levels deep.
 */
#ifndef REMEX_SSH_SFTP_GET_H
#define REMEX_SSH_SFTP_GET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "files/digest.h"
#include "ssh/sftp.h"

enum { SFTP_GET_AHEAD = 64 };

struct sftp_get_options {
	const char *const *paths; /* as in file.get (doc/protocol.md) */
	size_t n_paths;
	bool recursive, live;
	enum digest_kind sum;
	bool count; /* begin with the total, where the only source is a file */
};

struct sftp_get;

/* The server has greeted. The options are copied. NULL: out of memory. */
struct sftp_get *sftp_get_new (struct sftp *sftp, const struct sftp_get_options *options);

/* No request is answered any more. NULL is allowed. */
void sftp_get_free (struct sftp_get *get);

/* Go on: call it when answers have come, and when the owner has taken items. */
void sftp_get_step (struct sftp_get *get);

/* The items, which the owner consumes. */
struct buf *sftp_get_items (struct sftp_get *get);

/* WORKING; OVER: all items are made; FAILED, for the reason `why`. */
enum sftp_get_state { SFTP_GET_WORKING, SFTP_GET_OVER, SFTP_GET_FAILED };
enum sftp_get_state sftp_get_state (const struct sftp_get *get, struct err *why);

/* What has been sent. */
void sftp_get_totals (const struct sftp_get *get, int64_t *files, int64_t *bytes);

#endif
