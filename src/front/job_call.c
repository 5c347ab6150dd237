/* job_call - see job_call.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/reply.h"
#include "front/trail.h"
#include "gate/share.h"
#include "loop/loop.h"
#include "wire/records.h"

enum { SOON_MS = 20 }; /* until the supervisor's link is tried again */

/* A question to the supervisor, until its answer. It outlives its call: what is on its way counts. */
struct job_ask {
	struct list node; /* of the front's job_asks */
	uint64_t number; /* of the call */
	struct identity *identity; /* a reference */
	int64_t got; /* bytes of the list that is the answer */
};

bool job_call_is_word (const char *text, size_t n)
{
	return n > 0 && n <= JOB_CALL_WORD && !text_has_control (text, n);
}

int job_calls_most (const struct front *front)
{
	return (int)(front->max_fds / 8);
}

/* May the identity have one more call about jobs? */
static int check_share (const struct front *front, const struct identity *identity, struct err *err)
{
	int most = job_calls_most (front);
	const struct share share = { .most = most, .each = most > 4 ? most / 4 : 1 };

	switch (share_ask (&share, front->n_job_calls, identity->job_calls, identity->full)) {
	case SHARE_EACH:
		return err_set (
			err, CODE_BUSY, "%s has %d calls about jobs already", identity->name, identity->job_calls);
	case SHARE_FULL: return err_set (err, CODE_BUSY, "%d calls about jobs run already", front->n_job_calls);
	case SHARE_FREE: break;
	}
	return 0;
}

int job_call_init (struct job_call *call, const struct job_call_ops *ops, struct front *front,
	const struct gate_client *client, int peer, struct channel *channel, const struct verb *verb, struct err *err)
{
	struct identity *identity = client->identity;

	if (access_room (identity, err) < 0 || check_share (front, identity, err) < 0)
		return -1;
	call->ops = ops;
	call->front = front;
	call->identity = identity;
	identity->references++;
	identity->job_calls++;
	call->client = client;
	call->peer = peer;
	call->channel = channel;
	call->table = verb_table_ref (front->verbs);
	call->verb = verb;
	call->number = ++front->last_request;
	call->since_ms = clock_ms ();
	list_init (&call->turn);
	list_append (&front->job_calls, &call->node);
	front->n_job_calls++;
	return 0;
}

/* It is the turn of the first call of that identity that waits, if the supervisor may be asked once more. */
static void pass_turn (struct front *front, const struct identity *identity)
{
	struct job_call *call;

	if (identity->job_asks >= JOB_CALL_ASKS)
		return;
	list_each (call, &front->job_turns, turn)
		if (call->identity == identity) {
			list_remove (&call->turn);
			call->ops->again (call);
			return;
		}
}

void job_call_free (struct job_call *call)
{
	struct identity *identity = call->identity;
	struct front *front = call->front;

	job_call_record_end (call, OUTCOME_LOST);
	timer_free (&call->timer);
	job_viewer_close (&call->viewer);
	list_remove (&call->node);
	list_remove (&call->turn);
	front->n_job_calls--;
	identity->job_calls--;
	verb_table_free (call->table);
	call->ops->free (call);
	pass_turn (front, identity); /* the call may have had one, and no question yet */
	identity_release (identity);
	front->events->freed (front);
}

/* --- the audit trail --------------------------------------------------------------------------------------------- */

void job_call_record (struct job_call *call, uid_t uid, json_t *args, const char *job, const char *recording)
{
	struct trail_job line = {
		.number = call->number,
		.client = call->client,
		.you = call->identity->name,
		.uid = uid,
		.call = call->verb->name,
		.args = args,
		.job = job,
		.recording = recording,
	};
	struct err err;

	if (call->front->config->audit == AUDIT_NONE)
		call->ops->recorded (call);
	else if (trail_job_start (call->front, &line, &err) < 0)
		job_call_fail (call, (enum code)err.code, err.text);
	else
		call->recording = call->recorded = true;
}

static void record_end (struct job_call *call, enum outcome outcome, enum code code)
{
	if (call->recorded)
		trail_job_end (call->front, call->number, outcome, code, (double)(clock_ms () - call->since_ms) / 1000);
	call->recorded = false;
}

void job_call_record_end (struct job_call *call, enum outcome outcome)
{
	record_end (call, outcome, CODE_NONE);
}

void job_call_audited (struct front *front, const struct packet *packet)
{
	struct job_call *call = job_call_find (front, packet->record.id);
	int error = (int)packet->record.a;
	char text[128];

	if (!call || !call->recording)
		return;
	front->audit_error = error;
	call->recording = false;
	call->recorded = !error;
	if (error && call->unrecorded && call->identity->full) {
		log_warning ("a call is not in the audit trail, which cannot be written. call=%s you=%s: %s",
			call->verb->name, call->identity->name, strerror (error));
	} else if (error) {
		snprintf (text, sizeof text, "the audit trail cannot be written: %s", strerror (error));
		job_call_fail (call, CODE_AUDIT_UNAVAILABLE, text);
		return;
	}
	call->ops->recorded (call);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

void job_call_done (struct job_call *call, enum outcome outcome, json_t *done)
{
	struct session *session = call->channel ? call->channel->session : NULL;

	record_end (call, outcome, CODE_NONE);
	call->front->counts.outcomes[outcome]++;
	if (call->channel)
		channel_done (call->channel, done);
	else
		json_decref (done);
	call->channel = NULL;
	job_call_free (call);
	if (session)
		session_flush (session);
}

void job_call_fail (struct job_call *call, enum code code, const char *text)
{
	struct session *session = call->channel ? call->channel->session : NULL;

	record_end (call, OUTCOME_NEVER_STARTED, code);
	if (call->channel)
		reply_refuse (call->front, call->channel, code, text);
	call->channel = NULL;
	job_call_free (call);
	if (session)
		session_flush (session);
}

/* --- the supervisor ---------------------------------------------------------------------------------------------- */

static void on_pause_over (void *arg)
{
	struct job_call *call = arg;

	call->ops->again (call);
}

bool job_call_pause (struct job_call *call)
{
	if (++call->tries > JOB_CALL_TRIES)
		return false;
	timer_set (&call->front->loop, &call->timer, clock_ms () + JOB_CALL_PAUSE_MS, on_pause_over, call);
	return true;
}

uid_t job_call_user (const struct job_call *call)
{
	return call->front->daemon ? call->front->daemon : call->identity->uid;
}

void job_call_ask (struct job_call *call, uint32_t type, uid_t uid, const void *data, size_t n)
{
	struct identity *identity = call->identity;
	struct front *front = call->front;
	struct job_ask *ask;

	if (!identity->full && identity->job_asks >= JOB_CALL_ASKS) {
		list_append (&front->job_turns, &call->turn);
		return;
	}
	/* A supervisor that is not root has jobs of its own user only, and asks for no proof. */
	if (!(ask = calloc (1, sizeof *ask)) ||
		supervisor_link_job (&front->supervisor, type, call->number, identity->remote ? identity->name : "",
			uid, front->daemon ? -1 : call->peer, data, n) < 0) {
		free (ask);
		timer_set (&front->loop, &call->timer, clock_ms () + SOON_MS, on_pause_over, call);
		return;
	}
	ask->number = call->number;
	ask->identity = identity;
	identity->references++;
	identity->job_asks++;
	list_append (&front->job_asks, &ask->node);
}

static void ask_free (struct job_ask *ask)
{
	list_remove (&ask->node);
	ask->identity->job_asks--;
	identity_release (ask->identity);
	free (ask);
}

/* The supervisor has answered, perhaps in part. After a whole answer it is the turn of the next call of that identity. */
static void take_turn (struct front *front, const struct record *answer)
{
	struct identity *identity = NULL;
	struct job_call *call;
	struct job_ask *ask;

	list_each (ask, &front->job_asks, node)
		if (ask->number == answer->id) {
			ask->got += answer->length;
			if (answer->type == REC_JOBS && ask->got < answer->a)
				return;
			identity = ask->identity;
			break;
		}
	if (!identity)
		return;
	list_each (call, &front->job_turns, turn)
		if (call->identity == identity) {
			ask_free (ask); /* the call has a reference, too */
			list_remove (&call->turn);
			call->ops->again (call);
			return;
		}
	ask_free (ask);
}

struct job_call *job_call_find (struct front *front, uint64_t number)
{
	struct job_call *call;

	list_each (call, &front->job_calls, node)
		if (call->number == number)
			return call;
	return NULL;
}

static void take_refusal (struct job_call *call, const struct packet *packet)
{
	enum code code = packet->record.a ? code_of (packet->record.a) : CODE_NONE;
	char *text = strndup ((const char *)packet->data, packet->record.length);

	if (call->ops->refused)
		call->ops->refused (call, code, text ? text : "");
	else
		job_call_fail (call, code, text ? text : "out of memory");
	free (text);
}

static void take_answer (struct front *front, struct packet *packet)
{
	struct job_call *call = job_call_find (front, packet->record.id);

	if (!call) {
		/* The client has left. A connection that is not taken ends here, and so does a job that has not begun. */
		for (size_t i = 0; i < packet->n_fds; i++)
			carrier_discard (&front->carrier, &packet->fds[i]);
		return;
	}
	switch (packet->record.type) {
	case REC_JOB:
		if (packet->lost)
			job_call_fail (call, CODE_BUSY, "no descriptor is left");
		else
			call->ops->job (call, packet);
		break;
	case REC_NO_JOB: take_refusal (call, packet); break;
	default:
		if (call->ops->piece)
			call->ops->piece (call, packet);
	}
}

void job_call_answer (struct front *front, struct packet *packet)
{
	const struct record answer = packet->record;

	take_answer (front, packet);
	take_turn (front, &answer);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

void job_calls_drain (struct front *front)
{
	struct job_call *call, *after;

	list_each_safe (call, after, &front->job_calls, node)
		if (!call->ops->stays)
			job_call_fail (call, CODE_SHUTTING_DOWN, "remexd is shutting down; the job goes on");
}

void job_calls_stop (struct front *front)
{
	struct job_call *call, *after;

	list_each_safe (call, after, &front->job_calls, node)
		if (call->ops->stop)
			call->ops->stop (call);
		else
			job_call_fail (call, CODE_SHUTTING_DOWN, "remexd is shutting down");
}

void job_calls_revoke (struct front *front)
{
	struct job_call *call, *after;
	struct err err;

	list_each_safe (call, after, &front->job_calls, node)
		if (call->channel && call->ops->renew (call, &err) < 0)
			job_call_fail (call, (enum code)err.code, err.text);
}

void job_calls_end (struct front *front)
{
	struct job_ask *ask, *after;

	list_each_safe (ask, after, &front->job_asks, node)
		ask_free (ask);
}
