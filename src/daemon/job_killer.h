/* job_killer - a process that kills the holder of a job which does not answer, and all that is beneath the holder.
 *
 * SIGKILL alone does not end every holder. A holder that reads a pipe waits for the pipe's lock, which a process of the job can
 * keep as long as it likes (base/nowait.h), and dies only when that process has died. Such a holder also cannot tell its
 * keeper to kill: the end of its link does that, and comes with its death. So the killer goes from the outside in:
 *
 *   1. SIGKILL for the holder. A stopped holder dies of it.
 *   2. While the holder is still there: SIGKILL for all beneath it, but not for its keeper, which has to kill those that are
 *      forked meanwhile; after some time for the keeper, too.
 *   3. The holder is gone, and its keeper kills what is left. The killer waits for the keeper, and continues it if a process of
 *      its own user has stopped it.
 *
 * The killer is a child of the supervisor, which does not wait for it. It has the privileges of the supervisor, takes no
 * orders, and signals only through pidfds and by parents that are proved (proc/process_tree.h).
 */
#ifndef REMEX_DAEMON_JOB_KILLER_H
#define REMEX_DAEMON_JOB_KILLER_H

#include <sys/types.h>

struct job_killer {
	pid_t holder; /* need not be our child */
	int pidfd; /* of the holder; the caller's */
	int cgroup; /* of the job's processes, the caller's; -1: none */
};

/* Fork it: its pid, or -1 with errno. Its exit status is 0 when the holder and the keeper are gone, else 1, after half a minute at
 * most. */
pid_t job_killer_fork (const struct job_killer *killer);

#endif
