/* buf - see buf.h. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { FIRST_SIZE = 512 };

void buf_init (struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void buf_free (struct buf *buf)
{
	free (buf->data);
	buf_init (buf, buf->max);
}

void buf_trim (struct buf *buf)
{
	if (buf->start == buf->end)
		buf_free (buf);
}

/* Move the content to the beginning of another block (owned from now on), which has room for it. */
static void move_to (struct buf *buf, uint8_t *data, size_t size)
{
	size_t len = buf_len (buf);

	if (len)
		memcpy (data, buf_head (buf), len);
	free (buf->data);
	buf->data = data;
	buf->size = size;
	buf->start = 0;
	buf->end = len;
}

void buf_shrink (struct buf *buf, size_t keep)
{
	size_t len = buf_len (buf), size = FIRST_SIZE;
	uint8_t *data;

	if (buf->size <= keep || len > buf->size / 4)
		return;
	if (!len) {
		buf_free (buf);
		return;
	}
	while (size < len)
		size *= 2;
	if (size < buf->size && (data = malloc (size)))
		move_to (buf, data, size);
}

uint8_t *buf_reserve (struct buf *buf, size_t n)
{
	size_t len = buf_len (buf), size;
	uint8_t *data;

	if (n > buf_room (buf)) {
		errno = ENOBUFS;
		return NULL;
	}
	if (buf->data && buf->size - buf->end >= n)
		return buf->data + buf->end;
	if (buf->data && buf->size - len >= n) {
		memmove (buf->data, buf_head (buf), len);
		buf->start = 0;
		buf->end = len;
	} else {
		size = buf->max < FIRST_SIZE ? buf->max : FIRST_SIZE;
		for (size = buf->size ? buf->size : size; size < len + n;)
			size = size > buf->max / 2 ? buf->max : size * 2;
		if (!(data = malloc (size)))
			return NULL;
		move_to (buf, data, size);
	}
	return buf->data + buf->end;
}

void buf_commit (struct buf *buf, size_t n)
{
	assert (n <= buf->size - buf->end);
	buf->end += n;
}

int buf_append (struct buf *buf, const void *bytes, size_t n)
{
	uint8_t *space;

	if (!n)
		return 0;
	if (!(space = buf_reserve (buf, n)))
		return -1;
	memcpy (space, bytes, n);
	buf_commit (buf, n);
	return 0;
}

int buf_printf (struct buf *buf, const char *fmt, ...)
{
	va_list args;
	char *text;
	int n, failed;

	va_start (args, fmt);
	n = vasprintf (&text, fmt, args);
	va_end (args);
	if (n < 0)
		return -1;
	failed = buf_append (buf, text, (size_t)n);
	free (text);
	return failed;
}

void buf_consume (struct buf *buf, size_t n)
{
	assert (n <= buf_len (buf));
	buf->start += n;
	if (buf->start == buf->end)
		buf->start = buf->end = 0;
}
