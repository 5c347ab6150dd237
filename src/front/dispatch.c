/* dispatch - from calls to workers: what the session's events mean, and who gets the next worker.
 *
 * The scheduler picks the identity first and a worker second: it never prefers a request because a matching worker
 * happens to be idle. A worker belongs to one user, so a request may have to wait for a birth, or for an idle worker of
 * somebody else to leave.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/builtin.h"
#include "front/request.h"
#include "front/supervisor_link.h"

enum { ASK_AGAIN_MS = 20 };

/* --- scheduling -------------------------------------------------------------------------------------------------- */

/* Has the identity its share of the pool, three quarters rounded up? A worker that was told to leave counts until it is
 * gone: its user could stop it, and it would take the place of another. */
static bool over_share (const struct front *front, const struct identity *identity)
{
	int share = (3 * front->pool.max + 3) / 4;

	return front->gate.access.shared &&
	       (identity->running >= share || identity->running + pool_leaving (&front->pool, identity->uid) >= share);
}

/* How many workers the descriptors are enough for. */
static int affordable (const struct front *front)
{
	int64_t n = (front->max_fds - FRONT_OWN_FDS - front->gate.n_listeners - gate_descriptors (&front->gate)) /
		    FRONT_WORKER_FDS;

	return n < 1 ? 1 : n < front->pool.max ? (int)n : front->pool.max;
}

/* Are there descriptors for one more command's streams, and is it not more than the pool's maximum? A request whose
 * output still waits for its client counts too: it has descriptors. Control calls have neither. */
static bool can_afford (const struct front *front)
{
	return front->n_running < affordable (front);
}

static bool has_control (const struct pooled *worker)
{
	return worker->request && worker->request->waiter.control;
}

/* Does a control call of that identity run? */
static bool control_runs (const struct front *front, const struct identity *identity)
{
	const struct pooled *worker;

	list_each (worker, &front->pool.all, node)
		if (has_control (worker) && worker->request->identity == identity)
			return true;
	return false;
}

/* Has a control call of the administrators (or of the others) a worker, or asked for one? */
static bool control_holds (const struct front *front, bool administrators)
{
	const struct pooled *worker;
	const struct waiter *waiter;

	list_each (worker, &front->pool.all, node)
		if (has_control (worker) && worker->request->identity->full == administrators)
			return true;
	for (waiter = queue_next (&front->queue, NULL); waiter && waiter->control;
		waiter = queue_next (&front->queue, waiter))
		if (list_entry (waiter, struct request, waiter)->asked && waiter->identity->full == administrators)
			return true;
	return false;
}

/* How many workers there may be when the request has one. Besides the ordinary ones there is one for control calls, and
 * one more for those of the administrators, which nobody else can hold. An ordinary call must not wait for these:
 * control calls one behind the other would hold them for ever. */
static int most_workers (const struct front *front, const struct request *request)
{
	bool control = request->waiter.control, administrator = request->identity->full;
	int most = affordable (front);

	if (control && administrator)
		return most + (front->gate.access.shared ? CONTROL_WORKERS : 1);
	return most + (control || control_holds (front, false)) + control_holds (front, true);
}

/* Would there be room for one more worker if idle ones left? */
static bool can_make_room (const struct front *front, int most)
{
	struct list *node;
	int idle = 0;

	for (node = front->pool.idle.next; node != &front->pool.idle; node = node->next)
		idle++;
	return front->pool.n + front->pool.births - idle < most;
}

static void ask_again (void *arg)
{
	dispatch_pump (arg);
}

/* Does the user database say now what it said in the state `users`, at that time? */
static bool is_current (struct front *front, uint64_t users, int64_t ms)
{
	uint64_t now = userdb_state (&front->userdb);
	int64_t age = front->userdb.others ? front->config->workers_age_ms : 0;

	return users == now && (!age || clock_ms () - ms <= age);
}

/* An idle worker for it, or NULL. Workers that are of another state of the user database go. The worker that was made for
 * this very request is given to it at its birth and no later, however fast the database changes.
 *
 * An identity's user may have become somebody else's uid, who may have an idle worker. So over TCP an idle worker is given
 * in the state in which the supervisor last let the identity act as that uid, and in no other: then it is asked again. */
static struct pooled *find_worker (struct front *front, const struct request *request)
{
	const struct identity *identity = request->identity;
	struct pooled *worker = front->newborn_for == request->number ? pool_find (&front->pool, front->newborn) : NULL;

	if (worker && worker->phase == WORKER_IDLE && worker->uid == request->uid)
		return worker;
	if (identity->remote && !is_current (front, identity->proved_users, identity->proved_ms))
		return NULL;
	while ((worker = pool_idle (&front->pool, request->uid)) &&
		!is_current (front, worker->birthday.users, worker->birthday.ms)) {
		if (worker->serial == front->newborn)
			return NULL; /* another request's */
		pool_set_phase (worker, WORKER_LEAVING);
		supervisor_link_release (front, worker->serial);
	}
	return worker;
}

static struct request *find_waiting (struct front *front, uint64_t number)
{
	struct request *request;

	list_each (request, &front->requests, node)
		if (request->number == number)
			return request->state == REQUEST_WAITING ? request : NULL;
	return NULL;
}

/* Who was named as the request's user may be another uid by now, or nobody. False: the request was refused, and freed. */
static bool settle_user (struct front *front, struct request *request)
{
	uint64_t users, number = request->number;
	struct err err;

	if (!request->users || request->users == (users = userdb_state (&front->userdb)))
		return true;
	request->users = users;
	if (request_renew_user (request, &err) == 0)
		return find_waiting (front, number) != NULL;
	request_refuse (request, (enum code)err.code, err.text, 0);
	return false;
}

/* Run the request if there is a worker for it, else see that there will be one. True when it waits no more. */
static bool place (struct front *front, struct request *request)
{
	const struct connection *connection = request->connection;
	struct pooled *worker;
	int most;

	if (request->trail == TRAIL_AWAITED)
		return false; /* nothing is done that is not on record */
	if (!request->waiter.control && !can_afford (front))
		return false; /* until another ends */
	if (!settle_user (front, request))
		return true;
	if (request->trail == TRAIL_AWAITED)
		return false;
	if ((worker = find_worker (front, request))) {
		queue_leave (&front->queue, &request->waiter);
		queue_served (&front->queue, &request->waiter);
		histogram_add (&front->waited, clock_ms () - request->arrived_ms);
		request_run (request, worker);
		return true;
	}
	if (request->asked)
		return false;
	most = most_workers (front, request);
	if (pool_has_room (&front->pool, most)) {
		/* A Unix peer's socket proves its right; over TCP and --stdio there is none. */
		bool proves =
			connection && !connection->client.remote && connection->stream.in == connection->stream.out;
		int peer = proves ? connection->stream.in : -1;

		if (supervisor_link_ask (front, request->number, request->identity->name, request->uid, peer) == 0) {
			request->asked = true;
			request->asked_uid = request->uid;
			front->pool.births++;
		} else {
			timer_set (&front->loop, &front->ask_timer, clock_ms () + ASK_AGAIN_MS, ask_again, front);
		}
	} else if (!pool_find (&front->pool, request->evicted) && can_make_room (front, most) &&
		   (worker = pool_oldest_idle (&front->pool))) {
		/* One at a time. Somebody else may take the room that it leaves: then another has to. */
		request->evicted = worker->serial;
		pool_set_phase (worker, WORKER_LEAVING);
		supervisor_link_release (front, worker->serial);
	}
	return false;
}

void dispatch_pump (struct front *front)
{
	struct waiter *waiter = front->held ? NULL : queue_next (&front->queue, NULL);

	while (waiter) {
		struct request *request = list_entry (waiter, struct request, waiter);

		/* Control calls come first and would take every worker: each identity has one at a time, an administrator
		 * while others wait. */
		if (waiter->control ? (front->queue.length || !waiter->identity->full) &&
					      control_runs (front, waiter->identity)
				    : over_share (front, waiter->identity)) {
			waiter = queue_next (&front->queue, waiter);
			continue;
		}
		if (place (front, request))
			waiter = queue_next (&front->queue, NULL);
		else
			waiter = queue_next (&front->queue, waiter);
	}
}

void dispatch_audited (struct front *front, uint64_t number, int error)
{
	struct request *request = find_waiting (front, number);
	char text[128];

	if (!request)
		return;
	request->lines_written += !error;
	if (request->lines_written == request->lines_sent || error)
		request->trail = request->lines_written ? TRAIL_WRITTEN : TRAIL_NONE;
	front->audit_error = error;
	if (error && request->waiter.control && request->identity->full) {
		/* Whoever has to mend the trail looks at the daemon first. The log has what the trail has not. */
		log_warning ("a call is not in the audit trail, which cannot be written. call=%s you=%s: %s",
			request->verb->name, request->identity->name, strerror (error));
	} else if (error) {
		snprintf (text, sizeof text, "the audit trail cannot be written: %s", strerror (error));
		request_refuse (request, CODE_AUDIT_UNAVAILABLE, text, 0);
	}
	dispatch_pump (front);
}

void dispatch_born (struct front *front, uint64_t number, const struct pooled *worker)
{
	struct request *request = find_waiting (front, number);

	if (request)
		request->asked = false;
	if (request && worker->uid == request->identity->uid) {
		request->identity->proved_users = worker->birthday.users;
		request->identity->proved_ms = worker->birthday.ms;
	}
	front->newborn = worker->serial;
	front->newborn_for = number;
	dispatch_pump (front);
	front->newborn = front->newborn_for = 0;
}

void dispatch_no_worker (struct front *front, uint64_t number, int error)
{
	struct request *request = find_waiting (front, number);
	char text[128];

	if (request && request->asked_uid != request->uid) {
		/* A reload has changed whom it will run as: this is not what it waits for. */
		request->asked = false;
		dispatch_pump (front);
		return;
	}
	if (!request)
		return;
	snprintf (text, sizeof text, "no worker can be made: %s", strerror (error));
	switch (error) {
	case EBUSY:
		/* Workers that we know nothing of have yet to go: of the front before us, or of a smaller pool. */
		request->asked = false;
		timer_set (&front->loop, &front->ask_timer, clock_ms () + ASK_AGAIN_MS, ask_again, front);
		return;
	case EPERM:
		snprintf (text, sizeof text, "the supervisor does not let you act as uid %u", (unsigned)request->uid);
		request_refuse (request, CODE_DENIED, text, 0);
		break;
	case ENOTCONN:
		/* Its client has left: the end of its stream is about to be read. */
		request_refuse (request, CODE_DENIED, "the connection has ended", 0);
		break;
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE: request_refuse (request, CODE_BUSY, text, RETRY_AFTER); break;
	default: request_refuse (request, CODE_INTERNAL, text, 0);
	}
	dispatch_pump (front);
}

/* --- what a call is ---------------------------------------------------------------------------------------------- */

/* A key that the client insists on (`must`) has to be one of those that a call may have. */
int dispatch_check_must (const json_t *header, struct err *err)
{
	static const char *const known[] = { "id", "call", "args", "deadline", "idle", "input", "body", "window",
		"user", "wait_output", "must" };
	const json_t *must = json_object_get (header, "must"), *item;
	size_t i;

	if (must && !json_is_array (must))
		return err_set (err, CODE_BAD_VALUE, "'must' must be a list of keys");
	json_array_foreach (must, i, item)
	{
		const char *key = json_string_value (item);
		char shown[64];
		bool found = false;

		for (size_t j = 0; key && j < sizeof known / sizeof *known; j++)
			found = found || !strcmp (key, known[j]);
		if (!found)
			return err_set (err, CODE_BAD_MESSAGE,
				"this remexd does not know the key '%s', which the call insists on",
				text_escape (shown, sizeof shown, key ? key : "", key ? strlen (key) : 0));
	}
	return 0;
}

/* A plugin that did nothing but crash for that user rests for a while, for that user. */
static int check_breaker (const struct front *front, const char *plugin, uid_t uid, struct err *err)
{
	int64_t backoff = breaker_backoff (&front->breakers, plugin, uid, clock_ms ());
	char user[64];

	if (!backoff)
		return 0;
	return err_set (err, CODE_PLUGIN_CRASHED,
		"the plugin '%s' crashed %d times in a row for %s; it rests for %.1f s, for that user", plugin,
		front->breakers.limit, access_name (user, sizeof user, uid), (double)backoff / 1000);
}

/* Everything that can be said without a worker. 0 and *verb, *uid; or -1 and err. */
static int check_call (struct connection *connection, const struct message *message, const struct verb **verb,
	uid_t *uid, struct err *err)
{
	const json_t *user = json_object_get (message->header, "user"),
		     *input = json_object_get (message->header, "input");
	struct front *front = connection->front;

	if (dispatch_check_must (message->header, err) < 0)
		return -1;
	if (user && !json_is_string (user))
		return err_set (err, CODE_BAD_VALUE, "'user' must be a string");
	if (input && !json_is_boolean (input))
		return err_set (err, CODE_BAD_VALUE, "'input' must be true or false");
	if (!(*verb = verb_find (front->verbs, message->name, err))) {
		/* Why is for those who can do something about it. */
		if (connection->client.remote && verb_refusal (front->verbs, message->name))
			err_set (err, CODE_UNKNOWN_CALL, "its plugin is refused by this remexd, whose log says why");
		return -1;
	}
	if (access_call (connection->client.identity, *verb, json_object_get (message->header, "args"), time (NULL),
		    err) < 0 ||
		access_room (connection->client.identity, err) < 0 ||
		access_user (&front->gate.access, connection->client.identity, json_string_value (user), uid, err) <
			0 ||
		check_breaker (front, (*verb)->plugin, *uid, err) < 0)
		return -1;
	return verb_check (*verb, json_object_get (message->header, "args"), err);
}

void dispatch_call (struct connection *connection, struct channel *channel, const struct message *message)
{
	struct front *front = connection->front;
	struct request *request;
	const struct verb *verb = NULL;
	const char *limit;
	char text[128];
	struct err err;
	uint64_t users = 0;
	uid_t uid = (uid_t)-1;

	if (front->draining) {
		front->errors[CODE_SHUTTING_DOWN]++;
		channel_error (channel, CODE_SHUTTING_DOWN, "remexd is shutting down", 0);
		return;
	}
	if (builtin_call (connection, channel, message))
		return;
	if (!connection->client.remote && json_object_get (message->header, "user"))
		users = userdb_state (&front->userdb);
	if (check_call (connection, message, &verb, &uid, &err) < 0 ||
		!(request = request_new (front, connection, channel, verb, uid, message, &err))) {
		if (err.code == CODE_DENIED)
			trail_refused (front, connection->client.remote ? &connection->client.from : NULL, NULL,
				connection->client.identity->name, verb ? verb->name : NULL, err.text);
		front->errors[err.code]++;
		channel_error (channel, (enum code)err.code, err.text, 0);
		return;
	}
	request->users = users;
	if (queue_join (&front->queue, &request->waiter, &limit) < 0) {
		snprintf (
			text, sizeof text, "%s (%d of %d requests wait)", limit, front->queue.length, front->queue.max);
		request_refuse (request, CODE_BUSY, text, RETRY_AFTER);
		return;
	}
	trail_start (request, json_object_get (message->header, "args"));
	dispatch_pump (front);
}
