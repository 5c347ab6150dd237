/* keeper_process - see keeper_process.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/keeper_process.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/keeper.h"
#include "proc/process_tree.h"
#include "wire/records.h"

enum {
	LATE_MS = 5000, /* additional time for a keeper on a busy machine */
	FORCE_MS = 5000, /* the time for killing the processes beneath a keeper, before the keeper itself is killed */
	AGAIN_MS = 10, /* between two checks of dying processes */
};

/* --- the beginning ----------------------------------------------------------------------------------------------- */

int keeper_process_prepare (struct keeper_process *keeper, uint64_t serial, const struct cgroups *cgroups)
{
	int link[2];

	*keeper = (struct keeper_process){ .serial = serial, .pid = -1, .link = -1, .far_link = -1, .cgroup = -1 };
	if (link_pair (link) < 0)
		return -1;
	keeper->link = link[0];
	keeper->far_link = link[1];
	if (cgroups && cgroups->root >= 0) {
		keeper->cgroups = cgroups;
		keeper->cgroup = cgroup_make (cgroups, serial);
	}
	return 0;
}

void keeper_process_abandon (struct keeper_process *keeper)
{
	int saved = errno;

	fd_close (&keeper->link);
	fd_close (&keeper->far_link);
	fd_close (&keeper->cgroup);
	if (keeper->cgroups)
		cgroup_remove (keeper->cgroups, keeper->serial);
	errno = saved;
}

int keeper_process_fork (
	struct keeper_process *keeper, int (*run) (void *), void *argument, const int *keep, size_t n_keep)
{
	int *all = calloc (n_keep + 2, sizeof *all);

	if (all) {
		for (size_t i = 0; i < n_keep; i++)
			all[i] = keep[i];
		all[n_keep] = keeper->far_link;
		all[n_keep + 1] = keeper->cgroup;
		keeper->pid = fork_run ("remexd-keeper", all, n_keep + 2, run, argument);
	}
	free (all);
	if (keeper->pid < 0) {
		keeper_process_abandon (keeper);
		return -1;
	}
	fd_close (&keeper->far_link);
	return 0;
}

/* --- orders ------------------------------------------------------------------------------------------------------ */

static int64_t time_of_order (uint32_t type, int64_t grace)
{
	if (type == REC_RELEASE)
		return KEEPER_LEAVE_MS;
	if (grace < 0)
		grace = 0;
	return (grace < GUARD_GRACE_MAX ? grace : GUARD_GRACE_MAX) + GUARD_KILL_MS;
}

void keeper_process_order (struct keeper_process *keeper, uint32_t type, int64_t a)
{
	keeper_process_expect_end (keeper, time_of_order (type, a));
	if (link_post (keeper->link, type, 0, a, 0, MSG_DONTWAIT) == 0 || errno == EPIPE)
		return;
	/* A request waits for the keeper's work. At the end of its link the keeper kills. */
	log_warning ("a keeper takes no orders: its link is closed, and so it kills. serial=%llu: %s",
		(unsigned long long)keeper->serial, strerror (errno));
	shutdown (keeper->link, SHUT_WR);
	keeper_process_expect_end (keeper, GUARD_KILL_MS);
}

void keeper_process_expect_end (struct keeper_process *keeper, int64_t within_ms)
{
	int64_t when = clock_ms () + within_ms + LATE_MS;

	if (!keeper->end_ms || when < keeper->end_ms)
		keeper->end_ms = when;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* Kill the processes beneath the keeper. True when none are left. As long as the keeper lives, stopped or not, a
 * process that loses its parent stays beneath the keeper. */
static bool kill_beneath (const struct keeper_process *keeper, int64_t now)
{
	if (keeper->released || keeper->reported)
		return true;
	if (keeper->cgroup >= 0)
		cgroup_kill (keeper->cgroup);
	return tree_signal_beneath (keeper->pid, SIGKILL) <= 0 || now >= keeper->forced_ms + FORCE_MS;
}

void keeper_process_force (struct keeper_process *keeper)
{
	int64_t now = clock_ms ();

	if (!keeper->end_ms || now < keeper->end_ms)
		return;
	if (!keeper->forced_ms) {
		keeper->forced_ms = now;
		log_warning ("a keeper does not act in time: the keeper and its process tree are killed. serial=%llu",
			(unsigned long long)keeper->serial);
	}
	if (kill_beneath (keeper, now)) {
		kill (keeper->pid, SIGKILL);
		keeper->end_ms = 0;
	} else {
		keeper->end_ms = now + AGAIN_MS;
	}
}

/* Kill the processes that a killed keeper has left: only a cgroup can still find them. After RELEASE they live on. */
static void clean_up (const struct keeper_process *keeper)
{
	if (keeper->cgroup < 0)
		return;
	if (keeper->released && keeper->cgroups->left >= 0)
		cgroup_empty (keeper->cgroup, keeper->cgroups->left);
	else
		cgroup_destroy (keeper->cgroups, keeper->serial, keeper->cgroup);
}

void keeper_process_close (struct keeper_process *keeper)
{
	if (!keeper->reported) {
		if (!keeper->forced_ms)
			log_warning (
				"a keeper died before its worker. serial=%llu", (unsigned long long)keeper->serial);
		clean_up (keeper);
	}
	fd_close (&keeper->link);
	fd_close (&keeper->cgroup);
}

bool keeper_process_reap (struct keeper_process *keeper)
{
	pid_t pid;

	do
		pid = waitpid (keeper->pid, NULL, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	if (keeper->cgroups)
		cgroup_remove (keeper->cgroups, keeper->serial);
	return true;
}

void keeper_process_end (struct keeper_process *keeper)
{
	fd_close (&keeper->link);
	kill (keeper->pid, SIGCONT);
	keeper_process_expect_end (keeper, GUARD_KILL_MS);
	while (!keeper_process_reap (keeper)) {
		keeper_process_force (keeper);
		poll (NULL, 0, 1);
	}
	fd_close (&keeper->cgroup);
}
