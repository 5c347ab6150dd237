/* snapshot - identity files in one buffer; see grant.h. Each file is three big-endian numbers of four bytes (a mark,
 * the length of the name, the length of the text), then the name and the text, without a NUL.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <errno.h>
#include <string.h>

#include "conf/grant.h"
#include "conf/tree.h"

enum { HEAD = 12, MARK = 0x72786964 /* "rxid" */ };

static void put_number (uint8_t *to, size_t number)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(number >> (24 - 8 * i));
}

static size_t get_number (const char *from)
{
	size_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | (uint8_t)from[i];
	return number;
}

int grant_append (struct buf *buf, const char *name, const char *text, size_t n)
{
	size_t named = strlen (name);
	uint8_t *to;

	if (grant_check_name (name, NULL) < 0 || n > CONF_FILE_MAX) {
		errno = n > CONF_FILE_MAX ? EFBIG : EINVAL;
		return -1;
	}
	if (!(to = buf_reserve (buf, HEAD + named + n)))
		return -1;
	put_number (to, MARK);
	put_number (to + 4, named);
	put_number (to + 8, n);
	memcpy (to + HEAD, name, named);
	if (n)
		memcpy (to + HEAD + named, text, n);
	buf_commit (buf, HEAD + named + n);
	return 0;
}

int grant_next (
	const char *bytes, size_t size, size_t *offset, char name[GRANT_NAME_MAX + 1], const char **text, size_t *n)
{
	char copy[GRANT_NAME_MAX + 1] = "";
	size_t left, named, long_text;

	if (*offset == size)
		return 0;
	if (*offset > size || (left = size - *offset) < HEAD)
		return -1;
	bytes += *offset;
	named = get_number (bytes + 4);
	long_text = get_number (bytes + 8);
	if (get_number (bytes) != MARK || named > GRANT_NAME_MAX || long_text > CONF_FILE_MAX ||
		left - HEAD < named + long_text)
		return -1;
	memcpy (copy, bytes + HEAD, named);
	if (strlen (copy) != named || grant_check_name (copy, NULL) < 0)
		return -1;
	memcpy (name, copy, sizeof copy);
	*text = bytes + HEAD + named;
	*n = long_text;
	*offset += HEAD + named + long_text;
	return 1;
}
