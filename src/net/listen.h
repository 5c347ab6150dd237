/* listen - a socket to accept from, a Unix one or one of TCP.
 *
 * A Unix socket is safe from the moment it exists, and never taken from a living daemon. The directory is made (or found
 * to be ours) with its final mode before the socket is bound in it, so there is no time in which somebody else could
 * connect. It is held by a descriptor as long as the listener lives: what is changed, made or removed is so in the
 * directory that was looked at, whatever its name means by then. A lock beside the socket (PATH.lock, flock(2)) says
 * whether the socket is live; who holds the lock may remove what lies there. At the end only that socket and that lock are
 * removed which were made: another daemon may have taken their names.
 */
#ifndef REMEX_NET_LISTEN_H
#define REMEX_NET_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/endpoint.h"

enum { LISTEN_PATH_MAX = 107 }; /* sun_path without its NUL (unix(7)) */

enum listen_kind { LISTEN_UNIX, LISTEN_TCP };

struct listener {
	enum listen_kind kind;
	int fd; /* listening, close-on-exec */
	bool adopted; /* whoever gave it to us removes what there is to remove */
	bool silent; /* LISTEN_TCP: bound, and not listening yet: the kernel refuses whoever connects */
	struct endpoint endpoint; /* LISTEN_TCP, with the port that the kernel picked; and of LISTEN_UNIX: */
	char path[LISTEN_PATH_MAX + 1];
	int directory; /* of a Unix socket of our own: it lies there (O_PATH); else -1 */
	dev_t device; /* likewise: the file of the socket, once there is one */
	ino_t inode;
	int lock; /* likewise: held as long as the listener lives */
	bool made; /* likewise: the directory was not there before */
	bool closed; /* likewise: a group was named, and its members cannot enter the directory */
};

/* Make the directory of `path` (0750 root:group as root and gid is not -1; 0700 otherwise) or check that it is a
 * TRUSTED_PLACE (base/trusted.h); take the lock; bind; listen. A directory that is there stays as it is, but that with
 * `own`, for one that is remexd's by its name, the group gets it if it looks as if remexd had made it when there was no such
 * group. It is given to the group only where nobody but root and us may change the directory above. The socket's mode is
 * 0666 within that directory. A socket that somebody serves and that has no lock is somebody else's. 0, or -1 and err ("…
 * is in use by another remexd"). */
int listener_open (struct listener *listener, const char *path, gid_t group, bool own, struct err *err);

/* The group is another now, or there is one: its members may enter the directory of a Unix socket of our own by the rules of
 * listener_open. 0, or -1 and err. */
int listener_give (struct listener *listener, gid_t group, bool own, struct err *err);

/* Listen on a TCP address; port 0: the kernel picks one. An IPv6 address is for IPv6 alone (ipv6(7), IPV6_V6ONLY). 0, or
 * -1 and err. In two steps: listener_bind_tcp makes one that is silent; listener_start begins to listen, for every process
 * that has the descriptor. */
int listener_open_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err);
int listener_bind_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err);
int listener_start (struct listener *listener, struct err *err);

/* Is one of these already served by `listener`: the same path or address, or an address or a family within it? */
bool listener_serves_unix (const struct listener *listener, const char *path);
bool listener_serves_tcp (const struct listener *listener, const struct endpoint *endpoint);

/* Take a listening socket that a service manager opened for us (sd_listen_fds(3)); the descriptor is the listener's in
 * any case. 0, or -1 and err: it does not listen, or is of another kind. */
int listener_adopt (struct listener *listener, int fd, struct err *err);

/* Close it; remove the socket and the lock of a Unix one, where they are still the ones that were made. */
void listener_close (struct listener *listener);

#endif
