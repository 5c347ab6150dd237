/* keeper - the guard of a worker (guard.h), with the policy "the worker ends with the supervisor".
 *
 *   RELEASE from the supervisor: the lifeline is closed; an idle worker then leaves. Processes left behind by its last
 *            command live on, as children of pid 1 (in the cgroup `left` if it exists)
 *   STOP grace from the supervisor: SIGTERM to all beneath the worker (not to the worker), and the lifeline is
 *            closed; SIGKILL after the grace
 *   the worker exits or dies without RELEASE: it has crashed, and the rest is stopped with the configured grace
 *   the deadline, if there is one: as STOP with the configured grace; its parent is told (REC_KEEPER_DEADLINE), and can
 *            make the deadline earlier by the same record, not later
 *   end of file from the supervisor: SIGKILL to all at once
 *
 * The report (REC_KEEPER_GONE) counts the processes that live on: after RELEASE those that the command left behind,
 * after SIGKILL those that could not be killed. The keeper does not listen while it makes the report: a record sent
 * then fails with EPIPE.
 *
 * Supervisor and front watch each other. When both are stopped, the keepers continue the supervisor (SIGCONT) within
 * 30 s. The supervisor does the same for a stopped keeper. The keeper of a job has its holder in the supervisor's place
 * (job/holder.h). The holder runs as the job's user, who may stop it: the keeper continues it, and holds the deadline, so
 * that the user cannot outlive it.
 *
 * The keeper owns its end of the supervisor's link and the write end of the lifeline. It keeps the supervisor's
 * privileges, and reads only fixed records, from the supervisor.
 */
#ifndef REMEX_PROC_KEEPER_H
#define REMEX_PROC_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	KEEPER_FDS = 128,
	KEEPER_LEAVE_MS = 5000, /* the time for a released (idle) worker to leave; then it is killed */
};

struct keeper {
	int link; /* to the supervisor: RELEASE, STOP in; KEEPER_GONE out */
	int worker_link; /* the worker's link to the front: passed on, closed here once the worker is forked */
	int cgroup; /* the worker's cgroup directory (O_PATH or O_RDONLY), or -1 */
	int left; /* the cgroup directory for survivors of a normal end, or -1 */
	int crash_grace_ms; /* from SIGTERM to SIGKILL after a crash of the worker, and at the deadline */
	int64_t deadline_ms; /* clock_ms: when the tree is stopped, unless it was released; 0: never */
	int *worker_fds; /* further descriptors for the worker, closed here in the same way; at most KEEPER_FDS */
	size_t n_worker_fds;
	/* The worker's main function. It runs in the forked child with `link` (the worker's link) and `lifeline` (at
	 * end of file the worker must leave) open besides 0-2. Returns the exit status. */
	int (*worker) (int link, int lifeline, void *arg);
	void *arg;
};

/* The exit status reported for a worker that could not be made (EX_OSERR, sysexits.h). */
enum { KEEPER_FAILED = 71 };

/* The keeper's main function. Returns its exit status (0) when the worker is gone (and all processes beneath it, unless
 * released) and the supervisor has been told. Run it by fork_run with link, worker_link, cgroup and left kept. */
int keeper_run (void *keeper);

#endif
