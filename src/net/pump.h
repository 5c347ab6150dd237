/* pump - the buffers of one connection: bytes read and not yet decoded, bytes waiting to be sent.
 *
 * A pump knows a stream and two buffers, and no loop. Its user watches the descriptors of the stream, calls pump_read
 * when they are readable and pump_write when there is something to send or when they are writable, and asks pump_wants
 * after each call what to watch for next. Nothing here blocks, and one call reads or writes a bounded number of bytes,
 * so that other connections have their turn.
 *
 * The buffers belong to the user, who decodes messages out of `in` and puts messages into `out`; the stream belongs to
 * the pump. Reading and writing end separately: after a write has failed, bytes that the peer sent before can still be
 * read.
 */
#ifndef REMEX_NET_PUMP_H
#define REMEX_NET_PUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/stream.h"

enum {
	PUMP_READ_LEAST = 16 * 1024, /* bytes of the first read; */
	PUMP_READ_MOST = 256 * 1024, /* the size doubles with each full read, up to this */
};

/* Results of pump_wants. */
enum { PUMP_READABLE = 1, PUMP_WRITABLE = 2 };

enum pump_read {
	PUMP_NOTHING, /* nothing came, or `in` is full */
	PUMP_BYTES, /* `in` has more than before */
	PUMP_ENDED, /* the end of reading: pump->read_error */
};

struct pump {
	struct stream stream; /* ops is NULL: not open */
	struct buf *in, *out;
	size_t read_size; /* bytes of the next read */
	bool full; /* the last read was full: there may be more */
	bool read_ended; /* the peer has ended the stream, or reading has failed */
	int read_error; /* errno of the failed read; 0: the peer has ended the stream */
	bool write_failed; /* nothing more can be written; `out` is dropped by each pump_write */
	int write_error; /* errno of the failed write */
	bool write_blocked; /* the last write, or pump_end, waits until the stream is writable */
	bool read_blocked; /* the last read waits until the stream is writable (TLS, ssh) */
};

/* Make a pump without a stream, for these buffers. */
void pump_init (struct pump *pump, struct buf *in, struct buf *out);

/* The stream is owned by the pump from now on. */
void pump_open (struct pump *pump, const struct stream *stream);

static inline bool pump_is_open (const struct pump *pump)
{
	return pump->stream.ops;
}

/* Close the stream, if there is one; the buffers keep what they have. */
void pump_close (struct pump *pump);

/* Read once into `in`: at most `most` bytes, and not more than `in` has room for. ENOMEM counts as an error of
 * reading. */
enum pump_read pump_read (struct pump *pump, size_t most);

/* Is there more to read, or the end, although no descriptor will say so? True only right after pump_open and
 * pump_read. */
bool pump_pending (const struct pump *pump);

/* Write as much of `out` as possible; returns the number of bytes. Then `out` is empty, or pump->write_blocked. */
size_t pump_write (struct pump *pump);

/* End writing: shut the stream for writing. 0, or -1: call again when it is writable. `out` is empty. */
int pump_end (struct pump *pump);

/* The events to watch for: PUMP_READABLE at stream.in_poll, PUMP_WRITABLE at stream.out_poll. When the stream is
 * writable and pump->read_blocked, call pump_read. */
int pump_wants (const struct pump *pump);

#endif
