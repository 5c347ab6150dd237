/* job_killer - see job_killer.h. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/job_killer.h"
#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/pids.h"
#include "proc/process_tree.h"
#include "proc/procstat.h"

enum {
	DIE_MS = 200, /* the time for the holder to die of SIGKILL alone, */
	SPARE_MS = 3000, /* then for its processes to be killed without the keeper, */
	FORCE_MS = 10000, /* and in all */
	KEEPER_MS = GUARD_KILL_MS + 5000, /* then for the keeper, on a busy machine */
	AGAIN_MS = 10, /* between two rounds */
};

static bool is_gone (int pidfd, int within_ms)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll (&end, 1, within_ms) > 0;
}

/* Kill what holds the holder up. False: the holder is still there. */
static bool kill_beneath (const struct job_killer *killer, pid_t keeper)
{
	int64_t begin = clock_ms ();

	do {
		bool spared = clock_ms () < begin + SPARE_MS;

		if (killer->cgroup >= 0)
			cgroup_kill (killer->cgroup);
		tree_signal_beneath_other (killer->holder, killer->pidfd, SIGKILL, spared ? keeper : 0);
		if (is_gone (killer->pidfd, AGAIN_MS))
			return true;
	} while (clock_ms () < begin + FORCE_MS);
	return false;
}

/* False: it is still there. */
static bool wait_for_keeper (int pidfd)
{
	int64_t end = clock_ms () + KEEPER_MS;

	while (!is_gone (pidfd, AGAIN_MS)) {
		if (clock_ms () >= end)
			return false;
		pidfd_send_signal (pidfd, SIGCONT, NULL, 0);
	}
	return true;
}

static bool is_named (pid_t pid, const char *name)
{
	char path[32], text[32];
	ssize_t got;
	int fd;

	snprintf (path, sizeof path, "/proc/%d/comm", (int)pid);
	if ((fd = open (path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	got = read (fd, text, sizeof text);
	fd_close (&fd);
	return got == (ssize_t)strlen (name) + 1 && !memcmp (text, name, strlen (name));
}

/* The pid of the holder's keeper, its first child; 0: there is none any more, or it cannot be told. *pidfd: of the keeper. A process
 * of the job that has its name is only waited for. */
static pid_t find_keeper (const struct job_killer *killer, int *pidfd)
{
	struct procstat stat;
	struct pids pids;
	char path[64];
	pid_t keeper;
	int fd;

	*pidfd = -1;
	snprintf (path, sizeof path, "/proc/%d/task/%d/children", (int)killer->holder, (int)killer->holder);
	if ((fd = open (path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	pids_start (&pids, fd);
	keeper = pids_next (&pids);
	fd_close (&fd);
	if (keeper > 0 && is_named (keeper, "remexd-keeper"))
		*pidfd = pidfd_open (keeper, 0);
	/* The holder is still there: so it was the parent. */
	if (*pidfd >= 0 &&
		(procstat_read (keeper, &stat) < 0 || stat.parent != killer->holder || is_gone (killer->pidfd, 0)))
		fd_close (pidfd);
	return *pidfd >= 0 ? keeper : 0;
}

static int killer_run (void *arg)
{
	const struct job_killer *killer = arg;
	int keeper_fd;
	pid_t keeper = find_keeper (killer, &keeper_fd);

	pidfd_send_signal (killer->pidfd, SIGKILL, NULL, 0);
	if (!is_gone (killer->pidfd, DIE_MS) && !kill_beneath (killer, keeper))
		return 1;
	return keeper_fd < 0 || wait_for_keeper (keeper_fd) ? 0 : 1;
}

pid_t job_killer_fork (const struct job_killer *killer)
{
	struct job_killer copy = *killer; /* the forked process has a copy of it, too */
	int keep[] = { killer->pidfd, killer->cgroup };

	return fork_run ("remexd-killer", keep, sizeof keep / sizeof *keep, killer_run, &copy);
}
