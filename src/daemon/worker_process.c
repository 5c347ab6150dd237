/* worker_process - see worker_process.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "daemon/worker_process.h"
#include "proc/fork.h"
#include "proc/guard.h"
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

int spawn_worker (
	struct worker_process *process, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups)
{
	int keeper_link[2] = { -1, -1 }, worker_link[2] = { -1, -1 }, saved;
	struct keeper keeper = {
		.left = cgroups ? cgroups->left : -1,
		.crash_grace_ms = (int)birth->config->limits.grace_ms,
		.worker = worker_run,
		.arg = birth,
	};

	*process = (struct worker_process){
		.serial = serial, .uid = birth->uid, .pid = -1, .keeper = -1, .front_end = -1, .cgroup = -1
	};
	list_init (&process->node);
	if (cgroups && cgroups->root >= 0)
		process->cgroup = cgroup_make (cgroups, serial);
	keeper.cgroup = process->cgroup;
	keeper.worker_fds = plugin_fds (birth->files, &keeper.n_worker_fds);
	if (keeper.worker_fds && link_pair (keeper_link) == 0 && link_pair (worker_link) == 0) {
		keeper.link = keeper_link[1];
		keeper.worker_link = worker_link[1];
		process->pid = fork_keeper (&keeper);
	}
	saved = errno;
	free (keeper.worker_fds);
	fd_close (&keeper_link[1]);
	fd_close (&worker_link[1]);
	process->keeper = keeper_link[0];
	process->front_end = worker_link[0];
	if (process->pid >= 0)
		return 0;
	fd_close (&process->keeper);
	fd_close (&process->front_end);
	fd_close (&process->cgroup);
	if (cgroups && cgroups->root >= 0)
		cgroup_remove (cgroups, serial);
	errno = saved;
	return -1;
}

void worker_process_expect_end (struct worker_process *process, int64_t within_ms)
{
	int64_t when = clock_ms () + within_ms + LATE_MS;

	if (!process->end_by || when < process->end_by)
		process->end_by = when;
}

/* Kill beneath the keeper; is that done? As long as it lives, stopped or not, what loses its parent stays beneath it. */
static bool kill_beneath (const struct worker_process *process, int64_t now)
{
	if (process->released || process->reported)
		return true;
	if (process->cgroup >= 0)
		cgroup_kill (process->cgroup);
	return tree_signal_beneath (process->pid, SIGKILL) <= 0 || now >= process->forced_since + FORCE_MS;
}

bool worker_process_force (struct worker_process *process)
{
	bool first = !process->forced_since;
	int64_t now = clock_ms ();

	if (!process->end_by || now < process->end_by)
		return false;
	if (first)
		process->forced_since = now;
	if (kill_beneath (process, now)) {
		kill (process->pid, SIGKILL);
		process->end_by = 0;
	} else {
		process->end_by = now + AGAIN_MS;
	}
	return first;
}

bool worker_process_reap (struct worker_process *process)
{
	pid_t pid;

	do
		pid = waitpid (process->pid, NULL, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid != 0;
}

void worker_process_end (struct worker_process *process)
{
	fd_close (&process->front_end);
	fd_close (&process->keeper);
	kill (process->pid, SIGCONT);
	worker_process_expect_end (process, GUARD_KILL_MS);
	while (!worker_process_reap (process)) {
		worker_process_force (process);
		poll (NULL, 0, 1);
	}
}
