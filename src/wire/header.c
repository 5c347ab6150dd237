/* header - see header.h. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/codes.h"
#include "wire/header.h"

enum { RESERVE_FROM = 4096 };

int header_scan (const char *text, size_t n, int max_tokens, struct err *err)
{
	int depth = 0, tokens = 0;
	bool word = false;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		bool starts = false;

		switch (c) {
		case '\0': /* jansson skips some of them */
			return err_set (err, CODE_BAD_MESSAGE, "the header has a NUL byte");
		case '{':
		case '[':
			if (++depth > HEADER_DEPTH)
				return err_set (
					err, CODE_BAD_MESSAGE, "the header is nested deeper than %d", HEADER_DEPTH);
			starts = true;
			word = false;
			break;
		case '}':
		case ']':
			depth--;
			starts = true;
			word = false;
			break;
		case ',':
		case ':':
			starts = true;
			word = false;
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n': word = false; break;
		case '"':
			starts = true;
			word = false;
			for (i++; i < n && text[i] != '"'; i++)
				if (text[i] == '\\')
					i++;
			break;
		default: starts = !word; word = true;
		}
		if (starts && ++tokens > max_tokens)
			return err_set (err, CODE_TOO_LARGE, "the header has more than %d tokens", max_tokens);
	}
	return tokens;
}

json_t *header_parse (const char *text, size_t n, int max_tokens, int *tokens, struct err *err)
{
	json_error_t why;
	json_t *object;
	int count = header_scan (text, n, max_tokens, err);

	if (count < 0)
		return NULL;
	if (tokens)
		*tokens = count;
	/* jansson must not run out of memory half-way (wire/memory.h). A long text needs twice its size, while it grows
	 * and for the result. If that much is not free, an error can still be returned here. */
	if (n > RESERVE_FROM) {
		void *reserve = malloc (4 * n);

		if (!reserve)
			return err_set (err, CODE_BUSY, "out of memory"), NULL;
		free (reserve);
	}
	object = json_loadb (text, n, JSON_REJECT_DUPLICATES, &why);
	if (!object || !json_is_object (object)) {
		char said[256];

		if (object)
			err_set (err, CODE_BAD_MESSAGE, "the header is JSON, but not an object");
		else
			err_set (err, CODE_BAD_MESSAGE, "the header is not a JSON object: %s",
				text_escape (said, sizeof said, why.text, strlen (why.text)));
		json_decref (object);
		return NULL;
	}
	return object;
}

int header_integer (
	const json_t *object, const char *key, json_int_t low, json_int_t high, json_int_t *value, struct err *err)
{
	const json_t *member = json_object_get (object, key);

	if (!member)
		return 0;
	if (!json_is_integer (member))
		return err_set (err, CODE_BAD_VALUE, "'%s' must be an integer", key);
	if (json_integer_value (member) < low || json_integer_value (member) > high)
		return err_set (
			err, CODE_BAD_VALUE, "'%s' must be from %lld to %lld", key, (long long)low, (long long)high);
	*value = json_integer_value (member);
	return 1;
}

int header_seconds (const json_t *object, const char *key, int64_t *ms, struct err *err)
{
	const json_t *member = json_object_get (object, key);
	double seconds;

	if (!member)
		return 0;
	seconds = json_number_value (member);
	if (!json_is_number (member) || !(seconds > 0 && seconds <= 1e9))
		return err_set (err, CODE_BAD_VALUE, "'%s' must be a number of seconds above 0 and up to 1e9", key);
	*ms = (int64_t)ceil (seconds * 1000);
	return 1;
}

json_t *header_bytes (const void *bytes, size_t n)
{
	json_t *value;
	char *text;

	if (text_is_utf8 (bytes, n) && !memchr (bytes, 0, n))
		return json_stringn (bytes, n);
	if (!(text = malloc (4 * ((n + 2) / 3) + 1)))
		return NULL;
	text_b64_encode (text, bytes, n);
	value = json_pack ("{ss}", "b64", text);
	free (text);
	return value;
}

char *header_string (const json_t *value, size_t *n, struct err *err)
{
	const json_t *b64 =
		json_is_object (value) && json_object_size (value) == 1 ? json_object_get (value, "b64") : NULL;
	const json_t *source = b64 ? b64 : value;
	ssize_t got;
	char *out;

	if (!json_is_string (source)) {
		err_set (err, CODE_BAD_VALUE, "expected a string or {\"b64\":\"…\"}");
		return NULL;
	}
	if (!(out = malloc (json_string_length (source) + 1))) {
		err_sys (err, CODE_INTERNAL, "a string of %zu bytes", json_string_length (source));
		return NULL;
	}
	if (b64) {
		got = text_b64_decode (out, json_string_value (b64), json_string_length (b64));
	} else {
		got = (ssize_t)json_string_length (value);
		memcpy (out, json_string_value (value), (size_t)got);
	}
	if (got < 0 || memchr (out, 0, (size_t)got)) {
		err_set (err, CODE_BAD_VALUE,
			got < 0 ? "this is not base64 with padding" : "a NUL byte inside a string");
		free (out);
		return NULL;
	}
	out[got] = '\0';
	if (n)
		*n = (size_t)got;
	return out;
}

const json_t *header_unknown_must (const json_t *header, const char *const *known, size_t n)
{
	const json_t *must = json_object_get (header, "must"), *item;
	size_t i, j;

	json_array_foreach (must, i, item)
	{
		const char *key = json_string_value (item);

		for (j = 0; j < n && !(key && !strcmp (key, known[j])); j++)
			;
		if (j == n)
			return item;
	}
	return NULL;
}

int header_check_must (const json_t *header, const char *who, struct err *err)
{
	static const char *const known[] = { "id", "call", "args", "deadline", "idle", "limits", "input", "body",
		"window", "user", "wait_output", "tty", "job", "must" };
	const json_t *must = json_object_get (header, "must"), *unknown;
	const char *key;
	char shown[64];

	if (must && !json_is_array (must))
		return err_set (err, CODE_BAD_VALUE, "'must' must be a list of keys");
	if (!(unknown = header_unknown_must (header, known, sizeof known / sizeof *known)))
		return 0;
	key = json_is_string (unknown) ? json_string_value (unknown) : "";
	return err_set (err, CODE_BAD_MESSAGE, "%s does not know the key '%s' of 'must'", who,
		text_escape (shown, sizeof shown, key, strlen (key)));
}
