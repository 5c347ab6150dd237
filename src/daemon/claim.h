/* claim - may the front have a worker of that user?
 *
 * An attacker may control the front, so the kernel's credentials of the caller's Unix socket decide. Without a Unix
 * socket (TCP), the identity that the front names decides. Root and the daemon's own user may act as any user that the
 * daemon can become, a member of group `remex` as itself, a caller over TCP as the user of its identity. A supervisor
 * that is not root makes workers of its own user only.
 *
 * The kernel's credentials are those of the process that called connect(2), whatever process accepted. They count as
 * long as the caller can still send. The front ends a connection when its client stops sending, so a front that keeps a
 * copy of the socket must not get a worker with it. A worker that was given earlier stays with the front.
 */
#ifndef REMEX_DAEMON_CLAIM_H
#define REMEX_DAEMON_CLAIM_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/identity_files.h"
#include "daemon/listening.h"

struct claim {
	uid_t uid; /* the worker's user */
	uint64_t users; /* the state of the user database (base/userdb.h) before it was read for this worker */
	int peer; /* the caller's Unix socket, from the front; -1: none */
	const char *name; /* the caller's identity, from the front */
	uid_t caller; /* filled in: the user at the caller's Unix socket; -1: not looked at */
};

/* 0, or the errno of the refusal: EPERM, or ENOTCONN when the caller has left. `listening` NULL: --stdio, where the
 * only caller is the user who started remexd. */
int claim_check (struct claim *claim, const struct listening *listening, struct identity_files *identities);

#endif
