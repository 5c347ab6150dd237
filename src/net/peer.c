/* peer - see peer.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

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
