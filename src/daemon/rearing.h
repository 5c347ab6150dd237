/* rearing - a keeper with its worker, from the supervisor's side: made with both socket pairs, never followed by pid
 * but through its links.
 */
#ifndef REMEX_DAEMON_REARING_H
#define REMEX_DAEMON_REARING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "proc/cgroup.h"
#include "wire/records.h"
#include "worker/worker.h"

enum reared_phase {
	REARED_SPARE, /* warm, waiting here for somebody to need it */
	REARED_OUT, /* the front has it */
	REARED_ENDING, /* a spare that was let go, or a worker of a front that is gone: nobody is told when it ends */
};

struct reared {
	struct list node;
	uint64_t serial;
	uid_t uid;
	struct worker_birthday birthday;
	pid_t pid; /* the keeper's */
	int keeper; /* the link to it */
	int front_end; /* the front's end of the worker's link; -1 once handed over */
	int cgroup; /* its directory, or -1 */
	enum reared_phase phase;
	bool released; /* told to leave: what its commands left behind is to live on */
	bool reported; /* the keeper has said that its worker is gone */
};

/* Fork a keeper that forks a worker. `cgroups` may be NULL. 0, or -1 with errno and nothing left. */
int rear (struct reared *reared, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups);

#endif
