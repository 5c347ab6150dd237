/* fork - see fork.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/fork.h"

static _Noreturn void fork_child (const char *title, int *keep, size_t n, int (*run) (void *arg), void *arg)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* sigaction refuses KILL, STOP and glibc's own signals, which is right. */
	for (int signo = 1; signo < NSIG; signo++)
		sigaction (signo, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction (SIGPIPE, &action, NULL);
	sigaction (SIGXFSZ, &action, NULL);
	fd_close_except (keep, n);
	prctl (PR_SET_NAME, title);
	sigemptyset (&none);
	sigprocmask (SIG_SETMASK, &none, NULL);
	_exit (run (arg));
}

pid_t fork_run (const char *title, const int *keep, size_t n, int (*run) (void *arg), void *arg)
{
	int copy[FORK_KEEP];
	sigset_t all, old;
	pid_t pid;
	int saved;

	if (n > FORK_KEEP) {
		errno = EINVAL;
		return -1;
	}
	if (n)
		memcpy (copy, keep, n * sizeof *keep);
	/* No handler of the parent may run in the child, and no signal may reach a child that is not set up yet. */
	sigfillset (&all);
	sigprocmask (SIG_SETMASK, &all, &old);
	pid = fork ();
	if (!pid)
		fork_child (title, copy, n, run, arg);
	saved = errno;
	sigprocmask (SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}
