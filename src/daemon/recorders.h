/* recorders - the processes that write recordings (record/recorder.h), as the supervisor sees them: it starts one for each
 * call that the front or a job wants to have recorded, from the configuration in use, and reaps it. A recorder ends when
 * whoever has its link lets go of it; nothing here waits for one. One that hangs in its file system counts until it ends, so
 * that their number is bounded.
 */
#ifndef REMEX_DAEMON_RECORDERS_H
#define REMEX_DAEMON_RECORDERS_H

#include <stddef.h>
#include <sys/types.h>

#include "conf/config.h"

struct recorders {
	pid_t *all;
	size_t n, room;
};

void recorders_close (struct recorders *recorders);

/* Start a recorder. *link is our end. The pid; or -1 with errno (EAGAIN: there are too many; ENOENT: there is no directory for
 * recordings, because HOME is not set). */
pid_t recorders_start (struct recorders *recorders, const struct config *config, int *link);

/* After SIGCHLD: reap those that have ended. */
void recorders_reap (struct recorders *recorders);

#endif
