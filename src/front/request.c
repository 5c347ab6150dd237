/* request - see request.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/attachment.h"
#include "front/front_state.h"
#include "front/outcome.h"
#include "front/place.h"
#include "front/request.h"
#include "front/schedule.h"
#include "wire/records.h"

enum {
	LATE_MS = 500, /* how long to wait for the end of a pipe after its command has ended */
	STALL_BYTES = 1024, /* bytes that a client has to take in limits.stall; see PROGRESS in session.c */
};

static void check_streams (struct request *request);
static void go_on (struct request *request);
static void finish (struct request *request);
static void set_timer (struct request *request);

/* The session of its client; NULL: the client is gone. */
static struct session *session_of (const struct request *request)
{
	return request->channel ? request->channel->session : NULL;
}

static void flush (struct session *session)
{
	if (session)
		session_flush (session);
}

/* --- calls of the relay ------------------------------------------------------------------------------------------ */

/* The relay has moved bytes, or a stream has ended. Output that there was no room for goes on when the client has taken
 * some (on_room). */
static void on_moved (void *arg)
{
	go_on (arg);
}

static int to_worker (void *arg, const void *bytes, size_t n)
{
	struct request *request = arg;
	struct record record = { .type = n ? REC_INPUT : REC_INPUT_END, .id = request->number };

	if (!request->worker) {
		errno = EPIPE;
		return -1;
	}
	return pool_send (request->worker, &record, bytes, n);
}

/* --- messages of the client -------------------------------------------------------------------------------------- */

static void on_input (struct channel *channel, const uint8_t *bytes, size_t n)
{
	struct request *request = channel->owner;

	if (relay_input (&request->relay, bytes, n) < 0)
		request_stop (request, CAUSE_FLOW);
	else
		check_streams (request);
}

static void on_input_end (struct channel *channel)
{
	struct request *request = channel->owner;

	relay_input_end (&request->relay);
	check_streams (request);
}

static int send_signal (void *arg, int signo, int rows, int cols)
{
	struct request *request = arg;
	struct record record = { .type = REC_SIGNAL, .id = request->number, .a = signo };

	if (!signo)
		record = (struct record){ .type = REC_RESIZE, .id = request->number, .a = rows, .b = cols };
	return pool_send (request->worker, &record, NULL, 0);
}

/* Send the worker the size and the signals that came, once the call has been sent. */
static void send_pending (struct request *request)
{
	if (request->state == REQUEST_RUNNING && !request->call)
		pending_signals_send (&request->pending, send_signal, request);
}

static void on_signal (struct channel *channel, int signo)
{
	struct request *request = channel->owner;

	/* Before there is a command, a signal that would end the command ends the request. */
	if (request->state == REQUEST_WAITING || request->call) {
		if (signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT || signo == SIGKILL)
			request_stop (request, CAUSE_CANCEL);
	} else if (request->state == REQUEST_RUNNING) {
		pending_signals_add (&request->pending, signo);
		send_pending (request);
	}
}

static void on_resize (struct channel *channel, int rows, int cols)
{
	struct request *request = channel->owner;

	if (!request->tty)
		return;
	if (request->recording)
		recording_resize (request->recording, rows, cols);
	pending_signals_resize (&request->pending, rows, cols);
	send_pending (request);
}

static void on_cancel (struct channel *channel)
{
	request_stop (channel->owner, CAUSE_CANCEL);
}

static void on_room (struct channel *channel)
{
	struct request *request = channel->owner;

	if (request->state != REQUEST_WAITING)
		request_go (request);
}

static void on_flow (struct channel *channel)
{
	request_stop (channel->owner, CAUSE_FLOW);
}

static void on_lost (struct channel *channel)
{
	request_stop (channel->owner, CAUSE_LOST);
}

static const struct channel_ops request_ops = {
	.input = on_input,
	.input_end = on_input_end,
	.signal = on_signal,
	.resize = on_resize,
	.cancel = on_cancel,
	.room = on_room,
	.flow = on_flow,
	.lost = on_lost,
};

/* --- making and freeing ------------------------------------------------------------------------------------------ */

static int read_limits (struct request *request, const struct message *message, struct err *err)
{
	const json_t *wait_output = json_object_get (message->header, "wait_output");
	const struct grant *grant = request->identity->grant;
	struct call_limits *limits = &request->limits;

	if (header_seconds (message->header, "deadline", &limits->value[LIMIT_DEADLINE], err) < 0 ||
		header_seconds (message->header, "idle", &limits->value[LIMIT_IDLE], err) < 0 ||
		call_limits_read (limits, json_object_get (message->header, "limits"), err) < 0)
		return -1;
	if (wait_output && !json_is_boolean (wait_output))
		return err_set (err, CODE_BAD_VALUE, "'wait_output' must be true or false");
	request->wait_output = json_is_true (wait_output);
	request->tty = json_object_get (message->header, "tty"); /* it has been checked */
	call_limits_lower (limits, &request->front->config->requests);
	if (grant)
		call_limits_lower (limits, &grant->limits.requests);
	if (limits->value[LIMIT_DEADLINE])
		request->deadline_ms = request->waiter.since_ms + limits->value[LIMIT_DEADLINE];
	request->relay.output_max = limits->value[LIMIT_OUTPUT];
	return 0;
}

static void on_recording (void *arg);

/* Decide whether the call is recorded: its user or the configuration may be other ones than before. 0, or -1 and err.
 * *changed: the recording is another one now, or there is none any more. */
static int decide_recording (struct request *request, bool *changed, struct err *err)
{
	bool refuse,
		had = request->recording,
		wanted = recording_wanted (request->front, request->identity, request->verb, request->tty, &refuse);

	*changed = had || wanted;
	recording_free (request->recording);
	request->recording = NULL;
	request->relay.tape = NULL;
	if (!wanted)
		return 0;
	request->recording = recording_new (
		request->front, request->identity, request->number, request->waiter.uid, refuse, on_recording, request);
	if (!request->recording)
		return err_set (err, CODE_BUSY, "out of memory");
	request->relay.tape = &request->recording->tape;
	return 0;
}

/* Is the call recorded otherwise than is said now? */
static bool is_policy_new (const struct request *request)
{
	return recording_has_changed (request->front, request->identity, request->verb, request->tty,
		request->recording, request->recording && request->recording->refuse);
}

static void request_free (struct request *request)
{
	timer_free (&request->timer);
	relay_free (&request->relay);
	recording_free (request->recording);
	place_leave (request->front, request->identity, request->waiter.control, request->counted, &request->relay);
	identity_release (request->identity);
	verb_table_free (request->table);
	list_remove (&request->node);
	list_remove (&request->asking);
	free (request->call);
	free (request->kept);
	free (request->text);
	free (request);
}

struct request *request_new (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, uid_t uid, const struct message *message, struct err *err)
{
	struct request *request = calloc (1, sizeof *request);
	bool changed;

	if (!request || !(request->call = malloc (message->text_len))) {
		free (request);
		err_set (err, CODE_BUSY, "out of memory");
		return NULL;
	}
	memcpy (request->call, message->text, message->text_len);
	request->header_n = request->call_n = message->text_len;
	request->front = front;
	request->client = client;
	request->peer = peer;
	list_init (&request->asking);
	request->channel = channel;
	request->identity = client->identity;
	request->identity->references++;
	request->table = verb_table_ref (front->verbs);
	request->verb = verb;
	request->number = ++front->last_request;
	request->waiter = (struct waiter){
		.identity = request->identity,
		.uid = uid,
		.bytes = message->text_len + message->body_len,
		.since_ms = clock_ms (),
		.control = verb->control,
	};
	list_init (&request->waiter.node);
	request->outcome = OUTCOME_COMPLETED;
	request->survivors = 0;
	list_append (&front->requests, &request->node);
	relay_init (&request->relay, &front->loop, &front->carrier, channel);
	request->relay.moved = on_moved;
	request->relay.to_worker = to_worker;
	request->relay.arg = request;
	err_set (err, CODE_BUSY, "out of memory");
	if (read_limits (request, message, err) < 0 || decide_recording (request, &changed, err) < 0 ||
		(message->body_len && relay_input (&request->relay, message->body, message->body_len) < 0)) {
		request_free (request);
		return NULL;
	}
	if (!channel->input)
		relay_input_end (&request->relay);
	channel_own (channel, &request_ops, request);
	set_timer (request);
	return request;
}

int request_renew (struct request *request, struct err *err)
{
	struct front *front = request->front;
	json_t *header = header_parse (request->call, request->header_n, HEADER_CALL_TOKENS, NULL, err);
	const struct verb *verb = header ? verb_find (front->verbs, request->verb->name, err) : NULL;
	const json_t *args = json_object_get (header, "args");
	const char *user = json_string_value (json_object_get (header, "user"));
	bool remote = request->identity->remote;
	uid_t uid = request->waiter.uid;
	bool changed = false, moved;
	int result = 0;

	if (!verb || verb_check (verb, args, err) < 0 ||
		access_call (request->identity, verb, args, request->tty, time (NULL), err) < 0 ||
		(remote && access_user (&front->gate.access, request->identity, user, &uid, err) < 0)) {
		json_decref (header);
		return -1;
	}
	verb_table_free (request->table);
	request->table = verb_table_ref (front->verbs);
	request->verb = verb;
	moved = uid != request->waiter.uid;
	request->waiter.uid = uid;
	if (moved || is_policy_new (request))
		result = decide_recording (request, &changed, err);
	/* The run must be on record with its user. There is no record if there was no trail when the call came. */
	if (result == 0 && (moved || changed || request->trail == TRAIL_NONE))
		result = trail_start (request, json_object_get (header, "args"), err);
	json_decref (header);
	return result;
}

int request_renew_user (struct request *request, struct err *err)
{
	json_t *header = header_parse (request->call, request->header_n, HEADER_CALL_TOKENS, NULL, err);
	const char *user = json_string_value (json_object_get (header, "user"));
	uid_t uid = request->waiter.uid;
	int result = header ? access_user (&request->front->gate.access, request->identity, user, &uid, err) : -1;
	bool changed;

	if (!result && uid != request->waiter.uid) {
		request->waiter.uid = uid;
		if ((result = decide_recording (request, &changed, err)) == 0)
			result = trail_start (request, json_object_get (header, "args"), err);
	}
	json_decref (header);
	return result;
}

bool request_forbidden (const struct request *request)
{
	const struct identity *identity = request->identity;
	json_t *header = NULL;
	struct err err;
	bool forbidden;

	if (!identity->remote)
		return false;
	if (request->waiter.uid != identity->uid || (request->verb->paths && identity->roots_narrowed))
		return true;
	if (request->call || request->kept)
		header = header_parse (request->call ? request->call : request->kept, request->header_n,
			HEADER_CALL_TOKENS, NULL, &err);
	forbidden = access_call (identity, request->verb, json_object_get (header, "args"), request->tty, time (NULL),
			    &err) < 0;
	json_decref (header);
	return forbidden;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

/* True: the client does not take output. Then the command does not count as idle. */
static bool client_is_full (const struct request *request)
{
	return request->channel && (request->channel->window == 0 || session_full (request->channel->session));
}

/* The time in which the client has to take output (limits.stall) starts now. */
static void watch_stall (struct request *request)
{
	request->stall_ms = clock_ms () + request->front->config->limits.stall_ms;
	request->stall_bytes = request->relay.bytes_out;
}

/* Has the client taken too little output? If the whole connection is full, the session decides that for all its
 * requests (session.h), but a control call must not keep its worker. */
static bool has_stalled (const struct request *request)
{
	if (!request->channel || request->relay.bytes_out - request->stall_bytes >= STALL_BYTES)
		return false;
	if (request->state == REQUEST_DRAINING)
		return request->channel->window == 0;
	return request->waiter.control && relay_holds (&request->relay);
}

/* The stall timer has expired: the request ends, or the timer starts again. True: the request ends. */
static bool check_stall (struct request *request)
{
	if (!has_stalled (request)) {
		watch_stall (request);
		return false;
	}
	log_warning ("a client does not read the output of a request, and the rest is dropped. call=%s you=%s",
		request->verb->name, request->identity->name);
	request->front->counts.stalled++;
	request_stop (request, CAUSE_STALL);
	return true;
}

/* A limit of time has expired in DRAINING. */
static void on_drain_timer (struct request *request, int64_t now)
{
	if (request->cause == CAUSE_NONE && request->deadline_ms && now >= request->deadline_ms) {
		request_stop (request, CAUSE_DEADLINE);
		return;
	}
	if (request->wait_output && request->limits.value[LIMIT_IDLE] &&
		now >= request->relay.last_ms + request->limits.value[LIMIT_IDLE]) {
		if (!client_is_full (request)) {
			request_stop (request, CAUSE_IDLE);
			return;
		}
		request->relay.last_ms = now;
	}
	if (request->late_ms && now >= request->late_ms) {
		request->late_ms = relay_late (&request->relay) ? now + LATE_MS : 0;
		if (request->cause == CAUSE_CANCEL)
			relay_cut (&request->relay);
	}
	if (now >= request->stall_ms && check_stall (request))
		return;
	set_timer (request);
	request_go (request);
}

static void on_timer (void *arg)
{
	struct request *request = arg;
	int64_t now = clock_ms ();

	if (request->state == REQUEST_DRAINING) {
		on_drain_timer (request, now);
	} else if (request->state == REQUEST_STOPPING) {
		request_worker_gone (request->front, request->worker);
	} else if (request->deadline_ms && now >= request->deadline_ms) {
		request_stop (request, CAUSE_DEADLINE);
	} else if (request->state == REQUEST_RUNNING && request->limits.value[LIMIT_IDLE] &&
		   now >= request->relay.last_ms + request->limits.value[LIMIT_IDLE] && !client_is_full (request)) {
		request_stop (request, CAUSE_IDLE);
	} else if (request->state == REQUEST_RUNNING && request->stall_ms && now >= request->stall_ms &&
		   check_stall (request)) {
		return;
	} else {
		if (client_is_full (request))
			request->relay.last_ms = now;
		set_timer (request);
	}
}

static void set_timer (struct request *request)
{
	int64_t when = 0;

	switch (request->state) {
	case REQUEST_RUNNING:
		if (request->limits.value[LIMIT_IDLE])
			when = request->relay.last_ms + request->limits.value[LIMIT_IDLE];
		when = clock_earlier (when, request->stall_ms);
		__attribute__ ((fallthrough));
	case REQUEST_WAITING: when = clock_earlier (when, request->deadline_ms); break;
	case REQUEST_DRAINING:
		when = clock_earlier (request->stall_ms, request->late_ms);
		if (request->cause == CAUSE_NONE)
			when = clock_earlier (when, request->deadline_ms);
		if (request->wait_output && request->limits.value[LIMIT_IDLE])
			when = clock_earlier (when, request->relay.last_ms + request->limits.value[LIMIT_IDLE]);
		break;
	case REQUEST_STOPPING:
		/* The worker was gone already, and only its output was waited for: the supervisor does not report it
		 * again. The timer does that, because this function may run while a record of the worker is handled. */
		if (request->worker->gone)
			when = clock_ms ();
		break;
	}
	timer_set (&request->front->loop, &request->timer, when, on_timer, request);
}

/* --- the attachment for the verb --------------------------------------------------------------------------------- */

/* Append the attachment to the header. 0, or -1 without memory. */
static int attach (struct request *request)
{
	char *text, *both;
	size_t n;

	if (!attachment_needed (request->verb, &request->limits))
		return 0;
	text = attachment_text (request->front, request->identity, request->verb, &request->limits);
	n = text ? strlen (text) : 0;
	if ((both = n ? realloc (request->call, request->header_n + n) : NULL)) {
		memcpy (both + request->header_n, text, n);
		request->call = both;
		request->call_n += n;
	}
	free (text);
	return both ? 0 : -1;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

/* Send the call to the worker as the client wrote it, in as many pieces as needed, and never wait for the worker, which
 * may still be starting. When sending fails, the worker is dead, and the supervisor will report that. */
static void send_call (struct request *request)
{
	while (request->call && !recording_waits (request->recording)) {
		struct record record = {
			.type = REC_CALL,
			.id = request->number,
			.a = (int64_t)request->header_n,
			.b = (int64_t)(request->call_n - request->header_n),
		};
		size_t n = request->call_n - request->call_sent;

		if (n > LINK_PAYLOAD)
			n = LINK_PAYLOAD;
		if (pool_send (request->worker, &record, request->call + request->call_sent, n) < 0)
			return;
		request->call_sent += n;
		if (request->call_sent == request->call_n) {
			if (access_asks_args (request->identity, request->verb))
				request->kept = request->call;
			else
				free (request->call);
			request->call = NULL;
		}
	}
}

void request_writable (struct request *request)
{
	if (request->state != REQUEST_RUNNING)
		return;
	send_call (request);
	send_pending (request);
	request_go (request);
}

static void start_recording (struct request *request)
{
	json_t *header;
	struct err err;

	if (!request->recording)
		return;
	header = header_parse (request->call, request->header_n, HEADER_CALL_TOKENS, NULL, &err);
	recording_start (request->recording, request->verb, header);
	json_decref (header);
	if (request->pending.resized)
		recording_resize (request->recording, request->pending.rows, request->pending.cols);
}

void request_run (struct request *request, struct pooled *worker)
{
	list_remove (&request->asking); /* a worker that it asked for is now for other requests */
	request->worker = worker;
	request->state = REQUEST_RUNNING;
	request->started_ms = request->relay.last_ms = clock_ms ();
	request->counted = true;
	place_take (request->front, request->identity, request->waiter.control);
	if (request->waiter.control)
		watch_stall (request);
	worker->request = request;
	identity_release (worker->identity);
	worker->identity = request->identity;
	worker->identity->references++;
	worker->waiter = &request->waiter;
	worker->served++;
	pool_set_phase (worker, WORKER_BUSY);
	if (attach (request) < 0) {
		/* Without its roots or limits it must not run. */
		log_warning ("no memory for a call: it is stopped. call=%s", request->verb->name);
		request_stop (request, CAUSE_BROKEN);
		return;
	}
	start_recording (request);
	send_call (request);
	send_pending (request);
	if (request->channel)
		channel_credit (request->channel, SESSION_CREDIT);
	relay_go (&request->relay);
	set_timer (request);
}

/* --- ending ------------------------------------------------------------------------------------------------------ */

/* The outcome is known. The bytes in the pipes are delivered before the terminal message. */
static void drain (struct request *request)
{
	request->state = REQUEST_DRAINING;
	request->ended_ms = clock_ms ();
	request->wait_output =
		request->wait_output && request->cause == CAUSE_NONE && !request->failed && !request->tty;
	/* As with ssh, a terminal ends with its command: what waits in it is delivered, then its master is closed, which hangs
	 * it up for the processes that still have it open. */
	if (!request->wait_output)
		request->late_ms = request->ended_ms + (request->tty ? 0 : LATE_MS);
	watch_stall (request);
	relay_end (&request->relay);
	/* A client that has cancelled gets the last output, but a closed window is not waited for. */
	if (!request->channel || (request->cause == CAUSE_CANCEL && !request->channel->window) ||
		request->cause == CAUSE_FLOW || request->cause == CAUSE_NO_STREAMS || request->cause == CAUSE_BROKEN ||
		request->cause == CAUSE_DENIED || request->cause == CAUSE_OUTPUT || request->cause == CAUSE_RECORDING ||
		request->cause == CAUSE_UNRECORDED)
		relay_cut (&request->relay);
	set_timer (request);
	request_go (request);
}

static void let_go_of_worker (struct request *request)
{
	request->worker->request = NULL;
	request->worker->waiter = NULL;
	request->worker = NULL;
}

/* The recording could not begin. The worker has got nothing of the call, and can serve another request. */
static void refuse_unrecorded (struct request *request)
{
	struct pooled *worker = request->worker;
	struct front *front = request->front;

	let_go_of_worker (request);
	identity_release (worker->identity);
	worker->identity = NULL;
	if (!worker->ready || front->draining || !schedule_keeps (&front->pool, worker))
		pool_release (worker);
	else
		pool_set_phase (worker, WORKER_IDLE);
	request->cause = CAUSE_UNRECORDED;
	request->started_ms = 0;
	drain (request); /* the request is freed */
	front->events->freed (front);
}

static void on_recording (void *arg)
{
	struct request *request = arg;

	if (recording_failed (request->recording) && request->state == REQUEST_RUNNING && request->call &&
		!request->call_sent) {
		refuse_unrecorded (request);
		return;
	}
	/* A worker that has a part of a call gets no more of it, and is stopped with the request. */
	if (request->state == REQUEST_RUNNING && !recording_failed (request->recording)) {
		send_call (request);
		send_pending (request);
	}
	relay_go (&request->relay);
	if (!recording_failed (request->recording))
		go_on (request);
	else if (request->state == REQUEST_STOPPING)
		relay_shut (&request->relay); /* what is not recorded is not sent, whatever has ended the request */
	else
		request_stop (request, CAUSE_RECORDING);
}

/* The worker has ended this request. The worker becomes idle, or leaves if it is not fit for another request, or is killed
 * with the processes of a call that has failed. */
static void free_worker (struct request *request, const struct worker_state *state)
{
	struct pooled *worker = request->worker;
	struct front *front = request->front;

	let_go_of_worker (request);
	identity_release (worker->identity);
	worker->identity = NULL;
	worker->resident = state->resident;
	if (state->flags & WORKER_KILL)
		pool_stop (worker, 0);
	else if (state->flags || front->draining || !schedule_keeps (&front->pool, worker))
		pool_release (worker);
	else
		pool_set_phase (worker, WORKER_IDLE);
}

static void terminal (struct request *request, const struct packet *packet)
{
	const struct record *record = &packet->record;
	struct front *front = request->front;
	struct worker_state state;
	size_t words;

	if (record->length < sizeof state)
		return;
	memcpy (&state, packet->data, sizeof state);
	request->usage = state.usage;
	if (request->state != REQUEST_RUNNING)
		return; /* when the request is being stopped, the cause has been decided */
	words = record->length - sizeof state;
	request->failed = record->type == REC_FAIL;
	request->code = code_of (record->a);
	request->outcome = record->a >= 0 && record->a < N_OUTCOMES ? (enum outcome)record->a : OUTCOME_COMPLETED;
	request->number_of = (int)record->b;
	request->text = strndup ((const char *)packet->data + sizeof state, words);
	request->limit =
		state.limit > LIMIT_NONE && state.limit < N_CALL_LIMITS ? (enum call_limit)state.limit : LIMIT_NONE;
	breaker_ended (&request->front->breakers, request->verb->plugin, request->worker->uid);
	free_worker (request, &state);
	drain (request);
	front->events->freed (front); /* the worker can serve another request, while this output waits */
}

/* More output has come than the request may send. */
static void check_output (struct request *request)
{
	if (!request->relay.over || request->cause != CAUSE_NONE)
		return;
	if (request->state != REQUEST_DRAINING) {
		request_stop (request, CAUSE_OUTPUT);
	} else {
		if (!request->failed)
			request->cause = CAUSE_OUTPUT;
		relay_shut (&request->relay);
	}
}

/* The recording has failed while output was put into it, and the request may not go on without. */
static void lose_recording (struct request *request)
{
	if (request->state == REQUEST_RUNNING) {
		request_stop (request, CAUSE_RECORDING);
	} else if (request->state != REQUEST_WAITING) {
		if (request->state == REQUEST_DRAINING && request->cause == CAUSE_NONE && !request->failed)
			request->cause = CAUSE_RECORDING;
		relay_shut (&request->relay);
	}
}

/* A request that has lost bytes must not end as a success. */
static void check_streams (struct request *request)
{
	enum cause cause = request->relay.short_of_descriptors ? CAUSE_NO_STREAMS : CAUSE_BROKEN;

	check_output (request);
	if (request->recording)
		recording_watch (request->recording);
	if (recording_failed (request->recording) && !request->relay.shut)
		lose_recording (request);
	if (!request->relay.failed || request->cause != CAUSE_NONE)
		return;
	log_warning ("a stream of a request has failed%s. call=%s",
		cause == CAUSE_NO_STREAMS ? ": no descriptors are left" : "", request->verb->name);
	if (request->state == REQUEST_DRAINING)
		request->cause = cause; /* the command has ended by itself */
	else
		request_stop (request, cause);
}

/* Take the streams that a worker hands over: the record has a name with its NUL for each descriptor. */
static int add_outlets (struct relay *relay, struct packet *packet)
{
	const char *names = (const char *)packet->data, *end = names + packet->record.length;
	int result = packet->n_fds ? 0 : -1;

	for (size_t i = 0; i < packet->n_fds; i++) {
		size_t n = strnlen (names, (size_t)(end - names));

		result |= relay_add_outlet (
			relay, names, n, (enum fd_kind) (i ? packet->record.b : packet->record.a), packet->fds[i]);
		packet->fds[i] = -1;
		names += names + n < end ? n + 1 : n;
	}
	return result;
}

void request_record (struct request *request, struct packet *packet)
{
	const struct record *record = &packet->record;
	struct relay *relay = &request->relay;
	int result = 0;

	if (record->id != request->number)
		return;
	errno = 0;
	switch (record->type) {
	case REC_OUTPUT:
		if (record->a <= 0 || record->a > record->length)
			result = -1;
		else if (request->state == REQUEST_RUNNING)
			result = relay_write (relay, (const char *)packet->data, (size_t)record->a,
				packet->data + record->a, record->length - (size_t)record->a);
		if (request->worker)
			pool_pause (request->worker, relay_holds (relay));
		break;
	case REC_STREAM: result = add_outlets (relay, packet); break;
	case REC_SINK:
		result = packet->n_fds ? relay_set_sink (relay, (enum fd_kind)record->a, packet->fds[0]) : -1;
		packet->fds[0] = -1;
		break;
	case REC_PULL: relay_pull (relay, record->a); break;
	case REC_DONE:
	case REC_FAIL: terminal (request, packet); return; /* the request may be freed */
	default: result = -1;
	}
	if (packet->lost || (result < 0 && errno == ENOMEM)) {
		/* Otherwise its output would be lost without a message. */
		log_warning ("no %s: a request is stopped",
			packet->lost ? "descriptors are left" : "memory for its streams");
		request_stop (request, packet->lost ? CAUSE_NO_STREAMS : CAUSE_BROKEN);
		return;
	}
	check_streams (request);
	if (result < 0 && request->cause != CAUSE_BROKEN && !request->nonsense) {
		request->nonsense = true; /* a worker that floods the link must not flood the log */
		log_warning ("a malformed record from a worker. type=%u serial=%llu", record->type,
			request->worker ? (unsigned long long)request->worker->serial : 0);
		if (result < 0 && packet->n_fds && request->worker)
			pool_break (request->worker);
	}
	flush (session_of (request));
}

/* --- the worker is gone ------------------------------------------------------------------------------------------ */

static void lose_worker (struct request *request)
{
	struct pooled *worker = request->worker;

	let_go_of_worker (request);
	request->survivors = worker->survivors;
	if (request->cause == CAUSE_NONE)
		outcome_crash (request, worker);
	else
		outcome_killed (request, worker);
	drain (request);
}

void request_worker_gone (struct front *front, struct pooled *worker)
{
	if (worker->phase != WORKER_LEAVING && worker->phase != WORKER_STOPPING)
		front->counts.crashed++;
	if (worker->request)
		lose_worker (worker->request);
	pool_remove (worker);
	front->events->freed (front);
}

/* --- the end ------------------------------------------------------------------------------------------- */

static void finish (struct request *request)
{
	struct session *session = session_of (request);
	struct front *front = request->front;

	outcome_decide (request);
	trail_end (request);
	stats_count (front, request);
	if (request->channel)
		outcome_send (request);
	request_free (request);
	flush (session);
	front->events->freed (front);
}

/* The relay has moved what it could. */
static void go_on (struct request *request)
{
	struct pooled *worker = request->worker;

	check_streams (request);
	if (worker && worker->paused && !relay_holds (&request->relay)) {
		pool_pause (worker, false);
		if (worker->gone && pool_drain (worker)) {
			request_worker_gone (request->front, worker);
			return;
		}
	}
	flush (session_of (request));
	if (request->state == REQUEST_DRAINING && relay_done (&request->relay))
		finish (request);
}

void request_go (struct request *request)
{
	relay_go (&request->relay);
	go_on (request);
}

void request_refuse (struct request *request, enum code code, const char *text, double retry_after)
{
	struct session *session = session_of (request);

	queue_leave (&request->front->queue, &request->waiter);
	request->failed = true;
	request->code = code;
	trail_end (request);
	stats_count (request->front, request);
	if (request->channel)
		channel_error (request->channel, code, text, retry_after);
	request_free (request);
	flush (session);
}

void request_stop (struct request *request, enum cause cause)
{
	if (cause == CAUSE_LOST) {
		request->client = NULL;
		request->peer = -1;
		request->channel = request->relay.channel = NULL;
	}
	switch (request->state) {
	case REQUEST_WAITING:
		request->cause = cause;
		queue_leave (&request->front->queue, &request->waiter);
		finish (request);
		return;
	case REQUEST_RUNNING:
		request->cause = cause;
		request->state = REQUEST_STOPPING;
		if (cause == CAUSE_DENIED || cause == CAUSE_OUTPUT || cause == CAUSE_RECORDING)
			relay_shut (&request->relay); /* it may use the grace to end, but its output is not sent */
		if (!relay_holds (&request->relay))
			pool_pause (request->worker, false);
		pool_stop (request->worker, request->front->config->limits.grace_ms);
		set_timer (request);
		return;
	case REQUEST_STOPPING: return;
	case REQUEST_DRAINING:
		/* The command has ended by itself; only the rest of its output is dropped. A client that has not asked
		 * for that must not take the end for a success. */
		if (cause == CAUSE_FLOW || cause == CAUSE_NO_STREAMS || cause == CAUSE_BROKEN)
			return;
		if (cause == CAUSE_DENIED || ((cause == CAUSE_DEADLINE || cause == CAUSE_IDLE || cause == CAUSE_STALL ||
						      cause == CAUSE_SHUTDOWN || cause == CAUSE_RECORDING) &&
						     request->cause == CAUSE_NONE && !request->failed))
			request->cause = cause;
		if (cause == CAUSE_DENIED || cause == CAUSE_RECORDING)
			relay_shut (&request->relay);
		relay_cut (&request->relay);
		finish (request);
		return;
	}
}
