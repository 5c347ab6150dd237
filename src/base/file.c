/* file - see file.h. */
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

#include "base/fd.h"
#include "base/file.h"

enum { NAMES = 100 }; /* how many names for the file with the dot are tried */

/* How long the directory part of path is, its slash included. */
static size_t directory_length (const char *path)
{
	const char *slash = strrchr (path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Open the directory of a path. */
static int open_directory (const char *path)
{
	size_t n = directory_length (path);
	char *directory = n ? strndup (path, n) : strdup (".");
	int fd = directory ? open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free (directory);
	return fd;
}

static int fill (int fd, const void *bytes, size_t n, mode_t mode)
{
	return fd_write_all (fd, bytes, n) == 0 && fchmod (fd, mode) == 0 && fsync (fd) == 0 ? 0 : -1;
}

/* A new file in the directory, that nobody else may read; its name goes to `other`. */
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
static int write_beside (int directory, const char *name, const void *bytes, size_t n, mode_t mode, bool replace)
{
	char other[NAME_MAX + 1];
	int fd = create_beside (directory, name, other), result = -1, saved;

	if (fd < 0)
		return -1;
	if (fill (fd, bytes, n, mode) == 0)
		result = replace ? renameat (directory, other, directory, name)
				 : linkat (directory, other, directory, name, 0);
	saved = errno;
	if (!replace || result < 0)
		unlinkat (directory, other, 0);
	fd_close (&fd);
	errno = saved;
	return result < 0 ? -1 : fsync (directory);
}

int file_write (const char *path, const void *bytes, size_t n, mode_t mode, bool replace, struct err *err)
{
	int directory = open_directory (path), result = -1;

	if (directory >= 0)
		result = write_beside (directory, path + directory_length (path), bytes, n, mode, replace);
	if (result < 0)
		err_sys (err, 0, "cannot write %.300s", path);
	fd_close (&directory);
	return result;
}

/* Set the mode of the directory that was just made with mode 0700, and of no other directory that has its name now. */
static int set_mode (const char *path, mode_t mode)
{
	int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), result = -1;
	struct stat status;

	if (fd < 0 || fstat (fd, &status) < 0)
		;
	else if (status.st_uid == geteuid () && !(status.st_mode & 077))
		result = fchmod (fd, mode);
	else
		errno = EEXIST;
	fd_close (&fd);
	return result;
}

/* Make one directory. Its mode is set by a second call, because mkdir(2) applies the umask. */
static int make (const char *path, mode_t mode)
{
	struct stat status;

	if (mkdir (path, 0700) == 0)
		return set_mode (path, mode);
	if (errno != EEXIST || stat (path, &status) < 0)
		return -1;
	if (S_ISDIR (status.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int file_make_directory (const char *path, mode_t mode, mode_t above, struct err *err)
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
			result = make (copy, above);
		*p = '/';
	}
	if (result == 0)
		result = make (copy, mode);
	if (result < 0)
		err_sys (err, 0, "cannot make the directory %.300s", path);
	free (copy);
	return result;
}
