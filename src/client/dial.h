/* dial - the ways to a stream: a row of operations for each, for the time that a host is HOST_CONNECTING (host.h).
 *
 * A dialer ends with host_greet or with host_fail. Until then it may keep a state of its own in host->dialing.
 */
#ifndef REMEX_CLIENT_DIAL_H
#define REMEX_CLIENT_DIAL_H

#include "base/err.h"

struct remex_host;

struct dialer {
	int limit_ms; /* from the dial to hello */
	/* Set out. What cannot be done is told by host_fail; only what makes remex_connect itself fail is -1 and err. */
	int (*start) (struct remex_host *host, struct err *err);
	/* The host's timer has come. NULL where `start` leaves no host CONNECTING. */
	void (*wake) (struct remex_host *host);
	/* Give up what is on its way and free host->dialing. NULL: there is never any. */
	void (*stop) (struct remex_host *host);
};

extern const struct dialer dial_unix, dial_tcp, dial_attached;

enum {
	DIAL_MS = 10000, /* limit_ms where we make the connection, */
	DIAL_ATTACHED_MS = 60000, /* and where somebody else makes it, and may ask for a password */
};

#endif
