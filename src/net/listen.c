/* listen - see listen.h; listen_unix.c has what a Unix socket needs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/listen.h"
#include "net/listen_private.h"

int listener_open_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err)
{
	int family = endpoint->address.ss_family, on = 1;
	char shown[ENDPOINT_SIZE];
	struct err why;

	*listener =
		(struct listener){ .kind = LISTEN_TCP, .fd = -1, .directory = -1, .lock = -1, .endpoint = *endpoint };
	endpoint_format (endpoint, shown);
	if (endpoint_resolve (&listener->endpoint, &why) < 0) {
		err_set (err, 0, "cannot listen on %s: %.200s", shown, why.text);
		if (err)
			err->sys = why.sys;
		return -1;
	}
	listener->fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of the remexd before us, which still wait to be forgotten, are no reason to refuse (tcp(7)). */
	if (listener->fd >= 0 && setsockopt (listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		(family != AF_INET6 || setsockopt (listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
		bind (listener->fd, (const struct sockaddr *)&listener->endpoint.address, endpoint->size) == 0 &&
		listen (listener->fd, SOMAXCONN) == 0) {
		listener->endpoint.size = sizeof listener->endpoint.address;
		getsockname (listener->fd, (struct sockaddr *)&listener->endpoint.address, &listener->endpoint.size);
		return 0;
	}
	err_sys (err, 0, "cannot listen on %s", shown);
	if (errno == EADDRINUSE)
		err_set (err, 0, "cannot listen on %s: another program does", shown);
	else if (errno == EADDRNOTAVAIL)
		err_set (err, 0, "cannot listen on %s: no interface has that address", shown);
	else if (errno == EACCES)
		err_set (err, 0, "cannot listen on %s: ports below 1024 are for root (or CAP_NET_BIND_SERVICE)", shown);
	if (err)
		err->sys = errno;
	fd_close (&listener->fd);
	return -1;
}

static int describe (struct listener *listener, struct err *err)
{
	struct sockaddr_un *name = (struct sockaddr_un *)&listener->endpoint.address;
	int listening = 0, type = 0;
	socklen_t size = sizeof listening;
	struct stat st;

	listener->endpoint.size = sizeof listener->endpoint.address;
	if (getsockopt (listener->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening ||
		getsockopt (listener->fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM ||
		getsockname (listener->fd, (struct sockaddr *)name, &listener->endpoint.size) < 0)
		return err_set (err, 0, "descriptor %d is no listening stream socket", listener->fd);
	if (name->sun_family == AF_INET || name->sun_family == AF_INET6) {
		listener->kind = LISTEN_TCP;
		return 0;
	}
	/* An abstract address has no file, and so no permissions. */
	if (name->sun_family != AF_UNIX || name->sun_path[0] != '/' || stat (name->sun_path, &st) < 0)
		return err_set (err, 0, "descriptor %d is a socket of another kind than Unix with a path, or TCP",
			listener->fd);
	snprintf (listener->path, sizeof listener->path, "%s", name->sun_path);
	return 0;
}

int listener_adopt (struct listener *listener, int fd, struct err *err)
{
	*listener = (struct listener){ .fd = fd, .directory = -1, .lock = -1, .adopted = true };
	if (describe (listener, err) == 0) {
		if (fcntl (fd, F_SETFD, FD_CLOEXEC) == 0 && fd_nonblock (fd, true) == 0)
			return 0;
		err_sys (err, 0, "descriptor %d", fd);
	}
	fd_close (&listener->fd);
	return -1;
}

void listener_close (struct listener *listener)
{
	listen_unix_remove (listener);
	fd_close (&listener->fd);
	fd_close (&listener->directory);
	fd_close (&listener->lock);
}
