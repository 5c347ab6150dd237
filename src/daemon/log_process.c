/* log_process - see log_process.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/nowait.h"
#include "daemon/log_process.h"
#include "proc/fork.h"

enum {
	PIECE = 4096,
	ROOM = 64 * 1024, /* of the socket pair: some hundred lines, before lines are lost */
};

struct ends {
	int from, to; /* the end of the pair; the pipe */
};

/* Write n bytes to the pipe. False: nobody will read them, because the pipe has no reader, or is full at the end. */
static bool put (const struct ends *ends, struct nowait *to, const char *bytes, size_t n)
{
	while (n) {
		struct pollfd fds[] = { { .fd = to->fd, .events = POLLOUT }, { .fd = ends->from } };
		ssize_t done = nowait_write (to, bytes, n);

		if (done >= 0) {
			bytes += done;
			n -= (size_t)done;
		} else if (errno != EAGAIN || poll (fds, 2, -1) < 0 || (!fds[0].revents && fds[1].revents)) {
			return false;
		}
	}
	return true;
}

static int run (void *arg)
{
	const struct ends *ends = arg;
	struct nowait to = nowait_of (ends->to, O_WRONLY);
	char bytes[PIECE];
	ssize_t n;

	/* The terminal's signals are for the supervisor, whose last lines are still to come. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	if (dup2 (ends->to, STDOUT_FILENO) < 0 || dup2 (ends->to, STDERR_FILENO) < 0)
		return 1;
	while ((n = read (ends->from, bytes, sizeof bytes)) != 0)
		if (n > 0 ? !put (ends, &to, bytes, (size_t)n) : errno != EINTR)
			return 1;
	return 0;
}

/* Are both the same file? */
static bool same (int a, int b)
{
	struct stat one, other;

	return fstat (a, &one) == 0 && fstat (b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

pid_t log_process_start (struct err *err)
{
	const int room = ROOM;
	struct stat st;
	struct ends ends;
	int pair[2], keep[2];
	bool both;
	pid_t pid;

	if (fstat (STDERR_FILENO, &st) < 0 || !S_ISFIFO (st.st_mode))
		return 0;
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys (err, 0, "the log's socket");
	setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	both = same (STDOUT_FILENO, STDERR_FILENO);
	ends = (struct ends){ pair[1], fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3) };
	keep[0] = ends.from;
	keep[1] = ends.to;
	pid = ends.to < 0 || fd_nonblock (pair[0], true) < 0 ? -1 : fork_run ("remexd-log", keep, 2, run, &ends);
	if (pid < 0)
		err_sys (err, 0, "the log's process");
	else
		log_redirect (pair[0], both);
	fd_close (&ends.to);
	fd_close (&pair[0]);
	fd_close (&pair[1]);
	return pid;
}
