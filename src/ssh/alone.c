/* alone - see alone.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/pump.h"
#include "ssh/alone.h"
#include "wire/header.h"
#include "wire/tty.h"

enum {
	READ_PIECE = 64 * 1024,
	CALLS = 64, /* of one client, at once */
	MESSAGE_MS = 10000, /* limits of time, as remexd's own */
	PING_MS = 15000,
	SILENCE_MS = 45000,
	STALL_MS = 60000,
	FLUSH_MS = 5000, /* time for a client to take its last answer */
	LINGER_MS = 1000, /* time for the client to close after that */
	RESULT_MAX = 1024 * 1024,
};

struct alone {
	uv_loop_t *loop;
	struct ssh_pool *pool;
	char *user, *host, *via, *you;
	uint16_t port;
	const struct alone_verb *const *verbs;
	size_t n_verbs;
	struct verb_table *table; /* of the verbs */
	struct session session;
	struct pump pump;
	struct watch *watch;
	struct timer *timer;
	struct list calls;
	bool ending; /* the session has ended: what is unsent is sent, then the stream is shut for writing */
	bool shut; /* that was done */
	int64_t end_ms; /* ending: the latest time to close */
	bool left; /* the client is gone: only calls that are STOPPING are left */
	const struct alone_ops *ops;
	void *arg;
};

static void set_timer (struct alone *alone);

/* --- calls ------------------------------------------------------------------------------------------------------- */

/* The call is over, and has been answered where there is somebody to answer. */
static void call_free (struct alone_call *call)
{
	struct alone *alone = call->alone;

	call->verb->ops->free (call);
	timer_free (&call->timer);
	list_remove (&call->node);
	buf_free (&call->input);
	buf_free (&call->result);
	json_decref (call->args);
	json_decref (call->done);
	free (call);
	set_timer (alone); /* it may have been the last one */
}

static void stop (struct alone_call *call, enum alone_stop why)
{
	if (call->stop)
		return;
	call->stop = why;
	timer_free (&call->timer);
	/* What is not delivered yet is given up. */
	json_decref (call->done);
	call->done = NULL;
	call->verb->ops->stop (call);
}

static void set_call_timer (struct alone_call *call);

static void on_call_timer (void *arg)
{
	struct alone_call *call = arg;
	int64_t now = clock_ms ();

	if (call->blocked)
		call->active_ms = now; /* the client does not take output: the command is not idle */
	if (call->deadline_ms && now >= call->deadline_ms)
		stop (call, STOP_DEADLINE);
	else if (call->running && call->idle_ms && now >= call->active_ms + call->idle_ms)
		stop (call, STOP_IDLE);
	else
		set_call_timer (call);
}

static void set_call_timer (struct alone_call *call)
{
	int64_t when = call->deadline_ms, idle = call->active_ms + call->idle_ms;

	if (call->stop)
		return;
	if (call->running && call->idle_ms && (!when || idle < when))
		when = idle;
	timer_set (call->alone->loop, &call->timer, when, on_call_timer, call);
}

/* What is pending of call->result, and then call->done. The call may be freed. */
static void send_result (struct alone_call *call)
{
	size_t n;

	while ((n = buf_len (&call->result))) {
		n = alone_output (call, "result", buf_head (&call->result), n);
		if (!n)
			return;
		buf_consume (&call->result, n);
	}
	if (call->done) {
		json_t *done = call->done;

		call->done = NULL;
		alone_done (call, done);
	}
}

/* --- what the session tells of a channel --------------------------------------------------------------------------- */

static struct alone_call *call_of (struct channel *channel)
{
	return channel->owner;
}

static void tell_input (struct alone_call *call)
{
	if (!call->stop && call->verb->ops->input)
		call->verb->ops->input (call);
}

static void on_input (struct channel *channel, const uint8_t *bytes, size_t n)
{
	struct alone_call *call = call_of (channel);

	if (buf_append (&call->input, bytes, n) < 0)
		stop (call, STOP_FLOW);
	else
		tell_input (call);
}

static void on_input_end (struct channel *channel)
{
	struct alone_call *call = call_of (channel);

	call->input_ended = true;
	tell_input (call);
}

static void on_signal (struct channel *channel, int signo)
{
	struct alone_call *call = call_of (channel);

	if (!call->stop && call->verb->ops->signal)
		call->verb->ops->signal (call, signo);
}

static void on_resize (struct channel *channel, int rows, int cols)
{
	struct alone_call *call = call_of (channel);

	if (!call->tty.wanted)
		return;
	call->tty.rows = rows;
	call->tty.cols = cols;
	if (!call->stop && call->verb->ops->resize)
		call->verb->ops->resize (call);
}

static void on_cancel (struct channel *channel)
{
	stop (call_of (channel), STOP_CANCEL);
}

static void on_room (struct channel *channel)
{
	struct alone_call *call = call_of (channel);

	call->blocked = false;
	call->active_ms = clock_ms ();
	if (buf_len (&call->result) || call->done)
		send_result (call);
	else if (call->verb->ops->room)
		call->verb->ops->room (call);
}

static void on_flow (struct channel *channel)
{
	stop (call_of (channel), STOP_FLOW);
}

static void on_lost (struct channel *channel)
{
	struct alone_call *call = call_of (channel);

	call->channel = NULL;
	call->blocked = false;
	if (!call->stop)
		stop (call, STOP_LOST);
	else if (call->verb->ops->room)
		call->verb->ops->room (call); /* output is dropped from now on */
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

/* --- a call begins ----------------------------------------------------------------------------------------------- */

/* The verb of that name; NULL and err: what would help. */
static const struct alone_verb *find_verb (const struct alone *alone, const char *name, struct err *err)
{
	struct buf names;
	char shown[80];

	for (size_t i = 0; i < alone->n_verbs; i++)
		if (!strcmp (alone->verbs[i]->name, name))
			return alone->verbs[i];
	buf_init (&names, 1024);
	for (size_t i = 0; i < alone->n_verbs; i++)
		buf_printf (&names, "%s%s", i ? ", " : "", alone->verbs[i]->name);
	err_set (err, CODE_UNKNOWN_CALL,
		"'%s' needs remex on that machine, which has an sshd alone: install remex there (without it: %.*s)",
		text_escape (shown, sizeof shown, name, strlen (name)), (int)buf_len (&names),
		(const char *)buf_head (&names));
	buf_free (&names);
	return NULL;
}

static int check_call (const struct alone *alone, const struct message *message, const struct alone_verb **verb,
	struct alone_call *call, struct err *err)
{
	const json_t *header = message->header, *user = json_object_get (header, "user"),
		     *input = json_object_get (header, "input"), *args = json_object_get (header, "args");
	const struct verb *row;
	int64_t deadline = 0;

	if (header_check_must (header, "remex-ssh", err) < 0)
		return -1;
	if (user && !json_is_string (user))
		return err_set (err, CODE_BAD_VALUE, "'user' must be a string");
	if (input && !json_is_boolean (input))
		return err_set (err, CODE_BAD_VALUE, "'input' must be true or false");
	if (json_object_get (header, "limits"))
		return err_set (err, CODE_BAD_VALUE,
			"an sshd alone cannot limit a command: limits need remexd on that machine");
	if (!(*verb = find_verb (alone, message->name, err)) || !(row = verb_find (alone->table, message->name, err)))
		return -1;
	if (tty_read (header, row->tty ? NULL : row->name, &call->tty, err) < 0)
		return -1;
	if (user && strcmp (json_string_value (user), alone->you) != 0)
		return err_set (err, CODE_DENIED,
			"an sshd alone runs everything as the user who logs in, '%.60s': another one logs in by "
			"ssh://USER@HOST",
			alone->you);
	if (header_seconds (header, "deadline", &deadline, err) < 0 ||
		header_seconds (header, "idle", &call->idle_ms, err) < 0)
		return -1;
	if (deadline)
		call->deadline_ms = clock_ms () + deadline;
	return verb_check (row, args, err);
}

static void answer_plugins (struct alone *alone, struct channel *channel);

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	struct alone *alone = arg;
	struct alone_call *call = calloc (1, sizeof *call);
	const struct alone_verb *verb = NULL;
	struct err err;

	if (call && !strcmp (message->name, "plugins")) {
		free (call);
		answer_plugins (alone, channel);
		return;
	}
	err_set (&err, CODE_INTERNAL, "out of memory");
	if (!call || check_call (alone, message, &verb, call, &err) < 0) {
		free (call);
		channel_error (channel, (enum code)err.code, err.text, 0);
		return;
	}
	call->alone = alone;
	call->verb = verb;
	call->channel = channel;
	call->has_input = channel->input || message->body_len;
	call->input_ended = !channel->input;
	call->args = json_incref (json_object_get (message->header, "args"));
	if (!call->args)
		call->args = json_object ();
	buf_init (&call->input, MESSAGE_CALL_BODY_MAX + SESSION_CREDIT);
	buf_init (&call->result, RESULT_MAX);
	list_append (&alone->calls, &call->node);
	channel_own (channel, &channel_ops, call);
	if (!call->args || buf_append (&call->input, message->body, message->body_len) < 0 ||
		verb->begin (call, &err) < 0) {
		alone_fail (call, (enum code)err.code, "%s", err.text);
		return;
	}
	set_call_timer (call);
}

/* --- for verbs --------------------------------------------------------------------------------------------------- */

struct ssh_reach *alone_open (struct alone_call *call, const struct ssh_channel_target *what,
	const struct ssh_pool_ops *ops, void *arg, struct err *err)
{
	const struct alone *alone = call->alone;
	const struct ssh_pool_target target = {
		.user = alone->user,
		.host = alone->host,
		.via = alone->via,
		.port = alone->port,
		.command = what->command,
		.shell = what->shell,
		.subsystem = what->subsystem,
		.tty = what->tty,
		.env = what->env,
	};

	return ssh_pool_open (alone->pool, &target, ops, arg, err);
}

uv_loop_t *alone_loop (const struct alone_call *call)
{
	return call->alone->loop;
}

void alone_started (struct alone_call *call)
{
	if (call->running)
		return;
	call->running = true;
	call->started_ms = call->active_ms = clock_ms ();
	if (call->channel) {
		channel_credit (call->channel, SESSION_CREDIT);
		session_flush (&call->alone->session);
	}
	set_call_timer (call);
}

void alone_take (struct alone_call *call, size_t n)
{
	buf_consume (&call->input, n);
	call->active_ms = clock_ms ();
	if (n && call->channel) {
		channel_credit (call->channel, (int64_t)n);
		session_flush (&call->alone->session);
	}
}

size_t alone_output (struct alone_call *call, const char *stream, const void *bytes, size_t n)
{
	size_t done = 0;

	if (!call->channel)
		return n;
	while (done < n) {
		size_t piece = n - done < MESSAGE_BODY_MAX ? n - done : MESSAGE_BODY_MAX;
		uint8_t *space = channel_output_begin (call->channel, stream, &piece);

		if (!space)
			break;
		memcpy (space, (const uint8_t *)bytes + done, piece);
		channel_output_end (call->channel, stream, piece);
		done += piece;
		session_flush (&call->alone->session);
	}
	call->blocked = done < n;
	if (done)
		call->active_ms = clock_ms ();
	return done;
}

void alone_result (struct alone_call *call, json_t *result)
{
	char *text = result ? json_dumps (result, JSON_COMPACT) : NULL;

	json_decref (result);
	if (text)
		buf_append (&call->result, text, strlen (text));
	free (text);
}

void alone_done (struct alone_call *call, json_t *done)
{
	struct session *session = &call->alone->session;
	double seconds = call->running ? (double)(clock_ms () - call->started_ms) / 1000 : 0;

	if (call->stop && call->stop != STOP_LOST && call->channel && !call->stopped) {
		json_decref (done);
		alone_stopped (call, 0, NULL);
		return;
	}
	if (call->channel && buf_len (&call->result) && !call->stop) {
		call->done = done;
		send_result (call);
		return;
	}
	if (call->channel) {
		json_object_set_new (done, "seconds", json_real (seconds));
		json_object_set_new (done, "via", json_string ("sshd"));
		channel_done (call->channel, done);
	} else {
		json_decref (done);
	}
	call->channel = NULL;
	session_flush (session);
	call_free (call);
}

void alone_fail (struct alone_call *call, enum code code, const char *fmt, ...)
{
	struct session *session = &call->alone->session;
	char text[ERR_TEXT];
	va_list args;

	if (call->stop && call->stop != STOP_LOST && call->channel && !call->stopped) {
		alone_stopped (call, 0, NULL);
		return;
	}
	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	if (call->channel)
		channel_error (call->channel, code, text, 0);
	call->channel = NULL;
	session_flush (session);
	call_free (call);
}

void alone_stopped (struct alone_call *call, int left, const char *message)
{
	bool timed_out = call->stop == STOP_DEADLINE || call->stop == STOP_IDLE;
	json_t *done;

	call->stopped = true;
	if (call->stop == STOP_FLOW) {
		alone_fail (call, CODE_FLOW, "the client sent more input than it was granted");
		return;
	}
	done = json_pack ("{ss}", "outcome", outcome_name (timed_out ? OUTCOME_TIMED_OUT : OUTCOME_CANCELLED));
	if (timed_out)
		json_object_set_new (done, "limit", json_string (call->stop == STOP_DEADLINE ? "deadline" : "idle"));
	if (!call->running)
		json_object_set_new (done, "started", json_false ());
	if (left > 0)
		json_object_set_new (done, "survivors", json_integer (left));
	if (message)
		json_object_set_new (done, "message", header_bytes (message, strlen (message)));
	alone_done (call, done);
}

void alone_severed (struct alone_call *call, const struct err *err)
{
	static const struct channel_ops no_owner = { .lost = NULL };
	struct alone *alone = call->alone;
	char text[ERR_TEXT + 80];

	if (call->stop) {
		snprintf (text, sizeof text, "%s: what runs over there may go on", err->text);
		alone_stopped (call, 0, text);
		return;
	}
	/* The others of this client notice it themselves, or are stopped with the stream. */
	call->stop = STOP_LOST;
	if (call->channel)
		channel_own (call->channel, &no_owner, NULL); /* it frees the channel, and tells the call nothing */
	call->channel = NULL;
	if (!alone->left && !alone->ending)
		alone->ops->severed (alone->arg, err);
	alone_leave (alone);
	call_free (call);
}

/* --- the stream -------------------------------------------------------------------------------------------------- */

static void set_watch (struct alone *alone)
{
	int wants;

	if (!alone->watch)
		return;
	wants = pump_wants (&alone->pump);
	watch_set (alone->watch, (wants & PUMP_READABLE && !alone->session.more ? UV_READABLE : 0) |
					 (wants & PUMP_WRITABLE || alone->session.wants_room ? UV_WRITABLE : 0));
}

static void flush (struct alone *alone)
{
	size_t sent;

	if (alone->left)
		return;
	sent = pump_write (&alone->pump);
	session_sent (&alone->session, sent, clock_ms ());
	set_watch (alone);
	set_timer (alone);
}

static void on_flush (void *arg)
{
	flush (arg);
}

static void alone_free (struct alone *alone)
{
	watch_free (&alone->watch);
	timer_free (&alone->timer);
	pump_close (&alone->pump);
	session_free (&alone->session);
	verb_table_free (alone->table);
	free (alone->user);
	free (alone->host);
	free (alone->via);
	free (alone->you);
	free (alone);
}

void alone_leave (struct alone *alone)
{
	if (alone->left)
		return;
	alone->left = true;
	watch_free (&alone->watch);
	session_lose (&alone->session);
	pump_close (&alone->pump);
	set_timer (alone);
}

/* The session has ended: the client reads the reason, and closes. */
static void begin_ending (struct alone *alone)
{
	alone->ending = true;
	alone->end_ms = clock_ms () + FLUSH_MS;
	session_lose (&alone->session);
	flush (alone);
}

static void shut (struct alone *alone)
{
	if (alone->shut || alone->pump.write_blocked || pump_end (&alone->pump) < 0)
		return;
	alone->shut = true;
	alone->end_ms = clock_ms () + LINGER_MS;
}

/* What may be due, whatever has happened. It may free. */
static void settle (struct alone *alone)
{
	const struct alone_ops *ops = alone->ops;
	void *arg = alone->arg;

	if (!alone->left && alone->session.state == SESSION_ENDED && !alone->ending)
		begin_ending (alone);
	if (!alone->left && alone->ending)
		shut (alone);
	if (!alone->left &&
		(alone->pump.write_failed || alone->session.stalled || (alone->ending && clock_ms () >= alone->end_ms)))
		alone_leave (alone);
	if (alone->left && list_empty (&alone->calls)) {
		alone_free (alone);
		ops->gone (arg);
		return;
	}
	set_watch (alone);
	set_timer (alone);
}

static void feed (struct alone *alone)
{
	struct session *session = &alone->session;

	if (alone->ending)
		buf_consume (&session->in, buf_len (&session->in));
	else
		session_feed (session, clock_ms ());
	buf_shrink (&session->in, 0);
}

static void on_timer (void *arg)
{
	struct alone *alone = arg;

	if (!alone->left) {
		flush (alone);
		if (alone->session.more)
			feed (alone);
		session_tick (&alone->session, clock_ms ());
		flush (alone);
	}
	settle (alone);
}

static void set_timer (struct alone *alone)
{
	int64_t now = clock_ms (), when;

	if (alone->left)
		when = list_empty (&alone->calls) ? now : 0;
	else if (alone->pump.write_failed || alone->session.more ||
		 (alone->session.state == SESSION_ENDED && !alone->ending))
		when = now;
	else
		when = alone->ending ? alone->end_ms : session_wake (&alone->session);
	timer_set (alone->loop, &alone->timer, when, on_timer, alone);
}

static void on_ready (void *arg, int events)
{
	struct alone *alone = arg;
	enum pump_read got = PUMP_NOTHING;

	if (events & UV_WRITABLE) {
		flush (alone);
		if (!session_full (&alone->session))
			session_room (&alone->session);
	}
	if (events & (UV_READABLE | UV_DISCONNECT) && !alone->session.more)
		got = pump_read (&alone->pump, READ_PIECE);
	if (got == PUMP_BYTES)
		feed (alone);
	flush (alone);
	if (got == PUMP_ENDED)
		alone_leave (alone);
	settle (alone);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static json_t *describe (const struct alone_verb *verb)
{
	json_t *params = json_array ();

	for (size_t i = 0; i < verb->n_params; i++)
		json_array_append_new (params, verb_param_json (&verb->params[i]));
	return verb_json (strchr (verb->name, '.') + 1,
		&(struct verb){ .help = verb->help, .runs = true, .tty = verb->tty }, params);
}

/* The table of the verbs, as plugins declare them: the rows of one plugin are in a row. */
static json_t *describe_all (const struct alone *alone)
{
	json_t *plugins = json_array (), *verbs = NULL;
	char last[64] = "";

	for (size_t i = 0; i < alone->n_verbs; i++) {
		char plugin[64];

		snprintf (plugin, sizeof plugin, "%.*s", (int)strcspn (alone->verbs[i]->name, "."),
			alone->verbs[i]->name);
		if (strcmp (plugin, last) != 0) {
			verbs = json_array ();
			json_array_append_new (plugins,
				json_pack ("{ss ss ss so}", "plugin", plugin, "version", PACKAGE_VERSION, "summary",
					"by the sshd of the machine, which has no remex", "verbs", verbs));
			snprintf (last, sizeof last, "%s", plugin);
		}
		json_array_append_new (verbs, describe (alone->verbs[i]));
	}
	return plugins;
}

static void stop_nothing (struct alone_call *call)
{
	alone_stopped (call, 0, NULL);
}

static void free_nothing (struct alone_call *call)
{
	(void)call;
}

/* `plugins` is a call of the protocol, and of no plugin. */
static void answer_plugins (struct alone *alone, struct channel *channel)
{
	static const struct alone_verb_ops nothing = { .stop = stop_nothing, .free = free_nothing };
	static const struct alone_verb plugins = { .name = "plugins", .ops = &nothing };
	struct alone_call *call = calloc (1, sizeof *call);

	if (!call) {
		channel_error (channel, CODE_INTERNAL, "out of memory", 0);
		return;
	}
	call->alone = alone;
	call->verb = &plugins;
	call->channel = channel;
	buf_init (&call->input, SESSION_CREDIT);
	buf_init (&call->result, RESULT_MAX);
	list_append (&alone->calls, &call->node);
	channel_own (channel, &channel_ops, call);
	alone_result (call, json_incref (alone->table->json));
	alone_done (call, json_pack ("{ss}", "outcome", outcome_name (OUTCOME_COMPLETED)));
}

/* 32 hexadecimal digits, as in remexd's hello. */
static void make_instance (char out[33])
{
	uint8_t bytes[16];

	if (getentropy (bytes, sizeof bytes) < 0)
		memset (bytes, 0, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf (out + 2 * i, 3, "%02x", bytes[i]);
}

static json_t *make_hello (const struct alone_target *target)
{
	char instance[33];

	make_instance (instance);
	return json_pack ("{si ss ss ss ss ss s{si si si si}}", "remex", 1, "host", target->name, "version",
		PACKAGE_VERSION, "instance", instance, "you", target->you, "via", "sshd", "limits", "header",
		HEADER_CALL_MAX, "body", (int)MESSAGE_BODY_MAX, "input", SESSION_CREDIT, "calls", CALLS);
}

struct alone *alone_new (uv_loop_t *loop, struct ssh_pool *pool, const struct alone_target *target, int fd,
	const struct alone_verb *const *verbs, size_t n_verbs, const struct alone_ops *ops, void *arg)
{
	static const struct session_events events = { .call = on_call, .flush = on_flush };
	static const struct session_limits limits = { .calls = CALLS,
		.message_ms = MESSAGE_MS,
		.ping_ms = PING_MS,
		.silence_ms = SILENCE_MS,
		.stall_ms = STALL_MS };
	struct alone *alone = calloc (1, sizeof *alone);
	struct stream stream;
	json_t *table;

	if (!alone)
		return NULL;
	*alone = (struct alone){ .loop = loop,
		.pool = pool,
		.port = target->port,
		.verbs = verbs,
		.n_verbs = n_verbs,
		.ops = ops,
		.arg = arg };
	list_init (&alone->calls);
	session_init (&alone->session, &events, alone, &limits, make_hello (target), clock_ms ());
	pump_init (&alone->pump, &alone->session.in, &alone->session.out);
	table = describe_all (alone);
	alone->table = verb_table_new (table, NULL);
	json_decref (table);
	alone->user = strdup (target->user);
	alone->host = strdup (target->host);
	alone->via = target->via ? strdup (target->via) : NULL;
	alone->you = strdup (target->you);
	if (!alone->table || !alone->user || !alone->host || !alone->you || (target->via && !alone->via) ||
		stream_owned (&stream, fd, fd) < 0 ||
		!(alone->watch = watch_new (loop, fd, UV_READABLE, on_ready, alone))) {
		alone_free (alone);
		return NULL;
	}
	pump_open (&alone->pump, &stream);
	flush (alone);
	return alone;
}
