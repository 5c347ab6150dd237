/* handshake - a client over TCP that has not proved who it is: from accept to a proved key.
 *
 *   SHAKING    the TLS handshake is on       --done, identity found--> a connection, which takes over the socket
 *                                            --done, but it may not come in--> a connection that is only told so
 *                                            --failed, or too late--> LINGERING
 *   LINGERING  the alert that says why is on its way; what still comes is dropped until the client closes, or a second
 *              has passed: closing at once could destroy the alert (RFC 1122, 4.2.2.13)
 *
 * A handshake may cost a little memory and nothing else: no message is read, no plugin is near. How many there may be,
 * and who is not listened to for a while, is decided by gate/throttle.h, and by the descriptors that there are. Where there are
 * too many, the oldest makes room: an honest client needs a few milliseconds, and one that holds a place for nothing has
 * been there longer. Freed only from the loop.
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
	bool refused; /* the judge said no, to this key */
	struct key key;
	bool lingering;
};

/* An accepted socket (owned from now on). */
void handshake_start (struct gate *gate, int fd);

/* End them all. */
void handshake_stop_all (struct gate *gate);

#endif
