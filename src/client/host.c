/* host - one connection: its bytes, its end, and what it tells (client.h has the states; connect.c makes it).
 *
 * A host goes CONNECTING -> GREETING -> OPEN -> DEAD -> CLOSED, or from any of the first three straight to DEAD. Bytes
 * that were read before the end are told before the end: a terminal message that came counts.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/client.h"

enum { IDLE_BUFFER = 64 * 1024 }; /* bytes that `in` keeps while no request runs */

void host_ready (struct remex_host *host)
{
	if (!list_linked (&host->ready))
		list_append (&host->remex->ready, &host->ready);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

void host_closed (uv_handle_t *handle)
{
	struct remex_host *host = handle->data;

	if (--host->handles > 0 || !host->doomed)
		return;
	free (host->where);
	free (host->name);
	free (host->version);
	free (host->you);
	free (host->proof.certificate);
	free (host);
}

/* Close the transport; the timer stays. */
void host_shut (struct remex_host *host)
{
	for (int i = 0; i < host->n_polls; i++)
		uv_close ((uv_handle_t *)&host->polls[i], host_closed);
	host->n_polls = 0;
	if (host->dialer->stop)
		host->dialer->stop (host);
	pump_close (&host->pump);
	host->tls = NULL;
	uv_idle_stop (&host->again);
	decoder_free (&host->decoder);
	buf_free (&host->in);
	buf_free (&host->out);
	uv_timer_stop (&host->timer);
}

void host_fail (struct remex_host *host, const char *code, const char *fmt, ...)
{
	/* Who is refused, for whatever reason, has run nothing. */
	bool refused = !strcmp (code, "denied") || !strcmp (code, "busy");
	enum remex_outcome outcome = refused ? REMEX_FAILED : host->state == HOST_OPEN ? REMEX_LOST : REMEX_UNREACHABLE;
	struct remex_request *request, *after;
	va_list args;

	if (host->state >= HOST_DEAD)
		return;
	va_start (args, fmt);
	vsnprintf (host->why, sizeof host->why, fmt, args);
	va_end (args);
	snprintf (host->code, sizeof host->code, "%s",
		*code                          ? code
		: outcome == REMEX_UNREACHABLE ? "unreachable"
					       : "lost");
	host_shut (host);
	host->state = HOST_DEAD;
	list_each_safe (request, after, &host->requests, node)
		request_over (request, outcome, host->code, host->why);
	host_ready (host);
}

void remex_close (struct remex_host *host)
{
	struct remex_request *request, *after;
	struct remex *remex;

	if (!host || host->doomed)
		return;
	remex = host->remex;
	if (remex->eaten && remex->eaten->host == host)
		remex->eaten = NULL;
	if (remex->ended && remex->ended->host == host) {
		request_free (remex->ended);
		remex->ended = NULL;
	}
	list_each_safe (request, after, &host->requests, node)
		request_free (request);
	list_each_safe (request, after, &host->over, node)
		request_free (request);
	host_shut (host);
	list_remove (&host->ready);
	list_remove (&host->node);
	remex->n_hosts--;
	host->state = HOST_CLOSED;
	host->doomed = true;
	uv_close ((uv_handle_t *)&host->again, host_closed);
	uv_close ((uv_handle_t *)&host->timer, host_closed);
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static void on_poll (uv_poll_t *poll, int status, int events);

/* Poll for what the host waits for now. */
void host_poll (struct remex_host *host)
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

/* Nothing more will come. What came before is told first. */
static void end (struct remex_host *host, const char *why)
{
	snprintf (host->why, sizeof host->why, "%s", why);
	host->ended = true;
	host_poll (host);
	host_ready (host);
}

/* Send what waits, as much as goes. When the server no longer reads, that is not the end yet: its last messages may still
 * be on their way, and reading finds the end. */
static void flush (struct remex_host *host)
{
	struct pump *pump = &host->pump;
	bool was_blocked = pump->write_blocked, had_failed = pump->write_failed;

	pump_write (pump);
	if (!buf_len (&host->out))
		host->pongs = 0;
	if (pump->write_blocked != was_blocked)
		host_poll (host);
	if (pump->write_failed && !had_failed && pump->write_error != EPIPE && pump->write_error != ECONNRESET) {
		char why[ERR_TEXT];

		snprintf (why, sizeof why, "cannot send: %s", strerror (pump->write_error));
		end (host, why);
	}
}

static void on_again (uv_idle_t *again);

/* How many bytes to read at once: fewer where many hosts are connected. */
static size_t read_share (const struct remex_host *host)
{
	size_t share = CLIENT_READS / host->remex->n_hosts;

	return share < PUMP_READ_LEAST ? PUMP_READ_LEAST : share;
}

/* Reading has found the end. */
static void read_ended (struct remex_host *host)
{
	int error = host->pump.read_error;

	if (error == ENOMEM) {
		host_fail (host, "internal", "out of memory");
		return;
	}
	end (host, error ? strerror (error) : "");
	if (!error || !host->tls || !*tls_why (host->tls))
		return;
	if (host->state == HOST_GREETING)
		trust_why (host, host->code, host->why);
	else
		snprintf (host->why, sizeof host->why, "%s", tls_why (host->tls));
}

/* Read once. True when bytes came. */
bool host_fill (struct remex_host *host)
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
		host_poll (host);
	if (pump_pending (&host->pump))
		uv_idle_start (&host->again, on_again);
	if (got == PUMP_NOTHING)
		return false;
	host->heard_ms = clock_ms ();
	host_ready (host);
	return true;
}

static void on_again (uv_idle_t *again)
{
	struct remex_host *host = again->data;

	if (buf_room (&host->in)) {
		uv_idle_stop (again);
		host_fill (host);
	}
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	bool of_reading = poll == &host->polls[0];

	/* An error on the descriptor, and libuv stops polling it. Reading or writing will say which, after what came. */
	if (status < 0) {
		host->polled[poll - host->polls] = 0;
		events = UV_READABLE | UV_WRITABLE;
		host_poll (host);
	}
	if (events & UV_WRITABLE)
		host_ready (host);
	if (((events & UV_READABLE) && of_reading) || ((events & UV_WRITABLE) && host->pump.read_blocked))
		host_fill (host);
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

/* The next request whose end is known. */
static bool tell_ended (struct remex_host *host, struct remex_event *event)
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

/* The next request that had more input than there was room for, now that there is some. */
static bool tell_room (struct remex_host *host, struct remex_event *event)
{
	struct remex_request *request;

	if (host->pump.write_blocked || host->state != HOST_OPEN)
		return false;
	list_each (request, &host->requests, node)
		if (request->starved && request->input && request->credit > 0) {
			request->starved = false;
			event->type = REMEX_CREDIT;
			event->request = request;
			return true;
		}
	return false;
}

/* All that came before the end has been told. */
static void tell_end (struct remex_host *host)
{
	char code[sizeof host->code], why[ERR_TEXT];

	snprintf (code, sizeof code, "%s", host->code);
	snprintf (why, sizeof why, "%s", host->why);
	if (*code)
		host_fail (host, code, "%s", why);
	else
		host_fail (host, "", "%s%s%.400s",
			host->state == HOST_OPEN ? "the server closed the connection"
						 : "the server hung up without a hello",
			*why ? ": " : "", why);
}

/* Read messages until one makes an event. */
static bool tell_message (struct remex_host *host, struct remex_event *event)
{
	const struct message *message;
	struct err err;
	int got;

	while ((got = decoder_next (&host->decoder, &host->in, &message, &err)) > 0) {
		got = answer_message (host, message, event, &err);
		if (got > 0)
			return true;
		if (got < 0 || host->state >= HOST_DEAD)
			break;
		if (!list_empty (&host->over))
			return tell_ended (host, event);
	}
	if (got < 0) {
		host_fail (host, "", "the server breaks the protocol: %.400s", err.text);
	} else if (host->ended && host->state < HOST_DEAD) {
		tell_end (host);
	}
	return false;
}

bool host_next (struct remex_host *host, struct remex_event *event)
{
	if (host->state == HOST_GREETING || host->state == HOST_OPEN) {
		flush (host);
		if (tell_ended (host, event) || tell_message (host, event) || tell_room (host, event))
			return true;
		if (pump_is_open (&host->pump)) {
			flush (host); /* what was answered while reading */
			if (list_empty (&host->requests) && !buf_len (&host->in) && host->in.size > IDLE_BUFFER)
				buf_trim (&host->in);
		}
	}
	if (tell_ended (host, event))
		return true;
	if (host->state != HOST_DEAD)
		return false;
	host->state = HOST_CLOSED;
	event->type = REMEX_CLOSED;
	event->message = host->why;
	return true;
}

/* --- what the caller may ask ------------------------------------------------------------------------------------- */

const char *remex_host_where (const struct remex_host *host)
{
	return host->where;
}

const char *remex_host_code (const struct remex_host *host)
{
	return host->state >= HOST_DEAD ? host->code : "";
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
