/* known_hosts_file - see known_hosts_file.h. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/trusted.h"
#include "ssh/known_hosts_file.h"

enum { LOCK_MS = 2000, LOCK_PAUSE_US = 20000 };

/* Make the directory of the file, unless it is there. */
static int make_directory (const char *path, struct err *err)
{
	const char *slash = strrchr (path, '/');
	char *directory = slash && slash > path ? strndup (path, (size_t)(slash - path)) : NULL;
	int result = 0;

	if (directory && mkdir (directory, 0700) < 0 && errno != EEXIST)
		result = err_sys (err, 0, "cannot make the directory %.300s", directory);
	free (directory);
	return result;
}

/* A holder that does not let go within LOCK_MS is an error, and not waited for. */
static int lock (int fd, const char *path, struct err *err)
{
	int64_t until = clock_ms () + LOCK_MS;

	while (flock (fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_ms () >= until)
			return err_sys (err, 0, "cannot lock %.300s", path);
		usleep (LOCK_PAUSE_US);
	}
	return 0;
}

/* Write at the end (O_APPEND). What was written in part is taken back: nobody else adds while the lock is held. */
static int append (int fd, const char *path, const void *line, size_t n, struct err *err)
{
	char newline = '\n', last = '\n';
	struct iovec parts[2] = { { .iov_base = &newline }, { .iov_base = (void *)(uintptr_t)line, .iov_len = n } };
	struct stat status;
	ssize_t wrote;

	if (fstat (fd, &status) < 0 || (status.st_size > 0 && pread (fd, &last, 1, status.st_size - 1) < 0))
		return err_sys (err, 0, "cannot read %.300s", path);
	parts[0].iov_len = last != '\n';
	wrote = writev (fd, parts, 2);
	if (wrote == (ssize_t)(parts[0].iov_len + n))
		return 0;
	if (wrote >= 0)
		errno = ENOSPC;
	err_sys (err, 0, "cannot write to %.300s", path);
	if (wrote > 0 && ftruncate (fd, status.st_size) < 0)
		return err_sys (err, 0, "%.300s ends with a part of a line", path);
	return -1;
}

int known_hosts_append (const char *path, const void *line, size_t n, struct err *err)
{
	int fd, result;

	if (make_directory (path, err) < 0 || (fd = trusted_open (path, TRUSTED_LOG, err)) < 0)
		return -1;
	result = lock (fd, path, err) < 0 ? -1 : append (fd, path, line, n, err);
	fd_close (&fd);
	return result;
}
