/* listening - the listening sockets of remexd, from `listen` or from a service manager. TCP also needs a host key and
 * an identity that may connect.
 *
 * TCP is bound at the start, and stays closed (listener->silent) until there is an identity. An open listener stays
 * open without identities: the front refuses the connections. The sockets live as long as the supervisor, even when the
 * front ends.
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

/* Open the sockets, and the host key where there is TCP. 0; or -1 and err. The caller calls listening_close in both
 * cases. */
int listening_open (struct listening *listening, const struct generation *generation, struct err *err);

/* Open the host key, if it is not open: the reverse tunnel needs it too. 1: it was opened now; 0; or -1 and err. */
int listening_need_host_key (struct listening *listening, const struct config *config, struct err *err);

/* Check the host key, and log the addresses that would be closed. 0, or -1 and err. */
int listening_check (const struct generation *generation, struct err *err);

/* After a change of the identities: open closed TCP listeners if an identity may connect. With `serving`, log that. 0,
 * or -1 and err. */
int listening_start (struct listening *listening, const struct generation *generation, bool serving, struct err *err);

/* A front is gone, and may have been broken: open the listeners again that it has shut down or changed (listener_changed),
 * and log that. */
void listening_mend (struct listening *listening);

/* Look the group `remex` up again: it may be new, or have another number. */
void listening_renew_group (struct listening *listening);

/* Log each address that is open. */
void listening_log (const struct listening *listening);

/* Was that connection accepted on one of our Unix sockets? A front could show another socket, whose "peer" is the
 * process that listens there: the connecting end of a connection, or our listening socket itself. */
bool listening_has_accepted (const struct listening *listening, int peer);

/* Close the sockets, and remove their files. listening_close also closes the host key. */
void listening_close_sockets (struct listening *listening);
void listening_close (struct listening *listening);

#endif
