/* responder - see responder.h. */
#include "config.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "gate/gate.h"
#include "gate/responder.h"
#include "net/credential.h"
#include "net/datagram.h"

_Static_assert((int)DISCOVERY_KEY == (int)KEY_DIGEST_SIZE, "an answer has the digest of the fingerprint");

enum {
	BURST = 32, /* datagrams read in a row before the loop serves others */
	PAUSE_MS = 100,
};

static const struct token_rate reads = { .burst = 512, .period_ms = 1 };

/* --- the port ---------------------------------------------------------------------------------------------------- */

static bool takes_ipv4 (int fd)
{
	socklen_t size = sizeof (int);
	int alone = 1;

	return getsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, &size) == 0 && !alone;
}

static bool is_there (const struct sockaddr_in6 *listening, int fd, const struct endpoint *local, int family)
{
	const struct in6_addr *ours = &listening->sin6_addr;

	if (family == AF_INET)
		return IN6_IS_ADDR_UNSPECIFIED (ours) && takes_ipv4 (fd);
	if (IN6_IS_ADDR_UNSPECIFIED (ours))
		return true;
	return local->size && IN6_ARE_ADDR_EQUAL (ours, &((const struct sockaddr_in6 *)&local->address)->sin6_addr);
}

/* The port of this listener for clients that connect to `local` (size 0: to any of our addresses); 0: they cannot. */
static uint16_t port_at (int fd, const struct endpoint *local, int family)
{
	const struct sockaddr_in *ours, *asked = (const struct sockaddr_in *)&local->address;
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	if (getsockname (fd, (struct sockaddr *)&address, &size) < 0)
		return 0;
	/* Both families have the port at the same offset. */
	ours = (const struct sockaddr_in *)&address;
	if (address.ss_family == AF_INET6)
		return is_there ((const struct sockaddr_in6 *)&address, fd, local, family) ? ntohs (ours->sin_port) : 0;
	if (family != AF_INET)
		return 0;
	if (ours->sin_addr.s_addr != htonl (INADDR_ANY) &&
		!(local->size && ours->sin_addr.s_addr == asked->sin_addr.s_addr))
		return 0;
	return ntohs (ours->sin_port);
}

static uint16_t find_port (const struct gate *gate, const struct datagram_way *way)
{
	uint16_t port = 0;

	for (int i = 0; i < gate->n_listeners && !port; i++)
		if (gate->listeners[i].kind == LISTEN_TCP && gate->listeners[i].watch)
			port = port_at (gate->listeners[i].fd, &way->local, way->peer.address.ss_family);
	return port;
}

/* --- queries ----------------------------------------------------------------------------------------------------- */

static void answer (struct responder *responder, int fd, const uint8_t *nonce, const struct datagram_way *way)
{
	struct discovery_answer said = responder->answer;
	uint8_t bytes[DISCOVERY_SIZE];
	size_t n;

	if (!(said.port = find_port (responder->gate, way)))
		return;
	if (!query_rate_take (&responder->rate, &way->peer, clock_ms ()))
		return;
	if ((n = discovery_answer (bytes, nonce, &said)) > 0)
		datagram_send (
			fd, bytes, n, way); /* an answer that cannot be sent now is lost: the client asks again */
}

static void resume (void *arg)
{
	struct responder *responder = arg;

	for (size_t i = 0; i < responder->n_sockets; i++)
		watch_set (responder->sockets[i].watch, UV_READABLE);
}

static void pause_reading (struct responder *responder)
{
	for (size_t i = 0; i < responder->n_sockets; i++)
		watch_set (responder->sockets[i].watch, 0);
	timer_set (responder->gate->loop, &responder->pause_timer, clock_ms () + PAUSE_MS, resume, responder);
}

/* Read one datagram, and answer it if it is a query. False: there is none. */
static bool take_datagram (struct responder *responder, int fd)
{
	uint8_t bytes[DISCOVERY_SIZE + 1];
	struct datagram_way way;
	const uint8_t *nonce;
	ssize_t n = datagram_receive (fd, bytes, sizeof bytes, &way);

	if (n >= 0 && discovery_is_query (bytes, (size_t)n, &nonce))
		answer (responder, fd, nonce, &way);
	return n >= 0;
}

static void on_datagram (void *arg, int events)
{
	const struct responder_socket *socket = arg;
	struct responder *responder = socket->responder;

	(void)events;
	for (int i = 0; i < BURST; i++) {
		if (!token_bucket_refill (&responder->reads, &reads, clock_ms ())) {
			pause_reading (responder);
			return;
		}
		token_bucket_spend (&responder->reads, &reads);
		if (!take_datagram (responder, socket->fd))
			break;
	}
	watch_set (socket->watch, UV_READABLE); /* an error has ended the watch (loop.c) */
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

int responder_start (
	struct responder *responder, struct gate *gate, const int *fds, size_t n, const char *name, struct err *err)
{
	char shown[128];

	responder_stop (responder);
	if (!gate->host_key || n > RESPONDER_SOCKETS)
		return err_set (err, 0, "there is no TCP");
	if (!discovery_is_name (name))
		return err_set (err, 0,
			"the host name '%s' cannot be told: it must be 1 to %d letters, digits and - . _, the first a "
			"letter or a digit",
			text_escape (shown, sizeof shown, name, strlen (name)), DISCOVERY_NAME_MAX);
	if (query_rate_init (&responder->rate) < 0)
		return err_sys (err, 0, "there are no random numbers");
	responder->gate = gate;
	responder->answer = (struct discovery_answer){ .port = 0 };
	strcpy (responder->answer.name, name);
	key_digest (credential_key (gate->host_key), responder->answer.key);
	for (size_t i = 0; i < n; i++) {
		struct responder_socket *socket = &responder->sockets[i];

		*socket = (struct responder_socket){ .responder = responder, .fd = fds[i] };
		socket->watch = watch_new (gate->loop, fds[i], UV_READABLE, on_datagram, socket);
		if (!socket->watch) {
			for (; i > 0; i--)
				watch_free (&responder->sockets[i - 1].watch);
			return err_sys (err, 0, "a socket cannot be watched");
		}
	}
	responder->n_sockets = n;
	return 0;
}

void responder_stop (struct responder *responder)
{
	timer_free (&responder->pause_timer);
	for (size_t i = 0; i < responder->n_sockets; i++) {
		watch_free (&responder->sockets[i].watch);
		fd_close (&responder->sockets[i].fd);
	}
	responder->n_sockets = 0;
}
