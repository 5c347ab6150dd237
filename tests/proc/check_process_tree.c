/* check_process_tree - every process beneath a process is found and killed, however it hides; no other process is. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/proc_fixture.h"
#include "proc/process_tree.h"
#include "support/check_main.h"
#include "support/descriptors.h"
#include "support/pty_pair.h"

/* This test process is the subreaper of its helpers; line[0] sees them end. */
static int line[2];

static void set_up (void)
{
	prctl (PR_SET_CHILD_SUBREAPER, 1);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line), 0);
}

/* Start a helper with `ready` processes that report, and pass the line to it. */
static pid_t enter (const char *action, int n, int ready)
{
	struct child child;

	fixture_spawn (&child, line[1], action, n);
	fixture_await (line[0], "ready", ready);
	close (child.pidfd);
	return child.pid;
}

/* SIGTERM is also a hang-up, for the leader of a terminal's session and the foreground process group; for others it is not. */
START_TEST (test_hang_up)
{
	static const struct {
		bool leader, terminal, foreground, dies;
	} rows[] = { { true, true, true, true }, { false, true, true, true }, { false, true, false, false },
		{ true, false, false, false } };
	int slave, master = pty_pair (&slave), up[2];
	pid_t session, pid;
	int status;
	char byte;

	NEED_PTY (master);
	ck_assert_int_eq (pipe2 (up, O_CLOEXEC), 0);
	if (!(session = fork ())) {
		setsid ();
		signal (SIGHUP, SIG_DFL); /* nohup(1) */
		signal (SIGTERM, SIG_IGN);
		if (rows[_i].terminal)
			ioctl (slave, TIOCSCTTY, 0);
		if (!rows[_i].leader) {
			signal (SIGHUP, SIG_IGN);
			signal (SIGTTOU, SIG_IGN);
			if (!(pid = fork ())) {
				signal (SIGHUP, SIG_DFL);
				setpgid (0, 0);
				if (rows[_i].foreground)
					tcsetpgrp (slave, getpid ());
				_exit (write (up[1], "", 1) == 1 ? pause () : 1);
			}
			status = -1;
			close (up[1]);
			waitpid (pid, &status, 0);
			_exit (WIFSIGNALED (status) ? WTERMSIG (status) : 0);
		}
		_exit (write (up[1], "", 1) == 1 ? pause () : 1);
	}
	ck_assert_int_eq (read (up[0], &byte, 1), 1);
	ck_assert_int_eq (tree_signal (SIGTERM, 0), rows[_i].leader ? 1 : 2);
	if (!rows[_i].dies)
		ck_assert_int_eq (tree_signal (SIGKILL, 0), rows[_i].leader ? 1 : 2);
	ck_assert_int_eq (waitpid (session, &status, 0), session);
	if (rows[_i].dies && !rows[_i].leader)
		ck_assert_int_eq (status, W_EXITCODE (SIGHUP, 0));
	else
		ck_assert_int_eq (status, rows[_i].dies ? SIGHUP : SIGKILL);
	close (slave);
	close (master);
	close (up[0]);
	close (up[1]);
}
END_TEST

static void exit_all (void)
{
	close (line[1]);
	fixture_await_end (line[0]);
	fixture_no_children ();
}

static const struct {
	const char *action;
	int n, ready, alive; /* alive: at least so many are counted */
} actions[] = {
	{ "rest", 0, 1, 1 },
	{ "stubborn", 0, 1, 1 },
	{ "daemon", 0, 1, 1 },
	{ "stopped", 0, 1, 1 },
	{ "headless", 0, 1, 1 },
	{ "threaded", 0, 1, 2 },
	{ "crowd", 200, 200, 200 },
	{ "comets", 1, 1, 0 },
	{ "comets", 8, 8, 0 },
};

/* All kinds, one by one, with the sweep alone. */
START_TEST (test_kill)
{
	int fds = open_descriptors ();

	enter (actions[_i].action, actions[_i].n, actions[_i].ready);
	ck_assert_int_ge (tree_count (0), actions[_i].alive);
	ck_assert_int_eq (tree_kill (-1, 200000, NULL, NULL), 0);
	exit_all ();
	ck_assert_int_eq (tree_count (0), 0);
	ck_assert_int_eq (open_descriptors (), fds - 1);
}
END_TEST

/* A subreaper like a keeper, with all actions beneath it; it stops itself, and reaps nothing. */
static _Noreturn void stopped_keeper (void)
{
	struct child child;

	prctl (PR_SET_CHILD_SUBREAPER, 1);
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		fixture_spawn (&child, line[1], actions[i].action, actions[i].n < 20 ? actions[i].n : 20);
	raise (SIGSTOP);
	_exit (0);
}

/* All processes beneath a stopped child, from outside; the child itself, and its siblings, are spared. */
START_TEST (test_beneath_a_stopped_child)
{
	pid_t keeper, beside = enter ("rest", 0, 1);
	int status, left;

	ck_assert_int_ge (keeper = fork (), 0);
	if (!keeper)
		stopped_keeper ();
	ck_assert_int_eq (waitpid (keeper, &status, WUNTRACED), keeper);
	ck_assert (WIFSTOPPED (status));
	ck_assert_int_ge (tree_signal_beneath (keeper, 0), 8);
	/* Comets can escape a pass, or several, but not for ever. */
	while ((left = tree_signal_beneath (keeper, SIGKILL)) > 0)
		poll (NULL, 0, 1);
	ck_assert_int_eq (left, 0);
	ck_assert_int_eq (waitpid (keeper, &status, WNOHANG | WUNTRACED), 0);
	ck_assert_int_eq (kill (beside, 0), 0);
	ck_assert_int_eq (kill (keeper, SIGKILL), 0);
	ck_assert_int_eq (waitpid (keeper, &status, 0), keeper);
	ck_assert_int_eq (kill (beside, SIGKILL), 0);
	ck_assert_int_eq (waitpid (beside, &status, 0), beside);
	while (waitpid (-1, &status, 0) > 0) /* the dead that it had not reaped */
		;
	ck_assert_int_eq (tree_signal_beneath (keeper, 0), -1);
	exit_all ();
}
END_TEST

/* The first child of that process. */
static pid_t child_of (pid_t parent)
{
	char path[64], text[32] = "";
	int fd;

	snprintf (path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	ck_assert_int_ge (fd = open (path, O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_gt (read (fd, text, sizeof text - 1), 0);
	fd_close (&fd);
	return atoi (text);
}

/* The same for a process that its parent may reap: nothing is signalled when the process has ended and others have its number. The
 * spared child lives on. */
START_TEST (test_beneath_another)
{
	pid_t keeper, ended, spare;
	int status, left, keeper_fd, ended_fd;

	ck_assert_int_ge (ended = fork (), 0);
	if (!ended)
		_exit (0);
	ck_assert_int_ge (ended_fd = pidfd_open (ended, 0), 0);
	ck_assert_int_eq (waitpid (ended, &status, 0), ended);
	ck_assert_int_ge (keeper = fork (), 0);
	if (!keeper)
		stopped_keeper ();
	ck_assert_int_ge (keeper_fd = pidfd_open (keeper, 0), 0);
	ck_assert_int_eq (waitpid (keeper, &status, WUNTRACED), keeper);
	ck_assert_int_eq (tree_signal_beneath_other (keeper, ended_fd, SIGKILL, 0), 0);
	ck_assert_int_ge (left = tree_signal_beneath_other (keeper, keeper_fd, 0, 0), 8);
	spare = child_of (keeper);
	while ((left = tree_signal_beneath_other (keeper, keeper_fd, SIGKILL, spare)) > 0)
		poll (NULL, 0, 1);
	ck_assert_int_eq (left, 0);
	ck_assert_int_eq (tree_signal_beneath_other (keeper, keeper_fd, 0, 0), 1);
	ck_assert_int_eq (tree_signal_beneath_other (keeper, keeper_fd, SIGKILL, 0), 1);
	ck_assert_int_eq (kill (keeper, SIGKILL), 0);
	ck_assert_int_eq (waitpid (keeper, &status, 0), keeper);
	ck_assert_int_le (tree_signal_beneath_other (keeper, keeper_fd, SIGKILL, 0), 0);
	while (waitpid (-1, &status, 0) > 0)
		;
	fd_close (&keeper_fd);
	fd_close (&ended_fd);
	exit_all ();
}
END_TEST

static void count_reaped (pid_t pid, int status, void *arg)
{
	int *seen = arg;

	if (pid == seen[0]) {
		seen[1]++;
		seen[2] = status;
	}
}

/* All kinds at once; each reaped child is reported once. */
START_TEST (test_kill_all)
{
	int seen[3] = { 0, 0, 0 };

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		enter (actions[i].action, actions[i].n, actions[i].ready);
	seen[0] = enter ("stubborn", 0, 1);
	ck_assert_int_eq (tree_kill (-1, 200000, count_reaped, seen), 0);
	exit_all ();
	ck_assert_int_eq (seen[1], 1);
	ck_assert_int_eq (seen[2], SIGKILL);
}
END_TEST

/* Without time there is one round, and surviving processes are reported. */
START_TEST (test_limit)
{
	ck_assert_int_eq (tree_kill (-1, 0, NULL, NULL), 0);
	enter ("crowd", 100, 100);
	ck_assert_int_ge (tree_kill (-1, 0, NULL, NULL), 0);
	ck_assert_int_eq (tree_kill (-1, 200000, NULL, NULL), 0);
	exit_all ();
}
END_TEST

START_TEST (test_term_and_spare)
{
	pid_t spared = enter ("rest", 0, 1), stopped = enter ("stopped", 0, 1);
	siginfo_t info;

	/* Certainly stopped, and yet it gets TERM. */
	ck_assert_int_eq (waitid (P_PID, (id_t)stopped, &info, WSTOPPED | WNOWAIT), 0);
	ck_assert_int_eq (tree_count (spared), 1);
	ck_assert_int_eq (tree_signal (SIGTERM, spared), 1);
	ck_assert_int_eq (fixture_await (line[0], "term", 1), stopped);
	ck_assert_int_eq (waitpid (stopped, NULL, 0), stopped);
	ck_assert_int_eq (tree_count (spared), 0);
	ck_assert_int_eq (tree_count (0), 1);
	ck_assert_int_eq (tree_kill (-1, 200000, NULL, NULL), 0);
	exit_all ();
}
END_TEST

/* The spared one's descendants are not spared. */
START_TEST (test_spare_below)
{
	pid_t spared = enter ("threaded", 0, 1);
	siginfo_t info;

	ck_assert_int_eq (tree_count (spared), 1);
	ck_assert_int_eq (tree_signal (SIGKILL, spared), 1);
	while (tree_count (spared))
		poll (NULL, 0, 1);
	info.si_pid = 0;
	ck_assert_int_eq (waitid (P_PID, (id_t)spared, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	ck_assert_int_eq (info.si_pid, 0);
	ck_assert_int_eq (tree_kill (-1, 200000, NULL, NULL), 0);
	exit_all ();
}
END_TEST

/* A zombie does not count. */
START_TEST (test_zombie)
{
	siginfo_t info;
	pid_t pid = fork ();

	if (!pid)
		_exit (0);
	ck_assert_int_eq (waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq (tree_count (0), 0);
	ck_assert_int_eq (tree_signal (SIGTERM, 0), 0);
	ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
}
END_TEST

/* --- numbers that are given away --------------------------------------------------------------------------------- */

/* Where set, this function runs after the walk's signal to another process's child. */
static void (*after_signal) (void);

/* In place of the C library's function. */
int pidfd_send_signal (int pidfd, int signo, siginfo_t *info, unsigned flags)
{
	int result = (int)syscall (SYS_pidfd_send_signal, pidfd, signo, info, flags);

	if (after_signal && signo == SIGTERM)
		after_signal ();
	return result;
}

/* To the test, which is outside of the walker's tree: from the walker, and from the process that gets the pid. */
static int outside[2], theirs[2];
static pid_t obedient; /* the child that obeys TERM */

/* A process with that pid, which is free, and a child of its own; the child reports at the end, by its exit status and
 * its parent's, whether it got a TERM. -1 where a pid may not be chosen, or another process was faster. */
static pid_t make_namesake (pid_t number)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1 };
	pid_t pid = (pid_t)syscall (SYS_clone3, &args, sizeof args), child;
	sigset_t set, pending;
	int status;
	char byte = 'y';

	if (pid)
		return pid;
	alarm (300);
	sigemptyset (&set);
	sigaddset (&set, SIGTERM);
	sigprocmask (SIG_BLOCK, &set, NULL);
	if (!(child = fork ())) {
		if (send (theirs[1], &byte, 1, 0) != 1 || recv (theirs[1], &byte, 1, 0) != 1)
			_exit (2);
		sigpending (&pending);
		_exit (sigismember (&pending, SIGTERM));
	}
	_exit (waitpid (child, &status, 0) == child && WIFEXITED (status) ? WEXITSTATUS (status) : 3);
}

/* In the walker: the process in the middle got its TERM. It dies, and its parent reaps it; then its pid is taken. */
static void give_away (void)
{
	char byte;

	after_signal = NULL;
	while (kill (obedient, 0) == 0)
		poll (NULL, 0, 1);
	/* A start time is counted in ticks of the clock. No other process gets a used pid within one tick: all others
	 * are used first. */
	poll (NULL, 0, (int)(3000 / sysconf (_SC_CLK_TCK)));
	if (send (outside[1], &obedient, sizeof obedient, 0) != sizeof obedient || recv (outside[1], &byte, 1, 0) != 1)
		_exit (4);
}

static int walk_past (void)
{
	pid_t top;
	int told[2];

	prctl (PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2 (told, O_CLOEXEC) < 0)
		return 5;
	if (!(top = fork ())) {
		signal (SIGTERM, SIG_IGN);
		if (!(obedient = fork ())) {
			signal (SIGTERM, SIG_DFL);
			alarm (300);
			obedient = getpid ();
			if (write (told[1], &obedient, sizeof obedient) > 0)
				pause ();
			_exit (0);
		}
		while (waitpid (obedient, NULL, 0) < 0)
			;
		alarm (300);
		for (;;)
			pause ();
	}
	if (read (told[0], &obedient, sizeof obedient) != (ssize_t)sizeof obedient)
		return 5;
	after_signal = give_away;
	tree_signal (SIGTERM, 0);
	return tree_kill (-1, 200000, NULL, NULL);
}

/* A process that was seen dies, and its pid belongs to another before its children are read: those are not touched. */
START_TEST (test_number_given_away)
{
	pid_t walker, namesake, number;
	int status;
	char byte = 'w';

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, outside), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, theirs), 0);
	if (!(walker = fork ()))
		_exit (walk_past ());
	ck_assert_int_eq (recv (outside[0], &number, sizeof number, 0), sizeof number);
	if ((namesake = make_namesake (number)) > 0)
		ck_assert_int_eq (recv (theirs[0], &byte, 1, 0), 1);
	else
		SKIP_PART ("nobody has taken the number (not root, or somebody else took it first)");
	ck_assert_int_eq (send (outside[0], &byte, 1, 0), 1);
	ck_assert_int_eq (waitpid (walker, &status, 0), walker);
	ck_assert_int_eq (status, 0);
	if (namesake > 0) {
		ck_assert_int_eq (send (theirs[0], &byte, 1, 0), 1);
		ck_assert_int_eq (waitpid (namesake, &status, 0), namesake);
		ck_assert_int_eq (status, 0);
	}
}
END_TEST

/* --- "did it leave something behind?" -------------------------------------------------------------------------- */

/* The question of a worker; this process plays its keeper. */
static struct tree_watch watch;

static void reap (pid_t pid)
{
	while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A command with a child of its own, for which it waits. */
static void run_normal (int i)
{
	pid_t pid = fork (), below;

	if (!pid) {
		below = i % 2 ? fork () : -1;
		if (!below)
			_exit (0);
		if (below > 0)
			reap (below);
		_exit (0);
	}
	reap (pid);
}

/* A command that daemonises; with `quick` it does not wait for the process in the middle. The pid comes through the
 * pipe. */
static pid_t run_daemon (bool quick, bool *left)
{
	pid_t pid, middle;
	int told[2];

	if (pipe2 (told, O_CLOEXEC) < 0)
		return -1;
	pid = fork ();
	if (!pid) {
		middle = fork ();
		if (middle) {
			if (!quick)
				reap (middle);
			_exit (0);
		}
		setsid ();
		if (fork ())
			_exit (0);
		alarm (300);
		pid = getpid ();
		_exit (write (told[1], &pid, sizeof pid) < 0 || pause ());
	}
	reap (pid);
	*left = tree_watch_left (&watch, getpid ());
	close (told[1]);
	if (read (told[0], &pid, sizeof pid) != (ssize_t)sizeof pid)
		pid = -1;
	close (told[0]);
	return pid;
}

/* The worker: its exit status is the number of the broken rule. */
static int ask_normal (void)
{
	for (int i = 0; i < 300; i++) {
		run_normal (i);
		if (tree_watch_left (&watch, getpid ()))
			return 1;
	}
	return 0;
}

static int ask_daemon (void)
{
	for (int i = 0; i < 100; i++) {
		bool left = false;
		pid_t pid = run_daemon (i % 2, &left);

		if (pid <= 0)
			return 2;
		kill (pid, SIGKILL);
		if (!left)
			return 3;
		while (tree_watch_left (&watch, getpid ())) /* until the keeper has seen it die */
			poll (NULL, 0, 1);
	}
	return 0;
}

static int ask_own (void)
{
	pid_t pid = fork ();
	bool left;

	if (!pid) {
		alarm (300);
		pause ();
	}
	left = tree_watch_left (&watch, getpid ());
	kill (pid, SIGKILL);
	reap (pid);
	return left && !tree_watch_left (&watch, getpid ()) ? 0 : 4;
}

static int (*const asks[]) (void) = { ask_normal, ask_daemon, ask_own };

START_TEST (test_watch)
{
	int status;
	pid_t worker = fork (), pid;

	if (!worker) {
		if (tree_watch_open (&watch) < 0)
			_exit (9);
		/* Another user gets the same result: the files were opened before. */
		if (geteuid () == 0 && (setresgid (65534, 65534, 65534) | setresuid (65534, 65534, 65534)))
			_exit (8);
		_exit (asks[_i]());
	}
	do /* reap orphans, as a keeper does */
		pid = waitpid (-1, &status, 0);
	while (pid != worker);
	ck_assert_int_eq (status, 0);
	tree_kill (-1, 200000, NULL, NULL);
}
END_TEST

static void add_tree (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_checked_fixture (tcase, set_up, NULL);
	tcase_add_test (tcase, test_beneath_a_stopped_child);
	tcase_add_test (tcase, test_beneath_another);
	tcase_add_loop_test (tcase, test_kill, 0, (int)(sizeof actions / sizeof *actions));
	tcase_add_test (tcase, test_kill_all);
	tcase_add_test (tcase, test_limit);
	tcase_add_test (tcase, test_term_and_spare);
	tcase_add_loop_test (tcase, test_hang_up, 0, 4);
	tcase_add_test (tcase, test_spare_below);
	tcase_add_test (tcase, test_zombie);
	tcase_add_test (tcase, test_number_given_away);
	tcase_add_loop_test (tcase, test_watch, 0, (int)(sizeof asks / sizeof *asks));
}

CHECK_MAIN ("proc/process_tree", add_tree)
