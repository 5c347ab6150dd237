/* listen - a listening socket, Unix or TCP.
 *
 * A Unix socket is safe from the moment it exists, and never taken from a living daemon. The directory is made (or
 * checked to be ours) with its final mode before the socket is bound in it, so nobody else can ever connect. A
 * descriptor holds the directory as long as the listener lives: everything is made, changed and removed in the checked
 * directory, even if its name is given to another directory. A lock beside the socket (PATH.lock, flock(2)) shows
 * whether the socket is live; the holder of the lock may remove an old socket. At the end only our own socket and lock
 * are removed: another daemon may have taken their names.
 */
#ifndef REMEX_NET_LISTEN_H
#define REMEX_NET_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/endpoint.h"
#include "net/socket_settings.h"

enum { LISTEN_PATH_MAX = 107 }; /* sun_path without its NUL (unix(7)) */

enum listen_kind { LISTEN_UNIX, LISTEN_TCP };

struct listener {
	enum listen_kind kind;
	int fd; /* listening, close-on-exec */
	bool adopted; /* opened by a service manager, which removes its files */
	bool silent; /* LISTEN_TCP: bound, and not listening yet: the kernel refuses connections */
	struct socket_settings settings; /* when it began to listen */
	struct endpoint endpoint; /* LISTEN_TCP, with the port that the kernel picked. The rest is for LISTEN_UNIX: */
	char path[LISTEN_PATH_MAX + 1];
	int directory; /* of a socket of our own: its directory (O_PATH); else -1 */
	dev_t device; /* likewise: the socket's file, once it exists */
	ino_t inode;
	int lock; /* likewise: held as long as the listener lives */
	bool made; /* likewise: the directory did not exist before */
	bool closed; /* likewise: members of the given group cannot enter the directory */
};

/* Make the directory of `path` (0750 root:group as root when gid is not -1; 0700 otherwise) or check that it is a
 * TRUSTED_PLACE (base/trusted.h); take the lock; bind; listen. An existing directory is not changed, with one
 * exception: with `own`, for a directory that is remexd's by its name, the group gets it if it looks as remexd makes it
 * without such a group. The group gets it only where nobody but root and us may change the directory above. The
 * socket's mode is 0666 within that directory. A live socket belongs to another program where there is no lock, or where
 * the lock has the pid of another process than the one that listens. 0, or -1 and err ("… is in use by another remexd:
 * process 1234 of user root"; the process that listens, or that holds the lock). */
int listener_open (struct listener *listener, const char *path, gid_t group, bool own, struct err *err);

/* The group has changed, or is new: let its members enter the directory of a Unix socket of our own, by the rules of
 * listener_open. 0, or -1 and err. */
int listener_give (struct listener *listener, gid_t group, bool own, struct err *err);

/* Listen on a TCP address; port 0: the kernel picks one. An IPv6 address is for IPv6 alone (ipv6(7), IPV6_V6ONLY). 0,
 * or -1 and err. In two steps: listener_bind_tcp makes a silent socket; listener_start begins to listen, for every
 * process that has the descriptor. */
int listener_open_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err);
int listener_bind_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err);
int listener_start (struct listener *listener, struct err *err);

/* Whoever has the descriptor can change the socket for all. LISTEN_SHUT: it was shut down (shutdown(2)), and nobody can
 * connect any more. Otherwise a setting that differs from that at the beginning; NULL: none does. */
#define LISTEN_SHUT "shutdown"
const char *listener_changed (const struct listener *listener);

/* Let as many clients wait as in the beginning: the kernel does not tell that number (listen(2)). */
void listener_renew_backlog (const struct listener *listener);

/* Open a changed socket again: a new one of the same path or address. Connections that wait in the old one are lost. 0; or
 * -1 and err: a socket of a service manager gets its flags back and listens again, but has no other settings than
 * before. */
int listener_renew (struct listener *listener, struct err *err);

/* Does `listener` serve that path or address already: the same one, or one that contains it or is within it? */
bool listener_serves_unix (const struct listener *listener, const char *path);
bool listener_serves_tcp (const struct listener *listener, const struct endpoint *endpoint);

/* Take a listening socket from a service manager (sd_listen_fds(3)); the descriptor is the listener's in any case. 0,
 * or -1 and err: the socket does not listen, or is of another kind. */
int listener_adopt (struct listener *listener, int fd, struct err *err);

/* Close it; remove the socket and the lock of a Unix listener if they are still our own. */
void listener_close (struct listener *listener);

#endif
