/* worker - the process that runs plugins: one user and one generation for life, one request at a time, reused.
 *
 * States: STARTING (becomes its user, loads the plugins), IDLE (waits for a CALL or for the end of its lifeline),
 * RUNNING (a handler runs, and its calls of remex/plugin.h talk to the front). A worker leaves when its lifeline ends:
 * at once when idle, after the handler has returned when running. When the front's link ends, an idle worker waits for
 * the end of its lifeline, since only the keeper knows whether the processes left behind may live on. The code is
 * single-threaded and blocks; the worker owns its link and its lifeline.
 */
#ifndef REMEX_WORKER_WORKER_H
#define REMEX_WORKER_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/link.h"
#include "conf/config.h"
#include "plugin/plugin_files.h"
#include "plugin/plugins.h"
#include "proc/process_tree.h"

#include "worker/tidy.h"
#include "worker/user.h"

enum { WORKER_NO_LOG = -2 };

/* The arguments of a new worker; inherited through the forks, never changed. */
struct worker_birth {
	const struct config *config;
	const struct plugin_files *files;
	uid_t uid;
	int log; /* its standard error; -1: that of its keeper; WORKER_NO_LOG: none */
	bool probe; /* load the plugins, send the verb table (REC_VERBS), leave */
};

/* The part of a worker that the functions of a call use. */
struct worker {
	int link, lifeline;
	struct user user;
	struct plugins plugins;
	struct tree_watch watch;
	struct tidy tidy;
	struct packet packet; /* for received records; only one, since it has 128 KiB */
};

/* The worker's main function, run by its keeper (struct keeper); returns its exit status. */
int worker_run (int link, int lifeline, void *birth);

#endif
