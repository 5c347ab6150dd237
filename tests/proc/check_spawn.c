/* check_spawn - the state that a command finds when it starts, and how it ends. Failures are in spawn_failures.c. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/proc_fixture.h"
#include "proc/spawn.h"
#include "proc/spawn_failures.h"
#include "support/check_main.h"
#include "support/descriptors.h"
#include "support/pty_pair.h"

/* Read all from fd to `out`. */
static void slurp (int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t got;

	do {
		fixture_readable (fd);
		got = read (fd, out + used, size - 1 - used);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 && used < size - 1);
	out[used] = '\0';
}

/* --- the golden state ------------------------------------------------------------------------------------------- */

/* Make this process differ from a fresh one as much as possible. */
static void disorder (void)
{
	struct rlimit limit;
	sigset_t all;

	for (int signo = 1; signo < NSIG; signo++)
		if (signo != SIGCHLD) /* ignored, it would have the kernel reap our children (sigaction(2)) */
			signal (signo, SIG_IGN);
	sigfillset (&all);
	sigprocmask (SIG_SETMASK, &all, NULL);
	raise (SIGUSR1);
	umask (0777);
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit (RLIMIT_NOFILE, &limit);
	/* Descriptors without close-on-exec, at several numbers, must not be inherited. */
	ck_assert_int_ge (fcntl (2, F_DUPFD, 40), 40);
	ck_assert_int_ge (fcntl (2, F_DUPFD, 3), 3);
}

START_TEST (test_golden)
{
	const char *const argv[] = { fixture_helper (), "-1", "show", NULL };
	const char *const env[] = { "PATH=/bin", "A=b", NULL };
	struct spawn spawn = { .argv = argv, .env = env, .cwd = "/", .fds = { -1, -1, -1 } };
	struct child child;
	struct err err;
	struct rlimit limit;
	char shown[4096], want[4096];
	int out[2];

	disorder ();
	getrlimit (RLIMIT_NOFILE, &limit);
	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	spawn.fds[1] = out[1];
	ck_assert_int_eq (spawn_start (&spawn, &child, &err), 0);
	close (out[1]);
	slurp (out[0], shown, sizeof shown);
	ck_assert_int_eq (fixture_finish (&child), 0);
	snprintf (want, sizeof want,
		"fds 0 1 2\n"
		"SigPnd:\t0000000000000000\n"
		"SigBlk:\t0000000000000000\n"
		"SigIgn:\t0000000000000000\n"
		"umask 022\nfiles %d\ncore 0\nsession own\ngroup own\ntty none\ncwd /\nenv PATH=/bin\nenv A=b\n",
		limit.rlim_max < 1024 ? (int)limit.rlim_max : 1024);
	ck_assert_str_eq (shown, want);
}
END_TEST

/* A terminal becomes the controlling one. */
START_TEST (test_terminal)
{
	const char *const argv[] = { fixture_helper (), "-1", "show", NULL };
	int slave, master = pty_pair (&slave), out[2];
	struct spawn spawn = { .argv = argv, .cwd = "/", .fds = { -1, -1, -1 }, .terminal = true };
	struct child child;
	struct err err;
	char shown[4096];

	NEED_PTY (master);
	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	spawn.fds[0] = slave;
	spawn.fds[1] = out[1];
	ck_assert_int_eq (spawn_start (&spawn, &child, &err), 0);
	close (out[1]);
	slurp (out[0], shown, sizeof shown);
	ck_assert_int_eq (fixture_finish (&child), 0);
	ck_assert_ptr_nonnull (strstr (shown, "session own\ngroup own\ntty some\n"));
	/* What is no terminal cannot become one. */
	spawn.fds[0] = -1;
	ck_assert_int_eq (spawn_start (&spawn, &child, &err), -1);
	ck_assert_int_eq (err.sys, ENOTTY);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot give "));
	ck_assert_ptr_nonnull (strstr (err.text, " its terminal: "));
	fixture_no_children ();
	close (slave);
	close (master);
}
END_TEST

/* The caller's own mask, dispositions and umask are unchanged. */
START_TEST (test_caller_unchanged)
{
	sigset_t set, now;
	struct sigaction action;
	struct child child;
	mode_t mask;
	int fds = open_descriptors ();

	sigemptyset (&set);
	sigaddset (&set, SIGUSR2);
	sigprocmask (SIG_SETMASK, &set, NULL);
	signal (SIGPIPE, SIG_IGN);
	umask (0123);
	fixture_spawn (&child, -1, "exit", 7);
	ck_assert_int_eq (fixture_finish (&child), W_EXITCODE (7, 0));
	sigprocmask (SIG_SETMASK, NULL, &now);
	for (int signo = 1; signo < NSIG; signo++)
		ck_assert_int_eq (sigismember (&now, signo), signo == SIGUSR2);
	sigaction (SIGPIPE, NULL, &action);
	ck_assert_ptr_eq (action.sa_handler, SIG_IGN);
	mask = umask (0);
	ck_assert_int_eq (mask, 0123);
	ck_assert_int_eq (open_descriptors (), fds);
	fixture_no_children ();
}
END_TEST

static void on_signal (int signo)
{
	(void)signo;
	_exit (55);
}

/* A handler of the caller's never runs in the child. */
START_TEST (test_handlers)
{
	struct child child;

	signal (SIGTERM, on_signal);
	fixture_spawn (&child, -1, "die", SIGTERM);
	ck_assert_int_eq (fixture_finish (&child), SIGTERM);
}
END_TEST

START_TEST (test_statuses)
{
	struct child child;

	fixture_spawn (&child, -1, "exit", _i);
	ck_assert_int_eq (fixture_finish (&child), W_EXITCODE (_i, 0));
	if (_i >= 1 && _i <= SIGSYS && _i != SIGCHLD && _i != SIGCONT && _i != SIGURG && _i != SIGWINCH &&
		_i != SIGSTOP && _i != SIGTSTP && _i != SIGTTIN && _i != SIGTTOU) {
		fixture_spawn (&child, -1, "die", _i);
		ck_assert_int_eq (WTERMSIG (fixture_finish (&child)), _i);
	}
}
END_TEST

/* --- descriptors ------------------------------------------------------------------------------------------------ */

/* The sources of the three: every assignment of 0, 1, 2 and of higher numbers. 64 cases; source 3 is a high number. */
START_TEST (test_permuted)
{
	const char *const argv[] = { fixture_helper (), "-1", "write", NULL };
	struct spawn spawn = { .argv = argv };
	struct child child;
	struct err err = { .text = "" };
	char text[8];
	int role[3] = { _i % 4, _i / 4 % 4, _i / 16 }; /* the number that becomes 0, 1, 2 */
	int in, out[2], own[3];

	if ((role[0] == role[1] && role[0] < 3) || (role[0] == role[2] && role[0] < 3) ||
		(role[1] == role[2] && role[1] < 3))
		return;
	for (int i = 0; i < 3; i++)
		own[i] = fcntl (i, F_DUPFD_CLOEXEC, 20);
	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	in = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		spawn.fds[i] = i ? out[1] : in;
		if (role[i] < 3) {
			ck_assert_int_ge (dup3 (spawn.fds[i], role[i], O_CLOEXEC), 0);
			spawn.fds[i] = role[i];
		}
	}
	if (spawn_start (&spawn, &child, &err) < 0)
		ck_abort_msg ("%s", err.text);
	for (int i = 0; i < 3; i++)
		dup2 (own[i], i);
	close (out[1]);
	slurp (out[0], text, sizeof text);
	ck_assert_int_eq (fixture_finish (&child), 0);
	ck_assert_str_eq (text, "12");
}
END_TEST

/* The caller's 0-2 are closed, so that /dev/null and the pipe for errors get these numbers. */
START_TEST (test_closed_std)
{
	const char *const argv[] = { fixture_helper (), "-1", "show", NULL };
	const char *const bad[] = { "/nowhere/at/all", NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };
	struct child child = { 0, -1 }, other;
	struct err err;
	char shown[4096];
	int out[2], own[3], rc, bad_rc;

	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	for (int i = 0; i < 3; i++) {
		own[i] = fcntl (i, F_DUPFD_CLOEXEC, 20);
		if (_i & 1 << i)
			close (i);
	}
	spawn.fds[1] = out[1];
	rc = spawn_start (&spawn, &child, &err);
	if (child.pidfd < 3) /* where one of ours will be again */
		child.pidfd = fcntl (child.pidfd, F_DUPFD_CLOEXEC, 20);
	spawn.argv = bad;
	bad_rc = spawn_start (&spawn, &other, &err);
	for (int i = 0; i < 3; i++)
		dup2 (own[i], i);
	close (out[1]);
	ck_assert_int_eq (rc, 0);
	ck_assert_int_eq (bad_rc, -1);
	ck_assert_int_eq (err.sys, ENOENT);
	slurp (out[0], shown, sizeof shown);
	ck_assert_int_eq (fixture_finish (&child), 0);
	ck_assert_int_eq (strncmp (shown, "fds 0 1 2\n", 10), 0);
}
END_TEST

START_TEST (test_keep)
{
	const char *const argv[] = { fixture_helper (), "-1", "show", NULL };
	int keep[] = { 37, -1, 30, 33 }, out[2];
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 }, .keep = keep, .n_keep = 4 };
	struct child child;
	struct err err;
	char shown[4096];

	for (int fd = 30; fd < 40; fd++)
		ck_assert_int_eq (fcntl (2, F_DUPFD_CLOEXEC, fd), fd);
	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	spawn.fds[1] = out[1];
	ck_assert_int_eq (spawn_start (&spawn, &child, &err), 0);
	close (out[1]);
	slurp (out[0], shown, sizeof shown);
	ck_assert_int_eq (fixture_finish (&child), 0);
	ck_assert_int_eq (strncmp (shown, "fds 0 1 2 30 33 37\n", 19), 0);
	ck_assert_int_eq (keep[0], 37); /* the caller's array is unchanged */
	ck_assert_int_eq (fcntl (37, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* --- life and death --------------------------------------------------------------------------------------------- */

START_TEST (test_signal_group)
{
	struct child child;
	int line[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line), 0);
	fixture_spawn (&child, line[1], "threaded", 0); /* two processes, one group */
	close (line[1]);
	fixture_await (line[0], "ready", 1);
	child_signal (&child, SIGKILL);
	fixture_await_end (line[0]);
	ck_assert_int_eq (WTERMSIG (fixture_finish (&child)), SIGKILL);
	child_signal (&(struct child){ .pid = 0 }, SIGKILL); /* not our own group */
}
END_TEST

/* Another user, without groups, without a way back and without one to new privileges; and it still dies with us. */
START_TEST (test_user)
{
	static const char script[] = "grep -E '^(Uid|Gid|Groups|NoNewPrivs):' /proc/self/status";
	const struct spawn_user user = { 12345, 12346 };
	struct spawn spawn = {
		.argv = (const char *const[]){ "/bin/sh", "-c", script, NULL },
		.fds = { -1, -1, -1 },
		.die_with_parent = true,
		.user = &user,
	};
	char out[512] = "";
	struct child child;
	struct err err;
	int line[2];
	ssize_t n;

	ck_assert_int_eq (pipe2 (line, O_CLOEXEC), 0);
	spawn.fds[1] = line[1];
	if (geteuid () != 0) {
		ck_assert_int_eq (spawn_start (&spawn, &child, &err), -1);
		ck_assert_str_eq (err.text, "cannot run /bin/sh as uid 12345: Operation not permitted");
	} else {
		ck_assert_msg (spawn_start (&spawn, &child, &err) == 0, "%s", err.text);
		close (line[1]);
		for (size_t at = 0; (n = read (line[0], out + at, sizeof out - 1 - at)) > 0;)
			at += (size_t)n;
		ck_assert_int_eq (fixture_finish (&child), 0);
		ck_assert_str_eq (out,
			"Uid:\t12345\t12345\t12345\t12345\nGid:\t12346\t12346\t12346\t12346\nGroups:\t \n"
			"NoNewPrivs:\t1\n");
		ck_assert_uint_eq (geteuid (), 0);
	}
}
END_TEST

START_TEST (test_die_with_parent)
{
	char number[12];
	const char *const argv[] = { fixture_helper (), number, "stubborn", NULL };
	int line[2], status;
	pid_t parent;

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line), 0);
	snprintf (number, sizeof number, "%d", line[1]);
	parent = fork ();
	if (!parent) {
		struct spawn spawn = {
			.argv = argv, .fds = { -1, -1, -1 }, .die_with_parent = true, .keep = &line[1], .n_keep = 1
		};
		struct child child;

		if (spawn_start (&spawn, &child, NULL) < 0)
			_exit (1);
		pause ();
	}
	close (line[1]);
	fixture_await (line[0], "ready", 1);
	kill (parent, SIGKILL);
	fixture_await_end (line[0]);
	waitpid (parent, &status, 0);
}
END_TEST

/* --- the limits of a call ----------------------------------------------------------------------------------------- */

static struct spawn_limits limited (enum call_limit limit, int64_t value)
{
	struct spawn_limits limits = spawn_usual_limits;

	limits.call.value[limit] = value;
	return limits;
}

/* Run the line in a shell with these limits, and return its first line of output. */
static const char *shell (const char *line, const struct spawn_limits *limits, int *status, struct call_usage *usage)
{
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	struct spawn spawn = { .argv = argv, .cwd = "/", .fds = { -1, -1, -1 }, .limits = limits };
	static char text[256];
	struct child child;
	struct err err;
	int out[2];

	ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
	spawn.fds[1] = out[1];
	ck_assert_msg (spawn_start (&spawn, &child, &err) == 0, "%s", err.text);
	close (out[1]);
	slurp (out[0], text, sizeof text);
	close (out[0]);
	ck_assert_int_eq (child_reap_usage (&child, status, usage), 0);
	text[strcspn (text, "\n")] = '\0';
	return text;
}

static const struct {
	enum call_limit limit;
	int64_t value;
	int resource;
	rlim_t soft, hard;
} resources[] = {
	{ LIMIT_CPU, 1500, RLIMIT_CPU, 2, 2 + SPAWN_CPU_GRACE },
	{ LIMIT_MEMORY, 256 << 20, RLIMIT_DATA, 256 << 20, 256 << 20 },
	{ LIMIT_FILES, 100, RLIMIT_NOFILE, 100, 100 },
	{ LIMIT_FILE_SIZE, 12345, RLIMIT_FSIZE, 12345, 12345 },
	{ LIMIT_PROCESSES, 5000, RLIMIT_NPROC, 5000, 5000 },
};

/* Soft and hard limits are those of the call, or lower ones that the caller had. */
START_TEST (test_call_limits)
{
	struct spawn_limits limits = limited (resources[_i].limit, resources[_i].value);
	struct rlimit limit, seen, own;
	struct child child;
	const char *const argv[] = { "/bin/sleep", "1000", NULL };
	struct spawn spawn = { .argv = argv, .cwd = "/", .fds = { -1, -1, -1 }, .limits = &limits };
	struct err err;
	int status;

	for (int lower = 0; lower < 2; lower++) {
		ck_assert_int_eq (getrlimit ((__rlimit_resource_t)resources[_i].resource, &own), 0);
		ck_assert_msg (spawn_start (&spawn, &child, &err) == 0, "%s", err.text);
		ck_assert_int_eq (prlimit (child.pid, (__rlimit_resource_t)resources[_i].resource, NULL, &seen), 0);
		limit.rlim_cur = resources[_i].soft < own.rlim_cur ? resources[_i].soft : own.rlim_cur;
		limit.rlim_max = resources[_i].hard < own.rlim_max ? resources[_i].hard : own.rlim_max;
		ck_assert_uint_eq (seen.rlim_cur, limit.rlim_cur);
		ck_assert_uint_eq (seen.rlim_max, limit.rlim_max);
		child_signal (&child, SIGKILL);
		ck_assert_int_eq (child_reap (&child, &status), 0);
		/* The caller's own is unchanged. */
		ck_assert_int_eq (getrlimit ((__rlimit_resource_t)resources[_i].resource, &limit), 0);
		ck_assert_mem_eq (&limit, &own, sizeof own);
		if (resources[_i].limit != LIMIT_FILES && resources[_i].limit != LIMIT_FILE_SIZE)
			break; /* a low one would end this test, or keep it from forking or from allocating */
		own.rlim_cur = own.rlim_max = resources[_i].soft - 36;
		ck_assert_int_eq (setrlimit ((__rlimit_resource_t)resources[_i].resource, &own), 0);
	}
}
END_TEST

START_TEST (test_nice)
{
	int own = getpriority (PRIO_PROCESS, 0), status;
	struct spawn_limits limits = limited (LIMIT_NICE, 19);
	struct call_usage usage;
	char text[16];

	ck_assert_str_eq (shell ("nice", &limits, &status, &usage), "19");
	ck_assert_int_eq (getpriority (PRIO_PROCESS, 0), own);
	/* It is never raised to a better one. */
	ck_assert_int_eq (setpriority (PRIO_PROCESS, 0, own < 9 ? 9 : own), 0);
	limits = limited (LIMIT_NICE, 7);
	snprintf (text, sizeof text, "%d", own < 9 ? 9 : own);
	ck_assert_str_eq (shell ("nice", &limits, &status, &usage), text);
}
END_TEST

/* What was used is known, and which limit has ended the command. */
START_TEST (test_which_limit)
{
	struct spawn_limits limits = limited (LIMIT_CPU, 1);
	struct call_usage usage;
	int status;

	shell ("exit 3", &limits, &status, &usage);
	ck_assert_int_eq (status, W_EXITCODE (3, 0));
	ck_assert_int_gt (usage.memory, 100000);
	ck_assert_int_eq (child_limit (&limits.call, status, &usage), LIMIT_NONE);
	shell ("kill -XCPU $$", &limits, &status, &usage); /* somebody else's signal */
	ck_assert_int_eq (status, SIGXCPU);
	if (usage.user_us + usage.system_us < 1000)
		ck_assert_int_eq (child_limit (&limits.call, status, &usage), LIMIT_NONE);
	shell ("while :; do :; done", &limits, &status, &usage);
	ck_assert_int_eq (status, SIGXCPU);
	ck_assert_int_ge (usage.user_us + usage.system_us, 100000);
	ck_assert_int_eq (child_limit (&limits.call, status, &usage), LIMIT_CPU);
	ck_assert_int_eq (child_limit (&limits.call, W_EXITCODE (128 + SIGXCPU, 0), &usage), LIMIT_CPU);
	ck_assert_int_eq (child_limit (&limits.call, SIGKILL, &usage), LIMIT_NONE);
	usage.user_us = (1 + SPAWN_CPU_GRACE) * 1000000;
	ck_assert_int_eq (child_limit (&limits.call, SIGKILL, &usage), LIMIT_CPU);
	ck_assert_int_eq (child_limit (&limits.call, SIGXFSZ, &usage), LIMIT_NONE);
	limits = limited (LIMIT_FILE_SIZE, 1000);
	ck_assert_int_eq (child_limit (&limits.call, SIGXFSZ, &usage), LIMIT_FILE_SIZE);
	ck_assert_int_eq (child_limit (&limits.call, W_EXITCODE (128 + SIGXFSZ, 0), &usage), LIMIT_FILE_SIZE);
	ck_assert_int_eq (child_limit (&limits.call, SIGXCPU, &usage), LIMIT_NONE);
}
END_TEST

static void add_spawn (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, test_golden);
	tcase_add_test (tcase, test_terminal);
	tcase_add_test (tcase, test_caller_unchanged);
	tcase_add_test (tcase, test_handlers);
	tcase_add_loop_test (tcase, test_statuses, 0, 256);
	tcase_add_loop_test (tcase, test_permuted, 0, 64);
	tcase_add_loop_test (tcase, test_closed_std, 0, 8);
	tcase_add_test (tcase, test_keep);
	tcase_add_test (tcase, test_signal_group);
	tcase_add_test (tcase, test_user);
	tcase_add_test (tcase, test_die_with_parent);
	tcase_add_loop_test (tcase, test_call_limits, 0, (int)(sizeof resources / sizeof *resources));
	tcase_add_test (tcase, test_nice);
	tcase_add_test (tcase, test_which_limit);
}

CHECK_MAIN ("proc/spawn", add_spawn, spawn_add_failures)
