/* log_process - see log_process.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "base/nowait.h"
#include "base/passrights.h"
#include "daemon/log_process.h"
#include "proc/fork.h"
#include "worker/worker.h"

enum {
	INLETS_MAX = 8192, /* twice the workers that there can be */
	OTHER_FDS = 16, /* what the process has besides them, at most */
	PIECE = 4096,
	ROOM = 64 * 1024, /* of a socket pair: some hundred lines, before lines are lost */
	END_MS = 1000, /* for the last lines, when remexd ends */
	REST = 2 * ROOM / PIECE, /* reads after the end of supervisor and front */
};

/* The first inlets, which are there from the beginning; each worker's comes later, over BIRTHS. */
enum { MAIN, FRONT, BIRTHS, FIRST };

/* The end of a socket pair, and what has come of a line whose end has not. */
struct inlet {
	int fd; /* -1: closed */
	uid_t uid; /* of the worker */
	bool guarded; /* the kernel takes no descriptors (passrights.h) */
	size_t n;
	char bytes[PIECE + 1]; /* and a newline where a line has none */
};

struct log {
	struct inlet *inlets[INLETS_MAX];
	size_t n_inlets, most; /* `most`: so many inlets of workers */
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

static void log_lost (struct log *log)
{
	if (!log->lost || !is_read (log))
		return;
	log_warning ("%llu lines of the log were lost: nobody read them", (unsigned long long)log->lost);
	log->lost = 0;
}

/* Write whole lines. False: the supervisor has ended, and nobody reads what it wrote. */
static bool put (struct log *log, const char *bytes, size_t n)
{
	log_lost (log);
	while (n) {
		struct pollfd fds[] = { { .fd = log->out.fd, .events = POLLOUT }, { .fd = log->inlets[MAIN]->fd } };
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

/* Write the lines that have come; of a line that is too long, or of the last line, write the part that there is, as a line: it
 * must not swallow the next line of another process. */
static bool put_lines (struct log *log, struct inlet *inlet, bool last)
{
	const char *newline = memrchr (inlet->bytes, '\n', inlet->n);
	size_t n = last || (!newline && inlet->n == PIECE) ? inlet->n
		   : newline                               ? (size_t)(newline - inlet->bytes) + 1
							   : 0;
	char *after = &inlet->bytes[n], kept = *after;
	bool cut = n && after[-1] != '\n';

	if (cut)
		*after = '\n';
	if (!put (log, inlet->bytes, n + cut))
		return false;
	*after = kept;
	inlet->n -= n;
	memmove (inlet->bytes, inlet->bytes + n, inlet->n);
	return true;
}

static int by_uid (const void *a, const void *b)
{
	const uid_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

/* The user who has the most inlets of workers; not root where another user has as many. */
static uid_t find_greedy (const struct log *log)
{
	static uid_t uids[INLETS_MAX];
	size_t n = 0, same = 0, most = 0;
	uid_t greedy = 0;

	for (size_t i = FIRST; i < log->n_inlets; i++)
		if (log->inlets[i]->fd >= 0)
			uids[n++] = log->inlets[i]->uid;
	qsort (uids, n, sizeof *uids, by_uid);
	for (size_t i = 0; i < n; i++) {
		same = i && uids[i] == uids[i - 1] ? same + 1 : 1;
		if (same >= most) {
			most = same;
			greedy = uids[i];
		}
	}
	return greedy;
}

/* Make room for one more inlet: processes that plugins have left behind may have any number. The user who has the most
 * loses the oldest one. */
static bool make_room (struct log *log)
{
	uid_t greedy;

	if (log->n_inlets - FIRST < log->most)
		return true;
	greedy = find_greedy (log);
	for (size_t i = FIRST; i < log->n_inlets; i++) {
		struct inlet *inlet = log->inlets[i];

		if (inlet->fd < 0 || inlet->uid != greedy)
			continue;
		fd_drop (&inlet->fd);
		return put_lines (log, inlet, true);
	}
	return true;
}

/* Receive the end of a new worker, from the supervisor. Without memory or descriptors its lines are lost. False: end. */
static bool take_birth (struct log *log, struct inlet *births)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE (sizeof (int))];
	uid_t uid;
	struct iovec part = { &uid, sizeof uid };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head;
	struct inlet *inlet;
	ssize_t got;
	int fd;

	if (!make_room (log))
		return false;
	got = recvmsg (births->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got == 0)
		fd_close (&births->fd);
	if (got != sizeof uid || !(head = CMSG_FIRSTHDR (&message)) || head->cmsg_type != SCM_RIGHTS)
		return true;
	memcpy (&fd, CMSG_DATA (head), sizeof fd);
	if (!(inlet = calloc (1, sizeof *inlet))) {
		close (fd);
		return true;
	}
	inlet->fd = fd;
	inlet->uid = uid;
	inlet->guarded = passrights_refused (fd);
	log->inlets[log->n_inlets++] = inlet;
	return true;
}

/* Take what has come. False: end. */
static bool take (struct log *log, struct inlet *inlet)
{
	ssize_t got;

	if (inlet == log->inlets[BIRTHS])
		return take_birth (log, inlet);
	/* Whoever drops a descriptor may wait for as long as its sender likes. */
	if (inlet != log->inlets[MAIN] && !inlet->guarded && passrights_pending (inlet->fd)) {
		fd_drop (&inlet->fd);
		return put_lines (log, inlet, true);
	}
	got = recv (inlet->fd, inlet->bytes + inlet->n, PIECE - inlet->n, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got > 0)
		inlet->n += (size_t)got;
	else
		fd_close (&inlet->fd);
	return put_lines (log, inlet, got <= 0);
}

/* Forget the workers' inlets that are closed. */
static void forget_closed (struct log *log)
{
	size_t kept = FIRST;

	for (size_t i = FIRST; i < log->n_inlets; i++)
		if (log->inlets[i]->fd >= 0)
			log->inlets[kept++] = log->inlets[i];
		else
			free (log->inlets[i]);
	log->n_inlets = kept;
}

/* Wait for lines, and take them. 1: go on; 0: supervisor and front have ended, and there is nothing to read; -1: end. */
static int turn (struct log *log, bool over)
{
	size_t n = log->n_inlets;
	struct pollfd *fds = calloc (n, sizeof *fds);
	int result = fds ? 1 : -1, ready;

	for (size_t i = 0; fds && i < n; i++)
		fds[i] = (struct pollfd){ .fd = log->inlets[i]->fd, .events = POLLIN };
	if (fds && (ready = poll (fds, n, over ? 0 : -1)) <= 0)
		result = ready == 0 ? 0 : errno == EINTR ? 1 : -1;
	else
		for (size_t i = 0; fds && i < n && result > 0; i++)
			if (fds[i].revents && !take (log, log->inlets[i]))
				result = -1;
	free (fds);
	forget_closed (log);
	return result;
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
	struct rlimit limit;

	/* The terminal's signals are for the supervisor, whose last lines are still to come. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	signal (SIGTTOU, SIG_IGN); /* as in remexd.c */
	if (!log->input_output) /* whoever is at their other ends waits for the end of all copies */
		for (int fd = 0; fd < 2; fd++)
			take_null (fd);
	log_setup ("remexd[log]", LOG_WARNING);
	log->out = nowait_of (STDERR_FILENO, O_WRONLY);
	log->most = INLETS_MAX - FIRST - 1;
	if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < log->most + OTHER_FDS)
		log->most = limit.rlim_cur > OTHER_FDS ? (size_t)limit.rlim_cur - OTHER_FDS : 1;
	for (int rest = 0, result = 1; result > 0 && rest < REST;) {
		bool over = log->inlets[MAIN]->fd < 0 && log->inlets[FRONT]->fd < 0;

		/* A process that a plugin has left behind may have its end, and write to it, for ever. */
		rest += over;
		result = turn (log, over);
	}
	return 0;
}

/* --- the others ---------------------------------------------------------------------------------------------------- */

/* Can a call on it wait, whatever its flags? */
static bool may_wait (int fd, struct stat *st)
{
	return fstat (fd, st) == 0 && (S_ISFIFO (st->st_mode) || S_ISREG (st->st_mode));
}

/* A socket pair: the end that is read, and the end that others write to. 0, or -1 with errno. `guarded`: no
 * descriptors. */
static int open_pair (int pair[2], bool guarded)
{
	const int room = ROOM;

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if (fd_nonblock (pair[1], true) < 0) {
		fd_close (&pair[0]);
		fd_close (&pair[1]);
		return -1;
	}
	setsockopt (pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	if (guarded)
		passrights_refuse (pair[0]);
	return 0;
}

/* Replace a pipe or file by the same as standard error if that is the same one, or else by /dev/null. */
static void replace (int fd, const struct stat *error)
{
	struct stat st;

	if (!may_wait (fd, &st))
		return;
	if (fd == STDOUT_FILENO && st.st_dev == error->st_dev && st.st_ino == error->st_ino)
		dup2 (STDERR_FILENO, fd);
	else
		take_null (fd);
}

static int to_births = -1; /* our end of BIRTHS */

int log_process_start (struct log_process *process, bool input_output, struct err *err)
{
	static struct log log; /* the child's copy is used */
	static struct inlet first[FIRST];
	int main_pair[2] = { -1, -1 }, front_pair[2] = { -1, -1 }, births[2] = { -1, -1 };
	struct stat error = { .st_mode = 0 };
	bool waits = may_wait (STDERR_FILENO, &error), failed;

	*process = (struct log_process){ .front = -1 };
	failed = open_pair (main_pair, false) < 0 || link_pair (births) < 0;
	if (!failed && (waits || S_ISSOCK (error.st_mode)))
		failed = open_pair (front_pair, true) < 0;
	first[MAIN] = (struct inlet){ .fd = main_pair[0] };
	first[BIRTHS] = (struct inlet){ .fd = births[0] };
	first[FRONT] = (struct inlet){ .fd = front_pair[0],
		.guarded = front_pair[0] >= 0 && passrights_refused (front_pair[0]) };
	for (log.n_inlets = 0; log.n_inlets < FIRST; log.n_inlets++)
		log.inlets[log.n_inlets] = &first[log.n_inlets];
	log.input_output = input_output;
	if (failed || (process->pid = fork_run (
			       "remexd-log", (int[]){ main_pair[0], births[0], front_pair[0] }, 3, run, &log)) < 0) {
		process->pid = 0;
		err_sys (err, 0, "the log's process");
		fd_close (&main_pair[1]);
		fd_close (&births[1]);
		fd_close (&front_pair[1]);
	}
	fd_close (&main_pair[0]);
	fd_close (&births[0]);
	fd_close (&front_pair[0]);
	if (!process->pid)
		return -1;
	process->file = S_ISREG (error.st_mode);
	if (waits)
		log_redirect (main_pair[1]);
	for (int fd = 0; input_output && fd < 2; fd++)
		replace (fd, &error);
	to_births = births[1];
	process->front = front_pair[1];
	return 0;
}

int log_process_worker (uid_t uid)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE (sizeof (int))] = { 0 };
	struct iovec part = { &uid, sizeof uid };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head = CMSG_FIRSTHDR (&message);
	int pair[2];

	if (to_births < 0)
		return -1;
	if (open_pair (pair, true) < 0)
		return WORKER_NO_LOG;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN (sizeof (int));
	memcpy (CMSG_DATA (head), &pair[0], sizeof (int));
	sendmsg (to_births, &message,
		MSG_DONTWAIT | MSG_NOSIGNAL); /* when this fails, the lines of this worker are lost */
	fd_close (&pair[0]);
	return pair[1];
}

void log_process_end (struct log_process *process)
{
	int null = process->pid && process->file ? open ("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	struct pollfd end = { .fd = null < 0 ? -1 : pidfd_open (process->pid, 0), .events = POLLIN };

	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2 (null, fd);
	fd_close (&process->front);
	fd_close (&to_births);
	if (end.fd >= 0)
		poll (&end, 1, END_MS);
	fd_close (&end.fd);
	fd_close (&null);
}
