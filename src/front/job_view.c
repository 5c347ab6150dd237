/* job_view - see job_view.h. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/job_view.h"
#include "front/pending_signals.h"
#include "front/reply.h"
#include "loop/loop.h"
#include "wire/done.h"
#include "wire/job_verbs.h"
#include "wire/records.h"

enum {
	LINES_MAX = 10000,
	KILL_MS = 2000, /* for a holder to answer a `kill`, */
	HELLO_MS = 30 * 1000, /* and any other call, as in job_start.c */
	FULL_CREDITS = 64, /* so many calls about jobs of an identity get the full first credit for input, */
	FEW_CREDIT = 8 * 1024, /* and the others that: it is what waits in the front when a job takes none */
	LIST_MAX = 64 * 1024 * 1024,
};

struct job_view;

struct view_kind {
	const char *name; /* of the call */
	uint32_t asks; /* the supervisor for */
	bool recorded; /* in the audit trail */
	void (*begin) (struct job_view *view, const struct record *hello, const json_t *facts); /* HELLO has come */
	void (*end) (struct job_view *view, const char *line, size_t n); /* END has come */
};

struct job_view {
	struct job_call call;
	const struct view_kind *kind;
	char job[JOB_CALL_WORD + 1]; /* its id or key, as the client wrote it */
	char id[TEXT_JOB_ID + 1]; /* "": not known yet */
	bool known; /* the supervisor has given the job, */
	bool own; /* which belongs to the identity, */
	uid_t uid; /* and runs as that user; */
	enum job_state state; /* this is its state */

	/* the arguments */
	int64_t since; /* FOLLOW_NEW; an offset; */
	bool since_given, follow, read_only;
	int streams; /* flags of enum job_follow */
	int lines, signo;
	bool forced; /* job.kill: the holder does not answer, and the supervisor is asked to kill it */

	bool begun; /* the first line of attach, or all that `begin` does, is done: a reopened connection goes on */
	int64_t input_at; /* bytes of input that the job had taken when this began */
	struct pending_signals pending; /* of the client, that the holder has not got yet */
	json_t *size; /* of its terminal; NULL: none */
	struct buf list; /* of job.list, as its pieces come */
};

static struct job_view *view_of (struct job_call *call)
{
	return list_entry (call, struct job_view, call);
}

/* --- the terminal message ---------------------------------------------------------------------------------------- */

static void finish_lost (struct job_view *view, const char *why)
{
	job_call_done (&view->call, OUTCOME_LOST,
		json_pack ("{ss ss sf}", "outcome", outcome_name (OUTCOME_LOST), "why", why, "seconds", 0.0));
}

/* End with the job's own end. Its process wrote the line, and runs as the job's user. */
static void finish_as_job (struct job_view *view, const char *line, size_t n)
{
	json_t *outcome = n ? json_loadb (line, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *done = json_object_get (outcome, "done"), *error = json_object_get (outcome, "error");
	const char *word = json_string_value (json_object_get (done, "outcome")),
		   *code = json_string_value (json_object_get (error, "code")),
		   *text = json_string_value (json_object_get (error, "message")),
		   *why = json_string_value (json_object_get (outcome, "lost"));

	if (word && outcome_parse (word) >= 0)
		job_call_done (&view->call, (enum outcome)outcome_parse (word), json_incref (done));
	else if (code && text)
		job_call_fail (&view->call, code_parse (code) < 0 ? CODE_INTERNAL : (enum code)code_parse (code), text);
	else
		finish_lost (view, why ? why : "its process was killed");
	json_decref (outcome);
}

static void finish_completed (struct job_view *view)
{
	job_call_done (&view->call, OUTCOME_COMPLETED, done_json (&(struct done){ .outcome = OUTCOME_COMPLETED }));
}

/* --- what each does with a connection ---------------------------------------------------------------------------- */

static int tell (struct job_view *view, uint32_t type, int64_t a, int64_t b)
{
	return job_viewer_send (&view->call.viewer, &(struct record){ .type = type, .a = a, .b = b });
}

static int send_signal (void *arg, int signo, int rows, int cols)
{
	struct job_view *view = arg;
	struct record record = { .type = JOB_SIGNAL, .a = signo };

	if (!signo)
		record = (struct record){ .type = JOB_RESIZE, .a = rows, .b = cols };
	return job_viewer_try (&view->call.viewer, &record, NULL, 0);
}

static void send_pending (struct job_view *view)
{
	pending_signals_send (&view->pending, send_signal, view);
}

/* A line of JSON on the stream `job` (consumed). */
static void put_line (struct job_view *view, json_t *json)
{
	char *text = json ? json_dumps (json, JSON_COMPACT) : NULL, *line = NULL;

	if (text && asprintf (&line, "%s\n", text) > 0)
		job_viewer_put (&view->call.viewer, "job", line, strlen (line));
	free (line);
	free (text);
	json_decref (json);
}

/* The line with which attach begins. screen < 0: there is no redraw. */
static void put_first (struct job_view *view, int64_t offset, int64_t screen)
{
	json_t *line = json_pack ("{ss sI sI sO*}", "id", view->id, "offset", (json_int_t)offset, "input",
		(json_int_t)view->input_at, "tty", view->size);

	if (screen >= 0)
		json_object_set_new (line, "screen", json_integer (screen));
	if (view->since_given && view->since >= 0 && view->since < offset)
		json_object_set_new (line, "cut", json_pack ("[II]", (json_int_t)view->since, (json_int_t)offset));
	put_line (view, line);
}

static int64_t member (const json_t *facts, const char *key)
{
	return (int64_t)json_integer_value (json_object_get (facts, key));
}

/* The place that the client named must not be behind what the job has written. False: the call has ended. */
static bool check_since (struct job_view *view, const struct record *hello)
{
	char text[160];

	if (view->begun || view->since <= hello->a)
		return true;
	snprintf (text, sizeof text, "'since' is %lld, and the job has written %lld bytes so far",
		(long long)view->since, (long long)hello->a);
	job_call_fail (&view->call, CODE_BAD_VALUE, text);
	return false;
}

/* Ask for the output, from `since`, or behind what has come. */
static void follow (struct job_view *view, int flags)
{
	tell (view, JOB_FOLLOW, view->begun ? view->call.viewer.position : view->since, flags | view->streams);
	view->begun = true;
}

/* The first line, without a redraw: it says where the output begins. */
static void begin_output (struct job_view *view, const struct record *hello, const json_t *facts)
{
	int64_t start = member (facts, "start"), offset = view->since == FOLLOW_NEW ? hello->a : view->since;

	if (view->begun)
		return;
	view->input_at = hello->b;
	if (offset < start)
		offset = start;
	put_first (view, offset, -1);
	view->since = view->call.viewer.position = offset;
}

/* The first credit for input. */
static int64_t first_credit (const struct job_view *view)
{
	const struct identity *identity = view->call.identity;

	return identity->full || identity->job_calls <= FULL_CREDITS ? SESSION_CREDIT : FEW_CREDIT;
}

static void begin_attach (struct job_view *view, const struct record *hello, const json_t *facts)
{
	bool screen, running = view->state == JOB_RUNNING;

	if (!check_since (view, hello))
		return;
	if (!view->begun) {
		if (running && !view->read_only)
			channel_credit (view->call.channel, first_credit (view));
		view->input_at = hello->b;
		view->size = json_incref (json_object_get (facts, "tty"));
	}
	screen = view->size && !view->since_given && !view->begun && running;
	if (!screen)
		begin_output (view, hello, facts);
	if (running)
		send_pending (view); /* the size comes first, so that the screen is drawn for it */
	follow (view, FOLLOW_LIVE | (screen ? FOLLOW_SCREEN : 0) | (view->read_only ? FOLLOW_READ_ONLY : 0));
	if (!view->read_only && running)
		job_viewer_input_begin (&view->call.viewer, view->size ? INPUT_APPEND : view->input_at);
}

static void begin_logs (struct job_view *view, const struct record *hello, const json_t *facts)
{
	if (!check_since (view, hello))
		return;
	begin_output (view, hello, facts);
	follow (view, FOLLOW_READ_ONLY | (view->follow ? FOLLOW_LIVE : 0));
}

static void begin_peek (struct job_view *view, const struct record *hello, const json_t *facts)
{
	(void)hello;
	(void)facts;
	tell (view, JOB_PEEK, view->lines, 0);
}

static void begin_wait (struct job_view *view, const struct record *hello, const json_t *facts)
{
	(void)view;
	(void)hello;
	(void)facts;
}

static void begin_kill (struct job_view *view, const struct record *hello, const json_t *facts)
{
	const char *state = json_string_value (json_object_get (facts, "state"));

	(void)hello;
	/* The supervisor knows the end only when the process has ended, too. */
	if (view->state != JOB_RUNNING || (state && !strcmp (state, "ended"))) {
		job_call_fail (&view->call, CODE_FAILED, "the job has ended");
		return;
	}
	if (view->signo == SIGKILL)
		tell (view, JOB_STOP, 0, 0);
	else if (view->signo == SIGTERM)
		tell (view, JOB_STOP, view->call.front->config->limits.grace_ms, 0);
	else
		tell (view, JOB_SIGNAL, view->signo, 0);
	finish_completed (view);
}

/* All that was asked for is there, which it is not for who wanted all until the end of a job that is lost. */
static void end_logs (struct job_view *view, const char *line, size_t n)
{
	if (view->follow && view->state == JOB_LOST)
		finish_as_job (view, line, n);
	else
		finish_completed (view);
}

/* END without an outcome: of a job that is lost. */
static void end_as_job (struct job_view *view, const char *line, size_t n)
{
	finish_as_job (view, line, n);
}

static void end_peek (struct job_view *view, const char *line, size_t n)
{
	/* The job has ended; its screen comes. */
	(void)view;
	(void)line;
	(void)n;
}

static void end_kill (struct job_view *view, const char *line, size_t n)
{
	(void)line;
	(void)n;
	job_call_fail (&view->call, CODE_FAILED, "the job has ended");
}

static const struct view_kind kinds[] = {
	{ "job.list", REC_JOB_LIST, false, NULL, NULL },
	{ "job.attach", REC_JOB_OPEN, true, begin_attach, end_as_job },
	{ "job.logs", REC_JOB_OPEN, false, begin_logs, end_logs },
	{ "job.peek", REC_JOB_OPEN, false, begin_peek, end_peek },
	{ "job.wait", REC_JOB_OPEN, false, begin_wait, end_as_job },
	{ "job.kill", REC_JOB_OPEN, true, begin_kill, end_kill },
	{ "job.remove", REC_JOB_REMOVE, true, NULL, NULL },
};

static bool is_kind (const struct job_view *view, const char *name)
{
	return !strcmp (view->kind->name, name);
}

/* --- operations of the viewer ------------------------------------------------------------------------------------ */

static bool force (struct job_view *view);

static void on_hello (void *arg, const struct record *record, const json_t *facts)
{
	struct job_view *view = arg;
	char text[128];

	timer_free (&view->call.timer);
	view->call.tries = 0;
	if (member (facts, "version") > JOB_VERSION) {
		job_viewer_close (&view->call.viewer);
		if (force (view))
			return;
		snprintf (text, sizeof text,
			"the job's process is of a later remexd (version %lld; this one knows %d); the signal KILL "
			"ends it",
			(long long)member (facts, "version"), JOB_VERSION);
		job_call_fail (&view->call, CODE_FAILED, text);
		return;
	}
	/* Only what a running job writes has no end yet. */
	if (view->state != JOB_RUNNING || !(view->follow || is_kind (view, "job.attach")))
		job_viewer_hurry (&view->call.viewer);
	view->kind->begin (view, record, facts);
}

static void on_end (void *arg, bool followed, const char *line, size_t n)
{
	struct job_view *view = arg;

	if (view->begun && !followed)
		return; /* the output comes first */
	if (!view->call.viewer.hello)
		finish_as_job (view, line, n); /* it could not start */
	else
		view->kind->end (view, line, n);
}

static void on_screen (void *arg, int64_t offset, int64_t n)
{
	struct job_view *view = arg;

	if (is_kind (view, "job.attach"))
		put_first (view, offset, n);
}

static void on_screen_end (void *arg)
{
	struct job_view *view = arg;

	/* What the client has not taken yet waits in the viewer: the end comes behind it. */
	if (is_kind (view, "job.peek"))
		job_viewer_finish (&view->call.viewer);
}

static void on_cut (void *arg, int64_t from, int64_t to)
{
	put_line (arg, json_pack ("{s[II]}", "cut", (json_int_t)from, (json_int_t)to));
}

static void ask (struct job_view *view);

/* What can be done with a holder that does not answer, or is not understood: kill it, where that was asked for. False: nothing. */
static bool force (struct job_view *view)
{
	if (!is_kind (view, "job.kill") || view->signo != SIGKILL || view->forced)
		return false;
	view->forced = true;
	ask (view);
	return true;
}

/* The holder has ended. If it has written an outcome, the job's files have all; else it is lost, and the supervisor says so. */
static void on_gone (void *arg)
{
	struct job_view *view = arg;

	job_viewer_close (&view->call.viewer);
	if (!job_call_pause (&view->call) && !force (view))
		job_call_fail (&view->call, CODE_IO_ERROR, "the job's process does not answer");
}

static void on_delivered (void *arg)
{
	finish_completed (arg);
}

static void on_writable (void *arg)
{
	send_pending (arg);
}

static void on_stalled (void *arg)
{
	struct job_view *view = arg;

	log_warning ("a client does not read the output of a job, and the rest is not sent. call=%s you=%s",
		view->kind->name, view->call.identity->name);
	view->call.front->counts.stalled++;
	job_call_fail (&view->call, CODE_IO_ERROR,
		"the client took too little output for too long: the output that waited was dropped");
}

static const struct job_viewer_ops viewer_ops = {
	.hello = on_hello,
	.end = on_end,
	.screen = on_screen,
	.screen_end = on_screen_end,
	.cut = on_cut,
	.gone = on_gone,
	.delivered = on_delivered,
	.writable = on_writable,
	.stalled = on_stalled,
};

/* --- operations of the channel ----------------------------------------------------------------------------------- */

static void on_input (struct channel *channel, const uint8_t *bytes, size_t n)
{
	struct job_view *view = channel->owner;

	if (view->read_only || !is_kind (view, "job.attach"))
		channel_credit (channel, (int64_t)n); /* dropped */
	else if (job_viewer_input (&view->call.viewer, bytes, n) < 0)
		job_call_fail (&view->call, CODE_FLOW, "more input than its credit");
}

static void on_input_end (struct channel *channel)
{
	struct job_view *view = channel->owner;

	if (!view->read_only && is_kind (view, "job.attach"))
		job_viewer_input_end (&view->call.viewer);
}

static void on_signal (struct channel *channel, int signo)
{
	struct job_view *view = channel->owner;

	if (view->read_only || !is_kind (view, "job.attach") || !view->call.viewer.hello)
		return;
	pending_signals_add (&view->pending, signo);
	send_pending (view);
}

static void on_resize (struct channel *channel, int rows, int cols)
{
	struct job_view *view = channel->owner;

	if (view->read_only || !is_kind (view, "job.attach"))
		return;
	pending_signals_resize (&view->pending, rows, cols);
	if (view->begun)
		send_pending (view);
}

static void on_cancel (struct channel *channel)
{
	struct job_view *view = channel->owner;

	job_call_done (&view->call, OUTCOME_CANCELLED, done_json (&(struct done){ .outcome = OUTCOME_CANCELLED }));
}

static void on_room (struct channel *channel)
{
	struct job_view *view = channel->owner;

	job_viewer_room (&view->call.viewer);
}

static void on_flow (struct channel *channel)
{
	struct job_view *view = channel->owner;

	job_call_fail (&view->call, CODE_FLOW, "more input than its credit");
}

static void on_lost (struct channel *channel)
{
	struct job_view *view = channel->owner;

	view->call.channel = NULL;
	job_call_record_end (&view->call, OUTCOME_CANCELLED);
	job_call_free (&view->call);
}

static const struct channel_ops channel_ops = {
	.input = on_input,
	.input_end = on_input_end,
	.signal = on_signal,
	.resize = on_resize,
	.cancel = on_cancel,
	.room = on_room,
	.flow = on_flow,
	.lost = on_lost,
};

/* --- operations of the call -------------------------------------------------------------------------------------- */

static void on_silence (void *arg)
{
	struct job_view *view = arg;

	job_viewer_close (&view->call.viewer);
	if (!force (view))
		job_call_fail (&view->call, is_kind (view, "job.kill") ? CODE_FAILED : CODE_IO_ERROR,
			"the job's process does not answer (the signal KILL ends it)");
}

static void on_job (struct job_call *call, struct packet *packet)
{
	struct job_view *view = view_of (call);
	json_t *record = json_loadb ((const char *)packet->data, packet->record.length, 0, NULL);
	const char *id = json_string_value (json_object_get (record, "id")),
		   *whose = json_string_value (json_object_get (record, "owner"));
	char owner[sizeof "identity:" + sizeof call->identity->name];
	int fd = packet->n_fds ? packet->fds[0] : -1;

	snprintf (view->id, sizeof view->id, "%s", id ? id : "");
	snprintf (owner, sizeof owner, "identity:%s", call->identity->name);
	view->known = true;
	view->own = whose && !strcmp (whose, owner);
	view->uid = (uid_t)json_integer_value (json_object_get (record, "uid"));
	view->state = (enum job_state)packet->record.a;
	json_decref (record);
	if (fd < 0) {
		job_call_fail (call, CODE_INTERNAL, "the supervisor gave no connection to the job");
		return;
	}
	packet->fds[0] = -1;
	if (job_viewer_open (&call->viewer, call->channel, fd) < 0)
		job_call_fail (call, CODE_BUSY, "out of memory");
	else
		timer_set (&call->front->loop, &call->timer,
			clock_ms () + (is_kind (view, "job.kill") ? KILL_MS : HELLO_MS), on_silence, view);
}

static void on_refused (struct job_call *call, enum code code, const char *text)
{
	if (code == CODE_NONE)
		finish_completed (view_of (call));
	else if (code != CODE_BUSY || view_of (call)->kind->asks != REC_JOB_OPEN ||
		 (!job_call_pause (call) && !force (view_of (call))))
		job_call_fail (call, code, text);
}

static void on_piece (struct job_call *call, const struct packet *packet)
{
	struct job_view *view = view_of (call);
	struct front *front = call->front;
	struct identity *identity = call->identity;
	struct channel *channel = call->channel;
	json_t *list;

	if (buf_append (&view->list, packet->data, packet->record.length) < 0) {
		job_call_fail (call, CODE_BUSY, "out of memory");
		return;
	}
	if ((int64_t)buf_len (&view->list) < packet->record.a)
		return;
	list = json_loadb ((const char *)buf_head (&view->list), buf_len (&view->list), 0, NULL);
	if (!list) {
		job_call_fail (call, CODE_BUSY, "out of memory");
		return;
	}
	/* The answer owns the channel from now on, and holds its own place. */
	identity->references++;
	call->channel = NULL;
	job_call_free (call);
	{
		struct session *session = channel->session;

		reply_document (front, identity, channel, list);
		identity_release (identity);
		session_flush (session);
	}
}

static void on_recorded (struct job_call *call)
{
	ask (view_of (call));
}

static void on_again (struct job_call *call)
{
	ask (view_of (call));
}

/* Would the supervisor not give the job any more? */
static bool is_out_of_reach (const struct job_view *view)
{
	const struct identity *identity = view->call.identity;

	if (!view->known || !identity->remote || (view->own && view->uid == job_call_user (&view->call)))
		return false;
	return !identity->grant || !grant_names (identity->grant, JOB_ANY);
}

static int on_renew (struct job_call *call, struct err *err)
{
	if (access_call (call->identity, call->verb, NULL, false, time (NULL), err) < 0)
		return -1;
	if (is_out_of_reach (view_of (call)))
		return err_set (err, CODE_DENIED, "this job is out of your reach now");
	return 0;
}

static void on_free (struct job_call *call)
{
	struct job_view *view = view_of (call);

	json_decref (view->size);
	buf_free (&view->list);
	free (view);
}

static const struct job_call_ops call_ops = {
	.job = on_job,
	.refused = on_refused,
	.piece = on_piece,
	.recorded = on_recorded,
	.again = on_again,
	.renew = on_renew,
	.free = on_free,
};

static void ask (struct job_view *view)
{
	const char *job = view->id[0] ? view->id : view->job;

	job_call_ask (&view->call, view->forced ? REC_JOB_KILL : view->kind->asks, job_call_user (&view->call), job,
		strlen (job));
}

/* --- the arguments ----------------------------------------------------------------------------------------------- */

/* Which job? Its id is checked by its form, and a wrong one is answered as one that is not there. */
static int read_job (struct job_view *view, const json_t *args, struct err *err)
{
	const char *id = json_string_value (json_object_get (args, "id")),
		   *key = json_string_value (json_object_get (args, "key"));
	char shown[2 * JOB_CALL_WORD + 1];

	if (!id == !key)
		return err_set (err, CODE_BAD_VALUE, "%s takes 'id' or 'key', one of them", view->kind->name);
	if (id && !text_is_job_id (id))
		return err_set (err, CODE_NOT_FOUND, "there is no job '%s'",
			text_escape (shown, sizeof shown, id, strlen (id)));
	if (key && !job_call_is_word (key, strlen (key)))
		return err_set (err, CODE_BAD_VALUE, "'key' has to have 1 to %d bytes, without control characters",
			JOB_CALL_WORD);
	snprintf (view->job, sizeof view->job, "%s", id ? id : key);
	return 0;
}

static int read_streams (struct job_view *view, const json_t *args, struct err *err)
{
	const char *streams = json_string_value (json_object_get (args, "streams"));

	if (!streams || !strcmp (streams, "both"))
		return 0;
	if (!strcmp (streams, "stdout"))
		view->streams = FOLLOW_STDOUT;
	else if (!strcmp (streams, "stderr"))
		view->streams = FOLLOW_STDERR;
	else
		return err_set (err, CODE_BAD_VALUE, "'streams' has to be both, stdout or stderr");
	return 0;
}

static int read_arguments (struct job_view *view, const json_t *args, struct err *err)
{
	const json_t *since = json_object_get (args, "since"), *lines = json_object_get (args, "lines");
	const char *signal = json_string_value (json_object_get (args, "signal"));

	view->since_given = since != NULL;
	view->since = since ? json_integer_value (since) : 0;
	view->follow = json_is_true (json_object_get (args, "follow"));
	view->read_only = json_is_true (json_object_get (args, "read_only"));
	view->lines = lines ? (int)json_integer_value (lines) : 24;
	view->signo = signal ? signal_parse (signal) : SIGTERM;
	if (view->since < FOLLOW_NEW)
		return err_set (err, CODE_BAD_VALUE, "'since' has to be an offset, or -1");
	if (lines && (json_integer_value (lines) < 1 || json_integer_value (lines) > LINES_MAX))
		return err_set (err, CODE_BAD_VALUE, "'lines' has to be from 1 to %d", LINES_MAX);
	if (view->signo < 0)
		return err_set (err, CODE_BAD_VALUE,
			"'signal' has to be one of INT TERM HUP QUIT USR1 USR2 KILL CONT STOP TSTP");
	if (view->kind->asks == REC_JOB_LIST)
		return 0;
	return read_job (view, args, err) < 0 ? -1 : read_streams (view, args, err);
}

void job_view_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, const struct message *message)
{
	struct job_view *view = calloc (1, sizeof *view);
	const json_t *args = json_object_get (message->header, "args");
	struct err err;
	bool takes_body;

	if (!view) {
		reply_refuse (front, channel, CODE_BUSY, "out of memory");
		return;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp (kinds[i].name, verb->name))
			view->kind = &kinds[i];
	buf_init (&view->list, LIST_MAX);
	if (!view->kind)
		err_set (&err, CODE_BAD_VALUE,
			"%s is a right, and no call: make the call of the command with the key 'job'", verb->name);
	if (!view->kind || read_arguments (view, args, &err) < 0 ||
		job_call_init (&view->call, &call_ops, front, client, peer, channel, verb, &err) < 0) {
		free (view);
		reply_refuse (front, channel, (enum code)err.code, err.text);
		return;
	}
	job_viewer_init (&view->call.viewer, front, view->call.identity, &viewer_ops, view);
	takes_body = is_kind (view, "job.attach") && !view->read_only;
	if (takes_body && (int64_t)message->body_len > first_credit (view)) {
		job_call_fail (&view->call, CODE_BUSY,
			"too many calls about jobs for a body of that size: send it as input, when there is credit");
		return;
	}
	channel_own (channel, &channel_ops, view);
	/* A viewer that sends no input does not end the job's. */
	if (message->body_len) {
		if (takes_body && job_viewer_input (&view->call.viewer, message->body, message->body_len) < 0) {
			job_call_fail (&view->call, CODE_BUSY, "out of memory");
			return;
		}
		if (!takes_body)
			channel_credit (channel, (int64_t)message->body_len); /* dropped */
		if (!channel->input)
			on_input_end (channel);
	}
	/* An administrator needs these to make room for the trail. */
	view->call.unrecorded = !is_kind (view, "job.attach");
	if (view->kind->recorded)
		job_call_record (&view->call, job_call_user (&view->call), (json_t *)(uintptr_t)args, NULL, NULL);
	else
		ask (view);
}
