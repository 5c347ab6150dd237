/* connect - from remex_connect to hello, by whatever dialer (client.h), and what time does to a connection: the wait for
 * hello, the watch for silence. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "client/client.h"

static void on_timer (uv_timer_t *timer);

void host_timer (struct remex_host *host, int64_t ms)
{
	uv_update_time (&host->remex->loop);
	uv_timer_start (&host->timer, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

void host_watch (struct remex_host *host)
{
	if (host->state == HOST_OPEN && !uv_is_active ((uv_handle_t *)&host->timer)) {
		host->heard_ms = clock_ms ();
		host_timer (host, CLIENT_SILENCE_MS);
	}
}

void host_dialled (struct remex_host *host)
{
	host->give_up_ms = clock_ms () + host->dialer->limit_ms;
	host_timer (host, host->dialer->limit_ms);
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
	host_poll (host);
	host_timer (host, host->give_up_ms - clock_ms ());
	host_fill (host); /* hello may have come with the end of a handshake, which no poll sees */
}

static void greeting_late (struct remex_host *host)
{
	if (clock_ms () < host->give_up_ms)
		host_timer (host, host->give_up_ms - clock_ms ());
	else if (!host_fill (host) && !host->ended && host->state == HOST_GREETING)
		host_fail (host, "", "connected, but no remexd said hello in time");
	else
		host_timer (host, 1000); /* it was us who came late, or it came in pieces: a little more */
}

static void silence (struct remex_host *host)
{
	int64_t quiet = clock_ms () - host->heard_ms;

	if (list_empty (&host->requests))
		return;
	/* It may be the caller who did not come for so long: only what is not there now did not come. */
	if (quiet >= CLIENT_SILENCE_MS && host_fill (host))
		quiet = 0;
	if (host->state != HOST_OPEN || host->ended)
		return;
	if (quiet >= 3 * CLIENT_SILENCE_MS) {
		host_fail (host, "", "the server said nothing for %d s", 3 * CLIENT_SILENCE_MS / 1000);
		return;
	}
	if (quiet >= CLIENT_SILENCE_MS && message_printf (&host->out, "{\"ping\":0}") == 0)
		host_ready (host);
	host_timer (host, quiet >= CLIENT_SILENCE_MS ? CLIENT_SILENCE_MS : CLIENT_SILENCE_MS - quiet);
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
}

static struct remex_host *host_new (
	struct remex *remex, const char *where, const struct dialer *dialer, struct remex_error *error)
{
	struct remex_host *host = calloc (1, sizeof *host);

	if (!host || !(host->where = strdup (where))) {
		free (host);
		error_set (error, "internal", "out of memory");
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
	buf_init (&host->out, CLIENT_OUT_MAX);
	pump_init (&host->pump, &host->in, &host->out);
	host->give_up_ms = INT64_MAX;
	uv_timer_init (&remex->loop, &host->timer);
	uv_idle_init (&remex->loop, &host->again);
	host->timer.data = host->again.data = host;
	host->handles = 2;
	return host;
}

static struct remex_host *connect_to (struct remex *remex, const char *where, bool probe, struct remex_error *error)
{
	struct address address;
	struct remex_host *host;
	struct err err;

	if (address_parse (&address, where, &err) < 0) {
		error_set (error, "usage", "%s", err.text);
		return NULL;
	}
	if (probe && !address.tcp) {
		error_set (error, "usage", "%s has no key: the kernel says who listens at a Unix socket", where);
		return NULL;
	}
	if (!(host = host_new (remex, where, address.tcp ? &dial_tcp : &dial_unix, error)))
		return NULL;
	host->address = address;
	host->proof.probe = probe;
	if (host->dialer->start (host, &err) == 0)
		return host;
	error_set (error, host->code, "%s", err.text);
	remex_close (host);
	return NULL;
}

struct remex_host *remex_connect (struct remex *remex, const char *where, struct remex_error *error)
{
	return connect_to (remex, where, false, error);
}

struct remex_host *remex_probe (struct remex *remex, const char *where, struct remex_error *error)
{
	return connect_to (remex, where, true, error);
}

struct remex_host *remex_attach (
	struct remex *remex, const char *name, int read_fd, int write_fd, struct remex_error *error)
{
	struct remex_host *host = host_new (remex, name, &dial_attached, error);
	struct stream stream;
	struct err err;

	if (host && stream_owned (&stream, read_fd, write_fd) == 0) {
		host->dialing = &stream;
		if (host->dialer->start (host, &err) == 0)
			return host;
		error_set (error, "usage", "%s", err.text);
	} else {
		if (host)
			error_set (error, "usage", "descriptors %d and %d: %s", read_fd, write_fd, strerror (errno));
		if (write_fd != read_fd)
			fd_close (&write_fd);
		fd_close (&read_fd);
	}
	remex_close (host);
	return NULL;
}
