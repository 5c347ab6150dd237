/* peer - see peer.h. */
#include "config.h"

#include <errno.h>
#include <linux/un.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/peer.h"

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

int peer_socket_file (int fd, dev_t *device, ino_t *inode)
{
	int file = ioctl (fd, SIOCUNIXFILE, 0), result;
	struct stat st;

	if (file < 0)
		return -1;
	result = fstat (file, &st);
	close (file);
	if (result < 0 || !S_ISSOCK (st.st_mode))
		return -1;
	*device = st.st_dev;
	*inode = st.st_ino;
	return 0;
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
