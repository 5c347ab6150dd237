/* asciicast - see asciicast.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/asciicast.h"

static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd }; /* U+FFFD */

/* Write the bytes within a string of JSON. `to` has room for ASCIICAST_GROWTH * n bytes. Returns the end. */
static uint8_t *escape (uint8_t *to, const uint8_t *bytes, size_t n)
{
	static const char named[] = "\n\r\t\b\f\"\\", names[] = "nrtbf\"\\"; /* RFC 8259, 7 */
	const char *place;

	for (size_t i = 0; i < n;) {
		bool whole;
		size_t length = text_character (bytes + i, n - i, &whole),
		       written = whole ? length : sizeof replacement;
		const uint8_t *from = whole ? bytes + i : replacement;

		i += length;
		if (*from && (place = strchr (named, *from))) {
			*to++ = '\\';
			*to++ = (uint8_t)names[place - named];
			continue;
		}
		if (*from < 0x20 || *from == 0x7f) {
			to += sprintf ((char *)to, "\\u%04x", *from);
			continue;
		}
		memcpy (to, from, written);
		to += written;
	}
	return to;
}

/* Append an event whose data are the n bytes. */
static int event (struct buf *out, int64_t ms, char code, const uint8_t *bytes, size_t n)
{
	uint8_t *start = buf_reserve (out, ASCIICAST_GROWTH * n + ASCIICAST_LINE), *to = start;

	if (!start)
		return -1;
	to += sprintf ((char *)to, "[%lld.%03d, \"%c\", \"", (long long)ms / 1000, (int)(ms % 1000), code);
	to = escape (to, bytes, n);
	to += sprintf ((char *)to, "\"]\n");
	buf_commit (out, (size_t)(to - start));
	return 0;
}

/* Append a member of the header. */
static int member (struct buf *out, const char *before, const char *key, const char *value)
{
	size_t n = value ? strlen (value) : 0;
	uint8_t *to;

	if (!n)
		return 0;
	if (buf_printf (out, "%s\"%s\": \"", before, key) < 0 || !(to = buf_reserve (out, ASCIICAST_GROWTH * n + 1)))
		return -1;
	buf_commit (out, (size_t)(escape (to, (const uint8_t *)value, n) - to));
	return buf_append (out, "\"", 1);
}

int asciicast_header (struct buf *out, const struct asciicast_head *head)
{
	size_t before = buf_len (out);
	bool term = head->term && *head->term;

	if (buf_printf (out, "{\"version\": 2, \"width\": %d, \"height\": %d, \"timestamp\": %lld",
		    head->cols > 0 ? head->cols : ASCIICAST_COLS, head->rows > 0 ? head->rows : ASCIICAST_ROWS,
		    (long long)head->timestamp) == 0 &&
		member (out, ", ", "command", head->command) == 0 && member (out, ", ", "title", head->title) == 0 &&
		member (out, ", \"env\": {", "TERM", head->term) == 0 &&
		buf_printf (out, "%s}\n", term ? "}" : "") == 0)
		return 0;
	out->end -= buf_len (out) - before;
	return -1;
}

int asciicast_output (struct buf *out, struct asciicast_text *text, int64_t ms, const uint8_t *bytes, size_t n)
{
	size_t all = text->n + n, left;
	uint8_t *whole = malloc (all + 1);
	int result = 0;

	if (!whole) {
		errno = ENOMEM;
		return -1;
	}
	memcpy (whole, text->held, text->n);
	if (n)
		memcpy (whole + text->n, bytes, n);
	left = text_unfinished (whole, all);
	if (all > left)
		result = event (out, ms, 'o', whole, all - left);
	if (result == 0) {
		memcpy (text->held, whole + all - left, left);
		text->n = left;
	}
	free (whole);
	return result;
}

int asciicast_resize (struct buf *out, int64_t ms, int rows, int cols)
{
	char size[32];
	int n = snprintf (
		size, sizeof size, "%dx%d", cols > 0 ? cols : ASCIICAST_COLS, rows > 0 ? rows : ASCIICAST_ROWS);

	return event (out, ms, 'r', (const uint8_t *)size, (size_t)n);
}

int asciicast_end (struct buf *out, struct asciicast_text *text, int64_t ms)
{
	if (text->n && event (out, ms, 'o', text->held, text->n) < 0)
		return -1;
	text->n = 0;
	return 0;
}
