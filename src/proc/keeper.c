/* keeper - see keeper.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/keeper.h"
#include "proc/tree.h"
#include "wire/records.h"

enum {
	REAP_MAX = 64, /* per turn: what forks and exits for ever must not keep us from the link */
	LOOK_MS = 15000, /* between two looks at the supervisor; longer than the front takes to tell it to go on */
};

enum state { KEEPING, RELEASED, STOPPING, KILLING };

struct keep {
	const struct keeper *keeper;
	enum state state;
	int64_t deadline; /* when STOPPING becomes KILLING; RELEASED: when the worker is killed */
	int lifeline; /* its write end */
	int lifeline_end; /* its read end, the worker's */
	int signals; /* signalfd(2) for SIGCHLD */
	int cgroup_kill;
	pid_t supervisor;
	int64_t look; /* when to look at the supervisor */
	bool stood; /* it was stopped at the last look */
	pid_t worker;
	int status; /* the worker's, once it is gone */
	bool gone;
	bool empty; /* we have no child, so nothing is beneath us */
	bool more; /* there may be more to reap */
};

static struct packet packet; /* what was received last; too large for the stack of so small a process */

static void keep_reaped (pid_t pid, int status, void *arg)
{
	struct keep *keep = arg;

	if (pid != keep->worker || keep->gone)
		return;
	keep->gone = true;
	keep->status = status;
}

static void keep_reap (struct keep *keep)
{
	struct signalfd_siginfo info;
	int n;

	/* First the signal, then the children: one that ends in between signals again. */
	while (read (keep->signals, &info, sizeof info) > 0)
		;
	for (n = 0; n < REAP_MAX; n++) {
		int status;
		pid_t pid = waitpid (-1, &status, WNOHANG | WUNTRACED | __WALL);

		keep->empty = pid < 0 && errno == ECHILD;
		if (pid <= 0)
			break;
		if (!WIFSTOPPED (status))
			keep_reaped (pid, status, keep);
		else if (pid == keep->worker)
			kill (pid, SIGCONT); /* the rest of the tree may be stopped by whom it concerns */
	}
	keep->more = n == REAP_MAX;
}

static void keep_stop (struct keep *keep, int64_t grace_ms)
{
	int64_t when;

	if (grace_ms < 0)
		grace_ms = 0;
	when = clock_ms () + (grace_ms < KEEPER_GRACE_MAX ? grace_ms : KEEPER_GRACE_MAX);
	if (keep->state == STOPPING) {
		if (when < keep->deadline)
			keep->deadline = when;
		return;
	}
	keep->state = STOPPING;
	keep->deadline = when;
	fd_close (&keep->lifeline);
	if (grace_ms)
		tree_signal (SIGTERM, keep->gone ? 0 : keep->worker);
}

/* All that the supervisor has said so far. */
static void keep_listen (struct keep *keep)
{
	int rc;

	while ((rc = link_recv (keep->keeper->link, &packet, MSG_DONTWAIT)) > 0) {
		if (packet.record.type == REC_STOP)
			keep_stop (keep, packet.record.a);
		else if (packet.record.type == REC_RELEASE && keep->state == KEEPING) {
			keep->state = RELEASED;
			keep->deadline = clock_ms () + KEEPER_LEAVE_MS;
			fd_close (&keep->lifeline);
		}
		packet_close (&packet);
	}
	if (rc == 0 || errno != EAGAIN)
		keep->state = KILLING;
}

/* Follow the arrows that need no record. True at the end. */
static bool keep_over (struct keep *keep)
{
	if (keep->state == KEEPING && keep->gone)
		keep_stop (keep, keep->keeper->crash_grace_ms);
	if (keep->state == STOPPING && !(keep->gone && keep->empty) && clock_ms () >= keep->deadline)
		keep->state = KILLING;
	if (keep->state == RELEASED && !keep->gone && clock_ms () >= keep->deadline) {
		/* Its user can stop it, and it would keep its place for ever. It is not reaped: the pid is its own. */
		kill (keep->worker, SIGKILL);
		keep->deadline = clock_ms () + KEEPER_LEAVE_MS;
	}
	switch (keep->state) {
	case KEEPING: return false;
	case RELEASED: return keep->gone;
	case STOPPING: return keep->gone && keep->empty;
	case KILLING: break;
	}
	return true;
}

static bool is_stopped (pid_t pid)
{
	char path[32], text[512], *name_end = NULL;
	ssize_t n = -1;
	int fd;

	snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
	if ((fd = open (path, O_RDONLY | O_CLOEXEC)) >= 0)
		n = read (fd, text, sizeof text - 1);
	fd_close (&fd);
	if (n > 0) {
		text[n] = '\0';
		name_end = strrchr (text, ')');
	}
	return name_end && !strncmp (name_end, ") T", 3);
}

/* Supervisor and front watch each other, and in a user's own remexd a command may stop both. A supervisor that is stopped at
 * two looks in a row has no front that would tell it to go on. */
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

static void keep_wait (const struct keep *keep)
{
	struct pollfd fds[] = {
		{ .fd = keep->keeper->link, .events = POLLIN },
		{ .fd = keep->signals, .events = POLLIN },
	};
	int64_t when = keep->state == KEEPING || keep->look < keep->deadline ? keep->look : keep->deadline;

	poll (fds, 2, keep->more ? 0 : clock_until (when));
}

/* Do what the last state asks for; how many live on. */
static int keep_end (struct keep *keep)
{
	const struct keeper *keeper = keep->keeper;
	int left;

	switch (keep->state) {
	case RELEASED:
		left = tree_count (0);
		if (left && keeper->cgroup >= 0 && keeper->left >= 0)
			cgroup_empty (keeper->cgroup, keeper->left);
		return left;
	case KILLING: return tree_kill (keep->cgroup_kill, KEEPER_KILL_MS, keep_reaped, keep);
	default: return 0;
	}
}

/* Nothing more is heard; what was sent meanwhile is taken, for a packet that nobody read would turn the supervisor's
 * next receive into ECONNRESET, ahead of the report. */
static void keep_deafen (const struct keep *keep)
{
	shutdown (keep->keeper->link, SHUT_RD);
	while (link_recv (keep->keeper->link, &packet, MSG_DONTWAIT) > 0)
		packet_close (&packet);
}

static void keep_report (const struct keep *keep, int64_t survivors)
{
	/* One that could not be reaped in time was killed, as far as anybody can know. */
	int status = keep->gone ? keep->status : SIGKILL;
	struct record record = { .type = REC_KEEPER_GONE, .a = GONE_EXITED, .b = WEXITSTATUS (status) };

	if (WIFSIGNALED (status)) {
		record.a = GONE_SIGNALLED;
		record.b = WTERMSIG (status);
	}
	keep_deafen (keep);
	/* Nobody to tell is no failure: the supervisor went first. */
	link_send (keep->keeper->link, &record, &survivors, sizeof survivors, NULL, 0, NULL, 0, 0);
}

/* In the worker's process. */
static int worker_run (void *arg)
{
	struct keep *keep = arg;
	const struct keeper *keeper = keep->keeper;
	int cgroup = keeper->cgroup;

	/* Where this fails, the sweep finds what the cgroup does not hold. */
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
	sigset_t set;

	_Static_assert(KEEPER_FDS + 4 <= FORK_KEEP, "all that a keeper and its worker are given can be kept");
	if (keeper->n_worker_fds > KEEPER_FDS)
		return -1;
	/* A session of our own, and deaf to all but KILL: neither Ctrl-C on the supervisor's terminal nor a stray TERM
	 * may take us away from the tree. The supervisor's end is our end of file. */
	setsid ();
	sigfillset (&set);
	sigprocmask (SIG_SETMASK, &set, NULL);
	sigemptyset (&set);
	sigaddset (&set, SIGCHLD);
	if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 ||
		(keep->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0 ||
		pipe2 (lifeline, O_CLOEXEC) < 0)
		return -1;
	keep->lifeline = lifeline[1];
	keep->lifeline_end = lifeline[0];
	for (size_t i = 0; i < keeper->n_worker_fds; i++)
		kept[n++] = keeper->worker_fds[i];
	kept[n++] = keeper->worker_link;
	kept[n++] = keep->lifeline_end;
	kept[n++] = keeper->cgroup;
	keep->worker = fork_run ("remexd-worker", kept, n, worker_run, keep);
	for (size_t i = 0; i < keeper->n_worker_fds; i++)
		fd_close (&keeper->worker_fds[i]);
	fd_close (&keep->lifeline_end);
	if (keep->worker < 0)
		return -1;
	if (keeper->cgroup >= 0)
		keep->cgroup_kill = cgroup_kill_open (keeper->cgroup);
	return 0;
}

int keeper_run (void *arg)
{
	struct keeper *keeper = arg;
	struct keep keep = {
		.keeper = keeper,
		.lifeline = -1,
		.lifeline_end = -1,
		.signals = -1,
		.cgroup_kill = -1,
		.supervisor = getppid (),
		.look = clock_ms () + LOOK_MS,
	};

	_Static_assert((int)KEEPER_FAILED == (int)GONE_UNBORN, "the front knows it by that");
	if (keep_start (&keep) < 0) {
		keep.gone = true;
		keep.status = W_EXITCODE (KEEPER_FAILED, 0);
		keep_report (&keep, 0);
		return 1;
	}
	fd_close (&keeper->worker_link);
	while (!keep_over (&keep)) {
		keep_wait (&keep);
		/* In this order: a RELEASE that was sent before the worker left must be known when we act on that. */
		keep_reap (&keep);
		keep_listen (&keep);
		keep_look (&keep);
	}
	keep_report (&keep, keep_end (&keep));
	return 0;
}
