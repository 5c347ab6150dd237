/* similar - see similar.h. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/similar.h"

static bool is_digit (uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word (uint8_t c)
{
	return is_digit (c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

char *similar_name (char *out, size_t size, const char *label)
{
	const char *at = strrchr (label, '@'), *start = at ? at + 1 : label, *end = start + strcspn (start, ":");

	if (*start == '[' && strchr (start, ']'))
		end = strchr (start++, ']');
	snprintf (out, size, "%.*s", (int)(end - start), start);
	return out;
}

/* Does the text begin with the whole name, and no longer word? */
static size_t name_length (const uint8_t *bytes, size_t n, const char *name)
{
	size_t whole = strlen (name), host = strcspn (name, ".");

	if (whole && n >= whole && !memcmp (bytes, name, whole) && (n == whole || !is_word (bytes[whole])))
		return whole;
	if (host && n >= host && !memcmp (bytes, name, host) && (n == host || !is_word (bytes[host])) &&
		!is_digit ((uint8_t)*name))
		return host;
	return 0;
}

enum similar_kind similar_token (const uint8_t *bytes, size_t n, const char *name, size_t *length)
{
	if ((*length = name_length (bytes, n, name)))
		return SIMILAR_NAME;
	while (*length < n && is_digit (bytes[*length]))
		(*length)++;
	if (*length)
		return SIMILAR_NUMBER;
	*length = 1;
	return SIMILAR_BYTE;
}

int similar_mask (struct buf *to, const uint8_t *bytes, size_t n, const char *name)
{
	/* A NUL in front, and a NUL of the text is doubled, so that no text of a host looks like a mask. */
	static const char number[] = "\0n", own[] = "\0h", nul[] = "\0\0";
	size_t length;

	for (; n > 0; bytes += length, n -= length) {
		enum similar_kind kind = similar_token (bytes, n, name, &length);
		int result = kind == SIMILAR_BYTE && *bytes ? buf_append (to, bytes, 1)
							    : buf_append (to,
								      kind == SIMILAR_NUMBER ? number
								      : kind == SIMILAR_NAME ? own
											     : nul,
								      2);

		if (result < 0)
			return -1;
	}
	return 0;
}

/* Compare runs of digits by value. */
static int by_value (const uint8_t *a, size_t n, const uint8_t *b, size_t m)
{
	for (; n > 1 && *a == '0'; n--)
		a++;
	for (; m > 1 && *b == '0'; m--)
		b++;
	if (n != m)
		return n < m ? -1 : 1;
	return memcmp (a, b, n);
}

/* Append the number at the start of each line, and move the lines behind it. */
static int merge_number (struct buf *to, struct similar_line *lines, size_t n)
{
	struct similar_line least = { .n = 0 }, most = { .n = 0 };

	for (size_t i = 0; i < n; i++) {
		size_t length;

		if (similar_token (lines[i].bytes, lines[i].n, lines[i].name, &length) != SIMILAR_NUMBER)
			continue; /* the lines are not similar, as the caller has said */
		if (!least.n || by_value (lines[i].bytes, length, least.bytes, least.n) < 0)
			least = (struct similar_line){ lines[i].bytes, length, NULL };
		if (!most.n || by_value (lines[i].bytes, length, most.bytes, most.n) > 0)
			most = (struct similar_line){ lines[i].bytes, length, NULL };
		lines[i].bytes += length;
		lines[i].n -= length;
	}
	if (by_value (least.bytes, least.n, most.bytes, most.n) == 0)
		return buf_append (to, least.bytes, least.n);
	if (buf_append (to, "{", 1) < 0 || buf_append (to, least.bytes, least.n) < 0 || buf_append (to, "..", 2) < 0 ||
		buf_append (to, most.bytes, most.n) < 0)
		return -1;
	return buf_append (to, "}", 1);
}

static int merge_name (struct buf *to, struct similar_line *lines, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		size_t length;

		if (similar_token (lines[i].bytes, lines[i].n, lines[i].name, &length) != SIMILAR_NAME)
			continue;
		if (i == 0)
			result = n > 1 ? buf_append (to, "%h", 2) : buf_append (to, lines[i].bytes, length);
		lines[i].bytes += length;
		lines[i].n -= length;
	}
	return result;
}

int similar_merge (struct buf *to, const struct similar_line *lines, size_t n)
{
	struct similar_line *at = malloc ((n + 1) * sizeof *at);
	int result = at ? 0 : -1;

	if (at)
		memcpy (at, lines, n * sizeof *at);
	while (result == 0 && at[0].n > 0) {
		size_t length;

		switch (similar_token (at[0].bytes, at[0].n, at[0].name, &length)) {
		case SIMILAR_NUMBER: result = merge_number (to, at, n); break;
		case SIMILAR_NAME: result = merge_name (to, at, n); break;
		case SIMILAR_BYTE:
			result = buf_append (to, at[0].bytes, 1);
			for (size_t i = 0; i < n; i++) {
				at[i].bytes += at[i].n > 0;
				at[i].n -= at[i].n > 0;
			}
		}
	}
	free (at);
	return result;
}
