/* worker_process - a worker from the supervisor's side: its keeper (keeper_process.h), and the owner of its link.
 *
 * The supervisor never reads from a worker that the front has; the keeper reports the worker's end.
 */
#ifndef REMEX_DAEMON_WORKER_PROCESS_H
#define REMEX_DAEMON_WORKER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "daemon/keeper_process.h"
#include "wire/records.h"
#include "worker/worker.h"

enum worker_process_phase {
	WORKER_PROCESS_SPARE, /* idle, until the front needs it */
	WORKER_PROCESS_OUT, /* the front has it */
	WORKER_PROCESS_ENDING, /* a dropped spare, or the worker of a front that is gone: its end is not reported */
};

struct worker_process {
	struct list node;
	struct keeper_process keeper;
	uid_t uid;
	struct worker_birthday birthday;
	int front_end; /* the front's end of the worker's link; -1: handed over */
	enum worker_process_phase phase;
	bool wake_logged; /* a stop of its keeper has been logged */
};

/* Fork a keeper that forks a worker. `cgroups` may be NULL. 0, or -1 with errno, and nothing is left behind. */
int worker_process_start (
	struct worker_process *process, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups);

/* Close the worker's link, and end its keeper as keeper_process_end does. */
void worker_process_end (struct worker_process *process);

#endif
