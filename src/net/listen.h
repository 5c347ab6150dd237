/* listen - a Unix socket to accept from: safe from the moment it exists, and never taken from a living daemon.
 *
 * The directory is made (or found to be ours) with its final mode before the socket is bound in it, so there is no time
 * in which somebody else could connect. A lock beside the socket (PATH.lock, flock(2)) says whether the socket is live;
 * who holds the lock may remove what lies there.
 */
#ifndef REMEX_NET_LISTEN_H
#define REMEX_NET_LISTEN_H

#include <sys/types.h>

#include "base/err.h"

enum { LISTEN_PATH_MAX = 107 }; /* sun_path without its NUL (unix(7)) */

struct listener {
	char path[LISTEN_PATH_MAX + 1];
	int fd; /* listening, close-on-exec */
	dev_t device; /* of the socket's file, */
	ino_t inode; /* which no other path or mount can have */
	int lock; /* held as long as the listener lives */
};

/* Make the directory of `path` (0750 root:group as root and gid is not -1; 0700 otherwise) or check by lstat(2) that it
 * is a directory of ours (or root's) that others cannot write to; take the lock; bind; listen. The socket's mode is
 * 0666 within that directory. 0, or -1 and err ("… is in use by another remexd"). */
int listener_open (struct listener *listener, const char *path, gid_t group, struct err *err);

/* Remove the socket and the lock, close both. */
void listener_close (struct listener *listener);

#endif
