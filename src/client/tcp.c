/* tcp - how a connection over TCP comes about: the name is looked up (in a thread of libuv), its addresses are tried one
 * after the other, each for its share of the time that is left, and the first that answers is met with TLS. From then on
 * there is no other address: what answers there is the host, or somebody to be told of.
 *
 * HOST_CONNECTING in four phases: `lookup`; then `fd` without `tls` (connecting); then both (the handshake); and done,
 * when host->stream has them.
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
#include "client/client.h"

enum { EXTRA_MS = 1000 };

static void dial (struct remex_host *host);

/* --- one address ------------------------------------------------------------------------------------------------- */

static void free_poll (uv_handle_t *poll)
{
	free (poll);
}

/* Drop the socket, if it is still ours. */
static void drop (struct tcp *tcp)
{
	if (tcp->poll)
		uv_close ((uv_handle_t *)tcp->poll, free_poll);
	tcp->poll = NULL;
	if (tcp->fd >= 0)
		tls_free (tcp->tls);
	tcp->tls = NULL;
	fd_close (&tcp->fd);
}

void tcp_shut (struct remex_host *host)
{
	struct tcp *tcp = &host->tcp;

	if (tcp->lookup) {
		tcp->lookup->host = NULL;
		uv_cancel ((uv_req_t *)&tcp->lookup->request);
	}
	tcp->lookup = NULL;
	drop (tcp);
}

/* The address cannot be connected to. */
static void next (struct remex_host *host, int error)
{
	struct tcp *tcp = &host->tcp;
	size_t used = strlen (tcp->why);
	char shown[ENDPOINT_SIZE];

	if (host->address.number)
		snprintf (tcp->why, sizeof tcp->why, ": %s", strerror (error));
	else
		snprintf (tcp->why + used, sizeof tcp->why - used, "%s%s: %s", used ? "; " : ": ",
			endpoint_format (&tcp->endpoints[tcp->at], shown), strerror (error));
	tcp->refused = tcp->refused || error == ECONNREFUSED;
	drop (tcp);
	tcp->at++;
	dial (host);
}

static void shaken (struct remex_host *host)
{
	struct tcp *tcp = &host->tcp;
	int fd = tcp->fd;

	if (!trust_proved (host))
		return;
	uv_close ((uv_handle_t *)tcp->poll, free_poll);
	tcp->poll = NULL;
	tcp->fd = -1;
	stream_tls (&host->stream, fd, tcp->tls);
	host_greet (host);
}

static void on_poll (uv_poll_t *poll, int status, int events);

static void shake (struct remex_host *host)
{
	char code[32], why[ERR_TEXT];

	switch (tls_handshake (host->tcp.tls)) {
	case 0:
		uv_poll_start (host->tcp.poll, tls_wants_write (host->tcp.tls) ? UV_WRITABLE : UV_READABLE, on_poll);
		break;
	case 1: shaken (host); break;
	default: trust_why (host, code, why); host_fail (host, code, "%s", why);
	}
}

/* The socket is connected. */
static void meet (struct remex_host *host)
{
	struct tls_context *context = trust_context (host);

	if (!context)
		return;
	endpoint_tune (host->tcp.fd);
	if (!(host->tcp.tls = tls_new (context, host->tcp.fd, trust_judge, host))) {
		host_fail (host, "internal", "no memory for TLS");
		return;
	}
	host_timer (host, host->give_up_ms - clock_ms ());
	shake (host);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct remex_host *host = poll->data;
	socklen_t size = sizeof (int);
	int error = 0;

	(void)status; /* the socket itself says more */
	(void)events;
	if (host->tcp.tls)
		shake (host);
	else if (getsockopt (host->tcp.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
		next (host, error ? error : errno);
	else
		meet (host);
}

/* Begin to connect to the address: 0, or an errno. */
static int begin (struct remex_host *host, const struct endpoint *endpoint)
{
	struct tcp *tcp = &host->tcp;
	int failed;

	tcp->fd = socket (endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (tcp->fd < 0 || (connect (tcp->fd, (const struct sockaddr *)&endpoint->address, endpoint->size) < 0 &&
				   errno != EINPROGRESS))
		return errno;
	if (!(tcp->poll = malloc (sizeof *tcp->poll)))
		return ENOMEM;
	if ((failed = uv_poll_init (&host->remex->loop, tcp->poll, tcp->fd)) < 0) {
		free (tcp->poll);
		tcp->poll = NULL;
		return -failed;
	}
	tcp->poll->data = host;
	uv_poll_start (tcp->poll, UV_WRITABLE, on_poll);
	return 0;
}

/* Try the address whose turn it is, and those behind it. */
static void dial (struct remex_host *host)
{
	struct tcp *tcp = &host->tcp;
	int64_t now = clock_ms (), left = host->give_up_ms - now;
	int error;

	if (tcp->at == tcp->n || left <= 0) {
		host_fail (host, "", "cannot connect to %s%s%s", host->address.pin, tcp->why,
			tcp->refused ? " (does remexd listen on TCP there?)" : "");
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

	if (tcp->n == CLIENT_ADDRESSES || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return;
	endpoint_set (endpoint, address, size);
	for (int i = 0; i < tcp->n; i++)
		if (endpoint_equal (&tcp->endpoints[i], endpoint))
			return;
	tcp->n++;
}

/* Words for a status of uv_getaddrinfo. */
static const char *no_address (int status)
{
	switch (status) {
	case UV_EAI_NONAME: return "there is no host of that name";
	case 0:
	case UV_EAI_NODATA: return "it has no address";
	case UV_EAI_AGAIN: return "the name servers do not answer";
	default: return uv_strerror (status);
	}
}

static void on_looked_up (uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct lookup *lookup = request->data;
	struct remex_host *host = lookup->host;

	lookup->remex->lookups--;
	free (lookup);
	if (host) {
		host->tcp.lookup = NULL;
		for (struct addrinfo *each = status < 0 ? NULL : found; each; each = each->ai_next)
			add (&host->tcp, each->ai_addr, each->ai_addrlen);
		if (host->tcp.n)
			dial (host);
		else
			host_fail (host, "", "cannot find %s: %s", host->address.host, no_address (status));
	}
	uv_freeaddrinfo (found);
}

static void look_up (struct remex_host *host)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct lookup *lookup = calloc (1, sizeof *lookup);
	char port[8];
	int failed;

	if (!lookup) {
		host_fail (host, "internal", "no memory");
		return;
	}
	*lookup = (struct lookup){ .remex = host->remex, .host = host, .request.data = lookup };
	snprintf (port, sizeof port, "%u", (unsigned)host->address.port);
	failed = uv_getaddrinfo (&host->remex->loop, &lookup->request, on_looked_up, host->address.host, port, &hints);
	if (failed < 0) {
		free (lookup);
		host_fail (host, "", "cannot find %s: %s", host->address.host, uv_strerror (failed));
		return;
	}
	host->tcp.lookup = lookup;
	host->remex->lookups++;
	host_timer (host, host->give_up_ms - clock_ms ());
}

/* --- from outside ------------------------------------------------------------------------------------------------ */

void tcp_start (struct remex_host *host)
{
	if (trust_prepare (host) < 0)
		return;
	if (!host->address.number) {
		look_up (host);
		return;
	}
	host->tcp.endpoints[0] = host->address.endpoint;
	host->tcp.n = 1;
	dial (host);
}

/* Has something come that a caller who was away for long did not let us see yet? */
static bool stirs (const struct tcp *tcp)
{
	struct pollfd one = { .fd = tcp->fd, .events = (short)(tcp->tls ? POLLIN : POLLOUT) };

	return tcp->fd >= 0 && poll (&one, 1, 0) > 0;
}

void tcp_late (struct remex_host *host)
{
	struct tcp *tcp = &host->tcp;
	int64_t now = clock_ms ();
	bool over = now >= host->give_up_ms;

	if (!over && (tcp->lookup || tcp->tls || now < tcp->next_ms)) {
		host_timer (host, (tcp->lookup || tcp->tls ? host->give_up_ms : tcp->next_ms) - now);
	} else if (!tcp->extended && stirs (tcp)) {
		tcp->extended = true;
		tcp->next_ms = now + EXTRA_MS;
		if (host->give_up_ms < tcp->next_ms)
			host->give_up_ms = tcp->next_ms;
		host_timer (host, EXTRA_MS);
	} else if (tcp->lookup) {
		host_fail (host, "", "cannot find %s: no answer in %d s", host->address.host, CLIENT_CONNECT_MS / 1000);
	} else if (tcp->tls) {
		host_fail (host, "", "%s took the connection, but does not speak TLS in %d s", host->address.pin,
			CLIENT_CONNECT_MS / 1000);
	} else {
		next (host, ETIMEDOUT);
	}
}
