/* secure - TLS over a connected socket, for dialers whose host is HOST_CONNECTING: from the handshake to host_greet.
 *
 * A dialer keeps a struct secure within the memory of host->dialing, which has to be one allocation.
 */
#ifndef REMEX_CLIENT_SECURE_H
#define REMEX_CLIENT_SECURE_H

#include <uv.h>

#include "remex/client.h"

struct remex_host;

struct secure {
	int fd; /* the socket; -1: none */
	uv_poll_t *poll; /* of fd; NULL: none; freed by its close callback */
	uv_poll_cb on_poll; /* the dialer's: while host->tls it calls secure_shake */
	void (*failed) (struct remex_host *host, const struct remex_error *error); /* the handshake has ended */
};

/* Poll secure->fd. 0, or an errno. */
int secure_watch (struct remex_host *host, struct secure *secure);

/* The socket is connected: begin the handshake (host->tls). At its end host->dialing is freed, and the host greets; or
 * `failed` is called. The host's timer is set for the end of its time. */
void secure_begin (struct remex_host *host, struct secure *secure);

/* Go on with it. */
void secure_shake (struct remex_host *host, struct secure *secure);

/* Close the socket and all that was made for it. */
void secure_drop (struct remex_host *host, struct secure *secure);

#endif
