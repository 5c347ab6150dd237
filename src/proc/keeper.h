/* keeper - the process above one worker: its subreaper, its reaper, and the only code that kills process trees.
 *
 * States: KEEPING (the worker runs), RELEASED (told to let it leave), STOPPING (TERM sent, the grace runs), KILLING.
 *
 *   KEEPING  --RELEASE-->  RELEASED: the lifeline to the worker is closed; an idle worker leaves by it (so it is
 *                          when STOPPING begins)
 *   RELEASED --worker exits--> report gone, exit; survivors are pid 1's (moved to the cgroup `left` where there is one)
 *   RELEASED --5 s--> RELEASED: KILL to a worker that has not left (its user may have stopped it), and to nobody else
 *   KEEPING  --STOP grace--> STOPPING: TERM to all beneath the worker but not to the worker
 *   STOPPING --worker gone and tree empty--> report, exit        STOPPING --grace over--> KILLING
 *   KEEPING  --worker exits or dies unreleased--> as STOP with the configured grace: it has crashed
 *   STOPPING --STOP with a shorter grace--> STOPPING, until then      RELEASED --STOP grace--> STOPPING
 *   any      --EOF from the supervisor--> KILLING (grace 0)
 *   KILLING  --all gone, or 5 s--> report with survivors, exit
 *
 * The report (REC_KEEPER_GONE) counts as survivors what lives on: after RELEASED that is what the command left behind
 * and was let be, after KILLING what could not be killed. Once the report is being made the keeper hears no more: a
 * record sent then fails with EPIPE. It lives in a session of its own and blocks all signals, so that neither a
 * terminal's Ctrl-C nor a stray TERM takes it from its tree: it ends when the worker has, or at EOF.
 *
 * A worker that is stopped (SIGSTOP: its own command can do that) is told to go on at once; the supervisor does the same
 * for its keepers. Stopping is for what a command runs, and not for what watches it. A supervisor that is stopped together
 * with the front, which would wake it, is told to go on within 30 s.
 *
 * It is single-threaded, allocates nothing, and owns: its end of the supervisor's link, the write end of the lifeline,
 * cgroup.kill. It keeps the supervisor's privileges; it reads nothing but fixed records from the supervisor.
 */
#ifndef REMEX_PROC_KEEPER_H
#define REMEX_PROC_KEEPER_H

#include <stddef.h>
#include <sys/types.h>

enum {
	KEEPER_FDS = 128,
	KEEPER_KILL_MS = 5000, /* how long KILLING tries */
	KEEPER_LEAVE_MS = 5000, /* for a released worker, which is idle, to leave */
	KEEPER_GRACE_MAX = 24 * 60 * 60 * 1000, /* a longer grace is this one */
};

struct keeper {
	int link; /* to the supervisor: RELEASE, STOP in; KEEPER_GONE out */
	int worker_link; /* the worker's link to the front: handed through, closed here once the worker is forked */
	int cgroup; /* the worker's cgroup directory (O_PATH or O_RDONLY), or -1 */
	int left; /* the cgroup directory where survivors of a normal end go, or -1 */
	int crash_grace_ms; /* TERM to KILL when the worker crashed */
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
