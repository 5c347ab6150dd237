/* log_process - see log_process.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/nowait.h"
#include "base/passrights.h"
#include "daemon/log_process.h"
#include "proc/fork.h"

enum {
	PIECE = 4096,
	ROOM = 64 * 1024, /* of a socket pair: some hundred lines, before lines are lost */
	REST = 2 * ROOM / PIECE, /* reads after the end of supervisor and front */
};

enum { MAIN, FRONT, WORKERS, INLETS };

/* The end of a socket pair, and what has come of a line whose end has not. */
struct inlet {
	int fd; /* -1: closed */
	size_t n;
	char bytes[PIECE];
};

struct log {
	struct inlet inlets[INLETS];
	struct nowait out; /* standard error */
	bool input_output; /* keep 0 and 1 */
	uint64_t lost; /* lines that nobody could read */
};

/* --- the process --------------------------------------------------------------------------------------------------- */

static void count_lost (struct log *log, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		log->lost += bytes[i] == '\n';
}

/* Has the pipe a reader again? */
static bool is_read (const struct log *log)
{
	struct pollfd one = { .fd = log->out.fd, .events = POLLOUT };

	return poll (&one, 1, 0) >= 0 && !(one.revents & POLLERR);
}

static void say_lost (struct log *log)
{
	if (!log->lost || !is_read (log))
		return;
	log_warning ("%llu lines of the log were lost: nobody read them", (unsigned long long)log->lost);
	log->lost = 0;
}

/* Write whole lines. False: the supervisor has ended, and nobody reads what it wrote. */
static bool put (struct log *log, const char *bytes, size_t n)
{
	say_lost (log);
	while (n) {
		struct pollfd fds[] = { { .fd = log->out.fd, .events = POLLOUT }, { .fd = log->inlets[MAIN].fd } };
		ssize_t done = nowait_write (&log->out, bytes, n);

		if (done >= 0) {
			bytes += done;
			n -= (size_t)done;
		} else if (errno != EAGAIN) {
			count_lost (log, bytes, n);
			return true;
		} else if ((poll (fds, 2, -1) < 0 && errno != EINTR) || (!fds[0].revents && fds[1].revents)) {
			return false;
		}
	}
	return true;
}

/* Write the lines that have come, and of a line that is too long, or the last one, what there is. */
static bool put_lines (struct log *log, struct inlet *inlet, bool last)
{
	const char *newline = memrchr (inlet->bytes, '\n', inlet->n);
	size_t n = last || (!newline && inlet->n == PIECE) ? inlet->n
		   : newline                               ? (size_t)(newline - inlet->bytes) + 1
							   : 0;

	if (!put (log, inlet->bytes, n))
		return false;
	inlet->n -= n;
	memmove (inlet->bytes, inlet->bytes + n, inlet->n);
	return true;
}

/* Take what has come. False: end. */
static bool take (struct log *log, struct inlet *inlet)
{
	ssize_t got = recv (inlet->fd, inlet->bytes + inlet->n, PIECE - inlet->n, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got > 0)
		inlet->n += (size_t)got;
	else
		fd_close (&inlet->fd);
	return put_lines (log, inlet, got <= 0);
}

static void take_null (int fd)
{
	int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2 (null, fd);
	close (null);
}

static int run (void *arg)
{
	struct log *log = arg;

	/* The terminal's signals are for the supervisor, whose last lines are still to come. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	if (!log->input_output) /* whoever is at their other ends waits for the end of all copies */
		for (int fd = 0; fd < 2; fd++)
			take_null (fd);
	log_setup ("remexd[log]", LOG_WARNING);
	log->out = nowait_of (STDERR_FILENO, O_WRONLY);
	for (int rest = 0; rest < REST;) {
		bool over = log->inlets[MAIN].fd < 0 && log->inlets[FRONT].fd < 0;
		struct pollfd fds[INLETS];
		int ready;

		for (int i = 0; i < INLETS; i++)
			fds[i] = (struct pollfd){ .fd = log->inlets[i].fd, .events = POLLIN };
		/* A process that a plugin has left behind may have the workers' end, and write to it, for ever. */
		rest += over;
		if ((ready = poll (fds, INLETS, over ? 0 : -1)) < 0 && errno != EINTR)
			return 1;
		if (ready == 0)
			break;
		for (int i = 0; i < INLETS; i++)
			if (ready > 0 && fds[i].revents && !take (log, &log->inlets[i]))
				return 1;
	}
	return 0;
}

/* --- the others ---------------------------------------------------------------------------------------------------- */

static bool is_pipe (int fd, struct stat *st)
{
	return fstat (fd, st) == 0 && S_ISFIFO (st->st_mode);
}

/* The end that others write to, or -1 with errno. */
static int open_inlet (struct inlet *inlet)
{
	const int room = ROOM;
	int pair[2];

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	inlet->fd = pair[1];
	passrights_refuse (inlet->fd); /* plugins have the other end */
	if (fd_nonblock (pair[0], true) < 0)
		fd_close (&pair[0]);
	else
		setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	return pair[0];
}

/* Replace a pipe by the same as standard error if that is the same pipe, or else by /dev/null. */
static void replace (int fd, const struct stat *error)
{
	struct stat st;

	if (!is_pipe (fd, &st))
		return;
	if (fd == STDOUT_FILENO && st.st_dev == error->st_dev && st.st_ino == error->st_ino)
		dup2 (STDERR_FILENO, fd);
	else
		take_null (fd);
}

int log_process_start (struct log_process *process, bool input_output, struct err *err)
{
	static struct log log; /* the child's copy is used */
	bool wanted[INLETS] = { [MAIN] = true, [WORKERS] = true };
	int ends[INLETS] = { -1, -1, -1 }, keep[INLETS];
	struct stat error = { .st_mode = 0 };
	bool failed = false, piped = is_pipe (STDERR_FILENO, &error);

	*process = (struct log_process){ .main = -1, .front = -1, .workers = -1 };
	log.input_output = input_output;
	wanted[FRONT] = S_ISFIFO (error.st_mode) || S_ISSOCK (error.st_mode);
	for (int i = 0; i < INLETS; i++) {
		log.inlets[i] = (struct inlet){ .fd = -1 };
		failed |= wanted[i] && (ends[i] = open_inlet (&log.inlets[i])) < 0;
		keep[i] = log.inlets[i].fd;
	}
	if (failed || (process->pid = fork_run ("remexd-log", keep, INLETS, run, &log)) < 0) {
		process->pid = 0;
		err_sys (err, 0, "the log's process");
		for (int i = 0; i < INLETS; i++)
			fd_close (&ends[i]);
	} else if (piped) {
		log_redirect (ends[MAIN]);
	}
	for (int i = 0; i < INLETS; i++)
		fd_close (&log.inlets[i].fd);
	if (!process->pid)
		return -1;
	for (int fd = 0; input_output && fd < 2; fd++)
		replace (fd, &error);
	process->main = ends[MAIN];
	process->front = ends[FRONT];
	process->workers = ends[WORKERS];
	return 0;
}
