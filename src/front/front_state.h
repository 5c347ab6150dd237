/* front_state - what the front has, part by part. Each part belongs to the file that is named with it.
 *
 * Calls go one way: front.c ties the parts together and calls all others; below it connection.c, dispatch.c, request.c and
 * builtin.c, and what these use. Where a lower part has to tell a higher one, it calls a row of operations: channel_ops
 * (wire/session.h), pool_ops (pool.h), gate_ops (gate/gate.h), the handlers of supervisor_link.h, and front_events here.
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
#include "front/pool.h"
#include "front/queue.h"
#include "front/stats.h"
#include "front/supervisor_link.h"
#include "front/trail.h"
#include "front/trim.h"
#include "gate/gate.h"
#include "wire/verbs.h"

struct front;

/* What front.c is told. */
struct front_events {
	/* A worker or a place of the pool's is free, or a request has ended. */
	void (*freed) (struct front *front);
	void (*connection_closed) (struct front *front);
};

struct front {
	uv_loop_t loop;
	uv_prepare_t prepare;
	uint64_t pass; /* how often the loop has looked at what is ready */
	const struct front_events *events;
	struct supervisor_link supervisor;

	/* the generation in use, and the next one, while the pieces of its verb table come (front.c) */
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

	/* connection.c */
	struct list connections;
	uint64_t last_connection;
	struct budget budget; /* of what clients make it hold, */
	struct list parked; /* and connections that wait for a part of it */
	struct timer *parked_timer;
	struct trim trim;

	/* dispatch.c */
	struct queue queue;
	struct pool pool;
	struct userdb userdb;
	struct breakers breakers;
	struct list asking; /* waiting requests that the supervisor owes an answer */
	struct timer *ask_timer;
	bool paused; /* no request runs now: rights that have changed are looked at first (revoke.c) */

	/* request.c */
	struct list requests;
	struct list lingering; /* places of those that are over */
	uint64_t last_request;
	int n_running; /* requests from a worker to their terminal message, control calls apart */

	/* builtin.c */
	struct list reloads; /* that the supervisor was asked for */
	struct list replies; /* that are larger than what is taken at once */

	/* trail.c */
	struct audit_rates refusals; /* how many of them are told of */
	int audit_error; /* why the last line of the audit trail that was asked about is not there; 0: it is */

	/* front.c: what it is, and its end */
	uid_t daemon; /* of the supervisor */
	char host[256], instance[33];
	int64_t started_ms, started_at; /* clock_ms; unix seconds */
	int64_t max_fds; /* RLIMIT_NOFILE */
	struct carrier carrier;
	struct watch *carrier_watch;
	bool configured, equipped; /* it has its configuration; it has all it needs to begin */
	bool draining; /* it was told to end */
	bool single; /* one connection only (--stdio) */
	struct timer *drain_timer;

	/* stats.c */
	struct counts counts;
	int statm; /* of resident_open */
	int64_t counters[8]; /* of the supervisor: enum supervisor_counter */
};

#endif
