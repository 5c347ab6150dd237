/* check_keeper - whatever a worker and its commands do, and whatever the supervisor sends or does not send, no process
 * is left beneath a keeper except those that it was told to leave.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/link.h"
#include "proc/fork.h"
#include "proc/keeper_fixture.h"
#include "proc/proc_fixture.h"
#include "proc/process_tree.h"
#include "support/check_main.h"

enum { LONG_MS = 600 * 1000 }; /* no test waits for this */

static void stop (const struct keeper_fixture *fixture, int grace_ms)
{
	ck_assert_int_eq (link_post (fixture->supervisor, REC_STOP, 0, grace_ms, 0, 0), 0);
}

static void release (const struct keeper_fixture *fixture)
{
	ck_assert_int_eq (link_post (fixture->supervisor, REC_RELEASE, 0, 0, 0, 0), 0);
}

static void letter (const struct keeper_fixture *fixture, char c)
{
	ck_assert_int_eq (send (fixture->front, &c, 1, MSG_NOSIGNAL), 1);
}

/* --- STOP ------------------------------------------------------------------------------------------------------- */

/* All kinds of processes that try to escape, and a worker that ignores the stop: all are gone when the report comes. */
START_TEST (test_stop)
{
	static const int graces[] = { 0, 200 };
	struct keeper_fixture fixture = { .actions = ZOO, .stuck = true };
	int64_t from;

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	from = clock_ms ();
	stop (&fixture, graces[_i / 2]);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	ck_assert_int_ge (clock_ms () - from, graces[_i / 2]);
	if (getenv ("REMEX_TIMES"))
		fprintf (stderr, "%s, grace %d: %lld ms\n", fixture.cgroup ? "cgroup" : "sweep", graces[_i / 2],
			(long long)(clock_ms () - from));
	keeper_fixture_empty (&fixture);
}
END_TEST

/* All obey, and the worker exits: the keeper does not wait for the rest of the grace. */
START_TEST (test_stop_early)
{
	struct keeper_fixture fixture = { .actions = { { "rest", 0, 1 }, { "stopped", 0, 1 }, { "rest", 0, 1 } } };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	stop (&fixture, LONG_MS);
	fixture_await (fixture.front, "term", 1); /* the stopped one has heard it */
	keeper_fixture_report (&fixture, GONE_EXITED, 0, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* The worker itself gets no TERM: it may still send messages. */
START_TEST (test_stop_worker_spared)
{
	struct keeper_fixture fixture = { .actions = { { "stopped", 0, 1 } }, .stuck = true };

	keeper_fixture_start (&fixture);
	stop (&fixture, LONG_MS);
	fixture_await (fixture.front, "term", 1);
	letter (&fixture, 'x');
	keeper_fixture_report (&fixture, GONE_EXITED, 3, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* A shorter grace shortens the wait, a longer one does not lengthen it. */
START_TEST (test_stop_again)
{
	struct keeper_fixture fixture = { .actions = { { "stubborn", 0, 1 }, { "stopped", 0, 1 } }, .stuck = true };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	stop (&fixture, LONG_MS);
	fixture_await (fixture.front, "term", 1);
	stop (&fixture, _i / 2 ? 50 : 0);
	link_post (fixture.supervisor, REC_STOP, 0, LONG_MS, 0, 0); /* EPIPE when the end has come already */
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

START_TEST (test_stop_after_release)
{
	struct keeper_fixture fixture = { .actions = { { "daemon", 0, 1 } }, .stuck = true };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	release (&fixture);
	stop (&fixture, 10);
	link_post (fixture.supervisor, REC_RELEASE, 0, 0, 0, 0); /* too late */
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* Invalid records on the link do no harm, and a grace out of range becomes the nearest limit. */
START_TEST (test_stop_odd)
{
	struct keeper_fixture fixture = { .actions = { { "rest", 0, 1 } }, .stuck = true };

	keeper_fixture_start (&fixture);
	ck_assert_int_eq (link_post (fixture.supervisor, 12345, 9, -1, -1, 0), 0);
	ck_assert_int_eq (link_post (fixture.supervisor, REC_STOP, 0, INT64_MAX, 0, 0), 0);
	ck_assert_int_eq (link_post (fixture.supervisor, REC_STOP, 0, INT64_MIN, 0, 0), 0);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* --- end of file from the supervisor ---------------------------------------------------------------------------- */

START_TEST (test_supervisor_gone)
{
	struct keeper_fixture fixture = { .actions = ZOO, .stuck = true };
	int status;

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	if (_i / 2)
		release (&fixture);
	close (fixture.supervisor);
	/* Its report cannot be sent: the keeper exits when all are gone, or after five seconds of unsuccessful
	 * attempts. */
	ck_assert_int_eq (waitpid (fixture.pid, &status, 0), fixture.pid);
	ck_assert_int_eq (status, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* An invalid record counts as the end of the link. */
START_TEST (test_supervisor_broken)
{
	struct keeper_fixture fixture = { .actions = { { "daemon", 0, 1 } }, .stuck = true };

	keeper_fixture_start (&fixture);
	ck_assert_int_eq (send (fixture.supervisor, "?", 1, MSG_NOSIGNAL), 1);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* The keeper ignores signals from a terminal or sent by mistake. */
START_TEST (test_deaf)
{
	struct keeper_fixture fixture = { .actions = { { "daemon", 0, 1 } } };

	keeper_fixture_start (&fixture);
	for (int signo = 1; signo < NSIG; signo++)
		if (signo != SIGKILL && signo != SIGSTOP && (signo < __SIGRTMIN || signo >= SIGRTMIN))
			kill (fixture.pid, signo); /* all but the signals that glibc never lets block */
	ck_assert_int_eq (getsid (fixture.pid), fixture.pid);
	stop (&fixture, 10);
	keeper_fixture_report (&fixture, GONE_EXITED, 0, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* --- the worker ends -------------------------------------------------------------------------------------------- */

/* A crash, and a worker that exits without being told to, are the same. */
START_TEST (test_crash)
{
	struct keeper_fixture fixture = { .keeper.crash_grace_ms = 20, .actions = ZOO };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	letter (&fixture, _i / 2 ? 'x' : 'c');
	if (_i / 2)
		keeper_fixture_report (&fixture, GONE_EXITED, 3, 0);
	else
		keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGSEGV, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* There is nothing beneath the worker: the keeper does not wait for a grace. */
START_TEST (test_crash_alone)
{
	struct keeper_fixture fixture = { .keeper.crash_grace_ms = LONG_MS };

	keeper_fixture_start (&fixture);
	letter (&fixture, 'c');
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGSEGV, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* Processes that the worker leaves get TERM first, and may end well. */
START_TEST (test_crash_term)
{
	struct keeper_fixture fixture = { .keeper.crash_grace_ms = LONG_MS,
		.actions = { { "stopped", 0, 1 }, { "rest", 0, 1 } } };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	letter (&fixture, 'c');
	fixture_await (fixture.front, "term", 1);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGSEGV, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* At the deadline all are stopped, and the parent is told first; a worker that was released has none. */
START_TEST (test_deadline)
{
	struct keeper_fixture fixture = { .keeper.crash_grace_ms = 20,
		.keeper.deadline_ms = clock_ms () + 1500,
		.actions = { { "rest", 0, 1 }, { "daemon", 0, 1 }, { "stubborn", 0, 1 } } };
	static struct packet packet;

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	fixture.stuck = true;
	keeper_fixture_start (&fixture);
	ck_assert_int_eq (link_recv (fixture.supervisor, &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, REC_KEEPER_DEADLINE);
	ck_assert_int_ge (clock_ms (), fixture.keeper.deadline_ms);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

START_TEST (test_deadline_released)
{
	struct keeper_fixture fixture = {
		.keeper.crash_grace_ms = LONG_MS, .keeper.deadline_ms = clock_ms () + 1000, .stuck = true
	};
	static struct packet packet;

	keeper_fixture_start (&fixture);
	release (&fixture);
	ck_assert_int_eq (poll (&(struct pollfd){ .fd = fixture.supervisor, .events = POLLIN }, 1, 1200), 0);
	stop (&fixture, 0);
	ck_assert_int_eq (link_recv (fixture.supervisor, &packet, MSG_PEEK), 1);
	ck_assert_uint_eq (packet.record.type, REC_KEEPER_GONE);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

START_TEST (test_release)
{
	struct keeper_fixture fixture = { .keeper.crash_grace_ms = LONG_MS };

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	keeper_fixture_start (&fixture);
	release (&fixture);
	keeper_fixture_report (&fixture, GONE_EXITED, 0, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* A released worker that does not exit, because its user stopped it, is killed: it would keep its place for ever. */
START_TEST (test_release_stuck)
{
	struct keeper_fixture fixture = { .stuck = true };

	keeper_fixture_start (&fixture);
	release (&fixture);
	keeper_fixture_report (&fixture, GONE_SIGNALLED, SIGKILL, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* Processes left behind live on, by themselves; the keeper reports their number. */
START_TEST (test_release_left)
{
	struct keeper_fixture fixture = { .actions = { { "daemon", 0, 1 } } };
	char byte;
	pid_t left;

	if (!keeper_fixture_kind (&fixture, _i))
		NO_CGROUPS;
	fixture.actions[0].ready = 0; /* its report is for this test */
	keeper_fixture_start (&fixture);
	left = fixture_await (fixture.front, "ready", 1);
	while (tree_count (0) != 3) /* keeper, worker, daemon: those between have ended */
		poll (NULL, 0, 1);
	release (&fixture);
	keeper_fixture_report (&fixture, GONE_EXITED, 0, 1);
	ck_assert_int_eq (recv (fixture.front, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (kill (left, 0), 0);
	if (fixture.cgroup) /* it is in `left`, so the worker's cgroup can go */
		cgroup_remove (&fixture_cgroups, fixture.serial);
	kill (left, SIGKILL);
	fixture_await_end (fixture.front);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* The keeper has few descriptors, whatever was passed through it: 0-2, its link, the lifeline, the signals. The worker
 * has more.
 */
START_TEST (test_descriptors)
{
	struct keeper_fixture fixture = { .actions = { { "rest", 0, 1 } }, .n_fds = KEEPER_FIXTURE_FDS };
	char path[32];
	DIR *dir;
	int n;

	for (int i = 0; i < KEEPER_FIXTURE_FDS; i++)
		ck_assert_int_ge (fixture.fds[i] = fcntl (2, F_DUPFD_CLOEXEC, 50), 50);
	keeper_fixture_start (&fixture);
	snprintf (path, sizeof path, "/proc/%d/fd", (int)fixture.pid);
	do { /* it closes them when the worker is forked, which may be ready first */
		n = -2; /* . and .. */
		dir = opendir (path);
		ck_assert_ptr_nonnull (dir);
		while (readdir (dir))
			n++;
		closedir (dir);
	} while (n != 6);
	stop (&fixture, LONG_MS);
	keeper_fixture_report (&fixture, GONE_EXITED, 0, 0);
	keeper_fixture_empty (&fixture);
}
END_TEST

/* A worker that cannot be made is reported too: here the keeper can open nothing. */
START_TEST (test_no_worker)
{
	struct keeper_fixture fixture = { .front = -1 };
	struct keeper *keeper = &fixture.keeper;
	struct rlimit limit, none;
	int supervisor[2];

	ck_assert_int_eq (link_pair (supervisor), 0);
	*keeper = (struct keeper){ .link = supervisor[1], .worker_link = -1, .cgroup = -1, .left = -1 };
	getrlimit (RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3;
	setrlimit (RLIMIT_NOFILE, &none);
	fixture.pid = fork_run ("remexd-keeper", &keeper->link, 1, keeper_run, keeper);
	setrlimit (RLIMIT_NOFILE, &limit);
	close (supervisor[1]);
	fixture.supervisor = supervisor[0];
	keeper_fixture_report (&fixture, GONE_EXITED, KEEPER_FAILED, 0);
}
END_TEST

static void add_keeper (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_loop_test (tcase, test_stop, 0, 4);
	tcase_add_loop_test (tcase, test_stop_early, 0, 2);
	tcase_add_test (tcase, test_stop_worker_spared);
	tcase_add_loop_test (tcase, test_stop_again, 0, 4);
	tcase_add_loop_test (tcase, test_stop_after_release, 0, 2);
	tcase_add_test (tcase, test_stop_odd);
	tcase_add_loop_test (tcase, test_supervisor_gone, 0, 4);
	tcase_add_test (tcase, test_supervisor_broken);
	tcase_add_test (tcase, test_deaf);
	tcase_add_loop_test (tcase, test_crash, 0, 4);
	tcase_add_test (tcase, test_crash_alone);
	tcase_add_loop_test (tcase, test_crash_term, 0, 2);
	tcase_add_loop_test (tcase, test_deadline, 0, 2);
	tcase_add_test (tcase, test_deadline_released);
	tcase_add_loop_test (tcase, test_release, 0, 2);
	tcase_add_test (tcase, test_release_stuck);
	tcase_add_loop_test (tcase, test_release_left, 0, 2);
	tcase_add_test (tcase, test_descriptors);
	tcase_add_test (tcase, test_no_worker);
}

CHECK_MAIN ("proc/keeper", add_keeper)
