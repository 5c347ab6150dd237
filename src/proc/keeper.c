/* keeper - see keeper.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/keeper.h"
#include "proc/procstat.h"
#include "wire/records.h"

enum { LOOK_MS = 15000 }; /* between two checks of the supervisor; longer than the front takes to wake it */

/* The state of a running keeper. */
struct keep {
	const struct keeper *keeper;
	struct guard guard;
	int lifeline; /* its write end */
	int lifeline_end; /* its read end, the worker's */
	pid_t supervisor;
	int64_t look; /* when to check the supervisor */
	int64_t deadline; /* 0: none, or over */
	bool stood; /* the supervisor was stopped at the last check */
};

static struct packet packet; /* the last record; too large for the stack of a small process */

static void keep_stop (struct keep *keep, int64_t grace_ms)
{
	fd_close (&keep->lifeline);
	guard_stop (&keep->guard, grace_ms);
}

static void keep_release (struct keep *keep)
{
	guard_release (&keep->guard, KEEPER_LEAVE_MS);
	fd_close (&keep->lifeline);
}

/* Carry out the supervisor's orders so far. */
static void keep_listen (struct keep *keep)
{
	int rc;

	while ((rc = link_recv (keep->keeper->link, &packet, MSG_DONTWAIT)) > 0) {
		if (packet.record.type == REC_STOP)
			keep_stop (keep, packet.record.a);
		else if (packet.record.type == REC_RELEASE)
			keep_release (keep);
		else if (packet.record.type == REC_KEEPER_DEADLINE && packet.record.a > 0)
			keep->deadline = clock_earlier (keep->deadline, packet.record.a);
		packet_close (&packet);
	}
	if (rc == 0 || errno != EAGAIN)
		guard_kill (&keep->guard);
}

static bool is_stopped (pid_t pid)
{
	struct procstat stat;

	return procstat_read (pid, &stat) == 0 && stat.state == 'T';
}

/* Supervisor and front watch each other. In a user's own remexd a command may stop both. A supervisor that is stopped
 * at two checks in a row has no front to wake it, so the keeper wakes it. So it does with the holder of a job. */
static void keep_look (struct keep *keep)
{
	int64_t now = clock_ms ();

	if (now < keep->look)
		return;
	keep->look = now + LOOK_MS;
	if (getppid () != keep->supervisor || !is_stopped (keep->supervisor)) {
		keep->stood = false;
		return;
	}
	if (keep->stood)
		kill (keep->supervisor, SIGCONT);
	keep->stood = true;
}

/* A tree that was released, or is being stopped, has no deadline any more. */
static void keep_deadline (struct keep *keep)
{
	if (keep->guard.state != GUARD_RUNNING)
		keep->deadline = 0;
	if (!keep->deadline || clock_ms () < keep->deadline)
		return;
	keep->deadline = 0;
	/* A parent that does not read is told by the report only. */
	link_post (keep->keeper->link, REC_KEEPER_DEADLINE, 0, 0, 0, MSG_DONTWAIT);
	keep_stop (keep, keep->keeper->crash_grace_ms);
}

static void keep_wait (const struct keep *keep)
{
	struct pollfd fds[] = {
		{ .fd = keep->keeper->link, .events = POLLIN },
		{ .fd = keep->guard.signals, .events = POLLIN },
	};

	poll (fds, 2, guard_timeout (&keep->guard, clock_earlier (keep->look, keep->deadline)));
}

/* Stop listening. Packets that are still unread are received: an unread packet would make the supervisor's next receive
 * fail with ECONNRESET, before the report. */
static void keep_deafen (const struct keep *keep)
{
	shutdown (keep->keeper->link, SHUT_RD);
	while (link_recv (keep->keeper->link, &packet, MSG_DONTWAIT) > 0)
		packet_close (&packet);
}

static void keep_report (const struct keep *keep, int status, int64_t survivors)
{
	struct record record = { .type = REC_KEEPER_GONE, .a = GONE_EXITED, .b = WEXITSTATUS (status) };

	if (WIFSIGNALED (status)) {
		record.a = GONE_SIGNALLED;
		record.b = WTERMSIG (status);
	}
	keep_deafen (keep);
	/* A failure is ignored: the supervisor may have ended first. */
	link_send (keep->keeper->link,
		&(struct outgoing){ .record = record, .data = &survivors, .n = sizeof survivors }, 0);
}

/* Runs in the worker's process. */
static int worker_run (void *arg)
{
	struct keep *keep = arg;
	const struct keeper *keeper = keep->keeper;
	int cgroup = keeper->cgroup;

	/* When this fails, the walk through the process tree finds the processes that are not in the cgroup. */
	if (cgroup >= 0)
		cgroup_enter (cgroup);
	fd_close (&cgroup);
	return keeper->worker (keeper->worker_link, keep->lifeline_end, keeper->arg);
}

static int keep_start (struct keep *keep)
{
	const struct keeper *keeper = keep->keeper;
	int lifeline[2], kept[KEEPER_FDS + 3];
	size_t n = 0;

	_Static_assert(KEEPER_FDS + 4 <= FORK_KEEP, "all that a keeper and its worker are given can be kept");
	if (keeper->n_worker_fds > KEEPER_FDS || guard_begin (&keep->guard) < 0 || pipe2 (lifeline, O_CLOEXEC) < 0)
		return -1;
	keep->lifeline = lifeline[1];
	keep->lifeline_end = lifeline[0];
	for (size_t i = 0; i < keeper->n_worker_fds; i++)
		kept[n++] = keeper->worker_fds[i];
	kept[n++] = keeper->worker_link;
	kept[n++] = keep->lifeline_end;
	kept[n++] = keeper->cgroup;
	keep->guard.child = fork_run ("remexd-worker", kept, n, worker_run, keep);
	for (size_t i = 0; i < keeper->n_worker_fds; i++)
		fd_close (&keeper->worker_fds[i]);
	fd_close (&keep->lifeline_end);
	return keep->guard.child < 0 ? -1 : 0;
}

int keeper_run (void *arg)
{
	struct keeper *keeper = arg;
	struct keep keep = {
		.keeper = keeper,
		.guard = { .cgroup = keeper->cgroup, .left = keeper->left, .spare_child = true },
		.lifeline = -1,
		.lifeline_end = -1,
		.supervisor = getppid (),
		.look = clock_ms () + LOOK_MS,
		.deadline = keeper->deadline_ms,
	};
	struct guard *guard = &keep.guard;
	int survivors;

	_Static_assert((int)KEEPER_FAILED == (int)GONE_UNBORN, "the front knows it by that");
	if (keep_start (&keep) < 0) {
		keep_report (&keep, W_EXITCODE (KEEPER_FAILED, 0), 0);
		return 1;
	}
	fd_close (&keeper->worker_link);
	while (!guard_over (guard)) {
		keep_wait (&keep);
		/* Reap first, then listen: a RELEASE that was sent before the worker left must be known when its end is
		 * handled. */
		guard_reap (guard);
		keep_listen (&keep);
		if (guard->state == GUARD_RUNNING && guard->gone)
			keep_stop (&keep, keeper->crash_grace_ms);
		keep_deadline (&keep);
		keep_look (&keep);
	}
	survivors = guard_finish (guard);
	/* A worker that could not be reaped in time is reported as killed. */
	keep_report (&keep, guard->gone ? guard->status : SIGKILL, survivors);
	return 0;
}
