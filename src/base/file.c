/* file - see file.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

/* How long the directory part of path is, its slash included. */
static size_t directory_length (const char *path)
{
	const char *slash = strrchr (path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The name of a file is as lasting as its directory. */
static int sync_directory (const char *path)
{
	size_t n = directory_length (path);
	char *directory = n ? strndup (path, n) : strdup (".");
	int fd = directory ? open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, result;

	free (directory);
	if (fd < 0)
		return -1;
	result = fsync (fd);
	fd_close (&fd);
	return result;
}

static int fill (int fd, const void *bytes, size_t n, mode_t mode)
{
	return fd_write_all (fd, bytes, n) == 0 && fchmod (fd, mode) == 0 && fsync (fd) == 0 ? 0 : -1;
}

/* 0, or -1 with errno. `other` is a template of mkostemp(3). */
static int write_beside (char *other, const char *path, const void *bytes, size_t n, mode_t mode, bool replace)
{
	int fd = mkostemp (other, O_CLOEXEC), result = -1, saved;

	if (fd < 0)
		return -1;
	if (fill (fd, bytes, n, mode) == 0)
		result = replace ? rename (other, path) : link (other, path);
	saved = errno;
	if (!replace || result < 0)
		unlink (other);
	fd_close (&fd);
	errno = saved;
	return result < 0 ? -1 : sync_directory (path);
}

int file_write (const char *path, const void *bytes, size_t n, mode_t mode, bool replace, struct err *err)
{
	size_t directory = directory_length (path);
	char *other = NULL;
	int result;

	if (asprintf (&other, "%.*s.%s.XXXXXX", (int)directory, path, path + directory) < 0)
		return err_set (err, 0, "no memory");
	result = write_beside (other, path, bytes, n, mode, replace);
	if (result < 0)
		err_sys (err, 0, "cannot write %.300s", path);
	free (other);
	return result;
}

/* Make one. The mode is set apart, because mkdir(2) minds the umask. */
static int make (const char *path, mode_t mode)
{
	struct stat status;

	if (mkdir (path, mode & 0700) == 0)
		return chmod (path, mode);
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
		return err_set (err, 0, "no memory");
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
