/* dispatch - see dispatch.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/builtin.h"
#include "front/dispatch.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/job_start.h"
#include "front/job_view.h"
#include "front/request.h"
#include "front/schedule.h"

enum { ASK_AGAIN_MS = 20 };

/* --- carrying out the schedule ----------------------------------------------------------------------------------- */

static void ask_again (void *arg)
{
	dispatch_pump (arg);
}

static void ask_again_soon (struct front *front)
{
	timer_set (&front->loop, &front->ask_timer, clock_ms () + ASK_AGAIN_MS, ask_again, front);
}

static int64_t worker_fds (const struct front *front)
{
	return front->max_fds - FRONT_OWN_FDS - front->gate.n_listeners - gate_descriptors (&front->gate) -
	       job_calls_most (front);
}

static void run (struct front *front, struct request *request, struct pooled *worker)
{
	queue_leave (&front->queue, &request->waiter);
	queue_served (&front->queue, &request->waiter);
	histogram_add (&front->counts.waited, clock_ms () - request->waiter.since_ms);
	request_run (request, worker);
}

/* Ask the supervisor for a worker. False: it cannot be asked now. */
static bool ask (struct front *front, struct request *request)
{
	/* A supervisor that is not root makes workers of its own user only, and asks for no proof. */
	if (supervisor_link_ask (&front->supervisor, request->number, request->identity->name, request->waiter.uid,
		    front->daemon ? -1 : request->peer) < 0)
		return false;
	request->waiter.asked = true;
	list_remove (&request->asking);
	list_append (&front->asking, &request->asking);
	request->asked_uid = request->waiter.uid;
	front->pool.births++;
	return true;
}

/* The user database has changed since the request's user was looked up: the name may have another uid now, or none. */
static void renew (struct request *request, uint64_t users)
{
	struct err err;

	request->waiter.users = users;
	if (request_renew_user (request, &err) < 0)
		request_refuse (request, (enum code)err.code, err.text, 0);
}

static void carry_out (struct front *front, struct schedule *schedule, const struct decision *decision)
{
	struct request *request = list_entry (decision->waiter, struct request, waiter);

	switch (decision->action) {
	case SCHEDULE_WAIT: break;
	case SCHEDULE_RUN: run (front, request, decision->worker); break;
	case SCHEDULE_ASK: schedule->may_ask = ask (front, request); break;
	case SCHEDULE_EVICT:
		request->waiter.evicted = decision->worker->serial;
		pool_release (decision->worker);
		break;
	case SCHEDULE_RETIRE: pool_release (decision->worker); break;
	case SCHEDULE_RENEW: renew (request, schedule->users); break;
	}
}

/* Serve the waiting requests as far as possible now. `newborn` is a new worker, made for `newborn_for`; NULL: none. */
static void pump (struct front *front, struct pooled *newborn, const struct waiter *newborn_for)
{
	struct schedule schedule = {
		.queue = &front->queue,
		.pool = &front->pool,
		.shared = front->gate.access.shared,
		.affordable = schedule_affordable (&front->pool, worker_fds (front)),
		.may_ask = true,
		.now_ms = clock_ms (),
		.newborn = newborn,
		.newborn_for = newborn_for,
	};
	struct decision decision;

	if (front->paused || !queue_next (&front->queue, NULL))
		return;
	schedule.users = userdb_state (&front->userdb);
	schedule.age_ms = front->userdb.others ? front->config->workers_age_ms : 0;
	do {
		schedule.running = front->n_running;
		decision = schedule_next (&schedule);
		carry_out (front, &schedule, &decision);
	} while (decision.action != SCHEDULE_WAIT);
	if (!schedule.may_ask)
		ask_again_soon (front);
}

void dispatch_pump (struct front *front)
{
	pump (front, NULL, NULL);
}

/* --- answers of the supervisor ----------------------------------------------------------------------------------- */

static struct request *find_asking (struct front *front, uint64_t number)
{
	struct request *request;

	/* The supervisor answers in the order in which it was asked, except for workers that are slow to start. */
	list_each (request, &front->asking, asking)
		if (request->number == number)
			return request;
	return NULL;
}

/* The supervisor has answered: does it owe another answer? */
static void answered (struct request *request)
{
	if (!request->waiter.asked && !request->waiter.unrecorded)
		list_remove (&request->asking);
}

void dispatch_audited (struct front *front, struct packet *packet)
{
	struct request *request = find_asking (front, packet->record.id);
	int error = (int)packet->record.a;
	char text[128];

	if (!request) {
		job_call_audited (front, packet);
		return;
	}
	request->lines_written += !error;
	if (request->lines_written == request->lines_sent || error)
		trail_set (request, request->lines_written ? TRAIL_WRITTEN : TRAIL_NONE);
	answered (request);
	front->audit_error = error;
	if (error && request->waiter.control && request->identity->full) {
		/* An administrator needs control calls to repair the trail. The log has the call. */
		log_warning ("a call is not in the audit trail, which cannot be written. call=%s you=%s: %s",
			request->verb->name, request->identity->name, strerror (error));
	} else if (error) {
		snprintf (text, sizeof text, "the audit trail cannot be written: %s", strerror (error));
		request_refuse (request, CODE_AUDIT_UNAVAILABLE, text, 0);
	}
	dispatch_pump (front);
}

/* The supervisor cannot make the worker that it was asked for on behalf of that request. */
static void refuse_worker (struct request *request, int error)
{
	char text[128];

	snprintf (text, sizeof text, "no worker can be made: %s", strerror (error));
	switch (error) {
	case EPERM:
		snprintf (text, sizeof text, "the supervisor does not let you act as uid %u",
			(unsigned)request->waiter.uid);
		request_refuse (request, CODE_DENIED, text, 0);
		break;
	case ENOTCONN:
		/* The client is gone; the front will soon read the end of its stream. */
		request_refuse (request, CODE_DENIED, "the connection has ended", 0);
		break;
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE: request_refuse (request, CODE_BUSY, text, RETRY_AFTER); break;
	default: request_refuse (request, CODE_INTERNAL, text, 0);
	}
}

/* The place of that worker is free. Another request may wait for the place, even if the request for which the worker
 * was asked for has left the queue. */
static void no_worker (struct front *front, uint64_t number, int error)
{
	struct request *request = find_asking (front, number);

	front->pool.births--;
	if (request) {
		request->waiter.asked = false;
		answered (request);
	}
	if (error == EBUSY) {
		/* Unknown workers have to leave first: those of the previous front, or those above a smaller pool. */
		ask_again_soon (front);
		return;
	}
	/* After a reload that has changed the request's user, the answer is about the old user. */
	if (request && request->asked_uid == request->waiter.uid)
		refuse_worker (request, error);
	dispatch_pump (front);
}

void dispatch_born (struct front *front, struct packet *packet)
{
	const struct record *record = &packet->record;
	struct request *request = find_asking (front, record->id);
	struct worker_birthday birthday = { 0 };
	struct pooled *worker = NULL;

	if (record->length == sizeof birthday)
		memcpy (&birthday, packet->data, sizeof birthday);
	if (packet->n_fds) {
		worker = pool_add (&front->pool, (uint64_t)record->a, (uid_t)record->b, &birthday, packet->fds[0]);
		packet->fds[0] = -1;
	}
	if (!worker) {
		/* Without a link the worker is of no use. Asking again immediately would fail in the same way. */
		supervisor_link_stop (&front->supervisor, (uint64_t)record->a, 0);
		no_worker (front, record->id, packet->lost ? EMFILE : ENOMEM);
		return;
	}
	front->pool.births--;
	front->counts.born++;
	if (request) {
		request->waiter.asked = false;
		answered (request);
	}
	if (request && worker->uid == request->identity->uid) {
		request->identity->proved_users = worker->birthday.users;
		request->identity->proved_ms = worker->birthday.ms;
	}
	pump (front, worker, request ? &request->waiter : NULL);
}

void dispatch_recorder (struct front *front, struct packet *packet)
{
	struct request *request;

	list_each (request, &front->requests, node)
		if (request->number == packet->record.id && request->recording) {
			recording_take (request->recording, packet); /* the request may be freed */
			return;
		}
	/* The request is over. Its recorder ends with the link (packet_close). */
}

void dispatch_no_worker (struct front *front, struct packet *packet)
{
	no_worker (front, packet->record.id, (int)packet->record.a);
}

/* --- checking a call --------------------------------------------------------------------------------------------- */

/* Refuse the call of a user whose processes are broken, and while the breaker of the plugin and that user is open. */
static int check_breaker (const struct front *front, const char *plugin, uid_t uid, struct err *err)
{
	int64_t backoff = breaker_backoff (&front->breakers, plugin, uid, clock_ms ());
	char user[64];

	if (quarantine_has (&front->quarantine, uid))
		return err_set (err, CODE_DENIED, QUARANTINE_WORDS);
	if (!backoff)
		return 0;
	return err_set (err, CODE_PLUGIN_CRASHED,
		"the plugin '%s' crashed too often for %s (limits.crashes: %d); it rests for %.1f s, for that user",
		plugin, access_name (user, sizeof user, uid), front->breakers.limit, (double)backoff / 1000);
}

/* Make all checks that need no worker. 0 and *verb, *uid; or -1 and err. */
static int check_call (struct front *front, const struct gate_client *client, const struct message *message,
	const struct verb **verb, uid_t *uid, struct err *err)
{
	const json_t *user = json_object_get (message->header, "user"),
		     *input = json_object_get (message->header, "input");
	struct tty tty;

	if (user && !json_is_string (user))
		return err_set (err, CODE_BAD_VALUE, "'user' must be a string");
	if (input && !json_is_boolean (input))
		return err_set (err, CODE_BAD_VALUE, "'input' must be true or false");
	if (!(*verb = verb_find (front->verbs, message->name, err))) {
		/* Only local clients are told the reason: a remote client cannot do anything about it. */
		if (client->remote && verb_refusal (front->verbs, message->name))
			err_set (err, CODE_UNKNOWN_CALL,
				"its plugin is refused by this remexd: the log of remexd has the reason");
		return -1;
	}
	if (access_call (client->identity, *verb, json_object_get (message->header, "args"),
		    json_object_get (message->header, "tty"), time (NULL), err) < 0 ||
		access_room (client->identity, err) < 0 ||
		access_user (&front->gate.access, client->identity, json_string_value (user), uid, err) < 0 ||
		check_breaker (front, (*verb)->plugin, *uid, err) < 0)
		return -1;
	if (tty_read (message->header, (*verb)->tty ? NULL : (*verb)->name, &tty, err) < 0)
		return -1;
	return verb_check (*verb, json_object_get (message->header, "args"), err);
}

/* Refuse a call that has no request yet. */
static void refuse (struct front *front, struct channel *channel, const struct err *err)
{
	front->counts.errors[err->code]++;
	channel_error (channel, (enum code)err->code, err->text, 0);
}

void dispatch_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct message *message)
{
	struct request *request;
	const struct verb *verb = NULL;
	const char *limit;
	char text[128];
	struct err err;
	uint64_t users = 0;
	uid_t uid = (uid_t)-1;
	bool checked = false;

	if (front->draining) {
		err_set (&err, CODE_SHUTTING_DOWN, "remexd is shutting down");
		refuse (front, channel, &err);
		return;
	}
	if (header_check_must (message->header, "this remexd", &err) < 0) {
		refuse (front, channel, &err);
		return;
	}
	if (builtin_call (front, client->identity, channel, message))
		return;
	if (!client->remote && json_object_get (message->header, "user"))
		users = userdb_state (&front->userdb);
	if (check_call (front, client, message, &verb, &uid, &err) == 0 && verb) {
		if (verb->builtin) {
			job_view_call (front, client, peer, channel, verb, message);
			return;
		}
		if (json_object_get (message->header, "job")) {
			job_start_call (front, client, peer, channel, verb, uid, message);
			return;
		}
		checked = true;
	}
	if (!checked || !(request = request_new (front, client, peer, channel, verb, uid, message, &err))) {
		if (err.code == CODE_DENIED)
			trail_refused (front, client->remote ? &client->from : NULL, NULL, client->identity->name,
				verb ? verb->name : NULL, err.text);
		refuse (front, channel, &err);
		return;
	}
	request->waiter.users = users;
	if (queue_join (&front->queue, &request->waiter, &limit) < 0) {
		snprintf (
			text, sizeof text, "%s (%d of %d requests wait)", limit, front->queue.length, front->queue.max);
		request_refuse (request, CODE_BUSY, text, RETRY_AFTER);
		return;
	}
	if (trail_start (request, json_object_get (message->header, "args"), &err) < 0) {
		request_refuse (request, (enum code)err.code, err.text, 0);
		return;
	}
	dispatch_pump (front);
}
