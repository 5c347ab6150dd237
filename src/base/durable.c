/* durable - see durable.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/paths.h"
#include "base/trusted.h"

enum { NAMES = 100 }; /* the number of names that are tried for the temporary file */

/* The last component of a path. */
static const char *base_name (const char *path)
{
	const char *slash = strrchr (path, '/');

	return slash ? slash + 1 : path;
}

/* Open the directory of a path, if files that are made in it can be trusted. -1 and err: `what` cannot be done. */
static int open_directory (const char *path, const char *what, struct err *err)
{
	char *whole = paths_absolute (path);
	struct err why = { .sys = ENOMEM };
	int place = -1, fd = -1;

	if (whole) {
		whole[base_name (whole) - whole] = '\0';
		place = trusted_open (whole, TRUSTED_ABOVE, &why);
	}
	if (place >= 0 && (fd = openat (place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		why.sys = errno;
	errno = why.sys;
	if (fd < 0 && why.sys == EPERM && err)
		*err = why;
	else if (fd < 0)
		err_sys (err, 0, "cannot %s %.300s", what, path);
	fd_close (&place);
	free (whole);
	return fd;
}

enum how { NEW, REPLACE, REPLACE_LAZILY };

/* A file to be written. */
struct writing {
	const void *bytes;
	size_t n;
	mode_t mode; /* unless there is: */
	int (*prepare) (void *arg, int fd, int directory, const char *name, struct err *err);
	void *arg;
	enum how how;
	struct err why; /* the reason of `prepare`; no text: errno has the reason */
};

static int fill (struct writing *writing, int fd, int directory, const char *name)
{
	if (fd_write_all (fd, writing->bytes, writing->n) < 0)
		return -1;
	if (writing->prepare ? writing->prepare (writing->arg, fd, directory, name, &writing->why) < 0
			     : fchmod (fd, writing->mode) < 0)
		return -1;
	return writing->how == REPLACE_LAZILY ? 0 : fsync (fd);
}

/* Create a new file in the directory that no other user may read; its name goes to `other`. */
static int create_beside (int directory, const char *name, char other[NAME_MAX + 1])
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = -1;

	for (int i = 0; i < NAMES && fd < 0; i++) {
		unsigned number;

		if (getrandom (&number, sizeof number, 0) != (ssize_t)sizeof number)
			return -1;
		if (snprintf (other, NAME_MAX + 1, ".%s.%08x", name, number) > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = openat (directory, other, flags, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	return fd;
}

/* 0, or -1 with errno. The new name is on the disk when the directory has been synced. */
static int write_beside (struct writing *writing, int directory, const char *name)
{
	enum how how = writing->how;
	char other[NAME_MAX + 1];
	int fd = create_beside (directory, name, other), result = -1, saved;

	if (fd < 0)
		return -1;
	if (fill (writing, fd, directory, name) == 0)
		result = how == NEW ? linkat (directory, other, directory, name, 0)
				    : renameat (directory, other, directory, name);
	saved = errno;
	if (how == NEW || result < 0)
		unlinkat (directory, other, 0);
	fd_close (&fd);
	errno = saved;
	return result < 0 || how == REPLACE_LAZILY ? result : fsync (directory);
}

static int write_file (const char *path, struct writing writing, struct err *err)
{
	int directory = open_directory (path, "write", err), result;

	if (directory < 0)
		return -1;
	result = write_beside (&writing, directory, base_name (path));
	if (result < 0 && *writing.why.text)
		err_set (err, 0, "cannot write %.300s: %.300s", path, writing.why.text);
	else if (result < 0)
		err_sys (err, 0, "cannot write %.300s", path);
	fd_close (&directory);
	return result;
}

int durable_write (const char *path, const void *bytes, size_t n, mode_t mode, bool replace, struct err *err)
{
	struct writing writing = { .bytes = bytes, .n = n, .mode = mode, .how = replace ? REPLACE : NEW };

	return write_file (path, writing, err);
}

int durable_write_lazily (const char *path, const void *bytes, size_t n, mode_t mode, struct err *err)
{
	return write_file (path, (struct writing){ .bytes = bytes, .n = n, .mode = mode, .how = REPLACE_LAZILY }, err);
}

int durable_replace (const char *path, const void *bytes, size_t n,
	int (*prepare) (void *arg, int fd, int directory, const char *name, struct err *err), void *arg,
	struct err *err)
{
	struct writing writing = { .bytes = bytes, .n = n, .prepare = prepare, .arg = arg, .how = REPLACE };

	return write_file (path, writing, err);
}

int durable_unlink (const char *path, struct err *err)
{
	int directory = open_directory (path, "remove", err), result;

	if (directory < 0)
		return -1;
	if ((result = unlinkat (directory, base_name (path), 0)) < 0)
		err_sys (err, 0, "cannot remove %.300s", path);
	fd_close (&directory);
	return result;
}

/* Make one directory, in a directory that is held open. The mode is set in a second step, because mkdir(2) applies the
 * umask. It is set only on the directory that was just made, which is closed to others until then. */
static int make (const char *path, mode_t mode, struct err *err)
{
	int directory = open_directory (path, "make the directory", err), fd = -1, result = -1;
	struct stat status;

	if (directory < 0)
		return -1;
	if (mkdirat (directory, base_name (path), 0700) == 0) {
		fd = openat (directory, base_name (path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat (fd, &status) < 0)
			;
		else if (status.st_uid == geteuid () && !(status.st_mode & 077))
			result = fchmod (fd, mode);
		else
			errno = EEXIST;
	} else if (errno == EEXIST && stat (path, &status) == 0) {
		errno = ENOTDIR;
		result = S_ISDIR (status.st_mode) ? 0 : -1;
	}
	if (result < 0)
		err_sys (err, 0, "cannot make the directory %.300s", path);
	fd_close (&fd);
	fd_close (&directory);
	return result;
}

int durable_make_directory (const char *path, mode_t mode, mode_t above, struct err *err)
{
	char *copy = strdup (path);
	struct stat status;
	int result = 0;

	if (!copy)
		return err_set (err, 0, "out of memory");
	for (char *p = copy + 1; *p && result == 0; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (stat (copy, &status) < 0)
			result = make (copy, above, err);
		*p = '/';
	}
	if (result == 0 && (stat (copy, &status) < 0 || !S_ISDIR (status.st_mode)))
		result = make (copy, mode, err);
	free (copy);
	return result;
}
