/* buf - growable bytes with a hard maximum: filled at the end, drained at the front.
 *
 * The contents are `data[start..end)`. The maximum bounds the memory: an append that would exceed it fails with ENOBUFS
 * and changes nothing. An empty buffer is filled from its start again; buf_trim frees its memory, so that an idle
 * connection has no buffer. Pointers into a buffer are valid until the buffer is changed.
 */
#ifndef REMEX_BASE_BUF_H
#define REMEX_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t start, end, size, max;
};

void buf_init (struct buf *buf, size_t max);
void buf_free (struct buf *buf);

static inline size_t buf_len (const struct buf *buf)
{
	return buf->end - buf->start;
}

/* The first byte; NULL: nothing was ever appended. */
static inline uint8_t *buf_head (const struct buf *buf)
{
	return buf->data ? buf->data + buf->start : NULL;
}

/* The number of bytes that may still be appended. */
static inline size_t buf_room (const struct buf *buf)
{
	return buf->max - buf_len (buf);
}

/* Room for n bytes behind the end; NULL with errno ENOBUFS (over the maximum) or ENOMEM. After filling the room, call
 * buf_commit with the number of bytes. */
uint8_t *buf_reserve (struct buf *buf, size_t n);
void buf_commit (struct buf *buf, size_t n);

/* Append; 0, or -1 as buf_reserve. */
int buf_append (struct buf *buf, const void *bytes, size_t n);
int buf_printf (struct buf *buf, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Drop n bytes from the front. */
void buf_consume (struct buf *buf, size_t n);

/* Free the memory if the buffer is empty. */
void buf_trim (struct buf *buf);

/* The same if the memory is larger than `keep`. In that case contents of a quarter of the memory or less move to a
 * smaller piece. */
void buf_shrink (struct buf *buf, size_t keep);

#endif
