/* trusted - may this file be believed? One answer for every file and directory that remexd and remex act upon:
 * configurations, keys, identities, pinned hosts, plugins, the audit trail, the directories of sockets.
 *
 * The question is who could have written what is there. A file or directory is believed when
 * - it belongs to root or to the user we run as (the effective one), and neither its group nor others may write to it
 *   (an ACL that lets somebody write shows in the group's bits, acl(5));
 * - it is of the right kind: only a regular file is opened as a file. The kind is checked before it is opened, so
 *   that a FIFO is not waited for and a device is not touched;
 * - every directory above it, up to /, belongs to root or to us, and others may not write to it unless it is sticky, as
 *   /tmp is. A directory above may be writable by its group: the group can take the file away, but the owner of
 *   the file that it puts there shows that;
 * - every symbolic link on the way belongs to root or to us, and the same holds where it leads.
 *
 * The path is walked by descriptors, one name at a time, and the file that was checked is the one that is opened:
 * nobody can exchange a directory or a link in between.
 *
 * In a user namespace, root of the machine may have no number (user_namespaces(7)): a directory above or a link that
 * belongs to such an owner counts as root's there. A file does not.
 *
 * Errors are in plain words, and say what to do. err->sys is EPERM where something is not believed, else the errno.
 */
#ifndef REMEX_BASE_TRUSTED_H
#define REMEX_BASE_TRUSTED_H

#include <stddef.h>

#include "base/err.h"

enum trusted {
	TRUSTED_FILE, /* a file, to read */
	TRUSTED_SECRET, /* the same, and neither group nor others may read it */
	TRUSTED_LOG, /* a file, to read and append to; made with mode 0600 where there is none */
	TRUSTED_DIRECTORY, /* a directory whose entries are believed, to read */
	TRUSTED_ABOVE, /* a directory, held to what directories above a file are held to: what is made in it is believed; an O_PATH */
	TRUSTED_PLACE, /* the same, or a sticky one, in which we make a name of our own; the descriptor is an O_PATH */
};

/* Open an absolute path. A descriptor (close-on-exec; for files non-blocking, which means nothing to them), which the
 * caller closes; or -1 and err. */
int trusted_open (const char *path, enum trusted kind, struct err *err);

/* The same for the entry `name` of a directory that trusted_open has opened; `directory_path` is its name. */
int trusted_open_at (int directory, const char *directory_path, const char *name, enum trusted kind, struct err *err);

/* Read a whole TRUSTED_FILE of at most max bytes, as fd_read_all does. NULL and err; the caller frees. */
char *trusted_read (const char *path, size_t max, size_t *n, struct err *err);

#endif
