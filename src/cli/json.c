/* json - see json.h. */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/json.h"
#include "cli/say.h"
#include "wire/codes.h"
#include "wire/header.h"

json_t *json_bytes (const struct buf *bytes)
{
	const char *text = buf_len (bytes) ? (const char *)buf_head (bytes) : "";

	/* A NUL is an ordinary character here. */
	if (text_is_utf8 (text, buf_len (bytes)))
		return json_stringn_nocheck (text, buf_len (bytes));
	return header_bytes (text, buf_len (bytes));
}

json_t *json_words (const char *text)
{
	return header_bytes (text, strlen (text));
}

/* Append a text in JSON, and escape the control characters that are legal there: some terminals obey them. */
static int append_safe (struct buf *to, const char *text)
{
	char out[TEXT_JSON_MAX];
	const char *start = text;
	size_t length, n;
	int result = 0;

	for (const char *p = text; *p && result == 0; p += length)
		if ((n = text_json (NULL, p, &length)) != length) {
			text_json (out, p, &length);
			result = buf_append (to, start, (size_t)(p - start));
			if (result == 0)
				result = buf_append (to, out, n);
			start = p + length;
		}
	return result < 0 ? result : buf_append (to, start, strlen (start));
}

static int append (struct buf *to, json_t *json, size_t flags)
{
	char *text = json ? json_dumps (json, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION (15)) : NULL;
	int result = text ? append_safe (to, text) : -1;

	json_decref (json);
	free (text);
	return result;
}

int json_append (struct buf *to, json_t *json)
{
	return append (to, json, 0);
}

char *json_text (json_t *json)
{
	struct buf text;
	char *copy = NULL;

	buf_init (&text, SIZE_MAX / 2);
	if (append (&text, json, JSON_INDENT (2)) == 0 && buf_append (&text, "\n", 1) == 0)
		copy = strndup ((const char *)buf_head (&text), buf_len (&text));
	buf_free (&text);
	return copy;
}

int json_print (json_t *json, bool one_line)
{
	struct buf text;
	int result;

	buf_init (&text, SIZE_MAX / 2);
	if ((result = append (&text, json, one_line ? 0 : JSON_INDENT (2))) < 0) {
		complain (NULL, "out of memory");
	} else {
		fwrite (buf_head (&text), 1, buf_len (&text), stdout);
		putchar ('\n');
	}
	buf_free (&text);
	return result;
}

/* A value of two bytes can take a hundred in memory. 2 million values are enough for any document. */
enum { VALUES_MAX = 2 * 1024 * 1024 };

static bool has_too_many_values (const struct buf *bytes)
{
	const uint8_t *p = buf_head (bytes);
	size_t values = 0;
	bool string = false;

	for (size_t i = 0; i < buf_len (bytes) && values <= VALUES_MAX; i++) {
		if (string && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			string = !string;
		else if (!string && (p[i] == ',' || p[i] == '[' || p[i] == '{'))
			values++;
	}
	return values > VALUES_MAX;
}

json_t *json_parse (const struct buf *bytes, char *why, size_t size)
{
	json_error_t error;
	json_t *json;

	if (has_too_many_values (bytes)) {
		snprintf (why, size, "the result has more than %d values", VALUES_MAX);
		return NULL;
	}
	json = json_loadb ((const char *)buf_head (bytes), buf_len (bytes), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (!json)
		snprintf (why, size, "the result is not JSON: %s", error.text);
	return json;
}

json_t *json_of (const struct buf *bytes, const char *host)
{
	char why[256];
	json_t *json = json_parse (bytes, why, sizeof why);

	if (!json)
		complain (host, "%s", why);
	return json;
}

const json_t *json_at (const json_t *json, const char *path)
{
	char key[64];

	while (json && *path) {
		size_t length = strcspn (path, ".");

		snprintf (key, sizeof key, "%.*s", (int)length, path);
		json = json_object_get (json, key);
		path += length + (path[length] == '.');
	}
	return json;
}
