/* host - see host.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/answer.h"
#include "client/client_request.h"
#include "client/error.h"
#include "client/host.h"
#include "client/proxy.h"

enum {
	IDLE_BUFFER = 64 * 1024, /* bytes that `in` keeps while no request runs */
	SILENCE_MS = 15000, /* while requests run: a ping after this silence, and the end after three times as long */
	LATE_MS = 1000, /* after a deadline: a ping, if the request has not ended by then */
	ANSWER_MS = 5000, /* after that ping: the request has timed out, if nothing comes from the server until then */
};

/* --- the beginning ----------------------------------------------------------------------------------------------- */

struct remex_host *host_new (struct remex *remex, const char *where, const struct dialer *dialer)
{
	struct remex_host *host = calloc (1, sizeof *host);

	if (!host || !(host->where = strdup (where))) {
		free (host);
		return NULL;
	}
	host->remex = remex;
	host->dialer = dialer;
	list_append (&remex->hosts, &host->node);
	remex->n_hosts++;
	list_init (&host->ready);
	list_init (&host->requests);
	list_init (&host->over);
	decoder_init (&host->decoder, FROM_SERVER);
	buf_init (&host->in, MESSAGE_MAX);
	buf_init (&host->out, HOST_OUT_MAX);
	pump_init (&host->pump, &host->in, &host->out);
	host->give_up_ms = INT64_MAX;
	uv_timer_init (&remex->loop, &host->timer);
	uv_idle_init (&remex->loop, &host->again);
	host->timer.data = host->again.data = host;
	host->handles = 2;
	return host;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void on_closed (uv_handle_t *handle)
{
	struct remex_host *host = handle->data;

	if (--host->handles > 0 || !host->closing)
		return;
	free (host->where);
	free (host->name);
	free (host->version);
	free (host->you);
	free (host->via);
	free (host->proof.certificate);
	free (host->proof.ssh_key);
	free (host);
}

/* Close the stream and free the buffers; the timer stays. */
static void shut (struct remex_host *host)
{
	for (int i = 0; i < host->n_polls; i++)
		uv_close ((uv_handle_t *)&host->polls[i], on_closed);
	host->n_polls = 0;
	if (host->dialer->stop)
		host->dialer->stop (host);
	pump_close (&host->pump);
	tunnel_free (host->tunnel);
	host->tunnel = NULL;
	proxy_end (host->proxy);
	host->proxy = NULL;
	host->tls = NULL;
	uv_idle_stop (&host->again);
	decoder_free (&host->decoder);
	buf_free (&host->in);
	buf_free (&host->out);
	uv_timer_stop (&host->timer);
}

void host_fail (struct remex_host *host, const char *code, const char *fmt, ...)
{
	/* A client that was refused has run nothing, for whatever reason it was refused. */
	bool refused = !strcmp (code, "denied") || !strcmp (code, "busy");
	enum remex_outcome outcome = refused ? REMEX_FAILED : host->state == HOST_OPEN ? REMEX_LOST : REMEX_UNREACHABLE;
	struct remex_request *request, *after;
	va_list args;

	if (host->state >= HOST_DEAD)
		return;
	va_start (args, fmt);
	vsnprintf (host->end.text, sizeof host->end.text, fmt, args);
	va_end (args);
	if (!*code) {
		size_t used = strlen (host->end.text);

		proxy_words (host->proxy, host->end.text + used, sizeof host->end.text - used);
	}
	snprintf (host->end.code, sizeof host->end.code, "%s",
		*code                          ? code
		: outcome == REMEX_UNREACHABLE ? "unreachable"
					       : "lost");
	shut (host);
	host->state = HOST_DEAD;
	list_each_safe (request, after, &host->requests, node)
		client_request_over (request, outcome, host->end.code, host->end.text);
	host_ready (host);
}

void remex_close (struct remex_host *host)
{
	struct remex_request *request, *after;
	struct remex *remex;

	if (!host || host->closing)
		return;
	remex = host->remex;
	if (remex->unacked && remex->unacked->host == host)
		remex->unacked = NULL;
	if (remex->ended && remex->ended->host == host) {
		client_request_free (remex->ended);
		remex->ended = NULL;
	}
	list_each_safe (request, after, &host->requests, node)
		client_request_free (request);
	list_each_safe (request, after, &host->over, node)
		client_request_free (request);
	shut (host);
	list_remove (&host->ready);
	list_remove (&host->node);
	remex->n_hosts--;
	host->state = HOST_CLOSED;
	host->closing = true;
	uv_close ((uv_handle_t *)&host->again, on_closed);
	uv_close ((uv_handle_t *)&host->timer, on_closed);
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static void on_poll (uv_poll_t *poll, int status, int events);

/* Poll for the events that the host waits for now. */
static void set_polls (struct remex_host *host)
{
	int wants = host->ended ? 0 : pump_wants (&host->pump);
	int events[2] = { wants & PUMP_READABLE ? UV_READABLE : 0, 0 };

	if (wants & PUMP_WRITABLE)
		events[host->n_polls - 1] |= UV_WRITABLE;
	for (int i = 0; i < host->n_polls; i++) {
		if (events[i] == host->polled[i])
			continue;
		host->polled[i] = events[i];
		if (events[i])
			uv_poll_start (&host->polls[i], events[i], on_poll);
		else
			uv_poll_stop (&host->polls[i]);
	}
}

/* No more bytes will come. Events of messages that came before are returned first. */
static void note_end (struct remex_host *host, const char *why)
{
	snprintf (host->end.text, sizeof host->end.text, "%s", why);
	host->ended = true;
	set_polls (host);
	host_ready (host);
}

/* Send as many of the waiting bytes as possible. A server that no longer reads does not end the host here: its last
 * messages may still be on their way, and reading will find the end. */
static void flush (struct remex_host *host)
{
	struct pump *pump = &host->pump;
	bool was_blocked = pump->write_blocked, had_failed = pump->write_failed;

	pump_write (pump);
	if (!buf_len (&host->out))
		host->pongs = 0;
	if (pump->write_blocked != was_blocked)
		set_polls (host);
	if (pump->write_failed && !had_failed && pump->write_error != EPIPE && pump->write_error != ECONNRESET) {
		char why[ERR_TEXT];

		snprintf (why, sizeof why, "cannot send: %s", strerror (pump->write_error));
		note_end (host, why);
	}
}

static void on_again (uv_idle_t *again);

/* How many bytes to read at once: the more hosts are connected, the fewer. */
static size_t read_share (const struct remex_host *host)
{
	size_t share = HOST_READS / host->remex->n_hosts;

	return share < PUMP_READ_LEAST ? PUMP_READ_LEAST : share;
}

/* Reading has reached the end. */
static void read_ended (struct remex_host *host)
{
	int error = host->pump.read_error;

	if (error == ENOMEM) {
		host_fail (host, "internal", "out of memory");
		return;
	}
	note_end (host, error ? strerror (error) : tunnel_end (host->tunnel));
	if (!error || !host->tls || !*tls_why (host->tls))
		return;
	if (host->state == HOST_GREETING)
		trust_explain (host, &host->end);
	else
		snprintf (host->end.text, sizeof host->end.text, "%s", tls_why (host->tls));
}

/* Read once. True: bytes came. */
static bool fill (struct remex_host *host)
{
	bool was_blocked = host->pump.read_blocked;
	enum pump_read got;

	if (host->ended)
		return false;
	got = pump_read (&host->pump, read_share (host));
	if (got == PUMP_ENDED) {
		read_ended (host);
		return false;
	}
	if (host->pump.read_blocked != was_blocked)
		set_polls (host);
	if (pump_pending (&host->pump))
		uv_idle_start (&host->again, on_again);
	if (got == PUMP_NOTHING)
		return false;
	host->received_ms = clock_ms ();
	host->answered = true;
	host_ready (host);
	return true;
}

static void on_again (uv_idle_t *again)
{
	struct remex_host *host = again->data;

	if (buf_room (&host->in)) {
		uv_idle_stop (again);
		fill (host);
	}
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	bool of_reading = poll == &host->polls[0];

	/* The descriptor has an error, and libuv stops polling it. Reading or writing will report the error, after the
	 * bytes that came before it. */
	if (status < 0) {
		host->polled[poll - host->polls] = 0;
		events = UV_READABLE | UV_WRITABLE;
		set_polls (host);
	}
	if (events & UV_WRITABLE)
		host_ready (host);
	if (((events & UV_READABLE) && of_reading) || ((events & UV_WRITABLE) && host->pump.read_blocked))
		fill (host);
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void on_timer (uv_timer_t *timer);

void host_timer (struct remex_host *host, int64_t ms)
{
	uv_update_time (&host->remex->loop);
	uv_timer_start (&host->timer, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

/* When the deadlines of the requests have to be checked next. INT64_MAX: there are none. */
static int64_t deadline_check (const struct remex_host *host)
{
	int64_t soonest = INT64_MAX;
	const struct remex_request *request;

	list_each (request, &host->requests, node)
		if (request->deadline_ms < soonest)
			soonest = request->deadline_ms;
	if (soonest == INT64_MAX)
		return soonest;
	soonest += LATE_MS;
	return host->asked_ms && soonest < host->asked_ms + ANSWER_MS ? host->asked_ms + ANSWER_MS : soonest;
}

/* Check the silence at this time, and the deadlines when they come. */
static void check_at (struct remex_host *host, int64_t ms)
{
	int64_t deadline = deadline_check (host);

	host->check_ms = deadline < ms ? deadline : ms;
	host_timer (host, host->check_ms - clock_ms ());
}

/* While requests run: watch for silence, and for deadlines. */
static void watch (struct remex_host *host)
{
	if (host->state != HOST_OPEN || list_empty (&host->requests))
		return;
	if (!uv_is_active ((uv_handle_t *)&host->timer)) {
		host->received_ms = clock_ms ();
		check_at (host, host->received_ms + SILENCE_MS);
	} else if (deadline_check (host) < host->check_ms) {
		check_at (host, host->check_ms);
	}
}

int host_limit_ms (const struct remex_host *host)
{
	if (host->remex->connect_ms)
		return host->remex->connect_ms;
	return *host->address.ssh.host ? DIAL_SSH_MS : host->dialer->limit_ms;
}

void host_dialled (struct remex_host *host)
{
	int limit = host_limit_ms (host);

	host->give_up_ms = clock_ms () + limit;
	host_timer (host, limit);
}

/* Poll the stream: 0, or -1 and err. */
static int poll_stream (struct remex_host *host, struct err *err)
{
	const struct stream *stream = &host->pump.stream;
	int fds[2] = { stream->in_poll, stream->out_poll }, n = fds[0] == fds[1] ? 1 : 2;

	for (int i = 0; i < n; i++) {
		int failed = uv_poll_init (&host->remex->loop, &host->polls[i], fds[i]);

		if (failed < 0)
			return err_set (err, 0, "descriptor %d cannot be polled: %s", fds[i], uv_strerror (failed));
		host->polls[i].data = host;
		host->handles++;
		host->n_polls++;
	}
	return 0;
}

void host_greet (struct remex_host *host, const struct stream *stream)
{
	struct err err;

	pump_open (&host->pump, stream);
	if (poll_stream (host, &err) < 0) {
		host_fail (host, "", "%s", err.text);
		return;
	}
	host->state = HOST_GREETING;
	set_polls (host);
	host_timer (host, host->give_up_ms - clock_ms ());
	fill (host); /* hello may have come with the end of the handshake; then poll does not report it */
}

static void greeting_late (struct remex_host *host)
{
	if (clock_ms () < host->give_up_ms)
		host_timer (host, host->give_up_ms - clock_ms ());
	else if (!fill (host) && !host->ended && host->state == HOST_GREETING)
		host_fail (host, "", "connected, but no remexd sent hello in time");
	else
		host_timer (host, 1000); /* our caller was late, or hello comes in pieces: wait a little longer */
}

/* The server measures the deadlines. When it does not end a request in time, it gets a ping. If the server answers, the
 * request goes on: the server may still be stopping the command. If the server does not answer, its late requests are
 * ended here. */
static void deadlines (struct remex_host *host)
{
	int64_t now = clock_ms ();
	struct remex_request *request, *after;

	if (now < deadline_check (host))
		return;
	/* Perhaps the caller was away, and the server was not silent: read before that is decided. */
	if (!host->asked_ms || host->answered || fill (host) || host->ended) {
		if (message_printf (&host->out, "{\"ping\":0}") == 0)
			host_ready (host);
		host->asked_ms = now;
		host->answered = false;
		return;
	}
	list_each_safe (request, after, &host->requests, node)
		if (request->deadline_ms <= host->asked_ms)
			client_request_late (request);
	host->asked_ms = 0;
}

static void silence (struct remex_host *host)
{
	int64_t quiet = clock_ms () - host->received_ms;

	deadlines (host);
	if (list_empty (&host->requests))
		return;
	/* Perhaps the caller was away, and the server was not silent: read before the silence is counted. */
	if (quiet >= SILENCE_MS && fill (host))
		quiet = 0;
	if (host->state != HOST_OPEN || host->ended)
		return;
	if (quiet >= 3 * SILENCE_MS) {
		host_fail (host, "", "the server sent nothing for %d s", 3 * SILENCE_MS / 1000);
		return;
	}
	if (quiet >= SILENCE_MS && message_printf (&host->out, "{\"ping\":0}") == 0)
		host_ready (host);
	check_at (host, clock_ms () + (quiet >= SILENCE_MS ? SILENCE_MS : SILENCE_MS - quiet));
}

static void on_timer (uv_timer_t *timer)
{
	struct remex_host *host = timer->data;

	if (host->state == HOST_CONNECTING)
		host->dialer->wake (host);
	else if (host->state == HOST_GREETING)
		greeting_late (host);
	else if (host->state == HOST_OPEN)
		silence (host);
	/* A timer that was due before the loop began to wait: the loop must not wait now, because there may be an
	 * event. */
	uv_stop (timer->loop);
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

/* Return the event of the next request whose end is known. */
static bool fill_ended (struct remex_host *host, struct remex_event *event)
{
	struct remex_request *request;

	if (list_empty (&host->over))
		return false;
	request = list_entry (host->over.next, struct remex_request, node);
	list_remove (&request->node);
	host->remex->ended = request;
	event->type = REMEX_ENDED;
	event->request = request;
	event->result = &request->result;
	event->message = request->result.message;
	return true;
}

/* Return the event of the next request whose input was not taken in full, and that can send now. */
static bool fill_room (struct remex_host *host, struct remex_event *event)
{
	struct remex_request *request;

	if (host->pump.write_blocked || host->state != HOST_OPEN)
		return false;
	list_each (request, &host->requests, node)
		if (request->wants_credit && request->input && request->credit > 0) {
			request->wants_credit = false;
			event->type = REMEX_CREDIT;
			event->request = request;
			return true;
		}
	return false;
}

/* The events of all messages that came before the end were returned. */
static void fill_end (struct remex_host *host)
{
	struct remex_error end = host->end;

	if (*end.code)
		host_fail (host, end.code, "%s", end.text);
	else
		host_fail (host, "", "%s%s%.400s",
			host->state == HOST_OPEN ? "the server closed the connection"
						 : "the server hung up without a hello",
			*end.text ? ": " : "", end.text);
}

/* Read messages until one makes an event. */
static bool fill_message (struct remex_host *host, struct remex_event *event)
{
	const struct message *message;
	enum answer answer;
	struct err err;
	int got;

	while ((got = decoder_next (&host->decoder, &host->in, &message, &err)) > 0) {
		answer = answer_message (host, message, event, &err);
		if (answer == ANSWER_EVENT)
			return true;
		if (answer == ANSWER_REFUSED)
			fill_end (host);
		if (answer == ANSWER_WRONG)
			got = -1;
		if (answer != ANSWER_NONE)
			break;
		if (!list_empty (&host->over))
			return fill_ended (host, event);
	}
	if (got < 0)
		host_fail (host, "", "the server breaks the protocol: %.400s", err.text);
	else if (host->ended && host->state < HOST_DEAD && !proxy_awaited (host->proxy))
		fill_end (host);
	return false;
}

static bool next_event (struct remex_host *host, struct remex_event *event)
{
	if (host->state == HOST_GREETING || host->state == HOST_OPEN) {
		flush (host);
		if (fill_ended (host, event) || fill_message (host, event) || fill_room (host, event))
			return true;
		if (pump_is_open (&host->pump)) {
			flush (host); /* the answers that were made while reading */
			if (list_empty (&host->requests) && !buf_len (&host->in) && host->in.size > IDLE_BUFFER)
				buf_trim (&host->in);
		}
	}
	if (fill_ended (host, event))
		return true;
	if (host->state != HOST_DEAD)
		return false;
	host->state = HOST_CLOSED;
	event->type = REMEX_CLOSED;
	event->message = host->end.text;
	return true;
}

bool host_next (struct remex_host *host, struct remex_event *event)
{
	bool got = next_event (host, event);

	watch (host);
	return got;
}

/* --- what the caller may ask ------------------------------------------------------------------------------------- */

const char *remex_host_where (const struct remex_host *host)
{
	return host->where;
}

const char *remex_host_code (const struct remex_host *host)
{
	return host->state >= HOST_DEAD ? host->end.code : "";
}

const char *remex_host_name (const struct remex_host *host)
{
	return host->name ? host->name : "";
}

const char *remex_host_version (const struct remex_host *host)
{
	return host->version ? host->version : "";
}

const char *remex_host_you (const struct remex_host *host)
{
	return host->you ? host->you : "";
}

const char *remex_host_via (const struct remex_host *host)
{
	return host->via ? host->via : "";
}

void remex_host_set_data (struct remex_host *host, void *data)
{
	host->data = data;
}

void *remex_host_data (const struct remex_host *host)
{
	return host->data;
}

int remex_ping (struct remex_host *host)
{
	if (host->state != HOST_OPEN) {
		errno = host->state < HOST_OPEN ? EAGAIN : EPIPE;
		return -1;
	}
	if (message_printf (&host->out, "{\"ping\":%lld}", (long long)(host->pinged + 1)) < 0)
		return -1;
	host->pinged++;
	host_ready (host);
	return 0;
}
