/* peer - see peer.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/un.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/peer.h"
#include "net/sockdiag.h"

int peer_uid (int fd, uid_t *uid, pid_t *pid)
{
	struct ucred who;
	socklen_t size = sizeof who;

	if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return -1;
	*uid = who.uid;
	if (pid)
		*pid = who.pid;
	return 0;
}

int peer_endpoint (int fd, struct endpoint *endpoint)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	if (getpeername (fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	endpoint_set (endpoint, (struct sockaddr *)&address, size);
	return 0;
}

static int option (int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof value;

	return getsockopt (fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

bool peer_is_connection (int fd)
{
	return option (fd, SO_DOMAIN) == AF_UNIX && option (fd, SO_TYPE) == SOCK_STREAM &&
	       option (fd, SO_ACCEPTCONN) == 0;
}

bool peer_is_there (int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLRDHUP };
	int n;

	do
		n = poll (&end, 1, 0);
	while (n < 0 && errno == EINTR);
	return fd >= 0 && n == 0;
}

/* Find the file of a Unix socket. Its file system is not asked: that may be the program of a user (FUSE). */
static int stat_socket (int fd, struct statx *st)
{
	int file = ioctl (fd, SIOCUNIXFILE, 0), result;

	if (file < 0)
		return -1;
	result = statx (file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, st);
	close (file); /* an O_PATH descriptor: its file system is not asked either */
	return result;
}

bool peer_accepted_on (int fd, int listener)
{
	struct sockdiag_file had, has;
	struct statx st, other;

	if (stat_socket (fd, &st) == 0 && stat_socket (listener, &other) == 0)
		return st.stx_dev_major == other.stx_dev_major && st.stx_dev_minor == other.stx_dev_minor &&
		       st.stx_ino == other.stx_ino;
	return sockdiag_file (fd, &had) == 0 && sockdiag_file (listener, &has) == 0 && !memcmp (&had, &has, sizeof had);
}

bool peer_in_group (int fd, gid_t gid)
{
	struct ucred who;
	socklen_t size = sizeof who;
	gid_t *groups;
	bool found = false;

	if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.gid == gid)
		return true;
	size = 0;
	if (getsockopt (fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	if (!(groups = malloc (size)))
		return false;
	if (getsockopt (fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof *groups && !found; i++)
			found = groups[i] == gid;
	free (groups);
	return found;
}
