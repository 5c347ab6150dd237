/* listen - see listen.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "net/listen.h"

static int check_directory (const char *directory, struct err *err)
{
	int fd = trusted_open (directory, TRUSTED_PLACE, err);

	if (fd < 0)
		return -1;
	fd_close (&fd);
	return 0;
}

static int make_directory (const char *path, gid_t group, struct err *err)
{
	char directory[LISTEN_PATH_MAX + 1];
	char *slash;
	mode_t old;
	int made;

	snprintf (directory, sizeof directory, "%s", path);
	slash = strrchr (directory, '/');
	if (slash == directory)
		return 0;
	*slash = '\0';
	/* Made closed, opened to the group only when it belongs to it. */
	old = umask (077);
	made = mkdir (directory, 0700);
	umask (old);
	if (made < 0 && errno != EEXIST)
		return err_sys (err, 0, "cannot make %s", directory);
	if (made == 0 && geteuid () == 0 && group != (gid_t)-1 &&
		(chown (directory, 0, group) < 0 || chmod (directory, 0750) < 0))
		return err_sys (err, 0, "cannot give %s to its group", directory);
	return check_directory (directory, err);
}

/* Take PATH.lock. Its holder may unlink it, so what was locked must still be what the name means. */
static int take_lock (const char *path, struct err *err)
{
	char name[LISTEN_PATH_MAX + 8];
	struct stat held, named;

	snprintf (name, sizeof name, "%s.lock", path);
	for (;;) {
		int fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

		if (fd < 0)
			return err_sys (err, 0, "cannot open %s", name);
		if (flock (fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				err_set (err, 0, "%s is in use by another remexd", path);
			else
				err_sys (err, 0, "cannot lock %s", name);
			fd_close (&fd);
			return -1;
		}
		if (fstat (fd, &held) == 0 && lstat (name, &named) == 0 && held.st_ino == named.st_ino &&
			held.st_dev == named.st_dev)
			return fd;
		fd_close (&fd);
	}
}

int listener_open (struct listener *listener, const char *path, gid_t group, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t old;
	int bound;

	*listener = (struct listener){ .fd = -1, .lock = -1 };
	if (strlen (path) > LISTEN_PATH_MAX)
		return err_set (err, 0, "%s is too long for a socket: %d bytes are the most", path, LISTEN_PATH_MAX);
	strcpy (listener->path, path);
	strcpy (address.sun_path, path);
	if (make_directory (path, group, err) < 0 || (listener->lock = take_lock (path, err)) < 0)
		return -1;
	if (lstat (path, &st) == 0 && !S_ISSOCK (st.st_mode)) {
		fd_close (&listener->lock);
		return err_set (err, 0, "%s is there and is no socket", path);
	}
	unlink (path);
	listener->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	old = umask (0111);
	bound = listener->fd < 0 ? -1 : bind (listener->fd, (struct sockaddr *)&address, sizeof address);
	umask (old);
	if (bound < 0 || lstat (path, &st) < 0 || listen (listener->fd, SOMAXCONN) < 0) {
		err_sys (err, 0, "cannot listen on %s", path);
		listener_close (listener);
		return -1;
	}
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

int listener_open_tcp (struct listener *listener, const struct endpoint *endpoint, struct err *err)
{
	int family = endpoint->address.ss_family, on = 1;
	char shown[ENDPOINT_SIZE];

	*listener = (struct listener){ .kind = LISTEN_TCP, .fd = -1, .lock = -1, .endpoint = *endpoint };
	listener->fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of the remexd before us, which still wait to be forgotten, are no reason to refuse (tcp(7)). */
	if (listener->fd >= 0 && setsockopt (listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		(family != AF_INET6 || setsockopt (listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
		bind (listener->fd, (const struct sockaddr *)&endpoint->address, endpoint->size) == 0 &&
		listen (listener->fd, SOMAXCONN) == 0) {
		listener->endpoint.size = sizeof listener->endpoint.address;
		getsockname (listener->fd, (struct sockaddr *)&listener->endpoint.address, &listener->endpoint.size);
		return 0;
	}
	endpoint_format (endpoint, shown);
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
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

int listener_adopt (struct listener *listener, int fd, struct err *err)
{
	*listener = (struct listener){ .fd = fd, .lock = -1, .adopted = true };
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
	char name[LISTEN_PATH_MAX + 8];

	if (listener->lock >= 0) { /* a Unix socket of our own */
		snprintf (name, sizeof name, "%s.lock", listener->path);
		if (listener->fd >= 0)
			unlink (listener->path);
		unlink (name);
	}
	fd_close (&listener->fd);
	fd_close (&listener->lock);
}
