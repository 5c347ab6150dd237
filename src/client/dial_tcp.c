/* dial_tcp - a stream over TCP (dial.h). The name is looked up (resolver.h), and one of its addresses accepts the connection
 * (connector.h). After that no other address is tried: the result of the TLS handshake is the result for the host.
 *
 * With a gateway (host->address.ssh) its sshd looks up the name and connects, and the handshake runs through that tunnel.
 *
 * A host that is HOST_CONNECTING is in one of four phases: its name waits for a lookup (`lookup`, no clock runs); its
 * name is looked up (`lookup`); the connection is made (`connector`, or host->tunnel); the TLS handshake runs (`secure`,
 * host->tls).
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "client/host.h"
#include "client/secure.h"
#include "loop/connector.h"
#include "loop/resolver.h"

enum { EXTRA_MS = 1000 };

/* host->dialing */
struct tcp {
	struct lookup *lookup;
	struct connector *connector;
	bool extended; /* our caller was late, so the time was extended once */
	struct secure secure; /* once there is a connection */
};

/* --- the connection ---------------------------------------------------------------------------------------------- */

static void tcp_stop (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;

	if (!tcp)
		return;
	lookup_cancel (tcp->lookup);
	connector_free (&tcp->connector);
	secure_drop (host, &tcp->secure);
	free (tcp);
	host->dialing = NULL;
}

static void on_failed (struct remex_host *host, const struct remex_error *error)
{
	host_fail (host, error->code, "%s", error->text);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	struct tcp *tcp = host->dialing;

	(void)status; /* TLS is more precise */
	(void)events;
	secure_shake (host, &tcp->secure);
}

/* There is a connection, which the host owns from now on. */
static void shake (struct remex_host *host, int fd)
{
	struct tcp *tcp = host->dialing;
	int failed;

	tcp->secure.fd = fd;
	if ((failed = secure_watch (host, &tcp->secure)) != 0)
		host_fail (host, "internal", "%s", strerror (failed));
	else
		secure_begin (host, &tcp->secure);
}

/* A caller that was late may have been so for longer than the whole time. */
static void extend (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;
	int64_t now = clock_ms ();

	tcp->extended = true;
	if (host->give_up_ms < now + EXTRA_MS)
		host->give_up_ms = now + EXTRA_MS;
}

static void on_connected (void *arg, int fd)
{
	struct remex_host *host = arg;
	struct tcp *tcp = host->dialing;

	connector_free (&tcp->connector);
	if (clock_ms () >= host->give_up_ms)
		extend (host);
	shake (host, fd);
}

static void on_not_connected (void *arg, const struct connector_end *end)
{
	struct remex_host *host = arg;
	bool number = host->address.number && end->error;

	host_fail (host, "", "cannot connect to %s%s%s%s", host->address.pin, *end->why ? ": " : "",
		number ? strerror (end->error) : end->why,
		!end->refused ? ""
		: address_is_loopback (&host->address)
			? " (does remexd listen on TCP there? The daemon on this machine is called 'local')"
			: " (does remexd listen on TCP there?)");
}

static void dial (struct remex_host *host, const struct endpoint *endpoints, size_t n)
{
	static const struct connector_ops ops = { on_connected, on_not_connected };
	struct tcp *tcp = host->dialing;

	tcp->connector = connector_new (&host->remex->loop, endpoints, n, host->give_up_ms, &ops, host);
	if (!tcp->connector)
		host_fail (host, "internal", "out of memory");
}

/* --- the name ---------------------------------------------------------------------------------------------------- */

/* The text for an EAI_ number. */
static const char *no_address (int status)
{
	switch (status) {
	case EAI_NONAME: return "there is no host of that name";
	case 0:
	case EAI_NODATA: return "it has no address";
	case EAI_AGAIN: return "the name servers do not answer";
	default: return gai_strerror (status);
	}
}

static void on_started (void *arg)
{
	host_dialled (arg);
}

static void on_found (void *arg, int status, const struct addrinfo *found)
{
	struct remex_host *host = arg;
	struct tcp *tcp = host->dialing;
	struct endpoint endpoints[CONNECTOR_ADDRESSES];
	size_t n = connector_addresses (found, endpoints);

	tcp->lookup = NULL;
	if (n)
		dial (host, endpoints, n);
	else
		host_fail (host, "", "cannot find %s: %s", host->address.host, no_address (status));
}

static void look_up (struct remex_host *host)
{
	static const struct lookup_ops ops = { on_started, on_found };
	struct remex *remex = host->remex;
	struct tcp *tcp = host->dialing;
	char port[8];

	snprintf (port, sizeof port, "%u", (unsigned)host->address.port);
	if (!remex->resolver)
		remex->resolver = resolver_new (&remex->loop);
	if (remex->resolver)
		tcp->lookup = resolver_look_up (remex->resolver, host->address.host, port, &ops, host);
	if (!tcp->lookup)
		host_fail (host, "internal", "out of memory");
}

/* --- a gateway ----------------------------------------------------------------------------------------------------- */

static void on_tunnel (void *arg, int fd)
{
	shake (arg, fd);
}

static void on_no_tunnel (void *arg, const char *code, const char *text)
{
	struct remex_host *host = arg;

	host_fail (host, code, "%s: %.450s", host->address.ssh.host, text);
}

static void ask_gateway (struct remex_host *host)
{
	static const struct tunnel_ops ops = { .opened = on_tunnel, .failed = on_no_tunnel };
	struct err err;

	host_dialled (host);
	host->tunnel =
		tunnel_new (host->remex, &host->address.ssh, host->address.host, host->address.port, &ops, host, &err);
	if (!host->tunnel)
		host_fail (host, "", "%s", err.text);
}

static int tcp_start (struct remex_host *host, struct err *err)
{
	struct tcp *tcp = calloc (1, sizeof *tcp);
	struct remex_error error;

	(void)err;
	if (!tcp) {
		host_fail (host, "internal", "out of memory");
		return 0;
	}
	tcp->secure = (struct secure){ .fd = -1, .on_poll = on_poll, .failed = on_failed };
	host->dialing = tcp;
	if (trust_prepare (host, &error) < 0) {
		host_fail (host, error.code, "%s", error.text);
		return 0;
	}
	if (*host->address.ssh.host) {
		ask_gateway (host);
		return 0;
	}
	if (!host->address.number) {
		look_up (host);
		return 0;
	}
	host_dialled (host);
	dial (host, &host->address.endpoint, 1);
	return 0;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

/* Is there an answer? libuv did not report it if the caller has not called remex_next for a long time. */
static bool stirs (const struct remex_host *host)
{
	const struct tcp *tcp = host->dialing;
	struct pollfd one = { .fd = tcp->secure.fd, .events = POLLIN };

	return host->tls && poll (&one, 1, 0) > 0;
}

static void tcp_wake (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;
	double limit = (double)host_limit_ms (host) / 1000;

	if (tcp->connector)
		return; /* which has a clock of its own */
	if (!tcp->extended && clock_ms () >= host->give_up_ms && stirs (host))
		extend (host);
	if (clock_ms () < host->give_up_ms)
		host_timer (host, host->give_up_ms - clock_ms ());
	else if (tcp->lookup)
		host_fail (host, "", "cannot find %s: no answer in %g s", host->address.host, limit);
	else if (host->tls)
		host_fail (
			host, "", "%s took the connection, but does not speak TLS in %g s", host->address.pin, limit);
	else
		host_fail (host, "", "no connection through %s in %g s", host->address.ssh.host, limit);
}

const struct dialer dial_tcp = { DIAL_MS, tcp_start, tcp_wake, tcp_stop };
