/* rearing - see rearing.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "daemon/rearing.h"
#include "proc/fork.h"
#include "proc/keeper.h"
#include "proc/tree.h"

enum {
	LATE_MS = 5000, /* beyond what a keeper needs, on a busy machine */
	FORCE_MS = 5000, /* how long what is beneath a keeper is killed, before the keeper itself is */
	AGAIN_MS = 10, /* between two looks at what is dying */
};

/* The descriptors of the plugin files: the keeper hands them through to the worker. */
static int *plugin_fds (const struct plugin_files *files, size_t *n)
{
	int *fds = calloc (files->n_items + 4, sizeof *fds);

	*n = 0;
	for (size_t i = 0; fds && i < files->n_items && *n < KEEPER_FDS; i++)
		if (files->items[i].fd >= 0)
			fds[(*n)++] = files->items[i].fd;
	return fds;
}

static pid_t fork_keeper (struct keeper *keeper)
{
	size_t n = keeper->n_worker_fds;
	int *keep = calloc (n + 4, sizeof *keep);
	pid_t pid = -1;

	if (keep) {
		for (size_t i = 0; i < n; i++)
			keep[i] = keeper->worker_fds[i];
		keep[n++] = keeper->link;
		keep[n++] = keeper->worker_link;
		keep[n++] = keeper->cgroup;
		keep[n++] = keeper->left;
		pid = fork_run ("remexd-keeper", keep, n, keeper_run, keeper);
	}
	free (keep);
	return pid;
}

int rear (struct reared *reared, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups)
{
	int keeper_link[2] = { -1, -1 }, worker_link[2] = { -1, -1 }, saved;
	struct keeper keeper = {
		.left = cgroups ? cgroups->left : -1,
		.crash_grace_ms = (int)birth->config->limits.grace_ms,
		.worker = worker_run,
		.arg = birth,
	};

	*reared = (struct reared){
		.serial = serial, .uid = birth->uid, .pid = -1, .keeper = -1, .front_end = -1, .cgroup = -1
	};
	list_init (&reared->node);
	if (cgroups && cgroups->root >= 0)
		reared->cgroup = cgroup_make (cgroups, serial);
	keeper.cgroup = reared->cgroup;
	keeper.worker_fds = plugin_fds (birth->files, &keeper.n_worker_fds);
	if (keeper.worker_fds && link_pair (keeper_link) == 0 && link_pair (worker_link) == 0) {
		keeper.link = keeper_link[1];
		keeper.worker_link = worker_link[1];
		reared->pid = fork_keeper (&keeper);
	}
	saved = errno;
	free (keeper.worker_fds);
	fd_close (&keeper_link[1]);
	fd_close (&worker_link[1]);
	reared->keeper = keeper_link[0];
	reared->front_end = worker_link[0];
	if (reared->pid >= 0)
		return 0;
	fd_close (&reared->keeper);
	fd_close (&reared->front_end);
	fd_close (&reared->cgroup);
	if (cgroups && cgroups->root >= 0)
		cgroup_remove (cgroups, serial);
	errno = saved;
	return -1;
}

void reared_expect_end (struct reared *reared, int64_t within_ms)
{
	int64_t when = clock_ms () + within_ms + LATE_MS;

	if (!reared->end_by || when < reared->end_by)
		reared->end_by = when;
}

/* Kill beneath the keeper; is that done? As long as it lives, stopped or not, what loses its parent stays beneath it. */
static bool kill_beneath (const struct reared *reared, int64_t now)
{
	if (reared->released || reared->reported)
		return true;
	if (reared->cgroup >= 0)
		cgroup_kill (reared->cgroup);
	return tree_signal_beneath (reared->pid, SIGKILL) <= 0 || now >= reared->forced_since + FORCE_MS;
}

bool reared_force (struct reared *reared)
{
	bool first = !reared->forced_since;
	int64_t now = clock_ms ();

	if (!reared->end_by || now < reared->end_by)
		return false;
	if (first)
		reared->forced_since = now;
	if (kill_beneath (reared, now)) {
		kill (reared->pid, SIGKILL);
		reared->end_by = 0;
	} else {
		reared->end_by = now + AGAIN_MS;
	}
	return first;
}

bool reared_reap (struct reared *reared)
{
	pid_t pid;

	do
		pid = waitpid (reared->pid, NULL, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid != 0;
}

void reared_end (struct reared *reared)
{
	fd_close (&reared->front_end);
	fd_close (&reared->keeper);
	kill (reared->pid, SIGCONT);
	reared_expect_end (reared, KEEPER_KILL_MS);
	while (!reared_reap (reared)) {
		reared_force (reared);
		poll (NULL, 0, 1);
	}
}
