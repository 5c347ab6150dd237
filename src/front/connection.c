/* connection - see connection.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/connection.h"
#include "front/dispatch.h"
#include "front/front_state.h"
#include "front/job_viewer.h"
#include "front/turn.h"

enum {
	READ_PIECE = 64 * 1024,
	BURST = 4, /* pieces read in a row before the loop looks at others, */
	TURN_MS = 5, /* unless they take longer than this */
	FLUSH_MS = 5000, /* time for a client to take its last answer */
	LINGER_MS = 1000, /* time for the client to close after that */
	UNCOUNTED = 4096, /* a smaller message is not counted in the budget */
	LARGE = READ_PIECE +
		1024, /* larger than a client's usual pieces: memory of its decoded form goes back to the system */
	MUCH = 1024 *
	       1024, /* when the budget has held so much and holds a quarter of it, memory goes back to the system */
	KEEP = 512 *
	       1024, /* an empty buffer up to this size, which holds a piece of input or output, is kept while requests run, */
	KEEPERS = 16, /* if the identity has at most this number of connections */
};

static void set_timer (struct connection *connection);
static void account (struct connection *connection);
static void flush (struct connection *connection);
static void watch_pending (struct connection *connection);

/* The identity of the connection holds n bytes less. */
static void give (struct connection *connection, size_t n)
{
	budget_give (&connection->front->budget, connection->client.identity, n);
}

/* Does the connection wait for room in the budget? */
static bool is_parked (const struct connection *connection)
{
	return list_linked (&connection->park);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

void connection_close (struct connection *connection)
{
	struct front *front = connection->front;

	session_lose (&connection->session);
	log_debug ("connection closed. id=%llu", (unsigned long long)connection->number);
	front->counts.bytes_in += connection->session.bytes_in;
	timer_free (&connection->timer);
	timer_free (&connection->always);
	list_remove (&connection->park);
	if (connection->reserved)
		trim_later (&front->trim);
	give (connection, connection->reserved + connection->unsent);
	watch_free (&connection->in_watch);
	watch_free (&connection->out_watch);
	pump_close (&connection->pump);
	session_free (&connection->session);
	gate_leave (&connection->client);
	list_remove (&connection->node);
	free (connection);
	dispatch_pump (front); /* with its descriptor there may be room for one more worker */
	front->events->connection_closed (front);
}

/* Free the connection soon, from the loop: a caller may still use it. */
static void close_soon (struct connection *connection)
{
	connection->closing = true;
	set_timer (connection);
}

/* The session has ended: give the client time to read the reason. */
static void begin_ending (struct connection *connection)
{
	if (connection->session.stalled) {
		log_warning ("a client does not read its output, and its connection is closed. id=%llu you=%s",
			(unsigned long long)connection->number, connection->client.identity->name);
		connection->front->counts.stalled++;
		close_soon (connection);
		return;
	}
	connection->ending = true;
	account (connection);
	connection->end_ms = clock_ms () + FLUSH_MS;
	session_lose (&connection->session);
	connection_flush (connection);
	set_timer (connection);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* Watch for the events that the pump waits for, and for room if a channel needs it. A client that waits for memory is
 * not read, but the end of its stream is noticed. */
static void set_watches (struct connection *connection)
{
	const struct pump *pump = &connection->pump;
	bool parked = is_parked (connection);
	int wants = parked ? pump->write_blocked ? PUMP_WRITABLE : 0 : pump_wants (pump);
	bool write = wants & PUMP_WRITABLE || connection->session.wants_room;
	int in = parked ? UV_DISCONNECT : wants & PUMP_READABLE ? UV_READABLE : 0;
	int out = write ? UV_WRITABLE : 0;

	if (connection->out_watch) {
		watch_set (connection->in_watch, in);
		/* An epoll descriptor that waits for EPOLLOUT: it is readable when it has an event (epoll(7)). */
		watch_set (connection->out_watch, write ? UV_READABLE : 0);
	} else if (connection->in_watch) {
		watch_set (connection->in_watch, in | out);
	}
}

/* An idle connection keeps no buffers. A connection with requests keeps them: allocating and freeing them for each
 * piece would take half of the time of a bulk transfer. */
static size_t kept (const struct connection *connection, size_t busy, size_t idle)
{
	bool keeps = connection->session.n_channels && connection->client.identity->connections <= KEEPERS;

	return keeps ? busy : idle;
}

/* Do not call this while messages are read: they are in this buffer. */
static void shrink_in (struct connection *connection)
{
	buf_shrink (&connection->session.in, kept (connection, KEEP, 0));
}

static void shrink_out (struct connection *connection)
{
	buf_shrink (&connection->session.out, kept (connection, KEEP, 0));
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* So many bytes are counted in the budget for n bytes. */
static size_t counted (size_t n)
{
	return n > UNCOUNTED ? n : 0;
}

/* Count the message that is coming in the budget, and whole messages that wait for their turn: they are in memory already.
 * False: the budget has no room for the coming message yet. */
static bool reserve (struct connection *connection)
{
	struct session *session = &connection->session;
	size_t needs = counted (session_needs (session)), has = connection->reserved;
	size_t waits = session->more ? counted (session->in.size) : 0; /* the whole block */

	if (waits > has) {
		budget_charge (&connection->front->budget, connection->client.identity, waits - has);
		connection->reserved = has = waits;
	}
	if (needs > has && !budget_take (&connection->front->budget, connection->client.identity, needs - has))
		return false;
	connection->reserved = needs > waits ? needs : waits;
	if (connection->reserved < has) {
		give (connection, has - connection->reserved);
		/* The message may have been a tree of many small pieces, or many connections may end at once. */
		if (has > LARGE || connection->ending)
			trim_later (&connection->front->trim);
	}
	return true;
}

/* Count unsent output in the budget. An identity that has used its share of the budget gets a lower limit of output.
 * Answers may exceed that limit: if memory is short and the client does not read them, its connection is closed. */
static void count_unsent (struct connection *connection)
{
	struct session *session = &connection->session;
	size_t waits = buf_len (&session->out), now = counted (waits), was = connection->unsent;

	connection->unsent = now;
	if (now > was)
		budget_charge (&connection->front->budget, connection->client.identity, now - was);
	else
		give (connection, was - now);
	if (!now && was > LARGE)
		trim_later (&connection->front->trim);
	session->tight = budget_spent (&connection->front->budget, connection->client.identity);
	if (session->tight && waits > session->limits.output + SESSION_OUT_FULL && session->state != SESSION_ENDED) {
		session->stalled = true;
		session->state = SESSION_ENDED;
		set_timer (connection);
	}
}

static void account (struct connection *connection)
{
	count_unsent (connection);
	if (is_parked (connection) || reserve (connection))
		return;
	list_append (&connection->front->parked, &connection->park);
	session_hold (&connection->session);
}

/* The budget has room again: of each identity, the connection that has waited longest comes first; and then the viewers of jobs. */
static void on_budget (void *arg)
{
	struct connection *connection, *after;
	struct front *front = arg;

	list_each_safe (connection, after, &front->parked, park)
		if (reserve (connection)) {
			list_remove (&connection->park);
			session_resume (&connection->session, clock_ms ());
			connection_flush (connection);
			watch_pending (connection);
			set_timer (connection);
		}
	job_viewers_resume (front);
}

/* Bytes were given back to the budget. Who waits for them is resumed from the loop, not within this call. */
static void on_given (void *arg)
{
	struct front *front = arg;
	struct budget *budget = &front->budget;

	if (!list_empty (&front->parked) || !list_empty (&front->job_waiting))
		timer_set (&front->loop, &front->parked_timer, 1, on_budget, front);
	if (budget->peak >= MUCH && budget->held <= budget->peak / 4) {
		budget->peak = budget->held;
		trim_later (&front->trim);
	}
}

void connections_init (struct front *front)
{
	list_init (&front->connections);
	list_init (&front->parked);
	budget_init (&front->budget, (size_t)front->config->limits.memory);
	front->budget.given = on_given;
	front->budget.arg = front;
}

void connection_flush (struct connection *connection)
{
	flush (connection);
	account (connection);
}

/* All output is sent. If the connection is ending, shut its stream for writing, and wait for the client to close. */
static void shut (struct connection *connection)
{
	if (!connection->ending || connection->shut || pump_end (&connection->pump) < 0)
		return;
	connection->shut = true;
	connection->end_ms = clock_ms () + LINGER_MS;
	set_timer (connection);
}

static void flush (struct connection *connection)
{
	struct session *session = &connection->session;
	bool was_stuck = session->stuck_ms;
	size_t sent;

	/* The session may have ended with this output: ENDING begins from the loop. */
	if (session->state == SESSION_ENDED && !connection->ending)
		set_timer (connection);
	if (connection->closing)
		return;
	sent = pump_write (&connection->pump);
	if (connection->pump.write_failed) {
		close_soon (connection); /* the client reads no more */
		return;
	}
	connection->front->counts.bytes_out += sent;
	session_sent (session, sent, clock_ms ());
	if (session->stuck_ms && !was_stuck)
		set_timer (connection);
	shrink_out (connection);
	if (!connection->pump.write_blocked)
		shut (connection);
	set_watches (connection);
}

/* The client has read something: there may be room for more output. */
static void on_room (struct connection *connection)
{
	connection_flush (connection);
	if (session_full (&connection->session))
		return;
	session_room (&connection->session);
	connection_flush (connection);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Read one piece. False: there is no more for now, or the connection has ended. */
static bool read_piece (struct connection *connection)
{
	bool room = budget_has_room (&connection->front->budget, connection->client.identity, READ_PIECE);
	size_t piece = room ? READ_PIECE : UNCOUNTED; /* without room, do not read bytes that have to be counted */
	struct session *session = &connection->session;
	struct pump *pump = &connection->pump;
	size_t had;

	if (session->more && !connection->ending) {
		session_feed (session, clock_ms ());
		account (connection);
		return !session->more && !is_parked (connection);
	}
	had = buf_len (&session->in);
	switch (pump_read (pump, piece)) {
	case PUMP_BYTES: break;
	case PUMP_NOTHING: return false;
	case PUMP_ENDED:
		if (pump->read_error == ENOMEM && !connection->ending)
			session_violation (session, CODE_BUSY, "out of memory");
		else if (pump->read_error == EPROTO && !connection->ending)
			session_violation (
				session, CODE_BAD_MESSAGE, "descriptors are not taken (SCM_RIGHTS, unix(7))");
		else
			close_soon (connection);
		return false;
	}
	session->bytes_in += buf_len (&session->in) - had;
	if (connection->ending)
		buf_consume (&session->in, buf_len (&session->in));
	else
		session_feed (session, clock_ms ());
	account (connection);
	if (is_parked (connection) || session->more)
		return false;
	return pump->full || pump_pending (pump);
}

static void on_readable (struct connection *connection)
{
	const int64_t since = clock_ns (), until = clock_ms () + TURN_MS;
	struct identity *identity = connection->client.identity;

	if (!turn_take (identity, &connection->round, connection->front->pass)) {
		watch_pending (connection); /* the descriptor will be reported as readable again */
		return;
	}
	for (int i = 0; i < BURST && !connection->closing && read_piece (connection) && clock_ms () < until; i++)
		;
	turn_spent (identity, clock_ns () - since);
	shrink_in (connection);
	if (connection->closing) {
		connection_close (connection);
		return;
	}
	if (connection->session.state == SESSION_ENDED && !connection->ending)
		begin_ending (connection);
	else
		connection_flush (connection);
	watch_pending (connection);
	set_timer (connection);
}

static void on_pending (void *arg)
{
	on_readable (arg);
}

/* The loop does not report bytes that were read from the socket already (TLS): read them after the turn of other
 * connections. */
static void watch_pending (struct connection *connection)
{
	if (connection->pump.stream.in_poll < 0 || connection->pump.stream.out_poll < 0)
		return; /* on_always is called again */
	if (!is_parked (connection) && (connection->session.more || pump_pending (&connection->pump)))
		timer_set (&connection->front->loop, &connection->always, clock_ms () + 1, on_pending, connection);
}

static void on_ready (void *arg, int events)
{
	struct connection *connection = arg;

	bool readable = events & (UV_READABLE | UV_DISCONNECT);

	if (events & UV_WRITABLE)
		on_room (connection);
	if (is_parked (connection)) {
		if (readable)
			connection_close (connection); /* the client is gone; its unread bytes are dropped */
	} else if (readable || connection->pump.read_blocked) {
		on_readable (connection);
	}
}

static void on_writable (void *arg, int events)
{
	struct connection *connection = arg;

	(void)events;
	on_room (connection);
	if (connection->pump.read_blocked && !is_parked (connection))
		on_readable (connection);
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void on_timer (void *arg)
{
	struct connection *connection = arg;
	struct session *session = &connection->session;
	int64_t now = clock_ms ();

	if (connection->closing || (connection->ending && now >= connection->end_ms)) {
		connection_close (connection);
		return;
	}
	/* The front itself may be late: first count the bytes that the client has read in the meantime. */
	connection_flush (connection);
	session_tick (session, now);
	buf_shrink (&session->in, 0);
	buf_shrink (&session->out, 0);
	if (session->state == SESSION_ENDED && !connection->ending)
		begin_ending (connection);
	else
		connection_flush (connection);
	set_timer (connection);
}

static void set_timer (struct connection *connection)
{
	int64_t when;

	if (connection->closing || (connection->session.state == SESSION_ENDED && !connection->ending))
		when = 1; /* immediately */
	else
		when = connection->ending ? connection->end_ms : session_wake (&connection->session);

	timer_set (&connection->front->loop, &connection->timer, when, on_timer, connection);
}

/* A stream that cannot be watched (a regular file) is always ready: read and write it in every turn of the loop. */
static void on_always (void *arg)
{
	struct connection *connection = arg;

	timer_set (&connection->front->loop, &connection->always, clock_ms () + 1, on_always, connection);
	if (!connection->out_watch)
		on_room (connection);
	if ((!connection->in_watch || connection->session.more) && !is_parked (connection))
		on_readable (connection);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static int watch_stream (struct connection *connection)
{
	const struct stream *stream = &connection->pump.stream;
	uv_loop_t *loop = &connection->front->loop;

	if (stream->in_poll == stream->out_poll && stream->in_poll >= 0)
		return (connection->in_watch = watch_new (loop, stream->in_poll, UV_READABLE, on_ready, connection))
			       ? 0
			       : -1;
	if (stream->in_poll >= 0 &&
		!(connection->in_watch = watch_new (loop, stream->in_poll, UV_READABLE, on_ready, connection)))
		return -1;
	if (stream->out_poll >= 0 &&
		!(connection->out_watch = watch_new (loop, stream->out_poll, 0, on_writable, connection)))
		return -1;
	if (stream->in_poll < 0 || stream->out_poll < 0)
		timer_set (loop, &connection->always, 1, on_always, connection);
	return 0;
}

json_t *connection_hello (const struct front *front, const struct identity *identity)
{
	return json_pack ("{si ss ss ss ss s{si si si si}}", "remex", 1, "host", front->host, "version",
		PACKAGE_VERSION, "instance", front->instance, "you", identity->name, "limits", "header",
		HEADER_CALL_MAX, "body", (int)MESSAGE_BODY_MAX, "input", SESSION_CREDIT, "calls",
		front->config->limits.calls);
}

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	struct connection *connection = arg;

	dispatch_call (connection->front, &connection->client, connection->peer, channel, message);
}

static void on_flush (void *arg)
{
	connection_flush (arg);
}

static const struct session_events session_events = { .call = on_call, .flush = on_flush };

struct connection *connection_start (struct front *front, struct stream *stream, const struct gate_client *who)
{
	struct connection *connection = calloc (1, sizeof *connection);
	struct session_limits limits = {
		.calls = front->config->limits.calls,
		.message_ms = front->config->limits.message_ms,
		.ping_ms = front->config->limits.ping_ms,
		.silence_ms = front->config->limits.silence_ms,
		.idle_ms = who->remote ? front->config->limits.idle_ms : 0,
		.stall_ms = front->config->limits.stall_ms,
		.output = (size_t)front->config->limits.output,
	};

	if (!connection) {
		stream_close (stream);
		identity_release (who->identity);
		return NULL;
	}
	connection->client = *who;
	connection->front = front;
	connection->peer = !who->remote && stream->in == stream->out ? stream->in : -1;
	connection->number = ++front->last_connection;
	list_append (&front->connections, &connection->node);
	list_init (&connection->park);
	gate_enter (&front->gate, &connection->client);
	session_init (&connection->session, &session_events, connection, &limits,
		connection_hello (front, who->identity), clock_ms ());
	pump_init (&connection->pump, &connection->session.in, &connection->session.out);
	pump_open (&connection->pump, stream);
	if (watch_stream (connection) < 0) {
		connection_close (connection);
		return NULL;
	}
	watch_pending (connection);
	log_debug ("connection opened. id=%llu you=%s", (unsigned long long)connection->number, who->identity->name);
	connection_flush (connection);
	return connection;
}

void connection_refuse (struct connection *connection, enum code code, const char *text)
{
	if (connection->ending)
		return;
	connection->front->counts.errors[code]++;
	session_violation (&connection->session, code, text);
	begin_ending (connection);
}

void connection_leave (struct connection *connection)
{
	if (connection->session.state != SESSION_OPEN)
		return;
	connection->session.state = connection->session.n_channels ? SESSION_LEAVING : SESSION_ENDED;
	if (connection->session.state == SESSION_ENDED && !connection->ending)
		begin_ending (connection);
}
