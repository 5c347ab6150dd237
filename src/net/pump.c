/* pump - see pump.h. */
#include "config.h"

#include <errno.h>

#include "net/pump.h"

void pump_init (struct pump *pump, struct buf *in, struct buf *out)
{
	*pump = (struct pump){ .in = in, .out = out, .read_size = PUMP_READ_LEAST };
}

void pump_open (struct pump *pump, const struct stream *stream)
{
	pump->stream = *stream;
}

void pump_close (struct pump *pump)
{
	if (pump_is_open (pump))
		stream_close (&pump->stream);
	pump->stream.ops = NULL;
}

static enum pump_read read_failed (struct pump *pump, int error)
{
	pump->read_ended = true;
	pump->read_error = error;
	return PUMP_ENDED;
}

enum pump_read pump_read (struct pump *pump, size_t most)
{
	size_t size = pump->read_size < most ? pump->read_size : most;
	uint8_t *space;
	ssize_t n;

	pump->full = false;
	if (pump->read_ended)
		return PUMP_ENDED;
	if (size > buf_room (pump->in))
		size = buf_room (pump->in);
	if (!size)
		return PUMP_NOTHING;
	if (!(space = buf_reserve (pump->in, size)))
		return read_failed (pump, errno);
	n = stream_read (&pump->stream, space, size);
	pump->read_blocked = n < 0 && errno == EAGAIN && stream_read_wants_write (&pump->stream);
	if (n < 0 && errno == EAGAIN)
		return PUMP_NOTHING;
	if (n <= 0)
		return read_failed (pump, n < 0 ? errno : 0);
	buf_commit (pump->in, (size_t)n);
	pump->full = (size_t)n == size;
	if (pump->full && pump->read_size < PUMP_READ_MOST)
		pump->read_size *= 2;
	return PUMP_BYTES;
}

bool pump_pending (const struct pump *pump)
{
	return pump_is_open (pump) && !pump->read_ended && stream_pending (&pump->stream);
}

size_t pump_write (struct pump *pump)
{
	size_t sent = 0;

	pump->write_blocked = false;
	while (buf_len (pump->out) > 0 && !pump->write_failed) {
		ssize_t n = stream_write (&pump->stream, buf_head (pump->out), buf_len (pump->out));

		if (n > 0) {
			buf_consume (pump->out, (size_t)n);
			sent += (size_t)n;
		} else if (n == 0 || errno == EAGAIN) {
			pump->write_blocked = true;
			return sent;
		} else {
			pump->write_failed = true;
			pump->write_error = errno;
		}
	}
	buf_consume (pump->out, buf_len (pump->out));
	return sent;
}

int pump_end (struct pump *pump)
{
	pump->write_blocked = !pump->write_failed && stream_end (&pump->stream) < 0;
	return pump->write_blocked ? -1 : 0;
}

int pump_wants (const struct pump *pump)
{
	int wants = pump->read_ended ? 0 : PUMP_READABLE;

	if (pump->write_blocked || (pump->read_blocked && !pump->read_ended))
		wants |= PUMP_WRITABLE;
	return wants;
}
