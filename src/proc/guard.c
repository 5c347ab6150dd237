/* guard - see guard.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "proc/cgroup.h"
#include "proc/guard.h"
#include "proc/process_tree.h"

enum { REAP_MAX = 64 }; /* per turn: a tree that forks and exits for ever must not block the keeper's loop */

int guard_begin (struct guard *guard)
{
	sigset_t set;

	guard->state = GUARD_RUNNING;
	guard->child = 0;
	guard->gone = guard->empty = guard->more = false;
	guard->deadline = guard->leave_ms = 0;
	guard->signals = guard->cgroup_kill = -1;
	setsid ();
	sigfillset (&set);
	sigprocmask (SIG_SETMASK, &set, NULL);
	sigemptyset (&set);
	sigaddset (&set, SIGCHLD);
	if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 ||
		(guard->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return -1;
	if (guard->cgroup >= 0)
		guard->cgroup_kill = cgroup_kill_open (guard->cgroup);
	return 0;
}

int guard_timeout (const struct guard *guard, int64_t when)
{
	if (guard->more)
		return 0;
	if (guard->deadline && (!when || guard->deadline < when))
		when = guard->deadline;
	return clock_until (when);
}

static void guard_reaped (pid_t pid, int status, void *arg)
{
	struct guard *guard = arg;

	if (pid != guard->child || guard->gone)
		return;
	guard->gone = true;
	guard->status = status;
}

void guard_reap (struct guard *guard)
{
	struct signalfd_siginfo info;
	ssize_t got;
	int n;

	/* Read the signal before reaping: a child that ends in between signals again. One read takes all that is pending,
	 * and processes of the tree may signal again and again. */
	got = read (guard->signals, &info, sizeof info);
	(void)got; /* nothing is pending: the children are looked at all the same */
	for (n = 0; n < REAP_MAX; n++) {
		int status;
		pid_t pid = waitpid (-1, &status, WNOHANG | WUNTRACED | __WALL);

		guard->empty = pid < 0 && errno == ECHILD;
		if (pid <= 0)
			break;
		if (!WIFSTOPPED (status))
			guard_reaped (pid, status, guard);
		else if (pid == guard->child)
			kill (pid, SIGCONT); /* the user may have stopped the rest of the tree */
	}
	guard->more = n == REAP_MAX;
}

void guard_release (struct guard *guard, int64_t leave_ms)
{
	if (guard->state != GUARD_RUNNING)
		return;
	guard->state = GUARD_RELEASED;
	guard->leave_ms = leave_ms;
	guard->deadline = leave_ms ? clock_ms () + leave_ms : 0;
}

void guard_stop (struct guard *guard, int64_t grace_ms)
{
	int64_t when;

	if (guard->state == GUARD_KILLING)
		return;
	if (grace_ms < 0)
		grace_ms = 0;
	when = clock_ms () + (grace_ms < GUARD_GRACE_MAX ? grace_ms : GUARD_GRACE_MAX);
	if (guard->state == GUARD_STOPPING) {
		if (when < guard->deadline)
			guard->deadline = when;
		return;
	}
	guard->state = GUARD_STOPPING;
	guard->deadline = when;
	if (grace_ms)
		tree_signal (SIGTERM, guard->spare_child && !guard->gone ? guard->child : 0);
}

void guard_kill (struct guard *guard)
{
	guard->state = GUARD_KILLING;
}

bool guard_over (struct guard *guard)
{
	bool late = guard->deadline && clock_ms () >= guard->deadline;

	switch (guard->state) {
	case GUARD_RUNNING: return false;
	case GUARD_RELEASED:
		if (late && !guard->gone) {
			/* The user can stop the child, which would then stay for ever. The child is not reaped yet, so
			 * the pid is still its own. */
			kill (guard->child, SIGKILL);
			guard->deadline = clock_ms () + guard->leave_ms;
		}
		return guard->gone;
	case GUARD_STOPPING:
		if (guard->gone && guard->empty)
			return true;
		if (!late)
			return false;
		guard->state = GUARD_KILLING;
		break;
	case GUARD_KILLING: break;
	}
	return true;
}

int guard_finish (struct guard *guard)
{
	int lives = 0;

	if (guard->state == GUARD_RELEASED) {
		lives = tree_count (0);
		if (lives && guard->cgroup >= 0 && guard->left >= 0)
			cgroup_empty (guard->cgroup, guard->left);
	} else if (guard->state == GUARD_KILLING) {
		lives = tree_kill (guard->cgroup_kill, GUARD_KILL_MS, guard_reaped, guard);
	}
	fd_close (&guard->signals);
	fd_close (&guard->cgroup_kill);
	return lives;
}
