/* worker_process - a worker from the supervisor's side: its keeper (keeper_process.h), and who has its link.
 *
 * The supervisor never reads from a worker that the front has; of its end it hears from the keeper.
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
	WORKER_PROCESS_SPARE, /* idle, and waits here for the front to need it */
	WORKER_PROCESS_OUT, /* the front has it */
	WORKER_PROCESS_ENDING, /* a spare that was let go, or the worker of a front that is gone: its end is not reported */
};

struct worker_process {
	struct list node;
	struct keeper_process keeper;
	uid_t uid;
	struct worker_birthday birthday;
	int front_end; /* the front's end of the worker's link; -1 once it was handed over */
	enum worker_process_phase phase;
	bool wake_logged; /* its keeper was stopped once, which has been logged */
};

/* Fork a keeper that forks a worker. `cgroups` may be NULL. 0, or -1 with errno and nothing left. */
int worker_process_start (
	struct worker_process *process, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups);

/* Close its link, and end its keeper as keeper_process_end. */
void worker_process_end (struct worker_process *process);

#endif
