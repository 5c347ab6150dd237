/* job_start - see job_start.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "front/attachment.h"
#include "front/command_words.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/job_start.h"
#include "front/recording.h"
#include "front/reply.h"
#include "front/trail.h"
#include "loop/loop.h"
#include "wire/call_limits.h"
#include "wire/done.h"
#include "wire/header.h"
#include "wire/job_verbs.h"
#include "wire/records.h"

enum {
	HELLO_MS = 30 * 1000, /* for a holder to say HELLO: before that it looks its user up, which may ask a server */
	STOP_MS = 2000, /* the same when remexd ends */
};

enum start_state { START_ASKED, START_KNOWN, START_SENDING, START_SENT }; /* RECORDING is a part of ASKED here */

struct job_start {
	struct job_call call;
	enum start_state state;
	uid_t uid;
	struct call_limits limits; /* the strictest of the call, its identity and the configuration */
	char *text; /* the header as it came, and from SENDING on the attachment behind it; NULL: it is sent */
	size_t header_n, text_n, sent_n;
	size_t counted; /* bytes in the budget for the text */
	char recording[RECORDER_NAME]; /* the name of the job's recording; "": none */
	bool refuse; /* the policy of the recording */
	struct buf request; /* what the supervisor is asked with: JOB_START */
	char id[TEXT_JOB_ID + 1];
	int flags; /* enum job_answer */
	int fd; /* of the job's connection, while the start is recorded; -1: none */
};

static struct job_start *start_of (struct job_call *call)
{
	return list_entry (call, struct job_start, call);
}

static void fail (struct job_start *start, enum code code, const char *text)
{
	job_call_record_end (&start->call, OUTCOME_NEVER_STARTED);
	job_call_fail (&start->call, code, text);
}

/* Free the text, and what is counted for it. */
static void drop_text (struct job_start *start)
{
	free (start->text);
	start->text = NULL;
	budget_give (&start->call.front->budget, start->call.identity, start->counted);
	start->counted = 0;
}

/* Count the text in the budget. The message that it is a copy of is counted, too, as long as it is handled: so the only call about
 * jobs of an identity is let in without room for both. */
static bool count_text (struct job_start *start)
{
	struct budget *budget = &start->call.front->budget;
	struct identity *identity = start->call.identity;

	if (!budget_take (budget, identity, start->text_n)) {
		if (identity->job_calls > 1)
			return false;
		budget_charge (budget, identity, start->text_n);
	}
	start->counted = start->text_n;
	return true;
}

/* The job runs: that is all that the client waits for. */
static void finish (struct job_start *start)
{
	json_t *done = json_pack ("{ss ss sf}", "outcome", "completed", "job", start->id, "seconds", 0.0);

	if (start->flags & JOB_KNOWN)
		json_object_set_new (done, "again", json_true ());
	if (start->flags & JOB_ENDS_WITH_SESSION)
		json_object_set_new (done, "warning",
			json_string (
				"systemd ends the job with your last session on that machine, because lingering is off "
				"(loginctl enable-linger)"));
	job_call_done (&start->call, OUTCOME_COMPLETED, done);
}

/* --- the holder -------------------------------------------------------------------------------------------------- */

static void on_hello (void *arg, const struct record *record, const json_t *facts)
{
	(void)record;
	(void)facts;
	finish (arg);
}

static void on_gone (void *arg)
{
	struct job_start *start = arg;

	if (!(start->flags & JOB_KNOWN)) {
		fail (start, CODE_INTERNAL, "the job's process has ended before the job could start");
		return;
	}
	/* Perhaps its call never came. The supervisor knows soon, and the key is free then. */
	job_viewer_close (&start->call.viewer);
	start->state = START_ASKED;
	if (!job_call_pause (&start->call))
		fail (start, CODE_IO_ERROR, "the job with this key does not answer");
}

/* The holder has said nothing for HELLO_MS. */
static void on_silence (void *arg)
{
	struct job_start *start = arg;

	if (start->state == START_SENT)
		job_call_record_end (&start->call, OUTCOME_LOST);
	if (start->call.front->draining)
		fail (start, CODE_SHUTTING_DOWN, "remexd is shutting down: the job may run");
	else if (start->flags & JOB_KNOWN)
		fail (start, CODE_BUSY, "the job with this key does not answer now");
	else
		fail (start, CODE_IO_ERROR,
			start->state == START_SENT
				? "the job's process does not answer: the job may run"
				: "the job's process does not take the call: the job does not start");
}

/* The job could not start: the line has the error. */
static void on_end (void *arg, bool followed, const char *line, size_t n)
{
	struct job_start *start = arg;
	json_t *outcome = n ? json_loadb (line, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *error = json_object_get (outcome, "error");
	const char *code = json_string_value (json_object_get (error, "code")),
		   *text = json_string_value (json_object_get (error, "message"));

	(void)followed;
	if (start->flags & JOB_KNOWN)
		finish (start);
	else
		fail (start, code && code_parse (code) >= 0 ? (enum code)code_parse (code) : CODE_INTERNAL,
			text ? text : "the job could not start");
	json_decref (outcome);
}

static void drop_place (void *arg, int64_t from, int64_t to)
{
	(void)arg;
	(void)from;
	(void)to;
}

static void drop (void *arg)
{
	(void)arg;
}

/* Append the attachment to the header: the roots are those that the identity has now. 0, or -1 without memory. */
static int attach (struct job_start *start)
{
	struct job_call *call = &start->call;
	char *text, *both;
	size_t n;

	if (!attachment_needed (call->verb, &start->limits))
		return 0;
	text = attachment_text (call->front, call->identity, call->verb, &start->limits);
	n = text ? strlen (text) : 0;
	if ((both = n ? realloc (start->text, start->header_n + n) : NULL)) {
		memcpy (both + start->header_n, text, n);
		start->text = both;
		start->text_n += n;
		start->counted += n;
		budget_charge (&call->front->budget, call->identity, n);
	}
	free (text);
	return both ? 0 : -1;
}

/* Send the holder as much of the call as it takes now. */
static void send_call (void *arg)
{
	struct job_start *start = arg;
	struct record record = { .type = REC_CALL,
		.id = 1,
		.a = (int64_t)start->header_n,
		.b = (int64_t)(start->text_n - start->header_n) };
	size_t n;

	for (; start->sent_n < start->text_n; start->sent_n += n) {
		n = start->text_n - start->sent_n < LINK_PAYLOAD ? start->text_n - start->sent_n : LINK_PAYLOAD;
		if (job_viewer_try (&start->call.viewer, &record, start->text + start->sent_n, n) < 0)
			return;
	}
	start->state = START_SENT;
	drop_text (start);
}

static const struct job_viewer_ops viewer_ops = {
	.hello = on_hello,
	.end = on_end,
	.screen = drop_place,
	.screen_end = drop,
	.cut = drop_place,
	.delivered = drop,
	.gone = on_gone,
	.writable = send_call,
	.stalled = on_silence,
};

/* Take the connection to the holder, which has to say HELLO. False: the call has ended. */
static bool open_viewer (struct job_start *start, enum start_state state)
{
	struct job_call *call = &start->call;
	int fd = start->fd;

	start->state = state;
	start->fd = -1;
	if (job_viewer_open (&call->viewer, call->channel, fd) < 0) {
		fail (start, CODE_BUSY, "out of memory");
		return false;
	}
	timer_set (&call->front->loop, &call->timer, clock_ms () + HELLO_MS, on_silence, start);
	return true;
}

static void on_recorded (struct job_call *call)
{
	struct job_start *start = start_of (call);

	if (!open_viewer (start, START_SENDING))
		return;
	if (attach (start) < 0)
		fail (start, CODE_BUSY, "out of memory"); /* without its roots or limits it must not run */
	else
		send_call (start);
}

/* Write the start to the audit trail, with the job's id. The arguments are parsed for that alone: a tree is many times as large
 * as its text. */
static void record_start (struct job_start *start)
{
	struct err err;
	bool audited = start->call.front->config->audit != AUDIT_NONE;
	json_t *header = audited ? header_parse (start->text, start->header_n, HEADER_CALL_TOKENS, NULL, &err) : NULL;

	if (header || !audited)
		job_call_record (&start->call, start->uid, json_object_get (header, "args"), start->id,
			*start->recording ? start->recording : NULL);
	else
		fail (start, (enum code)err.code, err.text);
	json_decref (header);
}

/* --- operations of the call -------------------------------------------------------------------------------------- */

static void on_job (struct job_call *call, struct packet *packet)
{
	struct job_start *start = start_of (call);
	json_t *record = json_loadb ((const char *)packet->data, packet->record.length, 0, NULL);
	const char *id = json_string_value (json_object_get (record, "id"));

	snprintf (start->id, sizeof start->id, "%s", id ? id : "");
	json_decref (record);
	start->flags = (int)packet->record.b;
	start->fd = packet->n_fds ? packet->fds[0] : -1;
	if (packet->n_fds)
		packet->fds[0] = -1;
	if (!(start->flags & JOB_KNOWN) && start->fd >= 0)
		record_start (start); /* first of all */
	else if (start->fd < 0)
		finish (start); /* it has run */
	else
		open_viewer (start, START_KNOWN);
}

static void ask (struct job_start *start)
{
	job_call_ask (&start->call, REC_JOB_START, start->uid, buf_head (&start->request), buf_len (&start->request));
}

static void on_again (struct job_call *call)
{
	ask (start_of (call));
}

/* May the identity start jobs? */
static int check_right (const struct front *front, const struct identity *identity, struct err *err)
{
	const struct verb *right = verb_find (front->verbs, JOB_START, err);

	return right ? access_call (identity, right, NULL, false, time (NULL), err) : -1;
}

/* Check what dispatch.c and this file have checked when the call came. The supervisor was asked for a job of `uid`, and a part of
 * the call may be sent, with the roots of that time: so neither may have changed. */
static int check_again (const struct job_start *start, const struct verb *verb, const json_t *header, struct err *err)
{
	const struct identity *identity = start->call.identity;
	const json_t *args = json_object_get (header, "args");
	const char *user = json_string_value (json_object_get (header, "user"));
	const struct front *front = start->call.front;
	bool tty = json_object_get (header, "tty");
	uid_t uid = start->uid;

	if (verb_check (verb, args, err) < 0 || access_call (identity, verb, args, tty, time (NULL), err) < 0 ||
		check_right (front, identity, err) < 0 ||
		(identity->remote && access_user (&front->gate.access, identity, user, &uid, err) < 0))
		return -1;
	if (uid != start->uid)
		return err_set (err, CODE_DENIED, "%s acts as another user now", identity->name);
	if (recording_has_changed (front, identity, verb, tty, *start->recording, start->refuse))
		return err_set (err, CODE_BUSY, "whether and how this is recorded has changed: call again");
	if (start->state == START_SENDING && verb->paths && identity->roots_narrowed)
		return err_set (err, CODE_DENIED, "the roots of %s have changed", identity->name);
	return 0;
}

static int on_renew (struct job_call *call, struct err *err)
{
	struct job_start *start = start_of (call);
	struct front *front = call->front;
	const struct verb *verb;
	json_t *header;
	int result;

	if (start->state == START_SENT)
		return 0; /* the job runs in a moment, and its client has to know that */
	header = header_parse (start->text, start->header_n, HEADER_CALL_TOKENS, NULL, err);
	verb = header ? verb_find (front->verbs, call->verb->name, err) : NULL;
	result = verb ? check_again (start, verb, header, err) : -1;
	json_decref (header);
	if (result < 0)
		return -1;
	verb_table_free (call->table);
	call->table = verb_table_ref (front->verbs);
	call->verb = verb;
	return 0;
}

static void on_stop (struct job_call *call)
{
	struct job_start *start = start_of (call);

	if (start->state == START_SENT)
		timer_set (&call->front->loop, &call->timer, clock_ms () + STOP_MS, on_silence, start);
	else
		fail (start, CODE_SHUTTING_DOWN, "remexd is shutting down");
}

static void on_free (struct job_call *call)
{
	struct job_start *start = start_of (call);

	if (start->fd >= 0)
		carrier_discard (&call->front->carrier, &start->fd);
	drop_text (start);
	buf_free (&start->request);
	free (start);
}

static const struct job_call_ops call_ops = {
	.job = on_job,
	.recorded = on_recorded,
	.again = on_again,
	.renew = on_renew,
	.stop = on_stop,
	.free = on_free,
	.stays = true,
};

/* --- operations of the channel ----------------------------------------------------------------------------------- */

static void on_cancel (struct channel *channel)
{
	struct job_start *start = channel->owner;

	if (start->state == START_SENT || start->state == START_KNOWN)
		return; /* too late: the job runs in a moment, or runs */
	job_call_done (&start->call, OUTCOME_CANCELLED, done_json (&(struct done){ .outcome = OUTCOME_CANCELLED }));
}

static void on_lost (struct channel *channel)
{
	struct job_start *start = channel->owner;

	start->call.channel = start->call.viewer.channel = NULL;
	start->call.client = NULL;
	if (start->state != START_SENT)
		job_call_free (&start->call);
}

static const struct channel_ops channel_ops = { .cancel = on_cancel, .lost = on_lost };

/* --- the call ---------------------------------------------------------------------------------------------------- */

static int check_word (const json_t *job, const char *key, struct err *err)
{
	const json_t *value = json_object_get (job, key);
	size_t n = json_string_length (value);

	if (!value)
		return 0;
	if (!json_is_string (value) || !job_call_is_word (json_string_value (value), n))
		return err_set (err, CODE_BAD_VALUE,
			"'job.%s' must be a string of 1 to %d bytes, without control characters", key, JOB_CALL_WORD);
	return 0;
}

static int check_key (const json_t *job, const struct channel *channel, const struct message *message, struct err *err)
{
	const json_t *value, *input = json_object_get (job, "input"), *durable = json_object_get (job, "durable");
	char shown[64];
	const char *key;

	if (!json_is_object (job))
		return err_set (err, CODE_BAD_VALUE, "'job' must be an object");
	json_object_foreach ((json_t *)(uintptr_t)job, key,
		value) if (strcmp (key, "name") != 0 && strcmp (key, "key") != 0 && strcmp (key, "input") != 0 &&
			   strcmp (key, "durable") != 0) return err_set (err, CODE_BAD_VALUE,
		"'job' has an unknown member '%s' (name, key, input, durable)",
		text_escape (shown, sizeof shown, key, strlen (key)));
	if ((input && !json_is_boolean (input)) || (durable && !json_is_boolean (durable)))
		return err_set (err, CODE_BAD_VALUE, "'job.%s' must be true or false",
			input && !json_is_boolean (input) ? "input" : "durable");
	if (json_object_get (message->header, "input") || channel->input || message->body_len)
		return err_set (err, CODE_BAD_VALUE, "a job takes no input with its call: attach to it (job.attach)");
	return check_word (job, "name", err) < 0 ? -1 : check_word (job, "key", err);
}

static int add_text (struct buf *buf, const char *text)
{
	return buf_append (buf, text, strlen (text) + 1);
}

static const char *word_of (const json_t *job, const char *key)
{
	const char *text = json_string_value (json_object_get (job, key));

	return text ? text : "";
}

/* Make what the supervisor and the holder get. */
static int prepare (struct job_start *start, const struct verb *verb, const struct message *message, struct err *err)
{
	const json_t *job = json_object_get (message->header, "job"), *args = json_object_get (message->header, "args");
	const struct grant *grant = start->call.identity->grant;
	struct call_limits *limits = &start->limits;
	char command[COMMAND_WORDS], flags[8] = "", memory[24], processes[24];
	bool tty = json_object_get (message->header, "tty");
	/* The worker knows a call with input by its key `input`, which is not in the header yet. That of a terminal is always
	 * open. */
	const char *insert = tty || json_is_true (json_object_get (job, "input")) ? "\"input\":true," : "";
	size_t before = (size_t)((const char *)memchr (message->text, '{', message->text_len) - message->text) + 1;

	if (call_limits_read (limits, json_object_get (message->header, "limits"), err) < 0)
		return -1;
	call_limits_lower (limits, &start->call.front->config->requests);
	if (grant)
		call_limits_lower (limits, &grant->limits.requests);
	command_words (command, verb, args);
	if (tty)
		strcat (flags, "t");
	if (tty || json_is_true (json_object_get (job, "input")))
		strcat (flags, "i");
	if (json_is_true (json_object_get (job, "durable")))
		strcat (flags, "d");
	if (recording_wanted (start->call.front, start->call.identity, verb, tty, &start->refuse)) {
		strcat (flags, start->refuse ? "r" : "g");
		recording_name (
			start->recording, start->call.front, start->call.identity, start->call.number, start->uid);
	}
	snprintf (memory, sizeof memory, "%lld", (long long)limits->value[LIMIT_MEMORY]);
	snprintf (processes, sizeof processes, "%lld", (long long)limits->value[LIMIT_PROCESSES]);
	buf_init (&start->request, 8192);
	start->header_n = start->text_n = message->text_len + strlen (insert);
	if ((start->text = malloc (start->text_n))) {
		memcpy (start->text, message->text, before);
		memcpy (start->text + before, insert, strlen (insert));
		memcpy (start->text + before + strlen (insert), message->text + before, message->text_len - before);
	}
	if (!start->text || !count_text (start))
		return err_set (err, CODE_BUSY, "%s",
			start->text ? "too many starts of jobs wait (limits.memory)" : "out of memory");
	if (add_text (&start->request, word_of (job, "name")) < 0 ||
		add_text (&start->request, word_of (job, "key")) < 0 || add_text (&start->request, verb->name) < 0 ||
		add_text (&start->request, command) < 0 || add_text (&start->request, flags) < 0 ||
		add_text (&start->request, start->recording) < 0 || add_text (&start->request, memory) < 0 ||
		add_text (&start->request, processes) < 0)
		return err_set (err, CODE_BUSY, "out of memory");
	return 0;
}

void job_start_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, uid_t uid, const struct message *message)
{
	struct job_start *start;
	struct err err = { .code = CODE_BUSY, .text = "out of memory" };

	if (check_key (json_object_get (message->header, "job"), channel, message, &err) < 0 ||
		check_right (front, client->identity, &err) < 0 || !(start = calloc (1, sizeof *start))) {
		if (err.code == CODE_DENIED)
			trail_refused (front, client->remote ? &client->from : NULL, NULL, client->identity->name,
				JOB_START, err.text);
		reply_refuse (front, channel, (enum code)err.code, err.text);
		return;
	}
	start->fd = -1;
	start->uid = uid;
	if (job_call_init (&start->call, &call_ops, front, client, peer, channel, verb, &err) < 0) {
		free (start);
		reply_refuse (front, channel, (enum code)err.code, err.text);
		return;
	}
	job_viewer_init (&start->call.viewer, front, start->call.identity, &viewer_ops, start);
	if (prepare (start, verb, message, &err) < 0) {
		fail (start, (enum code)err.code, err.text);
		return;
	}
	channel_own (channel, &channel_ops, start);
	ask (start);
}
