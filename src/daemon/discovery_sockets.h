/* discovery_sockets - the UDP sockets of discovery (doc/protocol.md, section 15): the supervisor opens them, and the front reads
 * them (gate/responder.h).
 *
 * They are open while `discovery` is true and remexd has a TCP listener, in the multicast groups on every interface. The kernel
 * reports new interfaces (rtnetlink(7)): a machine whose network comes up later is found, too. A filter in the kernel drops
 * what has not the size and the first bytes of a query, so that it wakes nobody. Each front gets new sockets: what the last
 * one may have changed of them does not matter.
 *
 *   OFF --discovery_sockets_follow--> ON: a change of the interfaces --> the groups are joined again, at most once a second
 */
#ifndef REMEX_DAEMON_DISCOVERY_SOCKETS_H
#define REMEX_DAEMON_DISCOVERY_SOCKETS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/front_process.h"
#include "daemon/listening.h"

enum { DISCOVERY_FAMILIES = 2, DISCOVERY_INTERFACES = 256 };

struct discovery_sockets {
	int fds[DISCOVERY_FAMILIES]; /* IPv4, IPv6; -1: none */
	bool told; /* the front has them */
	int netlink; /* tells changes of the interfaces; -1: none */
	unsigned joined[DISCOVERY_INTERFACES]; /* the interfaces whose groups the sockets are in */
	size_t n_joined;
	int64_t joined_ms; /* clock_ms: when they were joined last */
	int64_t join_ms; /* when they are to be joined again; 0: nothing has changed */
};

void discovery_sockets_init (struct discovery_sockets *sockets);
void discovery_sockets_close (struct discovery_sockets *sockets);

/* Open or close the sockets as the configuration wants it, and tell the front where that is a change for it. `renewed`: the
 * front is a new one, and gets new sockets. What cannot be opened is logged. */
void discovery_sockets_follow (struct discovery_sockets *sockets, const struct config *config,
	const struct listening *listening, struct front_process *front, bool renewed);

/* For the loop: what to poll for; what came; the time of the next call (0: none). */
void discovery_sockets_poll (const struct discovery_sockets *sockets, struct pollfd *fd);
void discovery_sockets_receive (struct discovery_sockets *sockets, const struct pollfd *fd);
int64_t discovery_sockets_time (const struct discovery_sockets *sockets);

#endif
