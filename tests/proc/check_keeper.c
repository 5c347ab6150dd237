/* check_keeper - whatever a worker and its commands do, and whatever the supervisor says or does not say, nothing
 * is left beneath a keeper but what it was told to leave.
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
#include "proc/scene.h"
#include "proc/stage.h"
#include "proc/tree.h"
#include "support/check_main.h"

enum { LONG_MS = 600 * 1000 }; /* no test waits for this */

static void stop (const struct scene *scene, int grace_ms)
{
	ck_assert_int_eq (link_post (scene->supervisor, REC_STOP, 0, grace_ms, 0, 0), 0);
}

static void release (const struct scene *scene)
{
	ck_assert_int_eq (link_post (scene->supervisor, REC_RELEASE, 0, 0, 0, 0), 0);
}

static void letter (const struct scene *scene, char c)
{
	ck_assert_int_eq (send (scene->front, &c, 1, MSG_NOSIGNAL), 1);
}

/* --- STOP ------------------------------------------------------------------------------------------------------- */

/* The whole zoo, and a worker that does not care: all is gone when the report comes. */
START_TEST (test_stop)
{
	static const int graces[] = { 0, 200 };
	struct scene scene = { .deeds = ZOO, .stuck = true };
	int64_t from;

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	from = clock_ms ();
	stop (&scene, graces[_i / 2]);
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	ck_assert_int_ge (clock_ms () - from, graces[_i / 2]);
	if (getenv ("REMEX_TIMES"))
		fprintf (stderr, "%s, grace %d: %lld ms\n", scene.cgroup ? "cgroup" : "sweep", graces[_i / 2],
			(long long)(clock_ms () - from));
	scene_empty (&scene);
}
END_TEST

/* All obey, and the worker leaves: nobody waits for the grace to pass. */
START_TEST (test_stop_early)
{
	struct scene scene = { .deeds = { { "rest", 0, 1 }, { "stopped", 0, 1 }, { "rest", 0, 1 } } };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	stop (&scene, LONG_MS);
	stage_await (scene.front, "term", 1); /* the stopped one has heard it */
	scene_report (&scene, GONE_EXITED, 0, 0);
	scene_empty (&scene);
}
END_TEST

/* The worker itself gets no TERM: it may say last words. */
START_TEST (test_stop_worker_spared)
{
	struct scene scene = { .deeds = { { "stopped", 0, 1 } }, .stuck = true };

	scene_start (&scene);
	stop (&scene, LONG_MS);
	stage_await (scene.front, "term", 1);
	letter (&scene, 'x');
	scene_report (&scene, GONE_EXITED, 3, 0);
	scene_empty (&scene);
}
END_TEST

/* A shorter grace shortens, a longer one does not lengthen. */
START_TEST (test_stop_again)
{
	struct scene scene = { .deeds = { { "stubborn", 0, 1 }, { "stopped", 0, 1 } }, .stuck = true };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	stop (&scene, LONG_MS);
	stage_await (scene.front, "term", 1);
	stop (&scene, _i / 2 ? 50 : 0);
	link_post (scene.supervisor, REC_STOP, 0, LONG_MS, 0, 0); /* EPIPE when the end has come already */
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	scene_empty (&scene);
}
END_TEST

START_TEST (test_stop_after_release)
{
	struct scene scene = { .deeds = { { "daemon", 0, 1 } }, .stuck = true };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	release (&scene);
	stop (&scene, 10);
	link_post (scene.supervisor, REC_RELEASE, 0, 0, 0, 0); /* too late */
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	scene_empty (&scene);
}
END_TEST

/* Nonsense on the link does no harm, a grace out of range is one of the ends of the range. */
START_TEST (test_stop_odd)
{
	struct scene scene = { .deeds = { { "rest", 0, 1 } }, .stuck = true };

	scene_start (&scene);
	ck_assert_int_eq (link_post (scene.supervisor, 12345, 9, -1, -1, 0), 0);
	ck_assert_int_eq (link_post (scene.supervisor, REC_STOP, 0, INT64_MAX, 0, 0), 0);
	ck_assert_int_eq (link_post (scene.supervisor, REC_STOP, 0, INT64_MIN, 0, 0), 0);
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	scene_empty (&scene);
}
END_TEST

/* --- end of file from the supervisor ---------------------------------------------------------------------------- */

START_TEST (test_supervisor_gone)
{
	struct scene scene = { .deeds = ZOO, .stuck = true };
	int status;

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	if (_i / 2)
		release (&scene);
	close (scene.supervisor);
	/* Nobody hears its report: it leaves when all are gone, or after five seconds without having won. */
	ck_assert_int_eq (waitpid (scene.pid, &status, 0), scene.pid);
	ck_assert_int_eq (status, 0);
	scene_empty (&scene);
}
END_TEST

/* What is no record is as good as nobody. */
START_TEST (test_supervisor_broken)
{
	struct scene scene = { .deeds = { { "daemon", 0, 1 } }, .stuck = true };

	scene_start (&scene);
	ck_assert_int_eq (send (scene.supervisor, "?", 1, MSG_NOSIGNAL), 1);
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	scene_empty (&scene);
}
END_TEST

/* The keeper is deaf to what a terminal or a careless hand sends. */
START_TEST (test_deaf)
{
	struct scene scene = { .deeds = { { "daemon", 0, 1 } } };

	scene_start (&scene);
	for (int signo = 1; signo < NSIG; signo++)
		if (signo != SIGKILL && signo != SIGSTOP && (signo < __SIGRTMIN || signo >= SIGRTMIN))
			kill (scene.pid, signo); /* all but those that glibc never lets block */
	ck_assert_int_eq (getsid (scene.pid), scene.pid);
	stop (&scene, 10);
	scene_report (&scene, GONE_EXITED, 0, 0);
	scene_empty (&scene);
}
END_TEST

/* --- the worker ends -------------------------------------------------------------------------------------------- */

/* A crash, and a worker that leaves without being asked, are one. */
START_TEST (test_crash)
{
	struct scene scene = { .keeper.crash_grace_ms = 20, .deeds = ZOO };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	letter (&scene, _i / 2 ? 'x' : 'c');
	if (_i / 2)
		scene_report (&scene, GONE_EXITED, 3, 0);
	else
		scene_report (&scene, GONE_SIGNALLED, SIGSEGV, 0);
	scene_empty (&scene);
}
END_TEST

/* Nothing beneath it: no grace is waited for. */
START_TEST (test_crash_alone)
{
	struct scene scene = { .keeper.crash_grace_ms = LONG_MS };

	scene_start (&scene);
	letter (&scene, 'c');
	scene_report (&scene, GONE_SIGNALLED, SIGSEGV, 0);
	scene_empty (&scene);
}
END_TEST

/* What it leaves gets TERM first, and may end well. */
START_TEST (test_crash_term)
{
	struct scene scene = { .keeper.crash_grace_ms = LONG_MS, .deeds = { { "stopped", 0, 1 }, { "rest", 0, 1 } } };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	letter (&scene, 'c');
	stage_await (scene.front, "term", 1);
	scene_report (&scene, GONE_SIGNALLED, SIGSEGV, 0);
	scene_empty (&scene);
}
END_TEST

START_TEST (test_release)
{
	struct scene scene = { .keeper.crash_grace_ms = LONG_MS };

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene_start (&scene);
	release (&scene);
	scene_report (&scene, GONE_EXITED, 0, 0);
	scene_empty (&scene);
}
END_TEST

/* What was left behind lives on, by itself; the keeper says how many. */
/* A released worker that does not leave, because its user stopped it, is killed: it would keep its place for ever. */
START_TEST (test_release_stuck)
{
	struct scene scene = { .stuck = true };

	scene_start (&scene);
	release (&scene);
	scene_report (&scene, GONE_SIGNALLED, SIGKILL, 0);
	scene_empty (&scene);
}
END_TEST

START_TEST (test_release_left)
{
	struct scene scene = { .deeds = { { "daemon", 0, 1 } } };
	char byte;
	pid_t left;

	if (!scene_kind (&scene, _i))
		NO_CGROUPS;
	scene.deeds[0].ready = 0; /* its word is for us */
	scene_start (&scene);
	left = stage_await (scene.front, "ready", 1);
	while (tree_count (0) != 3) /* keeper, worker, daemon: those between have ended */
		poll (NULL, 0, 1);
	release (&scene);
	scene_report (&scene, GONE_EXITED, 0, 1);
	ck_assert_int_eq (recv (scene.front, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (kill (left, 0), 0);
	if (scene.cgroup) /* it is in `left`, so the worker's cgroup can go */
		cgroup_remove (&stage_cgroups, scene.serial);
	kill (left, SIGKILL);
	stage_await_end (scene.front);
	scene_empty (&scene);
}
END_TEST

/* Its descriptors are few, whatever passed through it: 0-2, its link, the lifeline, the signals. The worker has more.
 */
START_TEST (test_descriptors)
{
	struct scene scene = { .deeds = { { "rest", 0, 1 } }, .n_fds = SCENE_FDS };
	char path[32];
	DIR *dir;
	int n;

	for (int i = 0; i < SCENE_FDS; i++)
		ck_assert_int_ge (scene.fds[i] = fcntl (2, F_DUPFD_CLOEXEC, 50), 50);
	scene_start (&scene);
	snprintf (path, sizeof path, "/proc/%d/fd", (int)scene.pid);
	do { /* it closes them when the worker is forked, which may be ready first */
		n = -2; /* . and .. */
		dir = opendir (path);
		ck_assert_ptr_nonnull (dir);
		while (readdir (dir))
			n++;
		closedir (dir);
	} while (n != 6);
	stop (&scene, LONG_MS);
	scene_report (&scene, GONE_EXITED, 0, 0);
	scene_empty (&scene);
}
END_TEST

/* A worker that cannot be made is reported too: here the keeper can open nothing. */
START_TEST (test_no_worker)
{
	struct scene scene = { .front = -1 };
	struct keeper *keeper = &scene.keeper;
	struct rlimit limit, none;
	int supervisor[2];

	ck_assert_int_eq (link_pair (supervisor), 0);
	*keeper = (struct keeper){ .link = supervisor[1], .worker_link = -1, .cgroup = -1, .left = -1 };
	getrlimit (RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3;
	setrlimit (RLIMIT_NOFILE, &none);
	scene.pid = fork_run ("remexd-keeper", &keeper->link, 1, keeper_run, keeper);
	setrlimit (RLIMIT_NOFILE, &limit);
	close (supervisor[1]);
	scene.supervisor = supervisor[0];
	scene_report (&scene, GONE_EXITED, KEEPER_FAILED, 0);
}
END_TEST

static void add_keeper (TCase *tcase)
{
	stage_add (tcase);
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
	tcase_add_loop_test (tcase, test_release, 0, 2);
	tcase_add_test (tcase, test_release_stuck);
	tcase_add_loop_test (tcase, test_release_left, 0, 2);
	tcase_add_test (tcase, test_descriptors);
	tcase_add_test (tcase, test_no_worker);
}

CHECK_MAIN ("proc/keeper", add_keeper)
