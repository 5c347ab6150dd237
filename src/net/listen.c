/* listen - see listen.h.
 *
 * The directory of a Unix socket is made or checked, then held by a descriptor; the lock and the socket are made and
 * removed in the held directory. bind(2) takes only a path, so the path is checked again after bind: it must lead to
 * the held directory.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/passrights.h"
#include "base/trusted.h"
#include "net/listen.h"
#include "net/peer.h"

/* --- the directory of a Unix socket --------------------------------------------------------------------------------- */

/* May users other than root and us replace a name in it? */
static bool others_may_change (const struct stat *st)
{
	return (st->st_uid != geteuid () && st->st_uid != 0) ||
	       (st->st_mode & (S_IWGRP | S_IWOTH) && !(st->st_mode & S_ISVTX));
}

/* Does the name in the directory belong to that file? */
static bool is_named (int directory, const char *name, const struct stat *file)
{
	struct stat named;

	return fstatat (directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == file->st_ino &&
	       named.st_dev == file->st_dev;
}

/* Does it look as remexd makes it: owned by root, for nobody else or for one group? */
static bool as_we_make_it (const struct stat *st)
{
	mode_t mode = st->st_mode & 07777 & ~(mode_t)S_ISGID; /* the bit comes from the directory above */

	return st->st_uid == 0 && (mode == 0700 || mode == 0750);
}

static bool group_may_enter (const struct stat *st, gid_t group)
{
	return st->st_mode & (st->st_gid == group ? S_IXGRP : S_IXOTH);
}

/* Open the directory to the group. We made it as `name` in `parent`, or it is remexd's own by its name. */
static int give_directory (int held, int parent, const char *name, const char *directory, gid_t group, struct err *err)
{
	struct stat above, st;
	int fd, result;

	if (fstat (parent, &above) < 0 || fstat (held, &st) < 0)
		return err_sys (err, 0, "%s", directory);
	if (others_may_change (&above) || !is_named (parent, name, &st))
		return err_set (err, 0,
			"cannot give %s to its group: users other than root may replace it (chmod go-w on the "
			"directory above)",
			directory);
	/* fchmod(2) does not work on O_PATH descriptors. */
	fd = openat (held, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = fd < 0 || fchown (fd, (uid_t)-1, group) < 0 || fchmod (fd, 0750) < 0 ? -1 : 0;
	if (result < 0)
		err_sys (err, 0, "cannot give %s to its group", directory);
	fd_close (&fd);
	return result;
}

/* Open the held directory to the group, if wanted and if the directory is ours to open. */
static int open_to_group (struct listener *listener, int parent, const char *name, const char *directory, gid_t group,
	bool own, struct err *err)
{
	struct stat st;

	listener->closed = false;
	if (fstat (listener->directory, &st) < 0)
		return err_sys (err, 0, "%s", directory);
	if (group == (gid_t)-1 || geteuid () != 0 || group_may_enter (&st, group))
		return 0;
	if ((listener->made || own) && as_we_make_it (&st))
		return give_directory (listener->directory, parent, name, directory, group, err);
	listener->closed = true;
	return 0;
}

/* Make the directory if it is missing, closed to all others, and hold it; open it to the group if wanted. */
static int enter_directory (struct listener *listener, int parent, const char *name, const char *directory, gid_t group,
	bool own, struct err *err)
{
	mode_t old = umask (077);
	int made = mkdirat (parent, name, 0700);

	umask (old);
	if (made < 0 && errno != EEXIST)
		return err_sys (err, 0, "cannot make %s", directory);
	listener->made = made == 0;
	if ((listener->directory = trusted_open (directory, TRUSTED_PLACE, err)) < 0)
		return -1;
	return open_to_group (listener, parent, name, directory, group, own, err);
}

/* Cut the last component and the slashes before it off `path`. Returns the component, which is in `path` too. */
static char *cut_last (char *path)
{
	char *slash = strrchr (path, '/'), *name = slash + 1;

	while (slash > path && slash[-1] == '/')
		slash--;
	*slash = '\0';
	return name;
}

/* Hold the directory of the socket; if it is held already, open it to another group. 0, or -1 and err. */
static int hold_directory (struct listener *listener, gid_t group, bool own, struct err *err)
{
	char directory[LISTEN_PATH_MAX + 1], above[LISTEN_PATH_MAX + 1], *name;
	bool held = listener->directory >= 0;
	int parent, result;
	struct err why;

	strcpy (directory, listener->path);
	cut_last (directory);
	strcpy (above, directory);
	if (!*directory) {
		if (!held)
			listener->directory = trusted_open ("/", TRUSTED_PLACE, err);
		return listener->directory < 0 ? -1 : 0;
	}
	name = cut_last (above);
	if ((parent = trusted_open (*above ? above : "/", TRUSTED_ABOVE, &why)) < 0) {
		errno = why.sys;
		if (why.sys != EPERM)
			return err_sys (err, 0, "cannot make %s", directory);
		*err = why;
		return -1;
	}
	result = held ? open_to_group (listener, parent, name, directory, group, own, err)
		      : enter_directory (listener, parent, name, directory, group, own, err);
	fd_close (&parent);
	return result;
}

/* --- the owner of a socket ---------------------------------------------------------------------------------------- */

enum { OWNER_SIZE = 128 };

/* A connection to whoever listens there, without waiting; -1 with errno (EAGAIN: a process listens, and has no room). */
static int connect_to (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy (address.sun_path, path);
	if (fd >= 0 && connect (fd, (const struct sockaddr *)&address, sizeof address) < 0)
		fd_close (&fd);
	return fd;
}

/* Does a process have a socket there, of any type? EPROTOTYPE: of another type than ours. */
static bool is_live (const char *path)
{
	int fd = connect_to (path);
	bool live = fd >= 0 || errno == EAGAIN || errno == EPROTOTYPE;

	fd_close (&fd);
	return live;
}

/* --- the lock ---------------------------------------------------------------------------------------------------- */

static const char *base_name (const char *path)
{
	return strrchr (path, '/') + 1;
}

static void lock_name (char name[LISTEN_PATH_MAX + 8], const char *path)
{
	snprintf (name, LISTEN_PATH_MAX + 8, "%s.lock", base_name (path));
}

/* False for a removed directory, which takes no new file. */
static bool is_linked (int directory)
{
	struct stat st;

	return fstat (directory, &st) == 0 && st.st_nlink > 0;
}

/* Open the lock file; *made: the file is new. */
static int open_lock (int directory, const char *name, bool *made)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	int fd;

	do {
		fd = openat (directory, name, flags | O_CREAT | O_EXCL, 0600);
		*made = fd >= 0;
		if (fd < 0 && errno == EEXIST)
			fd = openat (directory, name, flags);
	} while (fd < 0 && errno == ENOENT && is_linked (directory));
	return fd;
}

/* The owner of a lock writes its pid into it, for a process that finds the lock taken. A lock without a pid works as
 * well, and a file that may be more than a lock is not written to: in a sticky directory others may have made it, as a
 * hard link. */
static void sign_lock (int lock, const struct stat *st)
{
	if (!S_ISREG (st->st_mode) || st->st_uid != geteuid () || st->st_nlink != 1)
		return;
	if (ftruncate (lock, 0) == 0)
		dprintf (lock, "%d\n", (int)getpid ());
}

/* The pid that is in a lock; 0: none. */
static pid_t read_signature (int lock)
{
	char signature[16] = "";

	return pread (lock, signature, sizeof signature - 1, 0) > 0 ? (pid_t)strtol (signature, NULL, 10) : 0;
}

/* Who has the socket, in words: the process that listens there, as the kernel tells it, or else the process that has
 * signed the lock (-1: there is no lock). "" when it cannot be known. */
static const char *describe_owner (const char *path, int lock, char words[OWNER_SIZE])
{
	struct passwd *user;
	uid_t uid = (uid_t)-1;
	struct stat st;
	pid_t pid = 0;
	int fd = connect_to (path);

	words[0] = '\0';
	if (fd >= 0 && peer_uid (fd, &uid, &pid) < 0)
		pid = 0;
	fd_close (&fd);
	if (uid == (uid_t)-1 && lock >= 0 && (pid = read_signature (lock)) != 0 && fstat (lock, &st) == 0)
		uid = st.st_uid;
	if (uid == (uid_t)-1)
		return words;
	user = getpwuid (uid);
	if (pid > 0 && user)
		snprintf (words, OWNER_SIZE, ": process %d of user %s", (int)pid, user->pw_name);
	else if (pid > 0)
		snprintf (words, OWNER_SIZE, ": process %d of uid %u", (int)pid, (unsigned)uid);
	else /* its pid namespace is not ours */
		snprintf (words, OWNER_SIZE, ": a process of uid %u in another container", (unsigned)uid);
	return words;
}

/* Take PATH.lock. Its holder may unlink it, so the locked file must still have the name. *former: the pid of the remexd
 * that has died here, 0: its pid is not known, -1: the file is new, so no remexd has died here. */
static int take_lock (struct listener *listener, pid_t *former, struct err *err)
{
	const char *path = listener->path;
	char name[LISTEN_PATH_MAX + 8], owner[OWNER_SIZE];
	struct stat held;
	bool made;

	lock_name (name, path);
	for (;;) {
		int fd = open_lock (listener->directory, name, &made);

		if (fd < 0)
			return err_sys (err, 0, "cannot open %s.lock", path);
		if (flock (fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				err_set (err, 0, "%s is in use by another remexd%s", path,
					describe_owner (path, fd, owner));
			else
				err_sys (err, 0, "cannot lock %s.lock", path);
			fd_close (&fd);
			return -1;
		}
		if (fstat (fd, &held) == 0 && is_named (listener->directory, name, &held)) {
			*former = made ? -1 : read_signature (fd);
			sign_lock (fd, &held);
			return listener->lock = fd;
		}
		fd_close (&fd);
	}
}

/* --- the socket -------------------------------------------------------------------------------------------------- */

/* Does the socket belong to another program, such as a service manager? Without a lock file no remexd that makes its own
 * sockets was here. With one, a process that the dead remexd has left behind may still have its socket: the kernel names
 * the process that made it listen. */
static bool is_others (const char *path, pid_t former)
{
	pid_t pid = 0;
	uid_t uid;
	bool others;
	int fd;

	if (former < 0)
		return is_live (path);
	fd = connect_to (path);
	others =
		fd < 0 ? errno == EPROTOTYPE : former > 0 && peer_uid (fd, &uid, &pid) == 0 && pid > 0 && pid != former;
	fd_close (&fd);
	return others;
}

/* Remove what a dead remexd left. */
static int clear_name (const struct listener *listener, pid_t former, struct err *err)
{
	char owner[OWNER_SIZE];
	const char *name = base_name (listener->path);
	struct stat st;

	if (fstatat (listener->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys (err, 0, "%s", listener->path);
	if (!S_ISSOCK (st.st_mode))
		return err_set (err, 0, "%s exists and is not a socket", listener->path);
	if (is_others (listener->path, former))
		return err_set (err, 0, "%s is in use by another program%s", listener->path,
			describe_owner (listener->path, -1, owner));
	unlinkat (listener->directory, name, 0);
	return 0;
}

static int bind_and_listen (struct listener *listener, const struct sockaddr_un *address, struct err *err)
{
	struct stat st;
	mode_t old;
	int bound;

	listener->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	passrights_refuse (listener->fd); /* older kernels: stream_unix looks out for descriptors */
	old = umask (0111);
	bound = listener->fd < 0 ? -1 : bind (listener->fd, (const struct sockaddr *)address, sizeof *address);
	umask (old);
	if (bound < 0 || lstat (listener->path, &st) < 0)
		return err_sys (err, 0, "cannot listen on %s", listener->path);
	if (!is_named (listener->directory, base_name (listener->path), &st))
		return err_set (err, 0, "cannot listen on %s: its directory was moved", listener->path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	if (listen (listener->fd, SOMAXCONN) < 0)
		return err_sys (err, 0, "cannot listen on %s", listener->path);
	socket_settings_read (&listener->settings, listener->fd);
	return 0;
}

int listener_open (struct listener *listener, const char *path, gid_t group, bool own, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pid_t former = 0;

	*listener = (struct listener){ .fd = -1, .directory = -1, .lock = -1 };
	if (strlen (path) > LISTEN_PATH_MAX)
		return err_set (err, 0, "%s is too long for a socket (at most %d bytes)", path, LISTEN_PATH_MAX);
	strcpy (listener->path, path);
	strcpy (address.sun_path, path);
	if (hold_directory (listener, group, own, err) == 0 && take_lock (listener, &former, err) >= 0 &&
		clear_name (listener, former, err) == 0 && bind_and_listen (listener, &address, err) == 0)
		return 0;
	listener_close (listener);
	return -1;
}

/* Remove the socket's file if it is still our own. */
static void remove_socket (struct listener *listener)
{
	const struct stat socket = { .st_dev = listener->device, .st_ino = listener->inode };

	if (listener->inode && is_named (listener->directory, base_name (listener->path), &socket))
		unlinkat (listener->directory, base_name (listener->path), 0);
	listener->inode = 0;
}

static void remove_unix (struct listener *listener)
{
	char name[LISTEN_PATH_MAX + 8];
	struct stat lock;

	if (listener->lock < 0)
		return;
	remove_socket (listener);
	lock_name (name, listener->path);
	if (fstat (listener->lock, &lock) == 0 && is_named (listener->directory, name, &lock))
		unlinkat (listener->directory, name, 0);
}

static int renew_unix (struct listener *listener, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	remove_socket (listener);
	fd_close (&listener->fd);
	strcpy (address.sun_path, listener->path);
	return bind_and_listen (listener, &address, err);
}

/* --- TCP ---------------------------------------------------------------------------------------------------------- */

/* Describe errno for that address. */
static int fail_tcp (const struct endpoint *endpoint, struct err *err)
{
	char shown[ENDPOINT_SIZE];
	int error = errno;

	endpoint_format (endpoint, shown);
	if (error == EADDRINUSE)
		err_set (err, 0, "cannot listen on %s: another program listens there", shown);
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
	/* Connections of a former remexd in TIME_WAIT must not keep the port busy (tcp(7)). */
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
	socket_settings_read (&listener->settings, listener->fd);
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

static int renew_tcp (struct listener *listener, struct err *err)
{
	struct endpoint endpoint = listener->endpoint;
	struct listener next;
	int on = 1;

	/* Other processes may have the old socket. The address is free when it does not listen, and both allow it. */
	setsockopt (listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	shutdown (listener->fd, SHUT_RDWR);
	if (listener_open_tcp (&next, &endpoint, err) < 0) {
		listen (listener->fd, SOMAXCONN); /* better changed than closed */
		return -1;
	}
	fd_close (&listener->fd);
	*listener = next;
	return 0;
}

static bool is_shut (const struct listener *listener)
{
	struct pollfd end = { .fd = listener->fd, .events = POLLRDHUP };

	return poll (&end, 1, 0) > 0;
}

const char *listener_changed (const struct listener *listener)
{
	struct socket_settings now;

	if (listener->silent)
		return NULL;
	if (is_shut (listener))
		return LISTEN_SHUT;
	socket_settings_read (&now, listener->fd);
	return socket_settings_compare (&listener->settings, &now);
}

void listener_renew_backlog (const struct listener *listener)
{
	if (!listener->adopted && !listener->silent)
		listen (listener->fd, SOMAXCONN);
}

/* Mend what can be mended without another socket. */
static int mend_adopted (struct listener *listener, struct err *err)
{
	char shown[ENDPOINT_SIZE];

	socket_settings_restore_flags (&listener->settings, listener->fd);
	if (listener->kind == LISTEN_TCP && is_shut (listener) && listen (listener->fd, SOMAXCONN) < 0)
		return fail_tcp (&listener->endpoint, err);
	if (!listener_changed (listener))
		return 0;
	return err_set (err, 0,
		"only the service manager that made %s can open it again (systemctl restart remexd.socket)",
		listener->kind == LISTEN_TCP ? endpoint_format (&listener->endpoint, shown) : listener->path);
}

int listener_renew (struct listener *listener, struct err *err)
{
	if (listener->adopted)
		return mend_adopted (listener, err);
	return listener->kind == LISTEN_TCP ? renew_tcp (listener, err) : renew_unix (listener, err);
}

int listener_give (struct listener *listener, gid_t group, bool own, struct err *err)
{
	if (listener->kind != LISTEN_UNIX || listener->directory < 0)
		return 0;
	return hold_directory (listener, group, own, err);
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
	/* Both families have the port at the same offset. */
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
		return err_set (err, 0, "descriptor %d is not a listening stream socket", listener->fd);
	if (name->sun_family == AF_INET || name->sun_family == AF_INET6) {
		listener->kind = LISTEN_TCP;
		return 0;
	}
	/* An abstract address has no file, and therefore no permissions. */
	if (name->sun_family != AF_UNIX || name->sun_path[0] != '/' || stat (name->sun_path, &st) < 0)
		return err_set (
			err, 0, "descriptor %d is neither a Unix socket with a path nor a TCP socket", listener->fd);
	snprintf (listener->path, sizeof listener->path, "%s", name->sun_path);
	passrights_refuse (listener->fd);
	return 0;
}

int listener_adopt (struct listener *listener, int fd, struct err *err)
{
	*listener = (struct listener){ .fd = fd, .directory = -1, .lock = -1, .adopted = true };
	if (describe (listener, err) == 0) {
		if (fcntl (fd, F_SETFD, FD_CLOEXEC) == 0 && fd_nonblock (fd, true) == 0) {
			socket_settings_read (&listener->settings, fd);
			return 0;
		}
		err_sys (err, 0, "descriptor %d", fd);
	}
	fd_close (&listener->fd);
	return -1;
}

void listener_close (struct listener *listener)
{
	remove_unix (listener);
	fd_close (&listener->fd);
	fd_close (&listener->directory);
	fd_close (&listener->lock);
}
