/* worker_process - a keeper with its worker, from the supervisor's side: made with both socket pairs, never followed by pid
 * but through its links.
 */
#ifndef REMEX_DAEMON_WORKER_PROCESS_H
#define REMEX_DAEMON_WORKER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "proc/cgroup.h"
#include "wire/records.h"
#include "worker/worker.h"

enum worker_process_phase {
	WORKER_PROCESS_SPARE, /* warm, waiting here for somebody to need it */
	WORKER_PROCESS_OUT, /* the front has it */
	WORKER_PROCESS_ENDING, /* a spare that was let go, or a worker of a front that is gone: nobody is told when it ends */
};

struct worker_process {
	struct list node;
	uint64_t serial;
	uid_t uid;
	struct worker_birthday birthday;
	pid_t pid; /* the keeper's */
	int keeper; /* the link to it */
	int front_end; /* the front's end of the worker's link; -1 once handed over */
	int cgroup; /* its directory, or -1 */
	enum worker_process_phase phase;
	bool released; /* told to leave: what its commands left behind is to live on */
	bool reported; /* the keeper has said that its worker is gone */
	bool woken; /* it was stopped once, which has been logged */
	int64_t end_by; /* clock_ms: when the keeper has to be gone; 0: whenever it likes */
	int64_t forced_since; /* clock_ms: it was not, and is forced; 0: not yet */
};

/* Fork a keeper that forks a worker. `cgroups` may be NULL. 0, or -1 with errno and nothing left. */
int spawn_worker (
	struct worker_process *process, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups);

/* The keeper was told something that ends it within so many milliseconds: it gets some more, and no longer. The earliest of
 * several is what counts. */
void worker_process_expect_end (struct worker_process *process, int64_t within_ms);

/* Is it late? Then kill what is beneath the keeper (unless it was released: what is left then is to live on), and the keeper
 * itself when that is done, or after five seconds. Does not wait: asks to be called again by end_by. Returns true the first
 * time that something is done. */
bool worker_process_force (struct worker_process *process);

/* Reap the keeper, whose link has ended; false when it has not ended yet (a debugger may hold it). */
bool worker_process_reap (struct worker_process *process);

/* Close the links, at the end of which the keeper kills; wait for that, do it in its place when it is late, and reap it. */
void worker_process_end (struct worker_process *process);

#endif
