/* recorders - see recorders.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/paths.h"
#include "daemon/recorders.h"
#include "proc/fork.h"
#include "record/recorder.h"

enum { MORE = 64 /* recorders besides those of requests and jobs: they end a moment after these */ };

void recorders_close (struct recorders *recorders)
{
	free (recorders->all);
	*recorders = (struct recorders){ .n = 0 };
}

static int make_room (struct recorders *recorders, const struct config *config)
{
	pid_t *more;

	if (recorders->n >= (size_t)(config->workers_max + CONTROL_WORKERS + config->jobs.max + MORE)) {
		errno = EAGAIN;
		return -1;
	}
	if (recorders->n < recorders->room)
		return 0;
	if (!(more = realloc (recorders->all, (recorders->room + MORE) * sizeof *more)))
		return -1;
	recorders->all = more;
	recorders->room += MORE;
	return 0;
}

pid_t recorders_start (struct recorders *recorders, const struct config *config, int *link)
{
	char *path = config->record.directory ? strdup (config->record.directory) : paths_recordings ();
	struct recorder given = {
		.directory = path, .size = config->record.size, .leave_free = config->record.leave_free
	};
	int ends[2], saved = ENOENT;
	pid_t pid = -1;

	if (path && make_room (recorders, config) == 0 && link_pair (ends) == 0) {
		given.link = ends[1];
		pid = fork_run ("remexd-record", &ends[1], 1, recorder_run, &given);
		saved = errno;
		fd_close (&ends[1]);
		if (pid < 0)
			fd_close (&ends[0]);
		*link = ends[0];
	} else if (path) {
		saved = errno;
	}
	free (path);
	errno = saved;
	if (pid < 0)
		return -1;
	recorders->all[recorders->n++] = pid;
	return pid;
}

void recorders_reap (struct recorders *recorders)
{
	for (size_t i = 0; i < recorders->n;)
		if (waitpid (recorders->all[i], NULL, WNOHANG) == 0)
			i++;
		else
			recorders->all[i] = recorders->all[--recorders->n];
}
