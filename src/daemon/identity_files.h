/* identity_files - the identity files of one generation: who may come in over TCP, and as whom (conf/grant.h).
 *
 * A file that is wrong costs its own identity and nobody else's: it is refused by name, with the reason, and does not
 * come in. Files are opened within the directory, never through a symbolic link; the directory and each file must
 * belong to root or to the daemon's user, and nobody else may write to them.
 *
 * The supervisor reads them to know which users it may grant to the front, and hands the front a sealed snapshot of the
 * good ones. Only public keys are in them.
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
	uid_t uid; /* as whom it acts */
	bool moved; /* its `user` is not that one any more */
};

struct identity_files {
	char *directory;
	struct identity_file *items; /* in the order of their names */
	size_t n_items;
	uint64_t users; /* the state of the user database that `moved` is of; 0: none */
};

/* Read the directory; one that is not there holds nobody, and neither does one that we may not look into where nobody
 * `named` it. A key belongs to one identity: to the one that has it in `now` (those in use, or NULL), else to the first by
 * name; others that list it are refused. -1 and err only where the directory itself cannot be trusted or read.
 * identity_files_close frees, also after a failure. */
int identity_files_open (struct identity_files *identities, const char *directory, bool named,
	const struct identity_files *now, struct err *err);
void identity_files_close (struct identity_files *identities);

/* Refuse those that name calls which no plugin has; `table` is the verb table as JSON text (wire/verbs.h). */
void identity_files_check_calls (struct identity_files *identities, const char *table);

/* How many are good. */
size_t identity_files_count (const struct identity_files *identities);

/* Is the one of that name good, not expired now, and does it act as that user? One whose `user` is another by now, or
 * nobody, acts as neither until the next reload; users are looked up again when `users`, the state of the user database
 * (base/userdb.h), is another. */
bool identity_files_support (struct identity_files *identities, const char *name, uid_t uid, uint64_t users);

/* Log those that are refused or expired; returns how many were refused. */
int identity_files_report (const struct identity_files *identities);

/* For the front: a sealed memfd with the texts of the good ones (grant_append), and one with a JSON object
 * {"directory":"…","uids":{"NAME":uid},"refused":{"NAME":"why"}}. 0, or -1 and err. */
int identity_files_snapshot (const struct identity_files *identities, int fds[2], struct err *err);

#endif
