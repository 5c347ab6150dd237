/* stream - the bytes in and out of one connection over any transport: a Unix socket, a pair of descriptors shared with
 * other processes (--stdio), or TLS (stream_tls of net/tls.h). A kind is a row of operations.
 *
 * Nothing here blocks: an operation that cannot be done now is -1 with EAGAIN. A stream owns its descriptors.
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
	int (*end) (struct stream *stream); /* stream_end */
	bool (*pending) (const struct stream *stream); /* stream_pending; NULL: never */
	bool (*read_wants_write) (const struct stream *stream); /* stream_read_wants_write; NULL: never */
	void (*close) (struct stream *stream); /* free `state`; in and out are closed after it. NULL: there is none */
};

struct stream {
	const struct stream_ops *ops;
	int in, out; /* the same for a socket */
	int in_poll,
		out_poll; /* what to watch; -1: always ready (a regular file). Where out_poll is not `out`, it becomes
				  readable when the stream is writable */
	void *state; /* the kind's own */
	void (*let_go) (void *arg, int *fd); /* a Unix socket: close it; NULL: by close(2) */
	void *arg; /* of let_go */
};

/* A connected Unix socket that takes no descriptors (base/passrights.h). Where the kernel cannot see to that, a read
 * fails with EPROTO before bytes that came with descriptors; at the end of the stream these are dropped, which may wait as
 * long as the sender likes: so `let_go` should close the socket elsewhere. */
void stream_unix (struct stream *stream, int fd);

/* Descriptors whose O_NONBLOCK must not be set, because other processes share them: read and written by base/nowait.h.
 * 0, or -1 with errno (nothing owned). */
int stream_shared (struct stream *stream, int in, int out);

/* Descriptors of our own, which are made non-blocking: sockets, or pipes (their write raises no SIGPIPE); both may be
 * the same. 0, or -1 with errno (nothing owned). */
int stream_owned (struct stream *stream, int in, int out);

void stream_close (struct stream *stream);

static inline ssize_t stream_read (struct stream *stream, void *bytes, size_t n)
{
	return stream->ops->read (stream, bytes, n);
}

/* After EAGAIN the next write must start with the same bytes (in another buffer if need be, and more of them if need
 * be): TLS may have sent a part of their record. */
static inline ssize_t stream_write (struct stream *stream, const void *bytes, size_t n)
{
	return stream->ops->write (stream, bytes, n);
}

/* End writing: tell the other end, and keep reading. 0, or -1 with EAGAIN: call again when the stream is writable. */
static inline int stream_end (struct stream *stream)
{
	return stream->ops->end (stream);
}

/* Is there more to read, or the end, although the watched descriptor does not say so? True only right after a read, or
 * at the start. */
static inline bool stream_pending (const struct stream *stream)
{
	return stream->ops->pending && stream->ops->pending (stream);
}

/* After EAGAIN from a read: must the stream be writable first? Otherwise the read waits for bytes. */
static inline bool stream_read_wants_write (const struct stream *stream)
{
	return stream->ops->read_wants_write && stream->ops->read_wants_write (stream);
}

#endif
