/* ssh_string - see ssh_string.h. */
#include "config.h"

#include <errno.h>

#include "ssh/ssh_string.h"

bool ssh_take_byte (struct ssh_reader *reader, uint8_t *value)
{
	if (!reader->left)
		return false;
	*value = *reader->at++;
	reader->left--;
	return true;
}

bool ssh_take_u32 (struct ssh_reader *reader, uint32_t *value)
{
	const uint8_t *at = reader->at;

	if (reader->left < 4)
		return false;
	*value = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	reader->at += 4;
	reader->left -= 4;
	return true;
}

bool ssh_take_string (struct ssh_reader *reader, const uint8_t **bytes, size_t *n)
{
	struct ssh_reader ahead = *reader;
	uint32_t length;

	if (!ssh_take_u32 (&ahead, &length) || ahead.left < length)
		return false;
	*bytes = ahead.at;
	*n = length;
	reader->at = ahead.at + length;
	reader->left = ahead.left - length;
	return true;
}

int ssh_put_byte (struct buf *out, uint8_t value)
{
	return buf_append (out, &value, 1);
}

int ssh_put_u32 (struct buf *out, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
		(uint8_t)value };

	return buf_append (out, bytes, sizeof bytes);
}

int ssh_put_string (struct buf *out, const void *bytes, size_t n)
{
	if (n > buf_room (out) || buf_room (out) - n < 4 || n > UINT32_MAX) {
		errno = ENOBUFS;
		return -1;
	}
	return ssh_put_u32 (out, (uint32_t)n) < 0 || (n && buf_append (out, bytes, n) < 0) ? -1 : 0;
}
