/* stream - see stream.h. Sockets and pipes. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/stream.h"

static void close_fds (struct stream *stream)
{
	if (stream->write_fd == stream->read_fd)
		stream->write_fd = -1;
	fd_close (&stream->read_fd);
	fd_close (&stream->write_fd);
}

static ssize_t read_fd (struct stream *stream, void *bytes, size_t size)
{
	ssize_t n;

	do
		n = read (stream->read_fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t write_socket (struct stream *stream, const void *bytes, size_t size)
{
	ssize_t n;

	do
		n = send (stream->write_fd, bytes, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

/* write(2) to a pipe without a reader raises SIGPIPE and has no flag against it: block the signal, and take back the
 * one that came of this write (it is sent to the writing thread). */
static ssize_t write_pipe (struct stream *stream, const void *bytes, size_t size)
{
	sigset_t pipe_only, before, pending;
	ssize_t n;

	sigemptyset (&pipe_only);
	sigaddset (&pipe_only, SIGPIPE);
	sigpending (&pending);
	pthread_sigmask (SIG_BLOCK, &pipe_only, &before);
	do
		n = write (stream->write_fd, bytes, size);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EPIPE && !sigismember (&pending, SIGPIPE)) {
		sigtimedwait (&pipe_only, NULL, &(struct timespec){ 0 });
		errno = EPIPE;
	}
	if (!sigismember (&before, SIGPIPE)) {
		int saved = errno;

		pthread_sigmask (SIG_SETMASK, &before, NULL);
		errno = saved;
	}
	return n;
}

static const struct stream_ops socket_ops = { read_fd, write_socket, close_fds };
static const struct stream_ops pipe_ops = { read_fd, write_pipe, close_fds };

int stream_open_fds (struct stream *stream, int read_end, int write_end, struct err *err)
{
	struct stat status;

	*stream = (struct stream){ .read_fd = read_end, .write_fd = write_end };
	if (fstat (write_end, &status) < 0 || fd_nonblock (read_end, true) < 0 || fd_nonblock (write_end, true) < 0) {
		err_sys (err, 0, "descriptors %d and %d", read_end, write_end);
		close_fds (stream);
		return -1;
	}
	stream->ops = S_ISSOCK (status.st_mode) ? &socket_ops : &pipe_ops;
	return 0;
}

void stream_close (struct stream *stream)
{
	if (stream->ops)
		stream->ops->close (stream);
	stream->ops = NULL;
}
