/* nowait - see nowait.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/nowait.h"

enum { SPLICE_MAX = 64 * 1024 }; /* bytes that are copied for one vmsplice */

/* --- the method --------------------------------------------------------------------------------------------------- */

struct nowait nowait_of (int fd, int access)
{
	struct nowait nowait = { fd, NOWAIT_PLAIN };
	struct stat status;

	if (fstat (fd, &status) < 0)
		return nowait;
	if (S_ISSOCK (status.st_mode))
		nowait.way = NOWAIT_SOCKET;
	else if (S_ISCHR (status.st_mode))
		nowait.way = NOWAIT_POLLED;
	/* vmsplice(2) treats a pipe that is open in both directions as a pipe for writing. */
	else if (S_ISFIFO (status.st_mode))
		nowait.way = (fcntl (fd, F_GETFL) & O_ACCMODE) == access ? NOWAIT_FLAGGED : NOWAIT_POLLED;
	return nowait;
}

void nowait_own (struct nowait *nowait, int access)
{
	struct stat status;
	char path[32];
	int own;

	/* Other devices are not opened again: opening may have an effect on a device. */
	if (nowait->way != NOWAIT_POLLED || fstat (nowait->fd, &status) < 0 ||
		(!S_ISFIFO (status.st_mode) && !isatty (nowait->fd)))
		return;
	snprintf (path, sizeof path, "/proc/self/fd/%d", nowait->fd);
	if ((own = open (path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
		return;
	nowait->fd = own;
	nowait->way = NOWAIT_OWN;
}

void nowait_close (struct nowait *nowait)
{
	if (nowait->way == NOWAIT_OWN)
		fd_close (&nowait->fd);
	nowait->fd = -1;
}

/* Did a call fail because it is not supported here (an older kernel, a named pipe, a filter of system calls)? */
static bool not_here (void)
{
	return errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM || errno == EINVAL;
}

static bool ready (int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	if (poll (&one, 1, 0) > 0)
		return true;
	errno = EAGAIN;
	return false;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static ssize_t read_once (struct nowait *nowait, void *bytes, size_t n)
{
	struct iovec part = { bytes, n };
	ssize_t got;

	switch (nowait->way) {
	case NOWAIT_SOCKET: return recv (nowait->fd, bytes, n, MSG_DONTWAIT);
	case NOWAIT_FLAGGED:
		if ((got = preadv2 (nowait->fd, &part, 1, -1, RWF_NOWAIT)) >= 0 || !not_here ())
			return got;
		nowait->way = NOWAIT_SPLICED;
		__attribute__ ((fallthrough));
	case NOWAIT_SPLICED:
		if ((got = vmsplice (nowait->fd, &part, 1, SPLICE_F_NONBLOCK)) >= 0 || !not_here ())
			return got;
		nowait->way = NOWAIT_POLLED;
		__attribute__ ((fallthrough));
	case NOWAIT_POLLED:
		if (!ready (nowait->fd, POLLIN))
			return -1;
		break;
	case NOWAIT_PLAIN:
	case NOWAIT_OWN: break;
	}
	return read (nowait->fd, bytes, n);
}

ssize_t nowait_read (struct nowait *nowait, void *bytes, size_t n)
{
	ssize_t got;

	do
		got = read_once (nowait, bytes, n);
	while (got < 0 && errno == EINTR);
	return got;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* vmsplice puts the pages themselves into the pipe, so no code may write to these pages again. They are freed when they
 * have been read. */
static ssize_t splice_copy (int fd, const void *bytes, size_t n)
{
	struct iovec part = { .iov_len = n < SPLICE_MAX ? n : SPLICE_MAX };
	ssize_t done;
	int saved;

	part.iov_base = mmap (NULL, part.iov_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (part.iov_base == MAP_FAILED)
		return -1;
	memcpy (part.iov_base, bytes, part.iov_len);
	done = vmsplice (fd, &part, 1, SPLICE_F_NONBLOCK);
	saved = errno;
	munmap (part.iov_base, part.iov_len);
	errno = saved;
	return done;
}

static ssize_t write_once (struct nowait *nowait, const void *bytes, size_t n)
{
	struct iovec part = { (void *)(uintptr_t)bytes, n };
	ssize_t done;

	switch (nowait->way) {
	case NOWAIT_SOCKET: return send (nowait->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case NOWAIT_FLAGGED:
		if ((done = pwritev2 (nowait->fd, &part, 1, -1, RWF_NOWAIT)) >= 0 || !not_here ())
			return done;
		nowait->way = NOWAIT_SPLICED;
		__attribute__ ((fallthrough));
	case NOWAIT_SPLICED:
		if ((done = splice_copy (nowait->fd, bytes, n)) >= 0 || !not_here ())
			return done;
		nowait->way = NOWAIT_POLLED;
		__attribute__ ((fallthrough));
	case NOWAIT_POLLED:
		if (!ready (nowait->fd, POLLOUT))
			return -1;
		n = n < PIPE_BUF ? n : PIPE_BUF;
		break;
	case NOWAIT_PLAIN:
	case NOWAIT_OWN: break;
	}
	return write (nowait->fd, bytes, n);
}

ssize_t nowait_write (struct nowait *nowait, const void *bytes, size_t n)
{
	ssize_t done;

	do
		done = write_once (nowait, bytes, n);
	while (done < 0 && errno == EINTR);
	return done;
}
