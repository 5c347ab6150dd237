/* fd - see fd.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

enum { DROP_NS = 5000000 }; /* the longest wait of fd_drop, and the time between its signals */
enum { PTMX_MAJOR = 5, PTMX_MINOR = 2 }; /* the device of all masters (devices.txt of the kernel) */

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

void fd_close (int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close (*fd);
	*fd = -1;
	errno = saved;
}

static void on_drop (int signo)
{
	(void)signo;
}

void fd_drop (int *fd)
{
	const struct itimerspec often = { { 0, DROP_NS }, { 0, DROP_NS } };
	const struct sigaction action = { .sa_handler = on_drop };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG };
	int saved = errno, type;
	socklen_t size = sizeof type;
	timer_t timer;
	bool timed;

	if (*fd < 0 || getsockopt (*fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
		fd_close (fd); /* only a socket lingers */
		errno = saved;
		return;
	}
	event.sigev_notify_thread_id = gettid ();
	/* Again and again: the first signal may come before the wait begins. */
	timed = sigaction (SIGURG, &action, NULL) == 0 && timer_create (CLOCK_MONOTONIC, &event, &timer) == 0;
	if (timed)
		timer_settime (timer, 0, &often, NULL);
	fd_close (fd);
	if (timed)
		timer_delete (timer);
	errno = saved;
}

int fd_nonblock (int fd, bool on)
{
	int flags = fcntl (fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl (fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int fd_fill_std (void)
{
	int fd;

	do
		fd = open ("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd < 0)
		return -1;
	close (fd);
	return 0;
}

int fd_guard_std (void)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDWR }; /* reading 0 and writing to 1 fail */

	for (int fd = 0; fd < 3; fd++)
		if (fcntl (fd, F_GETFL) < 0 && open ("/dev/null", flags[fd]) != fd)
			return -1;
	return 0;
}

void fd_close_except (int *keep, size_t n)
{
	unsigned from = 3;

	/* Insertion sort: there are few descriptors, and qsort(3) is not async-signal-safe. */
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && keep[j] < keep[j - 1]; j--) {
			int swap = keep[j];

			keep[j] = keep[j - 1];
			keep[j - 1] = swap;
		}
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			close_range (from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	close_range (from, UINT_MAX, 0);
}

/* Ask about a file, but not its file system. */
static int ask (int fd, struct statx *status)
{
	return statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, status);
}

/* A descriptor of ptmx(4), which is not open by O_PATH, is the master of one terminal. */
static bool is_pty_master (int fd, const struct statx *status)
{
	return S_ISCHR (status->stx_mode) && status->stx_rdev_major == PTMX_MAJOR &&
	       status->stx_rdev_minor == PTMX_MINOR && (fcntl (fd, F_GETFL) & (O_ACCMODE | O_PATH)) == O_RDWR;
}

bool fd_closes_at_once (int fd)
{
	struct statx status;

	return ask (fd, &status) == 0 &&
	       (S_ISFIFO (status.stx_mode) || S_ISSOCK (status.stx_mode) || is_pty_master (fd, &status));
}

static enum fd_kind socket_kind (int fd)
{
	int type, domain;
	socklen_t size = sizeof type;

	return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
			       getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
			       (domain == AF_UNIX || domain == AF_INET || domain == AF_INET6)
		       ? FD_SOCKET
		       : FD_OTHER;
}

enum fd_kind fd_kind_of (int fd, int access)
{
	struct statx status;

	if (ask (fd, &status) < 0)
		return FD_OTHER;
	if (S_ISFIFO (status.stx_mode))
		return (fcntl (fd, F_GETFL) & (O_ACCMODE | O_PATH)) == access ? FD_PIPE : FD_OTHER;
	if (S_ISSOCK (status.stx_mode))
		return socket_kind (fd);
	return is_pty_master (fd, &status) ? FD_PTY : FD_OTHER;
}

bool fd_is_of_kind (int fd, enum fd_kind kind, int access)
{
	return kind != FD_OTHER && fd_kind_of (fd, access) == kind;
}

/* The meaning of a stream's errors, by its kind. */
static const struct {
	int end; /* a read fails with this errno at the end of the stream; 0: every failure loses bytes */
	int unread[2]; /* a write fails with these errnos when there is no reader any more */
} kinds[] = {
	[FD_OTHER] = { 0 },
	[FD_PIPE] = { .unread = { EPIPE } },
	[FD_SOCKET] = { .unread = { EPIPE, ECONNRESET } },
	[FD_PTY] = { .end = EIO, .unread = { EIO } }, /* nobody has the terminal open */
};

bool fd_read_ended (enum fd_kind kind, int error)
{
	return error && error == kinds[kind].end;
}

bool fd_reader_gone (enum fd_kind kind, int error)
{
	return error && (error == kinds[kind].unread[0] || error == kinds[kind].unread[1]);
}

void fd_raise_limit (void)
{
	struct rlimit limit;

	if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit (RLIMIT_NOFILE, &limit);
	}
}

int fd_write_all (int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write (fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			/* write(2) reports a hang-up. */
			if (poll (&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1) < 0 && errno != EINTR)
				return -1;
			continue;
		}
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

char *fd_read_all (int fd, size_t max, size_t *n, struct err *err)
{
	size_t size = 4096, used = 0;
	char *data = malloc (size + 1), *more;

	while (data) {
		ssize_t got = read (fd, data + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys (err, 0, "cannot read");
			break;
		}
		used += (size_t)got;
		if (!got) {
			data[used] = '\0';
			*n = used;
			return data;
		}
		if (used > max) {
			err_set (err, 0, "larger than %zu bytes", max);
			break;
		}
		if (used == size) {
			if (!(more = realloc (data, size * 2 + 1))) {
				err_sys (err, 0, "cannot read");
				break;
			}
			data = more;
			size *= 2;
		}
	}
	if (!data)
		err_sys (err, 0, "cannot read");
	free (data);
	return NULL;
}

char *fd_read_file (const char *path, size_t max, size_t *n, struct err *err)
{
	int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct err why;
	char *data;

	if (fd < 0) {
		err_sys (err, 0, "%s", path);
		return NULL;
	}
	if (!(data = fd_read_all (fd, max, n, &why))) {
		err_set (err, 0, "%.200s: %.200s", path, why.text);
		if (err)
			err->sys = why.sys;
	}
	fd_close (&fd);
	return data;
}
