/* dial_tcp - a stream over TCP (dial.h). The name is looked up (resolver.h). Its addresses are tried one after the
 * other; each gets its share of the time that is left. The first address that accepts the connection is used for the
 * TLS handshake. After that no other address is tried: the result of the handshake is the result for the host.
 *
 * With a gateway (host->address.ssh) its sshd looks up the name and connects, and the handshake runs through that tunnel.
 *
 * A host that is HOST_CONNECTING is in one of four phases: its name waits for a lookup (`lookup`, no clock runs); its
 * name is looked up (`lookup`); the connection to one address is made (`secure`); the TLS handshake runs (`secure`,
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
#include "loop/resolver.h"

enum {
	ADDRESSES = 16, /* at most so many addresses of one name are tried */
	EXTRA_MS = 1000,
};

/* host->dialing */
struct tcp {
	struct lookup *lookup;
	struct endpoint endpoints[ADDRESSES];
	int n, at; /* `at`: the address that is being tried */
	int64_t next_ms; /* when the next address is tried */
	bool extended; /* our caller was late, so the time was extended once */
	struct secure secure; /* of the address that is being tried */
	bool refused; /* at least one address refused the connection */
	char why[256]; /* the addresses that failed, with their errors */
};

static void dial (struct remex_host *host);

/* --- one address ------------------------------------------------------------------------------------------------- */

static void tcp_stop (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;

	if (!tcp)
		return;
	lookup_cancel (tcp->lookup);
	secure_drop (host, &tcp->secure);
	free (tcp);
	host->dialing = NULL;
}

/* The address has failed: try the next one. */
static void next (struct remex_host *host, int error)
{
	struct tcp *tcp = host->dialing;
	size_t used = strlen (tcp->why);
	char shown[ENDPOINT_SIZE];

	if (host->address.number)
		snprintf (tcp->why, sizeof tcp->why, ": %s", strerror (error));
	else
		snprintf (tcp->why + used, sizeof tcp->why - used, "%s%s: %s", used ? "; " : ": ",
			endpoint_format (&tcp->endpoints[tcp->at], shown), strerror (error));
	tcp->refused = tcp->refused || error == ECONNREFUSED;
	secure_drop (host, &tcp->secure);
	tcp->at++;
	dial (host);
}

static void on_failed (struct remex_host *host, const struct remex_error *error)
{
	host_fail (host, error->code, "%s", error->text);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	struct tcp *tcp = host->dialing;
	socklen_t size = sizeof (int);
	int error = 0;

	(void)status; /* SO_ERROR is more precise */
	(void)events;
	if (host->tls) {
		secure_shake (host, &tcp->secure);
	} else if (getsockopt (tcp->secure.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		next (host, error ? error : errno);
	} else {
		endpoint_tune (tcp->secure.fd);
		secure_begin (host, &tcp->secure);
	}
}

/* Begin to connect to the address. 0, or an errno. */
static int begin (struct remex_host *host, const struct endpoint *endpoint)
{
	struct tcp *tcp = host->dialing;
	struct endpoint there = *endpoint;
	struct err err;
	int failed;

	if (endpoint_resolve (&there, &err) < 0)
		return err.sys;
	tcp->secure.fd = socket (endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (tcp->secure.fd < 0 || (connect (tcp->secure.fd, (const struct sockaddr *)&there.address, there.size) < 0 &&
					  errno != EINPROGRESS))
		return errno;
	if ((failed = secure_watch (host, &tcp->secure)) == 0)
		uv_poll_start (tcp->secure.poll, UV_WRITABLE, on_poll);
	return failed;
}

/* Try the current address, and on failure the addresses after it. */
static void dial (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;
	int64_t now = clock_ms (), left = host->give_up_ms - now;
	int error;

	if (tcp->at == tcp->n || left <= 0) {
		host_fail (host, "", "cannot connect to %s%s%s", host->address.pin, tcp->why,
			!tcp->refused ? ""
			: address_is_loopback (&host->address)
				? " (does remexd listen on TCP there? The daemon on this machine is called 'local')"
				: " (does remexd listen on TCP there?)");
		return;
	}
	tcp->next_ms = now + left / (tcp->n - tcp->at);
	host_timer (host, tcp->next_ms - now);
	if ((error = begin (host, &tcp->endpoints[tcp->at])))
		next (host, error);
}

/* --- the name ---------------------------------------------------------------------------------------------------- */

static void add (struct tcp *tcp, const struct sockaddr *address, socklen_t size)
{
	struct endpoint *endpoint = &tcp->endpoints[tcp->n];

	if (tcp->n == ADDRESSES || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return;
	endpoint_set (endpoint, address, size);
	for (int i = 0; i < tcp->n; i++)
		if (endpoint_equal (&tcp->endpoints[i], endpoint))
			return;
	tcp->n++;
}

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

	tcp->lookup = NULL;
	for (; found; found = found->ai_next)
		add (tcp, found->ai_addr, found->ai_addrlen);
	if (tcp->n)
		dial (host);
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
	struct remex_host *host = arg;
	struct tcp *tcp = host->dialing;
	int failed;

	tcp->secure.fd = fd;
	if ((failed = secure_watch (host, &tcp->secure)) != 0)
		host_fail (host, "internal", "%s", strerror (failed));
	else
		secure_begin (host, &tcp->secure);
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
	tcp->endpoints[0] = host->address.endpoint;
	tcp->n = 1;
	host_dialled (host);
	dial (host);
	return 0;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

/* Is the descriptor ready? libuv did not report it if the caller has not called remex_next for a long time. */
static bool stirs (const struct remex_host *host)
{
	const struct tcp *tcp = host->dialing;
	struct pollfd one = { .fd = tcp->secure.fd, .events = (short)(host->tls ? POLLIN : POLLOUT) };

	return tcp->secure.fd >= 0 && poll (&one, 1, 0) > 0;
}

static void tcp_wake (struct remex_host *host)
{
	struct tcp *tcp = host->dialing;
	int64_t now = clock_ms ();
	bool over = now >= host->give_up_ms;

	bool waits = tcp->lookup || host->tls || *host->address.ssh.host;

	if (!over && (waits || now < tcp->next_ms)) {
		host_timer (host, (waits ? host->give_up_ms : tcp->next_ms) - now);
	} else if (!tcp->extended && stirs (host)) {
		tcp->extended = true;
		tcp->next_ms = now + EXTRA_MS;
		if (host->give_up_ms < tcp->next_ms)
			host->give_up_ms = tcp->next_ms;
		host_timer (host, EXTRA_MS);
	} else if (tcp->lookup) {
		host_fail (host, "", "cannot find %s: no answer in %g s", host->address.host,
			(double)host_limit_ms (host) / 1000);
	} else if (host->tls) {
		host_fail (host, "", "%s took the connection, but does not speak TLS in %g s", host->address.pin,
			(double)host_limit_ms (host) / 1000);
	} else if (*host->address.ssh.host) {
		host_fail (host, "", "no connection through %s in %g s", host->address.ssh.host,
			(double)host_limit_ms (host) / 1000);
	} else {
		next (host, ETIMEDOUT);
	}
}

const struct dialer dial_tcp = { DIAL_MS, tcp_start, tcp_wake, tcp_stop };
