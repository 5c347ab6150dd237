/* workers - the pool of worker processes: made, kept spare, handed to the front, stopped, reaped.
 *
 * A worker is named by a serial number that is never used again. It is in one of two lists: `living` until its keeper has
 * closed its link, then `ended` until the keeper is reaped (a debugger may hold it). The front is told of the end of each
 * worker that it has (GONE); a worker counts until then.
 *
 * Spares are idle workers of the daemon's own user, ready for the front to ask for. All workers are made from one
 * generation; a new generation has new spares.
 */
#ifndef REMEX_DAEMON_WORKERS_H
#define REMEX_DAEMON_WORKERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "base/list.h"
#include "base/userdb.h"
#include "daemon/front_process.h"
#include "daemon/generation.h"
#include "daemon/worker_process.h"
#include "proc/cgroup.h"

struct workers {
	const struct generation *generation; /* that new ones are made from */
	struct front_process *front;
	struct cgroups cgroups;
	struct userdb userdb;
	struct list living, ended; /* of struct worker_process */
	size_t n; /* living */
	int n_spares;
	uint64_t last_serial;
	int64_t spare_retry_ms; /* clock_ms: when to make a spare again after a failure */
	int64_t keepers_lost; /* keepers that died before their workers */
	struct packet packet; /* where records are received */
};

/* No workers. The generation and the front stay the caller's. */
void workers_init (struct workers *workers, const struct generation *generation, struct front_process *front);

/* Make new workers of another generation from now on, and let the spares go. */
void workers_set_generation (struct workers *workers, const struct generation *generation);

/* Make spares until there are so many, within the maximum of workers. */
void workers_keep_spares (struct workers *workers, int wanted);

/* Answer the front's request for a worker of that user, which the front may have (claim.h): a spare or a new one (BORN), or
 * the errno of the failure (NO_WORKER; EBUSY: at the maximum, some have yet to go). `users`: the state of the user database
 * that the worker has to be of. */
void workers_give (struct workers *workers, uint64_t request, uid_t uid, uint64_t users);

/* The front's RELEASE or STOP of one of its workers. One that has just ended is not there any more, which is no error. */
void workers_order (struct workers *workers, const struct record *record);

/* The front is gone: stop its workers. With `spares` the spares leave too, and nobody needs one any more. */
void workers_stop (struct workers *workers, bool spares);

/* The workers that were told to leave are given no more time. */
void workers_hurry (struct workers *workers);

/* What to poll: one entry for each of the n living workers. Afterwards, with the same entries: receive what the keepers have
 * sent, and take note of those whose link has ended. No worker may be made in between. */
void workers_poll (const struct workers *workers, struct pollfd *fds);
void workers_receive (struct workers *workers, const struct pollfd *fds);

/* Reap the keepers that have ended, force those that are late (worker_process.h). */
void workers_watch (struct workers *workers);

/* When workers_watch or workers_keep_spares is to be called next, by clock_ms; 0: at no certain time. */
int64_t workers_time (const struct workers *workers);

/* A process was stopped and told to go on: log it, once, where it is a keeper. */
void workers_log_stopped (struct workers *workers, pid_t pid);

/* Free the list. The keepers kill at the end of their links. */
void workers_close (struct workers *workers);

#endif
