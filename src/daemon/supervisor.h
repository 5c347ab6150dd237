/* supervisor - the one privileged process: it makes every other one, and says how they died.
 *
 * It owns the listeners, the generation, the links to the front and to the keepers. It parses nothing that comes from
 * the network and loads no plugin. Single-threaded, one poll loop.
 *
 * States: STARTING (generation proved, front not ready), SERVING, DRAINING (told to end: the front answers what runs),
 * ENDING (the front is gone: the keepers finish), then it exits.
 */
#ifndef REMEX_DAEMON_SUPERVISOR_H
#define REMEX_DAEMON_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "base/list.h"
#include "base/userdb.h"
#include "conf/config.h"
#include "audit/writer.h"
#include "daemon/generation.h"
#include "daemon/options.h"
#include "daemon/probe.h"
#include "daemon/worker_process.h"
#include "net/listen.h"
#include "proc/cgroup.h"
#include "proc/spawn.h"

enum { SUPERVISOR_LISTENERS = 16, SUPERVISOR_ASKERS = 64 };

enum supervisor_state { SUPERVISOR_STARTING, SUPERVISOR_SERVING, SUPERVISOR_DRAINING, SUPERVISOR_ENDING };

struct supervisor {
	enum supervisor_state state;
	char *file; /* the configuration's, or NULL */
	bool default_file; /* nobody named it: it may be missing */
	struct generation *generation, *next; /* in use; being proved */
	struct config *started; /* what a restart would change is still as it says; NULL: as generation->config says */
	struct probe probe;
	bool proving, reload_again; /* a reload is on; another was asked for meanwhile */
	struct { /* requests of the front for a reload, not answered yet */
		uint64_t request;
		bool next; /* it came when one was on: the one after that is meant */
	} askers[SUPERVISOR_ASKERS];
	int n_askers;
	struct listener listeners[SUPERVISOR_LISTENERS];
	size_t n_listeners;
	struct cgroups cgroups;
	gid_t group; /* of `remex`, or -1 */
	struct userdb userdb;
	int host_key; /* a sealed copy for the fronts, or -1 */
	struct audit_sink audit; /* where the audit trail goes */
	bool stdio;
	int std[2]; /* --stdio: what were 0 and 1, until the front has them */
	int signals; /* signalfd */
	int statm; /* of resident_open */
	int exit_status;

	struct child front; /* pid -1: there is none */
	pid_t stuck[16]; /* fronts that were killed and are not dead; 0: none */
	int front_link; /* -1 likewise */
	int64_t front_since, front_retry; /* clock_ms: when it was started; when to start the next (0: now) */
	int64_t front_wait; /* the pause before the next, doubled while fronts die young */
	int unanswered; /* pings */
	bool front_deaf; /* a record did not go into its link: it has missed something, and is replaced */
	int64_t ping_at;

	struct list workers;
	struct list
		ended; /* workers whose keeper has closed its link, and is not reaped yet (a debugger may hold it) */
	int n_workers, n_spares;
	uint64_t last_serial;
	int64_t spare_retry; /* when to try a spare again after a failure */
	int64_t keepers_lost, fronts;
	int64_t told_spares, told_lost; /* what the front last heard of these */
	struct packet packet; /* where records are received */
};

/* Run until told to end; the exit status. */
int supervisor_run (const struct options *options);

/* --- workers.c ----------------------------------------------------------------------------------------------------- */

struct worker_process *supervisor_find_worker (struct supervisor *supervisor, uint64_t serial);

/* Keep `workers.spare` idle ones of our own user warm, within the maximum. Let one of them go: false when there is
 * none. */
void supervisor_keep_spares (struct supervisor *supervisor);
bool supervisor_drop_spare (struct supervisor *supervisor);

/* Send RELEASE or STOP to the keeper of a worker. When that fails the keeper is made to kill. Either ends the keeper in a
 * bounded time. */
void supervisor_tell_keeper (struct worker_process *worker, uint32_t type, int64_t a);

/* The front asks for a worker. */
void supervisor_answer_worker (struct supervisor *supervisor, const struct packet *packet);

/* A keeper's link has something to read, or has ended. The worker may be freed. */
void supervisor_hear_keeper (struct supervisor *supervisor, struct worker_process *worker);

/* Look after the keepers: reap those that have ended, force those that are late (worker_process.h). The second: when that is to be
 * done next, by clock_ms; 0: nothing is to come. Workers may be freed. */
void supervisor_watch_keepers (struct supervisor *supervisor);
int64_t supervisor_keepers_time (const struct supervisor *supervisor);

/* After SIGCHLD: a keeper that somebody has stopped goes on. */
void supervisor_wake_keepers (struct supervisor *supervisor);

/* --- front_process.c ----------------------------------------------------------------------------------------------- */

/* Start a front, re-executed from the very file we run from, so that an upgrade on disk never mixes versions. 0 or -1. */
int supervisor_start_front (struct supervisor *supervisor);

/* The front's link has ended, or it hangs: it goes, and all it had running with it. It is given that much time to exit
 * by itself. */
void supervisor_lose_front (struct supervisor *supervisor, const char *why, int patience_ms);

/* Reap fronts that could not be killed at once, and are dead now. */
void supervisor_reap_stuck (struct supervisor *supervisor);

void supervisor_hear_front (struct supervisor *supervisor);
void supervisor_ping_front (struct supervisor *supervisor);
void supervisor_tell_counters (struct supervisor *supervisor);

/* Hand the generation in use to the front. 0 or -1. */
int supervisor_send_generation (struct supervisor *supervisor);

/* --- listening.c --------------------------------------------------------------------------------------------------- */

/* Open what is to be listened on, and the host key where that is TCP. TCP is bound, and closed until an identity may come
 * in. 0, or -1 and err. listening_check: would the host key fail? It says which addresses would be closed. */
int listening_open (struct supervisor *supervisor, struct err *err);
int listening_check (const struct supervisor *supervisor, struct err *err);

/* The identities are others now: open TCP where it was closed and somebody may come in. What is open stays open: its
 * connections are the business of the front. 0, or -1 and err. */
int listening_start (struct supervisor *supervisor, struct err *err);

/* Log where it listens, if it does. */
void listening_say (const struct listener *listener);

/* --- reload.c ------------------------------------------------------------------------------------------------------ */

/* Read and prove the next generation; when it is proved it takes the place of the one in use, and when it is not nothing
 * changes. Asked again meanwhile, it begins again afterwards. */
void supervisor_reload (struct supervisor *supervisor);

/* Where the configuration wants the audit trail. 0, or -1 and err. */
int supervisor_open_audit (struct audit_sink *audit, const struct config *config, struct err *err);

/* The same for the front's request, which is answered with RELOADED. */
void supervisor_reload_for (struct supervisor *supervisor, uint64_t request);

void supervisor_hear_probe (struct supervisor *supervisor, const struct pollfd fds[PROBE_FDS]);

/* --- shutdown.c: the end ----------------------------------------------------------------------------------------- */

/* A signal to end: the first drains, the second hurries. */
void supervisor_end (struct supervisor *supervisor);

/* The front is gone: stop what it had. Called whether or not there will be another. */
void supervisor_stop_workers (struct supervisor *supervisor);

/* Close all, remove sockets and cgroups. */
void supervisor_close (struct supervisor *supervisor);

#endif
