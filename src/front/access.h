/* access - who is calling, and what that identity may do.
 *
 * An identity is what rights and fair shares belong to. For a Unix peer it is the uid that the kernel names; TCP adds
 * identities with keys, and lists of calls. It lives as long as a connection or a request refers to it.
 */
#ifndef REMEX_FRONT_ACCESS_H
#define REMEX_FRONT_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "wire/verbs.h"

struct identity {
	struct list node; /* in access.identities */
	unsigned references;
	uid_t uid; /* whom it acts as by default */
	bool full; /* the daemon's own user, or root: may do everything, as anybody the daemon can become */
	char name[64]; /* `you` of the hello, and for the log */

	/* the queue's account (queue.h) */
	struct list waiting, turn;
	int queued, running;
	size_t queued_bytes;
};

struct access {
	struct list identities;
	uid_t daemon; /* whose daemon this is */
	gid_t group; /* of `remex`, -1 where there is none */
	bool shared; /* others than root and the daemon's user may call: shares apply */
};

/* daemon: the uid the supervisor runs as. */
void access_init (struct access *access, uid_t daemon);

/* The identity of a Unix peer (referenced), or NULL and err (CODE_DENIED) when it may not call at all. */
struct identity *access_unix (struct access *access, int fd, struct err *err);

/* The identity of a uid that is known from elsewhere (--stdio: the invoking user). */
struct identity *access_uid (struct access *access, uid_t uid);

void identity_release (struct identity *identity);

/* The name of a uid in /etc/passwd, or "uid:N", in `out`. Returns out. */
char *access_name (char *out, size_t size, uid_t uid);

/* May it make that call? 0, or -1 and err (CODE_DENIED). */
int access_call (const struct identity *identity, const struct verb *verb, struct err *err);

/* As whom does its request run: the default where `user` is NULL, else that name (of /etc/passwd) or number.
 * 0, or -1 and err (CODE_DENIED, CODE_NOT_FOUND). */
int access_user (
	const struct access *access, const struct identity *identity, const char *user, uid_t *uid, struct err *err);

#endif
