/* user - the user of a worker, for its whole life: become that user, and know its name, home and shell.
 *
 * A session keyring of its own comes first (proc/session_keyring.h). The other steps have the order of OpenSSH's
 * permanently_set_uid: groups, gid, uid, then a check that there is no way back (setresuid(2), initgroups(3)). Name
 * services are asked in the worker, so that a slow name service blocks no other process.
 */
#ifndef REMEX_WORKER_USER_H
#define REMEX_WORKER_USER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct user {
	uid_t uid;
	char *name, *home, *shell;
	int64_t expires; /* Unix seconds; 0: never */
};

/* Look the user up. The caller's own uid may have no entry: its name is then "uid:N", home "/", shell "/bin/sh". 0 or
 * -1. */
int user_look_up (struct user *user, uid_t uid, struct err *err);
/* Is the account valid at that time (Unix seconds)? 0, or -1 and err (CODE_DENIED). The date of expiry in shadow(5)
 * decides. Only root can read that date, and it does not bind root itself. A locked or expired password does not
 * matter: nobody logs in to remexd with a password. */
int user_check (const struct user *user, int64_t now, struct err *err);
void user_free (struct user *user);

/* Become that user for ever. As root: all steps. Otherwise the uid must be the caller's own. 0 or -1. */
int user_become (const struct user *user, struct err *err);

#endif
