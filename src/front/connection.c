/* connection - see connection.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/manage.h"
#include "front/request.h"
#include "front/revoke.h"

enum {
	READ_PIECE = 64 * 1024,
	BURST = 4, /* pieces read in a row before the loop looks at others */
	FLUSH_MS = 5000, /* for a client to take its last answer */
	LINGER_MS = 1000, /* for it to close after that */
};

static void set_timer (struct connection *connection);

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* The client is gone, or will be: nobody waits for its requests. */
static void stop_requests (struct connection *connection)
{
	struct request *request, *after;

	list_each_safe (request, after, &connection->front->requests, node)
		if (request->connection == connection)
			request_stop (request, CAUSE_LOST);
}

void connection_close (struct connection *connection)
{
	struct front *front = connection->front;

	stop_requests (connection);
	manage_forget (connection);
	log_debug ("connection closed. id=%llu", (unsigned long long)connection->number);
	front->bytes_in += connection->session.bytes_in;
	timer_free (&connection->timer);
	timer_free (&connection->always);
	watch_free (&connection->in_watch);
	watch_free (&connection->out_watch);
	stream_close (&connection->stream);
	connection->identity->connections--;
	if (connection->refused)
		front->n_refused--;
	else
		front->n_connections--;
	session_free (&connection->session);
	identity_release (connection->identity);
	list_remove (&connection->node);
	free (connection);
	front_connection_closed (front);
}

/* Freed soon, from the loop: somebody up the stack may still hold it. */
static void die (struct connection *connection)
{
	connection->dead = true;
	set_timer (connection);
}

/* The session has ended: let the client read why. */
static void begin_ending (struct connection *connection)
{
	if (connection->session.stalled) {
		log_warning ("a client took nothing of what waited for it, and is given up. id=%llu you=%s",
			(unsigned long long)connection->number, connection->identity->name);
		connection->front->stalled++;
		die (connection);
		return;
	}
	connection->ending = true;
	connection->end_ms = clock_ms () + FLUSH_MS;
	stop_requests (connection);
	connection_flush (connection);
	set_timer (connection);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

bool connection_full (const struct connection *connection)
{
	return connection && buf_len (&connection->session.out) >= connection->session.limits.output;
}

static void want (struct connection *connection, bool write)
{
	int out = write ? UV_WRITABLE : 0;

	if (connection->out_watch) {
		watch_set (connection->in_watch, UV_READABLE);
		/* An epoll descriptor that waits for EPOLLOUT on our behalf: what it has is read from it (epoll(7)). */
		watch_set (connection->out_watch, write ? UV_READABLE : 0);
	} else if (connection->in_watch) {
		watch_set (connection->in_watch, UV_READABLE | out);
	}
}

/* An idle connection costs nothing; one with requests keeps its buffers, which a bulk transfer would otherwise grow and give
 * back with each piece, at the price of half its time. */
static void give_back (struct connection *connection)
{
	if (connection->session.n_channels)
		return;
	buf_trim (&connection->session.in);
	buf_trim (&connection->session.out);
}

void connection_flush (struct connection *connection)
{
	struct session *session = &connection->session;
	struct buf *out = &session->out;

	/* What has just been put may have been the last word: the end begins from the loop. */
	if (session->state == SESSION_ENDED && !connection->ending)
		set_timer (connection);
	while (!connection->dead && buf_len (out)) {
		ssize_t done = stream_write (&connection->stream, buf_head (out), buf_len (out));

		if (done > 0) {
			connection->front->bytes_out += (uint64_t)done;
			buf_consume (out, (size_t)done);
			session_sent (session, (size_t)done, clock_ms ());
		} else if (errno == EAGAIN) {
			bool was_stuck = session->stuck_ms;

			session_sent (session, 0, clock_ms ());
			if (!was_stuck)
				set_timer (connection);
			want (connection, true);
			return;
		} else {
			die (connection); /* nobody reads any more */
			return;
		}
	}
	give_back (connection);
	want (connection, session->starved);
	if (connection->ending && !connection->dead && connection->end_ms > clock_ms () + LINGER_MS) {
		if (stream_end (&connection->stream) < 0) {
			want (connection, true);
			return;
		}
		connection->end_ms = clock_ms () + LINGER_MS;
		set_timer (connection);
	}
}

/* The client has taken something: there may be room for more output. */
static void on_room (struct connection *connection)
{
	struct request *request, *after;

	connection_flush (connection);
	if (connection_full (connection))
		return;
	connection->session.starved = false;
	list_each_safe (request, after, &connection->front->requests, node)
		if (request->connection == connection && request->state != REQUEST_WAITING)
			request_go (request);
	manage_go (connection);
	connection_flush (connection);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* One piece; false when there is no more for now, or the connection is done for. */
static bool read_piece (struct connection *connection)
{
	struct session *session = &connection->session;
	uint8_t *space = buf_reserve (&session->in, READ_PIECE);
	ssize_t got;

	if (!space) {
		session_violation (session, CODE_BUSY, "out of memory");
		return false;
	}
	got = stream_read (&connection->stream, space, READ_PIECE);
	if (got > 0) {
		session->bytes_in += (uint64_t)got;
		buf_commit (&session->in, (size_t)got);
		if (connection->ending)
			buf_consume (&session->in, buf_len (&session->in));
		else
			session_feed (session, clock_ms ());
		return got == READ_PIECE || stream_pending (&connection->stream);
	}
	if (got == 0 || errno != EAGAIN)
		die (connection);
	return false;
}

static void watch_pending (struct connection *connection);

static void on_readable (struct connection *connection)
{
	for (int i = 0; i < BURST && !connection->dead && read_piece (connection); i++)
		;
	give_back (connection);
	if (connection->dead) {
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

/* What has left the socket already is nothing that the loop would wake us for: come back, when others had their turn. */
static void watch_pending (struct connection *connection)
{
	if (stream_pending (&connection->stream))
		timer_set (&connection->front->loop, &connection->always, clock_ms () + 1, on_pending, connection);
}

static void on_ready (void *arg, int events)
{
	struct connection *connection = arg;

	if (events & UV_WRITABLE)
		on_room (connection);
	if (events & (UV_READABLE | UV_DISCONNECT))
		on_readable (connection);
}

static void on_writable (void *arg, int events)
{
	(void)events;
	on_room (arg);
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void on_timer (void *arg)
{
	struct connection *connection = arg;
	struct session *session = &connection->session;
	int64_t now = clock_ms ();

	if (connection->dead || (connection->ending && now >= connection->end_ms)) {
		connection_close (connection);
		return;
	}
	/* It may be us who did not come for so long: what it has taken since then counts first. */
	connection_flush (connection);
	session_tick (session, now);
	if (session->state == SESSION_ENDED && !connection->ending)
		begin_ending (connection);
	else
		connection_flush (connection);
	set_timer (connection);
}

static void set_timer (struct connection *connection)
{
	int64_t when;

	if (connection->dead || (connection->session.state == SESSION_ENDED && !connection->ending))
		when = 1; /* at once */
	else
		when = connection->ending ? connection->end_ms : session_wake (&connection->session);

	timer_set (&connection->front->loop, &connection->timer, when, on_timer, connection);
}

/* A stream that cannot be watched is always ready (a regular file): it is asked at every turn. */
static void on_always (void *arg)
{
	struct connection *connection = arg;

	timer_set (&connection->front->loop, &connection->always, clock_ms () + 1, on_always, connection);
	if (!connection->out_watch)
		on_room (connection);
	if (!connection->in_watch)
		on_readable (connection);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static int watch_stream (struct connection *connection)
{
	struct stream *stream = &connection->stream;
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

struct connection *connection_start (struct front *front, struct stream *stream, struct identity *identity,
	const struct endpoint *from, const struct key *key)
{
	struct connection *connection = calloc (1, sizeof *connection);
	struct session_limits limits = {
		.calls = front->config->limits.calls,
		.message_ms = front->config->limits.message_ms,
		.ping_ms = front->config->limits.ping_ms,
		.silence_ms = front->config->limits.silence_ms,
		.idle_ms = from ? front->config->limits.idle_ms : 0,
		.stall_ms = front->config->limits.stall_ms,
		.output = (size_t)front->config->limits.output,
	};

	if (!connection) {
		stream_close (stream);
		identity_release (identity);
		return NULL;
	}
	if (from) {
		connection->remote = true;
		connection->from = *from;
		connection->key = *key;
		connection->refused = !identity->grant;
	}
	identity->connections++;
	connection->front = front;
	connection->stream = *stream;
	connection->identity = identity;
	connection->number = ++front->last_connection;
	list_append (&front->connections, &connection->node);
	if (connection->refused)
		front->n_refused++;
	else
		front->n_connections++;
	session_init (&connection->session, &front_session_events, connection, &limits, front_hello (front, identity),
		clock_ms ());
	if (watch_stream (connection) < 0) {
		connection_close (connection);
		return NULL;
	}
	watch_pending (connection);
	if (identity->grant)
		revoke_watch (front, identity->grant);
	log_debug ("connection opened. id=%llu you=%s", (unsigned long long)connection->number, identity->name);
	connection_flush (connection);
	return connection;
}

void connection_refuse (struct connection *connection, enum code code, const char *text)
{
	if (connection->ending)
		return;
	connection->front->errors[code]++;
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
