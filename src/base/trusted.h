/* trusted - may this file be trusted? The same rules hold for every file and directory that remexd and remex use:
 * configurations, keys, identities, pinned hosts, plugins, the audit trail, the directories of sockets.
 *
 * The rules limit the users who could have written the contents. A file or directory is trusted when
 * - it belongs to root or to the user that we run as (the effective one), and neither its group nor others may write to
 *   it (an ACL that lets somebody write shows in the group's bits, acl(5));
 * - it is of the right kind: only a regular file is opened as a file. The kind is checked before the file is opened, so
 *   that remex does not wait for a FIFO or touch a device;
 * - every directory above it, up to /, belongs to root or to us, and others may not write to it unless it is sticky, as
 *   /tmp is. A directory above may be writable by its group: the group can replace the file, but the owner of the new
 *   file shows that;
 * - every symbolic link on the way belongs to root or to us, and the rules hold for its target.
 *
 * The path is walked by descriptors, one name at a time. The file that was checked is the file that is opened: nobody
 * can exchange a directory or a link in between.
 *
 * In a user namespace, root of the machine may have no number (user_namespaces(7)). A directory above or a link that
 * belongs to such an owner then counts as root's. A file does not.
 *
 * Errors are in plain words, and say what to do. err->sys is EPERM when a file or directory is not trusted, else the
 * errno.
 */
#ifndef REMEX_BASE_TRUSTED_H
#define REMEX_BASE_TRUSTED_H

#include <stddef.h>

#include "base/err.h"

enum trusted {
	TRUSTED_FILE, /* a file, for reading */
	TRUSTED_SECRET, /* the same, and neither group nor others may read it */
	TRUSTED_LOG, /* a file, for reading and appending; created with mode 0600 if missing */
	TRUSTED_DIRECTORY, /* a directory with trusted entries, for reading */
	TRUSTED_ABOVE, /* a directory that meets the rules for directories above a file: its new files are trusted;
			  O_PATH */
	TRUSTED_PLACE, /* the same, or a sticky directory, where we make a name of our own; O_PATH */
};

/* Open an absolute path. Returns a descriptor (close-on-exec; non-blocking for files, without effect), which the caller
 * closes; or -1 and err. */
int trusted_open (const char *path, enum trusted kind, struct err *err);

/* The same for the entry `name` of a directory that trusted_open has opened; `directory_path` is its name. */
int trusted_open_at (int directory, const char *directory_path, const char *name, enum trusted kind, struct err *err);

/* Read a whole TRUSTED_FILE of at most max bytes, as fd_read_all does. NULL and err; the caller frees. */
char *trusted_read (const char *path, size_t max, size_t *n, struct err *err);

#endif
