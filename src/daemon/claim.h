/* claim - may the front have a worker of that user?
 *
 * The front is not asked who is calling, since an attacker may control it. The kernel is asked, about the caller's Unix
 * socket; where there is none (TCP), the identity that the front names is. Root and the daemon's own user may act as any user
 * that the daemon can become, a member of group `remex` as itself, a caller over TCP as the user of its identity. A
 * supervisor that is not root makes workers of its own user only.
 *
 * The kernel's credentials are those of the process that called connect(2), whoever accepted. They count as long as the
 * caller may still send: at the end of what a client sends the front ends its connection too, so a front that keeps a copy
 * of the socket must not have a worker by it. A worker that was given before that stays with the front.
 */
#ifndef REMEX_DAEMON_CLAIM_H
#define REMEX_DAEMON_CLAIM_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/identity_files.h"
#include "daemon/listening.h"

struct claim {
	uid_t uid; /* the worker's user */
	uint64_t users; /* the state of the user database (base/userdb.h) before anybody asked it for this worker */
	int peer; /* the caller's Unix socket, as the front has it; -1: the front shows none */
	const char *name; /* the caller's identity, by the front's word */
};

/* 0, or the errno of the refusal: EPERM, or ENOTCONN where the caller has left. `listening` NULL: --stdio, where the one caller
 * is who started remexd. */
int claim_check (const struct claim *claim, const struct listening *listening, struct identity_files *identities);

#endif
