/* handshake - a client over TCP without a proved key: from accept to a proved key.
 *
 *   SHAKING    the TLS handshake runs        --done, identity found--> a connection, which takes over the socket
 *                                            --done, but not admitted--> a connection that only tells the reason
 *                                            --failed, or too late--> LINGERING
 *   LINGERING  the alert with the reason is sent; input is dropped until the client closes, or a second has passed:
 *              closing at once could destroy the alert (RFC 1122, 4.2.2.13)
 *
 * A handshake costs a little memory and nothing else: no message is read, no plugin is involved. The number of
 * handshakes and the refused addresses are decided by gate/throttle.h, and by the descriptors left. When there are too
 * many, the oldest handshake is ended: an honest client needs a few milliseconds, and a client that only holds a place
 * has been there longer. Freed only from the loop.
 */
#ifndef REMEX_GATE_HANDSHAKE_H
#define REMEX_GATE_HANDSHAKE_H

#include <stdbool.h>

#include "base/list.h"
#include "gate/throttle.h"
#include "loop/loop.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "net/tls.h"

struct gate;

struct handshake {
	struct list node; /* of the gate's handshakes */
	struct gate *gate;
	int fd;
	struct tls *tls;
	struct throttle_source *source;
	struct endpoint from;
	struct watch *watch;
	struct timer *timer;
	bool refused; /* the judge refused `key` */
	struct key key;
	bool lingering;
};

/* Start a handshake on an accepted socket (owned from now on). handshake_start_tunnel: on a socket that the reverse
 * tunnel leads to. All clients of the tunnel are one source. When too many of them are in the handshake, the oldest of
 * them is ended, and they get no penalties: otherwise one of them could shut the tunnel for the others. */
void handshake_start (struct gate *gate, int fd);
void handshake_start_tunnel (struct gate *gate, int fd);

/* End all handshakes. */
void handshake_stop_all (struct gate *gate);

#endif
