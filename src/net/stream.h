/* stream - bytes in and out of one connection, whatever carries them: a Unix socket, or a pair of descriptors that
 * belong to somebody else (--stdio). TCP with TLS and ssh become further kinds: a row of operations each.
 *
 * Nothing here blocks: what cannot be done now is -1 with EAGAIN. A stream owns its descriptors.
 */
#ifndef REMEX_NET_STREAM_H
#define REMEX_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stream;

struct stream_ops {
	/* As read(2) and write(2) without blocking: 0 from read is the end. */
	ssize_t (*read) (struct stream *stream, void *bytes, size_t n);
	ssize_t (*write) (struct stream *stream, const void *bytes, size_t n);
};

struct stream {
	const struct stream_ops *ops;
	int in, out; /* the same for a socket */
	int in_poll, out_poll; /* what to watch; -1: always ready (a regular file) */
};

/* A connected Unix socket. */
void stream_unix (struct stream *stream, int fd);

/* Descriptors whose O_NONBLOCK is not ours to set, because others share them: they are asked with poll(2) before each
 * read or write, and written in pieces that a writable pipe takes whole (PIPE_BUF, pipe(7)). 0, or -1 with errno
 * (nothing owned). */
int stream_shared (struct stream *stream, int in, int out);

void stream_close (struct stream *stream);

static inline ssize_t stream_read (struct stream *stream, void *bytes, size_t n)
{
	return stream->ops->read (stream, bytes, n);
}

static inline ssize_t stream_write (struct stream *stream, const void *bytes, size_t n)
{
	return stream->ops->write (stream, bytes, n);
}

#endif
