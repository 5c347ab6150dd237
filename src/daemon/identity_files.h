/* identity_files - the identity files of one generation: the clients that may connect over TCP, and their users
 * (conf/grant.h).
 *
 * A file with a mistake is refused by its name, with the reason. Its identity may not connect; the other identities are
 * not affected. Files are opened within the directory, never through a symbolic link. The directory and each file must
 * belong to root or to the daemon's user, and nobody else may write to them.
 *
 * The supervisor reads the files to know the users whose workers the front may have (claim.h). The front gets a sealed
 * snapshot of the valid files. The files hold only public keys.
 */
#ifndef REMEX_DAEMON_IDENTITY_FILES_H
#define REMEX_DAEMON_IDENTITY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/grant.h"

struct identity_file {
	char *name; /* without .yaml */
	char *text;
	size_t n;
	struct grant *grant; /* NULL: refused */
	char *refused; /* why */
	uid_t uid; /* the user that it acts as */
	bool moved; /* its `user` has another uid now, or is gone */
};

struct identity_files {
	char *directory;
	struct identity_file *items; /* in the order of their names */
	size_t n_items;
	uint64_t users; /* the state of the user database for `moved`; 0: none */
};

/* Read the directory. A missing directory has no identities, and neither has the default directory (not `named`) when
 * it may not be read. A key belongs to one identity: to its owner in `now` (the identities in use, or NULL), else to
 * the first name. Other identities that list it are refused. 0; or -1 and err when the directory cannot be trusted or
 * read, or when memory runs out. identity_files_close frees, also after a failure. */
int identity_files_open (struct identity_files *identities, const char *directory, bool named,
	const struct identity_files *now, struct err *err);
void identity_files_close (struct identity_files *identities);

/* Refuse the identities that allow calls which no plugin has. `table` is the verb table as JSON text (wire/verbs.h). */
void identity_files_check_calls (struct identity_files *identities, const char *table);

/* Refuse the identities that act as that user. */
void identity_files_refuse_user (struct identity_files *identities, uid_t uid, const char *why);

/* The number of identities that are not refused. */
size_t identity_files_count (const struct identity_files *identities);

/* May the identity of that name act as that user now? Not when it is refused or expired, or when its `user` has another
 * uid since the last reload. `users` is the state of the user database (base/userdb.h); when the state has changed, all
 * users are looked up again. */
bool identity_files_allow (struct identity_files *identities, const char *name, uid_t uid, uint64_t users);

/* The rights of the identity of that name; NULL: it is refused, or there is none. */
const struct grant *identity_files_grant (const struct identity_files *identities, const char *name);

/* Log the identities that are refused or expired. Returns the number of refused ones. */
int identity_files_log (const struct identity_files *identities);

/* For the front: a sealed memfd with the texts of the valid files (grant_append), and one with a JSON object
 * {"directory":"…","uids":{"NAME":uid},"refused":{"NAME":"why"}}. 0, or -1 and err. */
int identity_files_snapshot (const struct identity_files *identities, int fds[2], struct err *err);

#endif
