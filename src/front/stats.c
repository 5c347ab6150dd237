/* stats - see stats.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/resident.h"
#include "front/connection.h"
#include "front/front_state.h"
#include "front/request.h"
#include "front/stats.h"

void stats_count (struct front *front, const struct request *request)
{
	if (request->started_ms)
		histogram_add (&front->counts.ran, clock_ms () - request->started_ms);
	if (request->cause == CAUSE_LOST)
		front->counts.lost++;
	else if (request->failed)
		front->counts.errors[request->code]++;
	else
		front->counts.outcomes[request->outcome]++;
	if (request->cause != CAUSE_LOST && !request->failed && request->limit)
		front->counts.limits[request->limit]++;
}

static json_t *worker_json (const struct pooled *worker)
{
	static const char *const phases[] = { "idle", "busy", "leaving", "stopping" };
	const struct request *request = worker->request;
	char user[64];
	json_t *json = json_pack ("{sI sI ss ss si sI}", "serial", (json_int_t)worker->serial, "uid",
		(json_int_t)worker->uid, "user", access_name (user, sizeof user, worker->uid), "state",
		phases[worker->phase], "requests", worker->served, "resident", (json_int_t)worker->resident);

	if (request) {
		json_object_set_new (json, "call", json_string (request->verb->name));
		json_object_set_new (json, "you", json_string (request->identity->name));
		json_object_set_new (json, "seconds", json_real ((double)(clock_ms () - request->started_ms) / 1000));
	}
	return json;
}

static json_t *pool_json (const struct front *front)
{
	const struct pool *pool = &front->pool;
	int phases[4] = { 0 };
	json_t *workers = json_array ();
	struct pooled *worker;

	list_each (worker, &pool->all, node) {
		phases[worker->phase]++;
		json_array_append_new (workers, worker_json (worker));
	}
	return json_pack ("{si sI si si si si si sI sI so}", "max", pool->max, "spare",
		(json_int_t)front->counters[COUNTER_SPARES], "idle", phases[WORKER_IDLE], "busy", phases[WORKER_BUSY],
		"leaving", phases[WORKER_LEAVING], "stopping", phases[WORKER_STOPPING], "starting", pool->births,
		"born", (json_int_t)front->counts.born, "crashed", (json_int_t)front->counts.crashed, "workers",
		workers);
}

static json_t *queue_json (const struct front *front)
{
	const struct queue *queue = &front->queue;

	return json_pack ("{si sI si sI si sf so}", "length", queue->length, "bytes", (json_int_t)queue->bytes, "max",
		queue->max, "max_bytes", (json_int_t)queue->max_bytes, "control", queue->control_length, "oldest",
		(double)queue_oldest (queue, clock_ms ()) / 1000, "waited", histogram_json (&front->counts.waited));
}

static json_t *requests_json (const struct front *front)
{
	json_t *outcomes = json_object (), *errors = json_object (), *limits = json_object ();
	json_int_t total = (json_int_t)front->counts.lost;
	struct request *request;
	int running = 0, waiting = 0, undelivered = 0, held = 0;

	for (int i = 0; i < N_OUTCOMES; i++)
		if (front->counts.outcomes[i]) {
			total += (json_int_t)front->counts.outcomes[i];
			json_object_set_new (outcomes, outcome_name ((enum outcome)i),
				json_integer ((json_int_t)front->counts.outcomes[i]));
		}
	for (int i = 0; i < N_CODES; i++)
		if (front->counts.errors[i]) {
			total += (json_int_t)front->counts.errors[i];
			json_object_set_new (
				errors, code_name ((enum code)i), json_integer ((json_int_t)front->counts.errors[i]));
		}
	for (int i = 0; i < N_CALL_LIMITS; i++)
		if (front->counts.limits[i])
			json_object_set_new (
				limits, call_limit_row (i)->word, json_integer ((json_int_t)front->counts.limits[i]));
	list_each (request, &front->requests, node) {
		*(request->state == REQUEST_WAITING ? &waiting : &running) += 1;
		undelivered += request->state == REQUEST_DRAINING;
	}
	held = places_lingering (&front->places);
	return json_pack ("{sI si si si si si sI so so so so}", "total", total, "running", running, "waiting", waiting,
		"undelivered", undelivered, "held", held, "job_calls", front->n_job_calls, "lost",
		(json_int_t)front->counts.lost, "outcomes", outcomes, "errors", errors, "limits", limits, "ran",
		histogram_json (&front->counts.ran));
}

static json_t *daemon_json (const struct front *front)
{
	char user[64];

	return json_pack ("{ss ss ss si si ss sI sf sI si s{sI sI} sI sI ss*}", "host", front->host, "version",
		PACKAGE_VERSION, "instance", front->instance, "pid", (int)front->supervisor.supervisor, "front",
		(int)getpid (), "user", access_name (user, sizeof user, front->daemon), "uid",
		(json_int_t)front->daemon, "uptime", (double)(clock_ms () - front->started_ms) / 1000, "started",
		(json_int_t)front->started_at, "generation", front->generation, "resident", "front",
		(json_int_t)resident_bytes (front->statm), "supervisor",
		(json_int_t)front->counters[COUNTER_SUPERVISOR_RESIDENT], "keepers_lost",
		(json_int_t)front->counters[COUNTER_KEEPERS_LOST], "fronts",
		(json_int_t)front->counters[COUNTER_FRONTS], "audit_error",
		front->audit_error ? strerror (front->audit_error) : NULL);
}

json_t *stats_json (struct front *front)
{
	uint64_t in = front->counts.bytes_in;
	struct connection *connection;
	int parked = 0;

	list_each (connection, &front->parked, park)
		parked++;
	list_each (connection, &front->connections, node)
		in += connection->session.bytes_in;
	return json_pack ("{so so so so so s{sI sI} s{si sI sI si sI sI} s{sI sI si} so*}", "daemon",
		daemon_json (front), "pool", pool_json (front), "queue", queue_json (front), "requests",
		requests_json (front), "plugins", breakers_json (&front->breakers, clock_ms ()), "bytes", "in",
		(json_int_t)in, "out", (json_int_t)front->counts.bytes_out, "connections", "open",
		front->gate.n_connections + front->gate.n_refused, "total", (json_int_t)front->last_connection,
		"stalled", (json_int_t)front->counts.stalled, "entering", throttle_entering (front->gate.throttle),
		"penalised", (json_int_t)throttle_penalised (front->gate.throttle, clock_ms ()), "turned_away",
		(json_int_t)front->gate.turned_away, "memory", "held", (json_int_t)front->budget.held, "max",
		(json_int_t)front->budget.max, "waiting", parked, "tunnel", tunnel_link_json (front));
}
