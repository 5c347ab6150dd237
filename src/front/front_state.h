/* front_state - the state of the front, part by part. Each part belongs to the file that is named with it.
 *
 * Calls go one way. front.c connects the parts and calls all others. Below it are connection.c, dispatch.c, request.c
 * and builtin.c, and below these the files that they use. A lower part notifies a higher part through a row of
 * operations: channel_ops (wire/session.h), pool_ops (pool.h), gate_ops (gate/gate.h), the handlers of
 * supervisor_link.h, and front_events here.
 */
#ifndef REMEX_FRONT_FRONT_STATE_H
#define REMEX_FRONT_FRONT_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "audit/rate.h"
#include "base/userdb.h"
#include "conf/config.h"
#include "front/breaker.h"
#include "front/budget.h"
#include "front/carrier.h"
#include "front/place.h"
#include "front/pool.h"
#include "front/quarantine.h"
#include "front/queue.h"
#include "front/stats.h"
#include "front/supervisor_link.h"
#include "front/trail.h"
#include "front/trim.h"
#include "front/tunnel_link.h"
#include "gate/gate.h"
#include "gate/responder.h"
#include "wire/verbs.h"

struct front;

/* Notifications to front.c. */
struct front_events {
	/* A worker or a place in the pool is free, or a request has ended. */
	void (*freed) (struct front *front);
	void (*connection_closed) (struct front *front);
};

struct front {
	uv_loop_t loop;
	uv_prepare_t prepare;
	uint64_t pass; /* the number of passes of the loop */
	const struct front_events *events;
	struct supervisor_link supervisor;

	/* front.c: the generation in use, and the next generation, while the pieces of its verb table come */
	struct config *config;
	struct verb_table *verbs;
	int generation;
	struct {
		struct config *config;
		int generation;
		struct grants *grants;
		struct buf table;
	} next;

	struct gate gate;
	struct responder responder; /* discovery */
	struct tunnel_link tunnel;

	/* connection.c */
	struct list connections;
	uint64_t last_connection;
	struct budget budget; /* of memory for clients */
	struct list parked; /* connections that wait for room in the budget */
	struct timer *parked_timer;
	struct trim trim;

	/* dispatch.c */
	struct queue queue;
	struct pool pool;
	struct userdb userdb;
	struct breakers breakers;
	struct quarantine quarantine;
	struct list asking; /* waiting requests that the supervisor owes an answer */
	struct timer *ask_timer;
	bool paused; /* no request is started now: changed rights are checked first (revoke.c) */

	/* request.c */
	struct list requests;
	struct places places;
	uint64_t last_request;
	int n_running; /* requests between getting a worker and their terminal message, without control calls */

	/* builtin.c */
	struct list reloads; /* for which the supervisor was asked */

	/* reply.c */
	struct list replies; /* that are too large for their clients to take at once */

	/* job_call.c */
	struct list job_calls;
	int n_job_calls;
	struct list job_asks; /* questions that the supervisor has not answered */
	struct list job_turns; /* calls that wait for answers of others of their identity */

	/* job_viewer.c */
	struct list job_waiting; /* viewers with output to read, and no room for it */

	/* trail.c */
	struct audit_rates refusals; /* the limits of lines about refusals */
	int audit_error; /* errno of the last start line that the supervisor reported on; 0: it was written */

	/* front.c: the front's identity, and its end */
	uid_t daemon; /* of the supervisor */
	char host[256], instance[33];
	int64_t started_ms, started_at; /* clock_ms; unix seconds */
	int64_t max_fds; /* RLIMIT_NOFILE */
	struct carrier carrier;
	struct watch *carrier_watch;
	bool configured, equipped; /* the front has its configuration; it has everything that it needs to begin */
	bool draining; /* the front was told to end */
	bool single; /* one connection only (--stdio) */
	struct timer *drain_timer;

	/* stats.c */
	struct counts counts;
	int statm; /* of resident_open */
	int64_t counters[8]; /* of the supervisor: enum supervisor_counter */
};

#endif
