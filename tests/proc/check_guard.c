/* check_guard - the mechanism of a keeper with a policy of the test, which differs from that of a worker's keeper: the
 * child is a command and gets SIGTERM like the rest, and the end of the guard's control socket has no effect. A job is
 * kept so.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/proc_fixture.h"
#include "proc/process_tree.h"
#include "proc/procstat.h"
#include "support/check_main.h"

enum { LONG_MS = 600 * 1000 }; /* no test waits for this */

/* The policy gets one order at a time. */
struct order {
	enum { STOP = 1, KILL, RELEASE } what;
	int ms;
};

/* The report when the guard is over. */
struct report {
	bool gone;
	int status, survivors;
	enum guard_state state;
};

static struct guarded_job {
	const char *action;
	int n;
	bool spare;
	int line[2]; /* every process in the tree holds [1]; the test sees its end at [0] */
	int control[2]; /* orders in at [1], a report out */
	int cgroup;
	pid_t pid; /* of the guard */
	pid_t child; /* of the command, as the guard has it */
} job;

/* --- the policy, in the guard's process ------------------------------------------------------------------------- */

static void obey (struct guard *guard, int control)
{
	struct order order;

	if (recv (control, &order, sizeof order, MSG_DONTWAIT) != (ssize_t)sizeof order)
		return; /* no order, or the other end is closed: the command goes on */
	switch (order.what) {
	case STOP: guard_stop (guard, order.ms); break;
	case KILL: guard_kill (guard); break;
	case RELEASE: guard_release (guard, order.ms); break;
	}
}

static int keep_job (void *arg)
{
	struct guard guard = { .cgroup = job.cgroup, .left = fixture_cgroups.left, .spare_child = job.spare };
	struct report report;
	struct child child;
	bool listening = true;

	(void)arg;
	if (guard_begin (&guard) < 0)
		return 1;
	fixture_spawn (&child, job.line[1], job.action, job.n);
	close (job.line[1]);
	guard.child = child.pid;
	send (job.control[1], &child.pid, sizeof child.pid, MSG_NOSIGNAL);
	while (!guard_over (&guard)) {
		struct pollfd fds[] = {
			{ .fd = guard.signals, .events = POLLIN },
			{ .fd = listening ? job.control[1] : -1, .events = POLLIN },
		};

		poll (fds, 2, guard_timeout (&guard, 0));
		guard_reap (&guard);
		if (fds[1].revents & POLLHUP)
			listening = false;
		if (fds[1].revents)
			obey (&guard, job.control[1]);
		if (guard.gone)
			guard_release (&guard, 0); /* processes that the command leaves behind belong to its user */
	}
	report = (struct report){ .state = guard.state, .survivors = guard_finish (&guard) };
	report.gone = guard.gone;
	report.status = guard.status;
	send (job.control[1], &report, sizeof report, MSG_NOSIGNAL);
	return guard.signals == -1 && guard.cgroup_kill == -1 ? 0 : 2;
}

/* --- the test --------------------------------------------------------------------------------------------------- */

static void start (const char *action, int n, int ready)
{
	int kept[4];

	job.action = action;
	job.n = n;
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job.line), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job.control), 0);
	memcpy (kept, (int[]){ job.line[1], job.control[1], job.cgroup, fixture_cgroups.left }, sizeof kept);
	job.pid = fork_run ("check-guard", kept, 4, keep_job, NULL);
	ck_assert_int_gt (job.pid, 0);
	close (job.line[1]);
	close (job.control[1]);
	fixture_readable (job.control[0]);
	ck_assert_int_eq (recv (job.control[0], &job.child, sizeof job.child, 0), sizeof job.child);
	fixture_await (job.line[0], "ready", ready);
}

/* Each case runs twice: with the walk through /proc (i even), and with a cgroup. False: there is no cgroup. */
static bool kind (int i)
{
	static uint64_t serial;

	job.cgroup = -1;
	if (i % 2 == 0)
		return true;
	if (fixture_cgroups.root < 0)
		return false;
	job.cgroup = cgroup_make (&fixture_cgroups, (uint64_t)getpid () * 100 + ++serial);
	ck_assert_int_ge (job.cgroup, 0);
	return true;
}

static void order (int what, int ms)
{
	struct order order = { .what = what, .ms = ms };

	ck_assert_int_eq (send (job.control[0], &order, sizeof order, MSG_NOSIGNAL), sizeof order);
}

static struct report report (void)
{
	struct report report;
	int status;

	fixture_readable (job.control[0]);
	ck_assert_int_eq (recv (job.control[0], &report, sizeof report, 0), sizeof report);
	ck_assert_int_eq (waitpid (job.pid, &status, 0), job.pid);
	ck_assert_int_eq (status, 0);
	return report;
}

/* The child is not spared: it gets SIGTERM, and the guard is over without waiting for the grace. */
START_TEST (test_stop)
{
	struct report end;

	if (!kind (_i))
		NO_CGROUPS;
	start ("stopped", 0, 1);
	order (STOP, LONG_MS);
	fixture_await (job.line[0], "term", 1);
	end = report ();
	ck_assert (end.gone);
	ck_assert_int_eq (end.status, 0);
	ck_assert_int_eq (end.survivors, 0);
	fixture_await_end (job.line[0]);
}
END_TEST

/* A spared child gets no signal, and is killed after the grace. */
START_TEST (test_stop_spares)
{
	struct report end;

	job.cgroup = -1;
	job.spare = true;
	start ("stopped", 0, 1);
	order (STOP, LONG_MS);
	order (STOP, 20);
	end = report ();
	ck_assert_int_eq (end.state, GUARD_KILLING);
	ck_assert_int_eq (end.status, SIGKILL);
	fixture_await_end (job.line[0]);
}
END_TEST

/* The guard waits for the grace, which can be made shorter but not longer. */
START_TEST (test_grace)
{
	int64_t from;
	struct report end;

	if (!kind (_i))
		NO_CGROUPS;
	start ("stubborn", 0, 1);
	from = clock_ms ();
	order (STOP, 200);
	order (STOP, LONG_MS);
	order (RELEASE, 0); /* too late */
	end = report ();
	ck_assert_int_ge (clock_ms () - from, 200);
	ck_assert_int_eq (end.state, GUARD_KILLING);
	ck_assert_int_eq (end.status, SIGKILL);
	ck_assert_int_eq (end.survivors, 0);
	fixture_await_end (job.line[0]);
}
END_TEST

START_TEST (test_kill)
{
	struct report end;

	if (!kind (_i))
		NO_CGROUPS;
	start ("crowd", 100, 100);
	order (KILL, 0);
	end = report ();
	ck_assert_int_eq (end.state, GUARD_KILLING);
	ck_assert_int_eq (end.survivors, 0);
	fixture_await_end (job.line[0]);
}
END_TEST

/* The other end is closed: the tree lives on, as in this policy, and ends by itself. */
START_TEST (test_nobody_there)
{
	char byte;
	int status;

	job.cgroup = -1;
	start ("rest", 0, 1);
	close (job.control[0]);
	ck_assert_int_eq (recv (job.line[0], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq (kill (job.child, 0), 0);
	kill (job.child, SIGINT);
	fixture_await_end (job.line[0]);
	ck_assert_int_eq (waitpid (job.pid, &status, 0), job.pid);
	ck_assert_int_eq (status, 0);
}
END_TEST

/* Processes that a command left behind are counted, and live on. */
START_TEST (test_left_behind)
{
	struct report end;
	pid_t left;
	char byte;

	if (!kind (_i))
		NO_CGROUPS;
	start ("threaded", 0, 0);
	left = fixture_await (job.line[0], "ready", 1);
	kill (job.child, SIGINT);
	end = report ();
	ck_assert_int_eq (end.state, GUARD_RELEASED);
	ck_assert (end.gone && end.status == SIGINT);
	ck_assert_int_eq (end.survivors, 1);
	ck_assert_int_eq (recv (job.line[0], &byte, 1, MSG_DONTWAIT), -1);
	kill (left, SIGKILL);
	fixture_await_end (job.line[0]);
}
END_TEST

/* A released child gets its time; without a time it may run for ever. */
START_TEST (test_release)
{
	struct report end;

	job.cgroup = -1;
	start ("stubborn", 0, 1);
	order (RELEASE, _i ? 20 : 0);
	if (!_i)
		kill (job.child, SIGUSR1);
	end = report ();
	ck_assert_int_eq (end.state, GUARD_RELEASED);
	ck_assert_int_eq (end.status, _i ? SIGKILL : SIGUSR1);
	ck_assert_int_eq (end.survivors, 0);
	fixture_await_end (job.line[0]);
}
END_TEST

/* A stopped child is continued, whoever stopped it. */
START_TEST (test_wakes)
{
	struct procstat stat;

	job.cgroup = -1;
	start ("stopped", 0, 1); /* it stops itself */
	do
		ck_assert_int_eq (procstat_read (job.child, &stat), 0);
	while (stat.state == 'T' || poll (NULL, 0, 1) < 0);
	kill (job.child, SIGTERM); /* it says so before it ends, which a stopped one could not */
	fixture_await (job.line[0], "term", 1);
	ck_assert_int_eq (report ().status, 0);
}
END_TEST

START_TEST (test_timeout)
{
	struct guard guard = { .state = GUARD_RUNNING };
	int64_t now = clock_ms ();
	int ms;

	ck_assert_int_eq (guard_timeout (&guard, 0), -1);
	ms = guard_timeout (&guard, now + LONG_MS);
	ck_assert (ms > 0 && ms <= LONG_MS + 1);
	guard_release (&guard, 0);
	ck_assert_int_eq (guard_timeout (&guard, 0), -1);
	guard.state = GUARD_RUNNING;
	guard_release (&guard, LONG_MS);
	ck_assert_int_gt (guard_timeout (&guard, 0), 0);
	ck_assert_int_eq (guard_timeout (&guard, 1), 0);
	ck_assert_int_le (guard_timeout (&guard, now + 10 * (int64_t)LONG_MS), LONG_MS + 1);
	guard.more = true;
	ck_assert_int_eq (guard_timeout (&guard, 0), 0);
}
END_TEST

/* A name may contain any bytes, and a process lives as long as one of its threads. */
START_TEST (test_procstat)
{
	struct procstat stat;
	struct child child;

	ck_assert_int_eq (procstat_read (getpid (), &stat), 0);
	ck_assert_int_eq (stat.parent, getppid ());
	ck_assert_int_eq (stat.state, 'R');
	ck_assert_int_ge (stat.threads, 1);
	ck_assert_uint_gt (stat.start, 0);
	ck_assert (procstat_alive (&stat));
	ck_assert_int_eq (procstat_read (-1, &stat), -1);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job.line), 0);
	fixture_spawn (&child, job.line[1], "headless", 0);
	fixture_await (job.line[0], "ready", 1);
	do
		ck_assert_int_eq (procstat_read (child.pid, &stat), 0);
	while (stat.state != 'Z'); /* the main thread ends soon */
	ck_assert (procstat_alive (&stat));
	child_signal (&child, SIGKILL);
	fixture_readable (child.pidfd);
	ck_assert_int_eq (procstat_read (child.pid, &stat), 0);
	ck_assert (!procstat_alive (&stat));
	fixture_finish (&child);
}
END_TEST

static void add_guard (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_loop_test (tcase, test_stop, 0, 2);
	tcase_add_test (tcase, test_stop_spares);
	tcase_add_loop_test (tcase, test_grace, 0, 2);
	tcase_add_loop_test (tcase, test_kill, 0, 2);
	tcase_add_test (tcase, test_nobody_there);
	tcase_add_loop_test (tcase, test_left_behind, 0, 2);
	tcase_add_loop_test (tcase, test_release, 0, 2);
	tcase_add_test (tcase, test_wakes);
	tcase_add_test (tcase, test_timeout);
	tcase_add_test (tcase, test_procstat);
}

CHECK_MAIN ("proc/guard", add_guard)
