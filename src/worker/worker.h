/* worker - the process that runs plugins: one user and one generation for life, one request at a time, reused.
 *
 * States: STARTING (becomes its user, loads the plugins), IDLE (waits for a CALL or for the end of its lifeline),
 * RUNNING (a handler runs; the call's functions talk to the front meanwhile). It leaves when its lifeline ends: at once
 * when idle, after the handler returns when running. When the front's link ends, an idle worker waits for the end of its
 * lifeline, since only the keeper knows whether processes that were left behind may live on. The code is single-threaded and
 * blocks; the worker owns its link and its lifeline.
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

/* What a worker is started with; inherited through the forks, never changed. */
struct worker_birth {
	const struct config *config;
	const struct plugin_files *files;
	uid_t uid;
	bool probe; /* load the plugins, send the verb table (REC_VERBS), leave */
};

/* A worker, as the functions of a call see it. */
struct worker {
	int link, lifeline;
	struct user user;
	struct plugins plugins;
	struct tree_watch watch;
	struct tidy tidy;
	struct packet packet; /* where records are received: 128 KiB, and only one of it */
};

/* The worker's main function, run by its keeper (struct keeper); returns its exit status. */
int worker_run (int link, int lifeline, void *birth);

#endif
