/* front - the process that talks to clients: it accepts, frames, decides who may call what, queues, and dispatches to
 * workers. One loop, one thread, no plugin, no privilege (doc/architecture.md).
 *
 * This header is the front's inside: what its modules share. The modules below it (session, queue, pool, relay, access,
 * loop) know nothing of it.
 */
#ifndef REMEX_FRONT_FRONT_H
#define REMEX_FRONT_FRONT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/userdb.h"
#include "conf/config.h"
#include "front/budget.h"
#include "front/breaker.h"
#include "front/histogram.h"
#include "front/pool.h"
#include "front/queue.h"
#include "front/schedule.h"
#include "front/trail.h"
#include "gate/gate.h"
#include "wire/codes.h"
#include "wire/records.h"
#include "wire/session.h"
#include "wire/verbs.h"

struct request;
struct connection;

struct front {
	uv_loop_t loop;
	int link; /* to the supervisor */
	struct watch *link_watch;
	struct config *config;
	int generation;
	struct verb_table *verbs;
	struct config *next_config; /* the next generation, while the pieces of its verb table come */
	int next_generation;
	struct buf table;
	struct grants *next_grants;

	struct gate gate;
	struct queue queue;
	struct budget budget; /* of what clients make it hold, */
	struct list parked; /* and connections that wait for a part of it */
	struct timer *parked_timer, *trim_timer;
	struct pool pool;
	struct userdb userdb;
	struct breakers breakers;
	struct list requests, connections;
	struct list asked, answering; /* reloads, and answers larger than what is taken at once (builtin.c) */
	struct list deferred; /* records of the supervisor's that wait for the loop (supervisor_link.c) */
	int n_running; /* requests from a worker to their terminal message, control calls apart */
	int64_t max_fds; /* RLIMIT_NOFILE */
	uint64_t last_request, last_connection;

	struct trail trail;
	int audit_error; /* why the last line of the audit trail that was asked about is not there; 0: it is */

	bool held; /* no worker gets a request now: the end of one would start another whose rights are yet to be looked at */
	bool equipped; /* it has all it needs to begin */
	bool trimming; /* trim_timer runs */
	bool draining, single; /* told to end; one connection only (--stdio) */
	struct timer *drain_timer, *ask_timer, *deferred_timer;

	/* what it was told and what it counts */
	uid_t daemon;
	pid_t supervisor;
	struct timer *silence_timer; /* supervisor_link.c: when the supervisor has been silent for too long */
	bool silent; /* it is, and that was logged */
	char host[256], instance[33];
	int64_t started_ms, started_at; /* clock_ms; unix seconds */
	uint64_t outcomes[N_OUTCOMES], errors[N_CODES], lost;
	uint64_t bytes_in, bytes_out;
	struct histogram waited, ran; /* in the queue; from a worker to the terminal message */
	uint64_t born, crashed; /* workers */
	uint64_t stalled; /* clients that were given up because they took nothing */
	int statm; /* of resident_open */
	int64_t counters[8]; /* enum supervisor_counter */
};

/* The front's main function: `link` leads to the supervisor. Returns the exit status. */
int front_run (int link);

/* --- front.c: the parts tied together ---------------------------------------------------------------------------- */

/* Much memory has been freed in small pieces: give it back to the system soon (malloc_trim(3)). */
void front_trim_later (struct front *front);

/* The hello for a client (a new reference). */
json_t *front_hello (const struct front *front, const struct identity *identity);

/* The next generation is here (next_config, and its verbs): it takes the place of the one in use. */
void front_swap (struct front *front, struct verb_table *verbs);

void front_connection_closed (struct front *front);
void front_settle (struct front *front); /* a request has ended: perhaps the last of a drain */
void front_worker_gone (struct front *front, struct pooled *worker);
void front_drain (struct front *front, int64_t limit_ms);

/* --- dispatch.c: from calls to workers --------------------------------------------------------------------------- */

/* A client calls: the call is answered at once, or has an owner, a request or a builtin call. */
void dispatch_call (struct connection *connection, struct channel *channel, const struct message *message);

/* A key that the client insists on (`must`) has to be one of those that a call may have. 0, or -1 and err. */
int dispatch_check_must (const json_t *header, struct err *err);

/* Give waiting requests to workers, as far as there are some. */
void dispatch_pump (struct front *front);

/* The supervisor has written the start of a request into the audit trail, or could not (errno). */
void dispatch_audited (struct front *front, uint64_t request, int error);

/* The supervisor's answer to an ask: a worker is there (in the pool, idle), or none (errno). */
void dispatch_born (struct front *front, uint64_t request, struct pooled *worker);
void dispatch_no_worker (struct front *front, uint64_t request, int error);

/* --- facts.c: what is counted ------------------------------------------------------------------------------------ */

/* A request has ended. */
void front_count (struct front *front, const struct request *request);

/* All counters as a JSON object (a new reference), for verbs with REMEX_FACTS; NULL without memory. */
json_t *front_stats (struct front *front);

#endif
