/* workers - the pool of worker processes: makes them, keeps spares, hands workers to the front, stops and reaps them.
 *
 * A worker is named by a serial number that is never used again. It is in one of two lists: `living` until its keeper
 * has closed its link, then `ended` until the keeper is reaped (a debugger may hold it). The end of each worker of the
 * front is reported to the front (GONE); a worker counts until then.
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
	const struct generation *generation; /* for new workers */
	struct front_process *front;
	struct cgroups cgroups;
	struct userdb userdb;
	struct list living, ended; /* of struct worker_process */
	size_t n; /* living */
	int n_spares;
	uint64_t last_serial;
	int64_t spare_retry_ms; /* clock_ms: when to make a spare again, after a failure */
	int64_t keepers_lost; /* keepers that died before their workers */
	struct packet packet; /* for received records */
};

/* Begin without workers. The generation and the front stay the caller's. */
void workers_init (struct workers *workers, const struct generation *generation, struct front_process *front);

/* Make new workers from another generation from now on, and let the spares leave. */
void workers_set_generation (struct workers *workers, const struct generation *generation);

/* Make spares until there are `wanted` of them, within the maximum of workers. */
void workers_keep_spares (struct workers *workers, int wanted);

/* Answer the front's request for a worker of that user, which the front may have (claim.h): a spare or a new one
 * (BORN), or the errno of the failure (NO_WORKER; EBUSY: the maximum is reached, but some workers are about to end).
 * `users`: the state of the user database that the worker must have been made in. */
void workers_give (struct workers *workers, uint64_t request, uid_t uid, uint64_t users);

/* Carry out the front's RELEASE or STOP for one of its workers. A worker that has just ended is no error. */
void workers_order (struct workers *workers, const struct record *record);

/* The front is gone: stop its workers. With `spares` the spares leave too: they are not needed any more. */
void workers_stop (struct workers *workers, bool spares);

/* Give no more time to workers that were told to leave. */
void workers_hurry (struct workers *workers);

/* workers_poll fills in one entry to poll for each of the n living workers. Then workers_receive takes the same
 * entries, receives the keepers' records, and handles links that have ended. No worker may be made in between. */
void workers_poll (const struct workers *workers, struct pollfd *fds);
void workers_receive (struct workers *workers, const struct pollfd *fds);

/* Reap the keepers that have ended, force those that are late (worker_process.h). */
void workers_watch (struct workers *workers);

/* When to call workers_watch or workers_keep_spares next, by clock_ms; 0: no fixed time. */
int64_t workers_time (const struct workers *workers);

/* A process was stopped and has been continued: if it is a keeper, log that once. */
void workers_log_stopped (struct workers *workers, pid_t pid);

/* Free the list. The keepers kill when their links end. */
void workers_close (struct workers *workers);

#endif
