/* keeper - the guard of a worker (guard.h), with the policy "the worker ends with the supervisor".
 *
 *   RELEASE from the supervisor: the lifeline is closed; an idle worker leaves when it sees that. What its last command left
 *            behind lives on, as children of pid 1 (in the cgroup `left` where there is one)
 *   STOP grace from the supervisor: SIGTERM to all beneath the worker but not to the worker, and the lifeline is closed;
 *            SIGKILL after the grace
 *   the worker exits or dies without RELEASE: it has crashed, and the rest is stopped with the configured grace
 *   end of file from the supervisor: SIGKILL to all at once
 *
 * The report (REC_KEEPER_GONE) counts those that live on: after RELEASE what the command left behind, after SIGKILL what
 * could not be killed. The keeper listens no more while it makes the report: a record sent then fails with EPIPE.
 *
 * Supervisor and front watch each other. A supervisor that is stopped together with the front is told to go on by its
 * keepers, within 30 s. The supervisor does the same for a stopped keeper.
 *
 * The keeper owns its end of the supervisor's link and the write end of the lifeline. It keeps the supervisor's privileges,
 * and reads nothing but fixed records from the supervisor.
 */
#ifndef REMEX_PROC_KEEPER_H
#define REMEX_PROC_KEEPER_H

#include <stddef.h>
#include <sys/types.h>

enum {
	KEEPER_FDS = 128,
	KEEPER_LEAVE_MS = 5000, /* for a released worker, which is idle, to leave; then it is killed */
};

struct keeper {
	int link; /* to the supervisor: RELEASE, STOP in; KEEPER_GONE out */
	int worker_link; /* the worker's link to the front: handed through, closed here once the worker is forked */
	int cgroup; /* the worker's cgroup directory (O_PATH or O_RDONLY), or -1 */
	int left; /* the cgroup directory where survivors of a normal end go, or -1 */
	int crash_grace_ms; /* SIGTERM to SIGKILL when the worker crashed */
	int *worker_fds; /* further descriptors for the worker, closed here likewise; at most KEEPER_FDS */
	size_t n_worker_fds;
	/* Becomes the worker; runs in the forked child with `link` (the worker's link) and `lifeline` (readable at end
	 * of file when it is to leave) open besides 0-2. Returns its exit status. */
	int (*worker) (int link, int lifeline, void *arg);
	void *arg;
};

/* The exit status reported for a worker that could not be made (EX_OSERR, sysexits.h). */
enum { KEEPER_FAILED = 71 };

/* The keeper's main function: returns its exit status (0) when the worker and, unless released, all beneath it are
 * gone and the supervisor has been told. Run it by fork_run with link, worker_link, cgroup and left kept. */
int keeper_run (void *keeper);

#endif
