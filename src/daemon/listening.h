/* listening - the sockets that remexd listens on: those of `listen`, or those that a service manager has opened for it; and
 * what TCP needs besides, a host key and an identity that may come in.
 *
 * TCP is bound at the start, and stays closed (listener->silent) until there is an identity. What is open stays open: the
 * front refuses the connections. The sockets live as long as the supervisor, whatever becomes of the front.
 */
#ifndef REMEX_DAEMON_LISTENING_H
#define REMEX_DAEMON_LISTENING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/generation.h"
#include "net/listen.h"

enum { LISTENING_MAX = 16 };

struct listening {
	struct listener listeners[LISTENING_MAX];
	size_t n_listeners;
	gid_t group; /* of `remex`, whose members may connect; -1: there is none, or we are not root */
	int host_key; /* a sealed copy for the fronts; -1: no TCP */
};

void listening_init (struct listening *listening);

/* Open the sockets, and the host key where there is TCP. 0; or -1 and err, and listening_close is called all the same. */
int listening_open (struct listening *listening, const struct generation *generation, struct err *err);

/* Would the host key fail? Logs which addresses would be closed. 0, or -1 and err. */
int listening_check (const struct generation *generation, struct err *err);

/* The identities have changed: open TCP where it is closed and somebody may come in, and log it where remexd serves already.
 * 0, or -1 and err. */
int listening_start (struct listening *listening, const struct generation *generation, bool serving, struct err *err);

/* Look the group `remex` up again: it may have been made, or have another number. */
void listening_renew_group (struct listening *listening);

/* Log each address that is open. */
void listening_log (const struct listening *listening);

/* Was that connection accepted on one of our Unix sockets? A front could show another socket, whose "peer" is whoever
 * listens there: the connecting end of a connection, or our listening socket itself. */
bool listening_has_accepted (const struct listening *listening, int peer);

/* Close the sockets, and remove their files. listening_close also closes the host key. */
void listening_close_sockets (struct listening *listening);
void listening_close (struct listening *listening);

#endif
