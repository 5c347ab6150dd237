/* claims - the front's requests for workers and about jobs that come with a client's socket (claim.h). Each is received and checked by a
 * process of its own.
 *
 * The front may be broken, and whoever receives a descriptor has to close it: close(2) may wait for a file system that is
 * somebody's program (FUSE), for the peer of a TCP socket (SO_LINGER), or for the lock of a pipe. The supervisor must not
 * wait, and neither may it keep such a descriptor: each child that it forks would close its copy. So the requests come over
 * a link of their own, where the supervisor only looks at them (MSG_PEEK, which takes no descriptor). For each request the
 * supervisor forks a child, which receives it, reports, and ends. A child that cannot end is left behind. A front that
 * makes many of these is replaced, and so is one whose child does not report, or whose packet is no request.
 *
 *   IDLE (checker < 0) ──a request has come──▶ CHECKING ──the child's report, or its death──▶ IDLE
 */
#ifndef REMEX_DAEMON_CLAIMS_H
#define REMEX_DAEMON_CLAIMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "daemon/listening.h"

enum {
	CLAIMS_FDS = 2,
	CLAIMS_HUNG_MAX = 16, /* no further child is forked for a front while so many have not ended */
	CLAIMS_PATIENCE_MS = 5000, /* for a child to report, or for one of so many to end */
	CLAIMS_PAYLOAD = 16 * 1024, /* bytes of a request about a job */
	CLAIMS_RETRY_MS = 100, /* after a child could not be forked */
};

struct claims {
	int link; /* from the front; -1: no front */
	bool over; /* no request is read any more: the front has shut its end, or */
	const char *fault; /* the reason to replace the front; NULL: none */
	int checker; /* CHECKING: where the child reports; else -1 */
	struct record request; /* CHECKING: the request */
	int64_t since_ms; /* CHECKING: clock_ms of its beginning */
	int64_t retry_ms; /* clock_ms: when a child is forked again; 0: now */
	pid_t *left; /* children that have not been reaped */
	size_t n_left, room;
	size_t before; /* as many of them belong to former fronts */
	int64_t hung_ms; /* clock_ms: since then CLAIMS_HUNG_MAX have not ended; 0: fewer */
};

void claims_init (struct claims *claims);
void claims_free (struct claims *claims);

/* A new front: make its link. Returns the front's end (the caller closes it); -1 with errno. */
int claims_open (struct claims *claims);

/* The front is gone: close its link and *other, which came from the front too, and set both to -1. The last close of a link
 * drops the descriptors in it, so another process makes it. */
void claims_close (struct claims *claims, int *other);

/* A request that was checked. */
struct claims_verdict {
	struct record request; /* as the front has sent it */
	int refusal; /* 0, or an errno */
	uid_t caller; /* the user at the client's socket */
	const void *data; /* the payload of the request: n bytes, valid until the next call */
	size_t n;
};

/* claims_poll gives the entries to poll (-1: not needed). claims_receive takes them afterwards: true, and there is a
 * verdict. */
void claims_poll (const struct claims *claims, struct pollfd fds[CLAIMS_FDS]);
bool claims_receive (struct claims *claims, const struct pollfd fds[CLAIMS_FDS], const struct listening *listening,
	struct claims_verdict *verdict);

/* Reap the children that have ended. */
void claims_reap (struct claims *claims);

/* NULL, or the reason to replace the front. */
const char *claims_check (const struct claims *claims);

/* When to call claims_poll and claims_check next without an event, by clock_ms; 0: no such time. */
int64_t claims_time (const struct claims *claims);

#endif
