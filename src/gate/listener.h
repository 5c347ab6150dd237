/* listener - accepts clients on the gate's listening sockets.
 *
 * When no descriptor is left, the spare one is closed to accept a client, answer it and close it, so that the client
 * reads "busy" and not a bare end of stream. Then accepting pauses, so that the loop does not spin (accept(2), EMFILE).
 */
#ifndef REMEX_GATE_LISTENER_H
#define REMEX_GATE_LISTENER_H

#include "conf/config.h"

struct gate;
struct watch;

enum { LISTENERS_MAX = 64 };

struct listener_watch {
	struct gate *gate;
	int fd;
	enum listen_kind kind;
	struct watch *watch; /* NULL: the socket is not listening (TCP without any identity) */
};

/* Take a socket (owned from now on). A socket that does not listen yet is watched from listener_follow on, which is
 * called after each new generation. 0 or -1. */
int listener_add (struct gate *gate, int fd, enum listen_kind kind);
int listener_follow (struct gate *gate);

/* Close all listeners, and end all handshakes. */
void listener_stop (struct gate *gate);

#endif
