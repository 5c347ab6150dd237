/* dial_proxy - a stream through a command (proxy.h, dial.h). At the other end is the TCP port of a remexd, and TLS runs
 * end to end; or, if the host's address is a Unix socket, a Unix socket of a remexd, which `remex stdio` reaches.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "client/host.h"
#include "client/proxy.h"
#include "client/secure.h"

/* host->dialing, while TLS is being made */
struct proxy_dial {
	struct secure secure;
	bool failed; /* `error` waits for the end of the command */
	struct remex_error error;
};

static void proxy_stop (struct remex_host *host)
{
	struct proxy_dial *dial = host->dialing;

	if (!dial)
		return;
	secure_drop (host, &dial->secure);
	free (dial);
	host->dialing = NULL;
}

/* A handshake that was not finished: the command's own message comes with the end of the command. */
static void on_failed (struct remex_host *host, const struct remex_error *error)
{
	struct proxy_dial *dial = host->dialing;

	if (*error->code || !proxy_awaited (host->proxy)) {
		host_fail (host, error->code, "%s", error->text);
		return;
	}
	dial->failed = true;
	dial->error = *error;
	uv_poll_stop (dial->secure.poll);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	struct proxy_dial *dial = host->dialing;

	(void)status;
	(void)events;
	secure_shake (host, &dial->secure);
}

static void begin_tls (struct remex_host *host, int fd)
{
	struct proxy_dial *dial = calloc (1, sizeof *dial);

	if (!dial) {
		fd_close (&fd);
		host_fail (host, "internal", "out of memory");
		return;
	}
	dial->secure = (struct secure){ .fd = fd, .on_poll = on_poll, .failed = on_failed };
	host->dialing = dial;
	if (fd_nonblock (fd, true) < 0 || secure_watch (host, &dial->secure) != 0)
		host_fail (host, "internal", "the proxy command cannot be watched");
	else
		secure_begin (host, &dial->secure);
}

/* host->dialing is the command, during this call only. */
static int proxy_dial_start (struct remex_host *host, struct err *err)
{
	const char *command = host->dialing;
	struct remex_error error;
	struct stream stream;
	int fd = -1;

	(void)err;
	host->dialing = NULL;
	if (host->address.tcp && trust_prepare (host, &error) < 0) {
		host_fail (host, error.code, "%s", error.text);
		return 0;
	}
	host_dialled (host);
	if (!(host->proxy = proxy_start (host, command, &fd, err))) {
		host_fail (host, "", "%s", err->text);
	} else if (host->address.tcp) {
		begin_tls (host, fd);
	} else {
		stream_unix (&stream, fd);
		host_greet (host, &stream);
	}
	return 0;
}

/* The time is over, or the command is. */
static void proxy_wake (struct remex_host *host)
{
	struct proxy_dial *dial = host->dialing;
	int64_t left = host->give_up_ms - clock_ms ();

	if (dial->failed && (left <= 0 || !proxy_awaited (host->proxy)))
		host_fail (host, dial->error.code, "%s", dial->error.text);
	else if (left > 0)
		host_timer (host, left);
	else
		host_fail (host, "", "no TLS handshake with %s through the proxy command in %g s", host->address.pin,
			(double)host_limit_ms (host) / 1000);
}

const struct dialer dial_proxy = { DIAL_MS, proxy_dial_start, proxy_wake, proxy_stop };
