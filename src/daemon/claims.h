/* claims - the front's requests for workers that come with a client's socket (claim.h). Each is received and checked by a
 * process of its own.
 *
 * The front may be broken, and whoever receives a descriptor has to close it: close(2) may wait for a file system that is
 * somebody's program (FUSE), for the peer of a TCP socket (SO_LINGER), or for the lock of a pipe. The supervisor must not
 * wait, and neither may it keep such a descriptor: each child that it forks would close its copy. So the requests come over
 * a link of their own, from which the supervisor never reads. When a request has come, the supervisor forks a child, which
 * receives it, reports, and ends. A child that cannot end is left behind. A front that makes many of these is ended.
 *
 *   IDLE (checker < 0) ──a request has come──▶ CHECKING ──the child's report──▶ IDLE
 */
#ifndef REMEX_DAEMON_CLAIMS_H
#define REMEX_DAEMON_CLAIMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/link.h"
#include "daemon/listening.h"

enum { CLAIMS_FDS = 2, CLAIMS_HUNG_MAX = 16, CLAIMS_LEFT_MAX = 256 };

struct claims {
	int link; /* from the front; -1: no front */
	int checker; /* CHECKING: where the child reports; else -1 */
	pid_t left[CLAIMS_LEFT_MAX]; /* children that have not been reaped */
	size_t n_left;
	size_t before; /* as many of them belong to former fronts */
};

void claims_init (struct claims *claims);

/* A new front: make its link. Returns the front's end (the caller closes it); -1 with errno. */
int claims_open (struct claims *claims);

/* The front is gone: close its link, in another process too. */
void claims_close (struct claims *claims);

/* claims_poll gives the entries to poll (-1: not needed). claims_receive takes them afterwards: true, and *record has a
 * verdict: id the front's request, a the uid, b 0 or the errno of the refusal. */
void claims_poll (const struct claims *claims, struct pollfd fds[CLAIMS_FDS]);
bool claims_receive (struct claims *claims, const struct pollfd fds[CLAIMS_FDS], const struct listening *listening,
	struct record *record);

/* Reap the children that have ended. NULL, or the reason to replace the front. */
const char *claims_check (struct claims *claims);

#endif
