/* stream - see stream.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/nowait.h"
#include "base/passrights.h"
#include "net/stream.h"

/* --- a socket ---------------------------------------------------------------------------------------------------- */

static ssize_t receive (const struct stream *stream, void *bytes, size_t n, int flags)
{
	ssize_t got;

	do
		got = recv (stream->in, bytes, n, flags | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got;
}

static ssize_t socket_read (struct stream *stream, void *bytes, size_t n)
{
	return receive (stream, bytes, n, 0);
}

/* Read only bytes that came without descriptors. More bytes may come at any moment: so first see how many there are. */
static ssize_t guarded_read (struct stream *stream, void *bytes, size_t n)
{
	int there = 0;
	ssize_t got;
	char byte;

	if (ioctl (stream->in, FIONREAD, &there) < 0)
		return -1;
	if (passrights_pending (stream->in)) {
		errno = EPROTO;
		return -1;
	}
	if (there > 0)
		return receive (stream, bytes, n < (size_t)there ? n : (size_t)there, 0);
	if ((got = receive (stream, &byte, 1, MSG_PEEK)) <= 0)
		return got;
	errno = EAGAIN; /* the byte has come meanwhile */
	return -1;
}

static ssize_t socket_write (struct stream *stream, const void *bytes, size_t n)
{
	ssize_t done;

	do
		done = send (stream->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done;
}

static int socket_end (struct stream *stream)
{
	shutdown (stream->out, SHUT_WR); /* fails for a descriptor that is no socket: close ends it */
	return 0;
}

/* With bytes that have not been read the kernel drops the descriptors that came with them. */
static void socket_close (struct stream *stream)
{
	if (!stream->let_go)
		return;
	stream->let_go (stream->arg, &stream->in);
	stream->out = -1;
}

static const struct stream_ops socket_ops = {
	.read = socket_read, .write = socket_write, .end = socket_end, .close = socket_close
};

static const struct stream_ops guarded_ops = {
	.read = guarded_read, .write = socket_write, .end = socket_end, .close = socket_close
};

static void open_unix (struct stream *stream, int fd)
{
	*stream = (struct stream){ .ops = &socket_ops, .in = fd, .out = fd, .in_poll = fd, .out_poll = fd };
}

void stream_unix (struct stream *stream, int fd)
{
	open_unix (stream, fd);
	if (!passrights_refused (fd))
		stream->ops = &guarded_ops;
}

/* --- descriptors shared with other processes ---------------------------------------------------------------------- */

struct shared {
	struct nowait in, out;
};

static ssize_t shared_read (struct stream *stream, void *bytes, size_t n)
{
	struct shared *shared = stream->state;

	return nowait_read (&shared->in, bytes, n);
}

static ssize_t shared_write (struct stream *stream, const void *bytes, size_t n)
{
	struct shared *shared = stream->state;

	return nowait_write (&shared->out, bytes, n);
}

static void shared_close (struct stream *stream)
{
	free (stream->state);
}

static const struct stream_ops shared_ops = {
	.read = shared_read, .write = shared_write, .end = socket_end, .close = shared_close
};

/* A descriptor to watch in place of fd. Watchers set O_NONBLOCK (libuv does), which an epoll descriptor that holds fd
 * takes without harm. -1: fd is always ready. */
static int watchable (int fd, uint32_t events, int *out)
{
	struct epoll_event event = { .events = events };
	int poll_fd = epoll_create1 (EPOLL_CLOEXEC);

	if (poll_fd < 0)
		return -1;
	if (epoll_ctl (poll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		fd_close (&poll_fd);
		if (errno != EPERM)
			return -1;
	}
	*out = poll_fd;
	return 0;
}

int stream_shared (struct stream *stream, int in, int out)
{
	struct shared *shared = malloc (sizeof *shared);

	*stream = (struct stream){
		.ops = &shared_ops, .in = in, .out = out, .in_poll = -1, .out_poll = -1, .state = shared
	};
	if (shared && watchable (in, EPOLLIN, &stream->in_poll) == 0 &&
		watchable (out, EPOLLOUT, &stream->out_poll) == 0) {
		*shared = (struct shared){ nowait_of (in, O_RDONLY), nowait_of (out, O_WRONLY) };
		return 0;
	}
	fd_close (&stream->in_poll);
	free (shared);
	return -1;
}

/* --- pipes of our own -------------------------------------------------------------------------------------------- */

static ssize_t owned_read (struct stream *stream, void *bytes, size_t n)
{
	ssize_t got;

	do
		got = read (stream->in, bytes, n);
	while (got < 0 && errno == EINTR);
	return got;
}

/* write(2) to a pipe without a reader raises SIGPIPE and has no flag against it: block the signal, and take back the
 * one raised by this write (it goes to the writing thread). */
static ssize_t owned_write (struct stream *stream, const void *bytes, size_t n)
{
	sigset_t pipe_only, before, pending;
	ssize_t done;
	int saved;

	sigemptyset (&pipe_only);
	sigaddset (&pipe_only, SIGPIPE);
	sigpending (&pending);
	pthread_sigmask (SIG_BLOCK, &pipe_only, &before);
	do
		done = write (stream->out, bytes, n);
	while (done < 0 && errno == EINTR);
	saved = errno;
	if (done < 0 && saved == EPIPE && !sigismember (&pending, SIGPIPE))
		sigtimedwait (&pipe_only, NULL, &(struct timespec){ 0 });
	if (!sigismember (&before, SIGPIPE))
		pthread_sigmask (SIG_SETMASK, &before, NULL);
	errno = saved;
	return done;
}

static const struct stream_ops owned_ops = { .read = owned_read, .write = owned_write, .end = socket_end };

int stream_owned (struct stream *stream, int in, int out)
{
	struct stat status;

	if (fstat (out, &status) < 0 || fd_nonblock (in, true) < 0 || fd_nonblock (out, true) < 0)
		return -1;
	open_unix (stream, in);
	stream->out = stream->out_poll = out;
	if (in != out || !S_ISSOCK (status.st_mode))
		stream->ops = &owned_ops;
	return 0;
}

void stream_close (struct stream *stream)
{
	if (stream->in_poll != stream->in)
		fd_close (&stream->in_poll);
	if (stream->out_poll != stream->out)
		fd_close (&stream->out_poll);
	if (stream->ops->close)
		stream->ops->close (stream);
	if (stream->out != stream->in)
		fd_close (&stream->out);
	fd_close (&stream->in);
	stream->out = stream->in_poll = stream->out_poll = -1;
}
