/* jobs - the jobs of this daemon: started, found again after a restart, listed, opened for viewers, forgotten.
 *
 * A job is its directory (job_directory.h) and, while it runs, its holder (job/holder.h), a process that outlives the daemon.
 * This table says which jobs there are. Nothing in it is needed by a job, so nothing is lost with the supervisor:
 *
 *   STARTING   the holder lives and waits for its call; systemd may be asked for a scope (job_scope.h) --> RUNNING
 *   RUNNING    the lock is held        --the holder has ended, with an outcome--> ENDED
 *                                      --without one--> LOST; or forgotten, when the call never came
 *   ENDED, LOST   the files are kept   --jobs.keep, jobs.keep_number, REMOVE--> forgotten
 *
 * Where the start of a job is in the audit trail, its end is written there, too (job_trail.h). Until that is done, an ended job
 * is kept; one that was removed has no output any more, and is shown to nobody.
 *
 * One remexd has the jobs of a directory: it holds an flock(2) on JOBS, and another one is refused. The directory is opened at
 * the start when it is there, and else with the first job. The lock is free when the daemon ends.
 *
 * The front asks for all of this, and may be broken: a job is shown to nobody but its owner, whom the kernel or an identity
 * proves (claim.h), to root, and to identities with `job.any`. No job waits for the supervisor, and the supervisor waits for
 * no job: sockets are non-blocking, the end of a holder is a pidfd that becomes readable, and systemd is asked by a child.
 *
 * A holder is signalled only through its pidfd. That of an adopted holder is opened by the pid that the kernel gives for its lock
 * (fcntl(2), F_GETLK), and counts if the same lock is still there afterwards; or from the credentials of its socket
 * (SO_PEERCRED: who called listen(2) last), if the connection is still there afterwards: a holder that is held up takes no
 * connections, and a full queue takes none of ours. A process of the job can stop
 * its holder: a child is continued by the supervisor at once, an adopted one by jobs_watch. A holder that does not answer is
 * killed by a child of the supervisor, with all beneath it (job_killer.h): when somebody asks for that, and some time after the
 * deadline that the supervisor has given the job.
 */
#ifndef REMEX_DAEMON_JOBS_H
#define REMEX_DAEMON_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "base/list.h"
#include "daemon/audit_process.h"
#include "daemon/front_process.h"
#include "daemon/generation.h"
#include "daemon/job_directory.h"
#include "daemon/recorders.h"
#include "proc/cgroup.h"
#include "wire/call_limits.h"

/* Who asks, as it was proved. */
struct job_caller {
	char owner[JOB_OWNER_MAX]; /* as in struct job_record; and the name for people */
	char you[JOB_OWNER_MAX];
	uid_t uid; /* the user that it may act as now: its jobs of other users are out of its reach */
	bool any; /* may reach the jobs of others, and of all users */
	bool full; /* root or the daemon's own user: jobs.each does not bind */
	struct call_limits limits; /* of its jobs */
};

struct jobs {
	const struct generation *generation;
	struct front_process *front;
	const struct cgroups *cgroups;
	struct audit_process *audit; /* gets the ends of jobs */
	uint64_t last_line; /* the number of the last one */
	size_t n_lines; /* how many are not answered yet */
	bool trail_fails; /* the last answer was a failure */
	struct recorders *recorders;
	char *path; /* of JOBS; NULL: not known yet */
	int directory; /* JOBS, locked; -1: not opened */
	char boot[JOB_BOOT_MAX];
	int events; /* epoll(7) of all pidfds; readable: call jobs_receive; -1: none */
	struct list all; /* of struct known_job, the oldest first */
	struct list helpers; /* of struct job_helper: children that are reaped when they have ended */
	size_t n_helpers;
	bool shy; /* --stdio: JOBS is opened by a request only */
	bool complained; /* the reason why there are no jobs was logged */
	int64_t look_ms; /* clock_ms: the next look for holders without a pidfd, and for jobs that are kept long enough */
	bool unread; /* not all of JOBS could be read, */
	int n_unread; /* in that many attempts */
};

void jobs_init (struct jobs *jobs, struct front_process *front, const struct cgroups *cgroups,
	struct audit_process *audit, struct recorders *recorders);
void jobs_close (struct jobs *jobs);

/* New jobs are made from this generation; it also has the limits. */
void jobs_set_generation (struct jobs *jobs, const struct generation *generation);

/* Is the directory of jobs open, and another one than that of `next`? It stays until remexd ends. */
bool jobs_stay (const struct jobs *jobs, const struct config *next);

/* Find the jobs of an earlier daemon again, if there are some. A failure is logged. */
void jobs_adopt (struct jobs *jobs);

/* Carry out a request of the front (JOB_START, JOB_OPEN, JOB_LIST, JOB_REMOVE, JOB_KILL of wire/records.h), and answer it: at
 * once, except for a start that waits for systemd, and a kill, which waits for the killer. `data` is the payload without
 * the identity. */
void jobs_request (
	struct jobs *jobs, const struct job_caller *caller, const struct record *record, const void *data, size_t n);

/* A request that was not proved. `error`: as from claim_check, ESHUTDOWN: remexd is ending; another errno:
 * it could not be checked. */
void jobs_refuse (struct jobs *jobs, uint64_t request, int error);

/* The front is gone: starts that were not passed on to it end. */
void jobs_lose_front (struct jobs *jobs);

/* The answer for a line of the audit trail about the end of a job (audit_process_next). */
void jobs_audited (struct jobs *jobs, const struct audit_answer *answer);

/* jobs->events is readable. */
void jobs_receive (struct jobs *jobs);

/* Do what is due by jobs_time (clock_ms; 0: nothing). */
void jobs_watch (struct jobs *jobs);
int64_t jobs_time (const struct jobs *jobs);

#endif
