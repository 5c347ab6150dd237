/* stream - bytes to and from a remexd, whatever carries them.
 *
 * The connection (host.c) polls the two descriptors and calls read and write, which never block; it knows nothing else
 * of the transport. Another transport is another struct stream_ops.
 */
#ifndef REMEX_CLIENT_STREAM_H
#define REMEX_CLIENT_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct stream;

struct stream_ops {
	/* As read(2) and write(2) on a non-blocking descriptor: EAGAIN when it would block, 0 from read at the end.
	 * EINTR does not come up. write never raises SIGPIPE. */
	ssize_t (*read) (struct stream *stream, void *bytes, size_t size);
	ssize_t (*write) (struct stream *stream, const void *bytes, size_t size);
	void (*close) (struct stream *stream); /* and everything it holds but the struct itself */
};

struct stream {
	const struct stream_ops *ops; /* NULL: not open */
	int read_fd, write_fd; /* to poll; may be the same */
};

/* A stream over descriptors that are already connected: a socket, or pipes. It owns them, also when it fails (-1 and
 * err: a descriptor is not open, or cannot be made non-blocking). */
int stream_open_fds (struct stream *stream, int read_fd, int write_fd, struct err *err);

/* Close it if it is open. */
void stream_close (struct stream *stream);

#endif
