/* dial - the ways to get a stream while a host is HOST_CONNECTING (host.h): a row of operations for each.
 *
 * A dialer ends with host_greet or host_fail. Until then it may keep its own state in host->dialing.
 */
#ifndef REMEX_CLIENT_DIAL_H
#define REMEX_CLIENT_DIAL_H

#include "base/err.h"

struct remex_host;

struct dialer {
	int limit_ms; /* from the dial to hello, unless the caller has set another time (remex_set_connect_timeout) */
	/* Begin. Failures are reported by host_fail; -1 and err only for an error that makes remex_connect itself
	 * fail. */
	int (*start) (struct remex_host *host, struct err *err);
	/* The host's timer has fired. NULL where `start` never leaves a host in CONNECTING. */
	void (*wake) (struct remex_host *host);
	/* Stop connecting and free host->dialing. NULL: there is nothing to stop. */
	void (*stop) (struct remex_host *host);
};

extern const struct dialer dial_unix, dial_tcp, dial_ssh, dial_attached, dial_proxy;

enum {
	DIAL_MS = 10000, /* limit_ms where we make the connection, */
	DIAL_SSH_MS = 30000, /* a login of ssh, and a program that is started there, */
	DIAL_ATTACHED_MS = 60000, /* and where another program makes it, which may ask for a password */
};

#endif
