/* worker_process - see worker_process.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/passrights.h"
#include "daemon/log_process.h"
#include "daemon/worker_process.h"
#include "proc/keeper.h"

/* The descriptors that the keeper passes on to the worker: of the plugin files, and of the log. With room for `more` behind
 * them. */
static int *worker_fds (const struct plugin_files *files, int log, size_t more, size_t *n)
{
	int *fds = calloc (files->n_items + 1 + more, sizeof *fds);

	*n = 0;
	if (fds && log >= 0)
		fds[(*n)++] = log;
	for (size_t i = 0; fds && i < files->n_items && *n < KEEPER_FDS; i++)
		if (files->items[i].fd >= 0)
			fds[(*n)++] = files->items[i].fd;
	return fds;
}

int worker_process_start (
	struct worker_process *process, uint64_t serial, struct worker_birth *birth, const struct cgroups *cgroups)
{
	int link[2], result = -1;
	struct keeper keeper = {
		.left = cgroups ? cgroups->left : -1,
		.crash_grace_ms = (int)birth->config->limits.grace_ms,
		.worker = worker_run,
		.arg = birth,
	};

	*process = (struct worker_process){ .uid = birth->uid, .front_end = -1 };
	list_init (&process->node);
	if (keeper_process_prepare (&process->keeper, serial, cgroups) < 0)
		return -1;
	birth->log = log_process_worker (birth->uid);
	keeper.link = process->keeper.far_link;
	keeper.cgroup = process->keeper.cgroup;
	keeper.worker_fds = worker_fds (birth->files, birth->log, 2, &keeper.n_worker_fds);
	if (!keeper.worker_fds || link_pair (link) < 0) {
		keeper_process_abandon (&process->keeper);
	} else {
		size_t n = keeper.n_worker_fds;

		if (birth->probe)
			passrights_refuse (link[0]); /* the supervisor reads that link */
		keeper.worker_link = link[1];
		keeper.worker_fds[n++] = link[1];
		keeper.worker_fds[n++] = keeper.left;
		if ((result = keeper_process_fork (&process->keeper, keeper_run, &keeper, keeper.worker_fds, n)) == 0)
			process->front_end = link[0];
		else
			fd_close (&link[0]);
		fd_close (&link[1]);
	}
	fd_close (&birth->log);
	free (keeper.worker_fds);
	return result;
}

void worker_process_end (struct worker_process *process)
{
	fd_close (&process->front_end);
	keeper_process_end (&process->keeper);
}
