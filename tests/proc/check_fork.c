/* check_fork - a forked child has the given descriptors and no others. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/fork.h"
#include "proc/proc_fixture.h"
#include "support/check_main.h"
#include "support/descriptors.h"

static int look (void *arg)
{
	const int *keep = arg;
	struct sigaction action;
	char name[32] = "";
	sigset_t set;
	int fd = open ("/proc/self/comm", O_RDONLY | O_CLOEXEC), bad = 0;

	bad |= fd != 3 || read (fd, name, sizeof name - 1) < 0 || strcmp (name, "remexd-look\n") != 0;
	close (fd);
	bad |= (open_descriptors () != 2 + 1 + 3 + 2) << 1; /* two dots, opendir's own, 0-2, and those kept */
	bad |= (fcntl (keep[0], F_GETFD) < 0 || fcntl (keep[2], F_GETFD) < 0) << 2;
	sigprocmask (SIG_SETMASK, NULL, &set);
	for (int signo = 1; signo < NSIG; signo++) {
		if (sigaction (signo, NULL, &action) < 0)
			continue;
		bad |= (sigismember (&set, signo) == 1) << 3;
		bad |= (action.sa_handler != (signo == SIGPIPE || signo == SIGXFSZ ? SIG_IGN : SIG_DFL)) << 4;
	}
	return bad;
}

START_TEST (test_fork_run)
{
	int keep[] = { 45, -1, 41 }, status;
	sigset_t all, now;
	pid_t pid;

	for (int fd = 40; fd < 50; fd++)
		ck_assert_int_eq (fcntl (2, F_DUPFD_CLOEXEC, fd), fd);
	for (int signo = 1; signo < NSIG; signo++)
		if (signo != SIGCHLD)
			signal (signo, SIG_IGN);
	sigfillset (&all);
	sigdelset (&all, SIGCHLD);
	sigprocmask (SIG_SETMASK, &all, NULL);
	pid = fork_run ("remexd-look", keep, 3, look, keep);
	ck_assert_int_gt (pid, 0);
	ck_assert_int_eq (waitpid (pid, &status, 0), pid);
	ck_assert_int_eq (status, 0);
	ck_assert_int_eq (keep[0], 45);
	sigprocmask (SIG_SETMASK, NULL, &now);
	ck_assert_int_eq (sigismember (&now, SIGCHLD), 0);
	ck_assert_int_eq (sigismember (&now, SIGTERM), 1);
	ck_assert_int_eq (fork_run ("none", keep, FORK_KEEP + 1, look, keep), -1);
	ck_assert_int_eq (errno, EINVAL);
	fixture_no_children ();
}
END_TEST

static void add_fork (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, test_fork_run);
}

CHECK_MAIN ("proc/fork", add_fork)
