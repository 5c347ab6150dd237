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

/* errno, in words for that address. */
static int fail_tcp (const struct endpoint *endpoint, struct err *err)
{
	char shown[ENDPOINT_SIZE];
	int error = errno;

	endpoint_format (endpoint, shown);
	if (error == EADDRINUSE)
		err_set (err, 0, "cannot listen on %s: another program does", shown);
	else if (error == EADDRNOTAVAIL)
		err_set (err, 0, "cannot listen on %s: no interface has that address", shown);
	else if (error == EACCES)
		err_set (err, 0, "cannot listen on %s: ports below 1024 are for root (or CAP_NET_BIND_SERVICE)", shown);
	else
		err_sys (err, 0, "cannot listen on %s", shown);
	if (err)
		err->sys = error;
	return -1;
}

int listener_bind_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err)
{
	int family = endpoint->address.ss_family, on = 1;
	char shown[ENDPOINT_SIZE];
	struct err why;

	*listener = (struct listener){
		.kind = LISTEN_TCP, .fd = -1, .directory = -1, .lock = -1, .endpoint = *endpoint, .silent = true
	};
	if (endpoint_resolve (&listener->endpoint, &why) < 0) {
		err_set (err, 0, "cannot listen on %s: %.200s", endpoint_format (endpoint, shown), why.text);
		if (err)
			err->sys = why.sys;
		return -1;
	}
	listener->fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of the remexd before us, which still wait to be forgotten, are no reason to refuse (tcp(7)). */
	if (listener->fd >= 0 && setsockopt (listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		(family != AF_INET6 || setsockopt (listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
		bind (listener->fd, (const struct sockaddr *)&listener->endpoint.address, endpoint->size) == 0) {
		listener->endpoint.size = sizeof listener->endpoint.address;
		getsockname (listener->fd, (struct sockaddr *)&listener->endpoint.address, &listener->endpoint.size);
		return 0;
	}
	fail_tcp (endpoint, err);
	fd_close (&listener->fd);
	return -1;
}

int listener_start (struct listener *listener, struct err *err)
{
	if (listen (listener->fd, SOMAXCONN) < 0)
		return fail_tcp (&listener->endpoint, err);
	listener->silent = false;
	return 0;
}

int listener_open_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err)
{
	if (listener_bind_tcp (listener, endpoint, err) < 0)
		return -1;
	if (listener_start (listener, err) == 0)
		return 0;
	fd_close (&listener->fd);
	return -1;
}

bool listener_serves_unix (const struct listener *listener, const char *path)
{
	return listener->kind == LISTEN_UNIX && !strcmp (listener->path, path);
}

bool listener_serves_tcp (const struct listener *listener, const struct endpoint *endpoint)
{
	const struct sockaddr_storage *ours = &listener->endpoint.address, *wanted = &endpoint->address;
	const struct in6_addr *any6 = &((const struct sockaddr_in6 *)ours)->sin6_addr;
	const struct sockaddr_in *any4 = (const struct sockaddr_in *)ours;
	/* The two ports lie at the same place. */
	in_port_t port = ((const struct sockaddr_in *)wanted)->sin_port;
	socklen_t size = sizeof (int);
	int alone = 1;

	if (listener->kind != LISTEN_TCP)
		return false;
	if (endpoint_equal (&listener->endpoint, endpoint))
		return true;
	if (any4->sin_port != port)
		return false;
	if (ours->ss_family == AF_INET)
		return wanted->ss_family == AF_INET && any4->sin_addr.s_addr == htonl (INADDR_ANY);
	if (!IN6_IS_ADDR_UNSPECIFIED (any6))
		return false;
	return wanted->ss_family == AF_INET6 ||
	       (getsockopt (listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, &size) == 0 && !alone);
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
