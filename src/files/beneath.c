/* beneath - see beneath.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/beneath.h"

enum { COMPONENT = 256, TRIES = 64 };

static atomic_bool missing; /* the kernel has no openat2 */

static int openat2_once (int directory, const char *path, int flags, unsigned long long resolve)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = resolve };

	return (int)syscall (SYS_openat2, directory, path, &how, sizeof how);
}

/* EPERM may be about the file or about the system call: so call it for a path that is never refused. */
static bool is_missing (void)
{
	int saved = errno, fd;

	if (errno == ENOSYS || errno == EPERM) {
		fd = openat2_once (AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0);
		if (fd < 0 && (errno == ENOSYS || errno == EPERM))
			atomic_store (&missing, true);
		fd_close (&fd);
	}
	errno = saved;
	return atomic_load (&missing);
}

/* The kernel returns EAGAIN when any rename on the machine ran during the lookup of "..": retry a few times. */
static int open_by_kernel (int directory, const char *path, int flags, enum bounds bounds)
{
	static const unsigned long long resolve[] = {
		[BOUNDS_NONE] = RESOLVE_NO_MAGICLINKS,
		[BOUNDS_BENEATH] = RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH,
		[BOUNDS_NO_LINKS] = RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = -1;

	for (int tries = 0; tries < TRIES; tries++)
		if ((fd = openat2_once (directory, path, flags, resolve[bounds])) >= 0 || errno != EAGAIN)
			break;
	return fd;
}

static bool is_link (int directory, const char *name)
{
	int saved = errno;
	struct stat st;
	bool link = fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (st.st_mode);

	errno = saved;
	return link;
}

/* Open a directory on the path, or the last component with O_PATH: the descriptor is of no link. Its type is then read
 * from the descriptor, so a later rename changes nothing. */
static int step_held (int directory, const char *name, int flags)
{
	int fd = openat (directory, name, (flags & ~O_DIRECTORY) | O_NOFOLLOW), error = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat (fd, &st) < 0)
		error = errno;
	else if (S_ISLNK (st.st_mode))
		error = ELOOP;
	else if ((flags & O_DIRECTORY) && !S_ISDIR (st.st_mode))
		error = ENOTDIR;
	if (error) {
		fd_close (&fd);
		errno = error;
	}
	return fd;
}

/* Open one component, which must not be a link. With O_DIRECTORY a link gives ENOTDIR: return ELOOP, as openat2
 * does. */
static int step (int directory, const char *name, int flags)
{
	int fd;

	if (flags & O_PATH)
		return step_held (directory, name, flags);
	fd = openat (directory, name, flags | O_NOFOLLOW);
	if (fd < 0 && errno == ENOTDIR && is_link (directory, name))
		errno = ELOOP;
	return fd;
}

static int walk (int directory, const char *path, int flags)
{
	char name[COMPONENT];
	int at = directory, next = -1;
	bool last;

	do {
		size_t n = strcspn (path, "/");

		last = !path[n];
		snprintf (name, sizeof name, "%.*s", (int)n, path);
		if (n >= sizeof name)
			errno = ENAMETOOLONG;
		else if (n == 0 || !strcmp (name, ".."))
			errno = EXDEV;
		else
			next = step (at, name, last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at != directory)
			fd_close (&at);
		at = next;
		next = -1;
		path += n + 1;
	} while (!last && at >= 0);
	return at;
}

int beneath_open (int directory, const char *path, int flags, enum bounds bounds)
{
	flags |= O_CLOEXEC;
	if (!atomic_load (&missing)) {
		int fd = open_by_kernel (directory, path, flags, bounds);

		if (fd >= 0 || !is_missing ())
			return fd;
	}
	return bounds == BOUNDS_NONE ? openat (directory, path, flags) : walk (directory, path, flags);
}

void beneath_without_openat2 (bool without)
{
	atomic_store (&missing, without);
}
