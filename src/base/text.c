/* text - see text.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

size_t text_character (const void *bytes, size_t n, bool *whole)
{
	const uint8_t *p = bytes;
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;

	*whole = false;
	if (!length)
		return 1;
	for (size_t i = 1; i < length; i++) {
		uint8_t low = 0x80, high = 0xBF;

		if (i == 1 && p[0] == 0xE0)
			low = 0xA0; /* no overlong form */
		else if (i == 1 && p[0] == 0xED)
			high = 0x9F; /* no surrogate */
		else if (i == 1 && p[0] == 0xF0)
			low = 0x90; /* no overlong form */
		else if (i == 1 && p[0] == 0xF4)
			high = 0x8F; /* at most U+10FFFF */
		if (i >= n || p[i] < low || p[i] > high)
			return i;
	}
	*whole = true;
	return length;
}

/* The length of the UTF-8 character at p; 0: there is no whole character within n bytes. */
static size_t utf8_char (const uint8_t *p, size_t n)
{
	bool whole;
	size_t length = text_character (p, n, &whole);

	return whole ? length : 0;
}

bool text_is_utf8 (const void *bytes, size_t n)
{
	const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;

	while (p < end) {
		size_t len = utf8_char (p, (size_t)(end - p));

		if (!len)
			return false;
		p += len;
	}
	return true;
}

/* Is the character of `len` bytes at p (len 0: the single byte) a control character? Characters that change the
 * direction of text, end a line, annotate their neighbours or spell invisible words count as control characters. */
static bool is_control (const uint8_t *p, size_t len)
{
	uint32_t c;

	if (len < 2)
		return *p < 0x20 || *p == 0x7F || (*p >= 0x80 && *p < 0xA0);
	if (len > 3)
		return p[0] == 0xF3 && p[1] == 0xA0 && p[2] < 0x82; /* tags: U+E0000 to U+E007F */
	c = len == 2 ? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
		     : (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
	return c < 0xA0 || c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

bool text_has_control (const void *bytes, size_t n)
{
	const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;

	while (p < end) {
		size_t len = utf8_char (p, (size_t)(end - p));

		if (is_control (p, len))
			return true;
		p += len ? len : 1;
	}
	return false;
}

static size_t json_escape (char *out, unsigned unit)
{
	static const char hex[] = "0123456789ABCDEF";

	if (out) {
		memcpy (out, "\\u", 2);
		for (int i = 0; i < 4; i++)
			out[2 + i] = hex[unit >> (12 - 4 * i) & 15];
	}
	return 6;
}

size_t text_json (char *out, const char *text, size_t *length)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = *length = *p < 0xC0 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;

	if (*p < 0x7F || !is_control (p, n)) {
		if (out)
			memcpy (out, p, n);
		return n;
	}
	if (n == 1)
		return json_escape (out, *p);
	if (n == 2)
		return json_escape (out, (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu));
	if (n == 3)
		return json_escape (out, (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu));
	/* A tag: a pair of surrogates. */
	json_escape (out, 0xDB40);
	json_escape (out ? out + 6 : NULL, 0xDC00 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu));
	return 12;
}

bool text_is_name (const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!text[i] || !strchr ("abcdefghijklmnopqrstuvwxyz0123456789_", text[i]))
			return false;
	return n > 0 && n <= TEXT_NAME_MAX;
}

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

bool text_is_job_id (const char *text)
{
	return strlen (text) == TEXT_JOB_ID && strspn (text, base32) == TEXT_JOB_ID;
}

void text_job_id_make (char id[TEXT_JOB_ID + 1], const unsigned char random[TEXT_JOB_ID])
{
	for (int i = 0; i < TEXT_JOB_ID; i++)
		id[i] = base32[random[i] & 31];
	id[TEXT_JOB_ID] = '\0';
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_b64_encode (char *out, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (; n >= 3; n -= 3, p += 3) {
		*out++ = alphabet[p[0] >> 2];
		*out++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		*out++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		*out++ = alphabet[p[2] & 63];
	}
	if (n) {
		uint8_t second = n == 2 ? p[1] : 0;

		*out++ = alphabet[p[0] >> 2];
		*out++ = alphabet[(p[0] & 3) << 4 | second >> 4];
		*out++ = n == 2 ? alphabet[(second & 15) << 2] : '=';
		*out++ = '=';
	}
	*out = '\0';
}

static int b64_value (char c)
{
	const char *at = c ? strchr (alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

ssize_t text_b64_decode (void *out, const char *chars, size_t n)
{
	uint8_t *to = out;

	if (n % 4)
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		size_t pad = 0;
		uint32_t bits = 0;

		if (i + 4 == n && chars[i + 3] == '=')
			pad = chars[i + 2] == '=' ? 2 : 1;
		for (size_t j = 0; j < 4; j++) {
			int value = j < 4 - pad ? b64_value (chars[i + j]) : 0;

			if (value < 0)
				return -1;
			bits = bits << 6 | (uint32_t)value;
		}
		if ((pad == 1 && bits & 0xFF) || (pad == 2 && bits & 0xFFFF))
			return -1;
		*to++ = (uint8_t)(bits >> 16);
		if (pad < 2)
			*to++ = (uint8_t)(bits >> 8);
		if (pad < 1)
			*to++ = (uint8_t)bits;
	}
	return to - (uint8_t *)out;
}

char *text_escape (char *out, size_t size, const void *bytes, size_t n)
{
	const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;
	size_t used = 0;

	while (p < end) {
		size_t len = utf8_char (p, (size_t)(end - p));
		bool plain = len && !is_control (p, len) && *p != '\\';
		char code[5];
		const char *piece = code;

		if (plain) {
			piece = (const char *)p;
		} else {
			switch (*p) {
			case '\n': strcpy (code, "\\n"); break;
			case '\t': strcpy (code, "\\t"); break;
			case '\\': strcpy (code, "\\\\"); break;
			default: snprintf (code, sizeof code, "\\x%02x", *p);
			}
			len = strlen (code);
		}
		if (used + len >= size)
			break;
		memcpy (out + used, piece, len);
		used += len;
		p += plain ? len : 1;
	}
	if (size)
		out[used] = '\0';
	return out;
}

char *text_plain (char *out, size_t size, const void *bytes, size_t n)
{
	const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;
	size_t used = 0;

	while (p < end) {
		size_t len = utf8_char (p, (size_t)(end - p));
		bool plain = len && !is_control (p, len);

		if (used + (plain ? len : 1) >= size)
			break;
		if (plain)
			memcpy (out + used, p, len);
		else
			out[used] = '?';
		used += plain ? len : 1;
		p += len ? len : 1;
	}
	if (size)
		out[used] = '\0';
	return out;
}

size_t text_show (char *out, const void *bytes, size_t n)
{
	const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;
	char *to = out;

	while (p < end) {
		const uint8_t *plain = p;
		size_t len, size;

		/* Most text is ASCII. */
		while (p < end && *p >= 0x20 && *p < 0x7F)
			p++;
		memcpy (to, plain, (size_t)(p - plain));
		to += p - plain;
		if (p == end)
			break;
		len = utf8_char (p, (size_t)(end - p));
		size = len ? len : 1;
		if (*p == '\t' || !is_control (p, len)) {
			memcpy (to, p, size);
			to += size;
		} else if (*p < 0x20 || *p == 0x7F) {
			*to++ = '^';
			*to++ = (char)(*p ^ 0x40);
		} else {
			for (size_t i = 0; i < size; i++) {
				char code[5];

				snprintf (code, sizeof code, "\\x%02x", p[i]);
				memcpy (to, code, 4);
				to += 4;
			}
		}
		p += size;
	}
	return (size_t)(to - out);
}

size_t text_unfinished (const void *bytes, size_t n)
{
	for (size_t i = 1; i < TEXT_UTF8_MAX && i <= n; i++) {
		uint8_t byte = ((const uint8_t *)bytes)[n - i];

		if ((byte & 0xC0) != 0x80)
			return i < (byte >= 0xF0 ? 4u : byte >= 0xE0 ? 3u : byte >= 0xC2 ? 2u : 1u) ? i : 0;
	}
	return 0;
}

size_t text_colour (const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n && i < TEXT_COLOUR_MAX; i++)
		if (i < 2 ? p[i] != "\033["[i] : !((p[i] >= '0' && p[i] <= '9') || p[i] == ';' || p[i] == ':'))
			return i >= 2 && p[i] == 'm' ? i + 1 : 0;
	return n && n < TEXT_COLOUR_MAX ? n + 1 : 0;
}

size_t text_show_line (char *out, const void *bytes, size_t n)
{
	bool carriage = n && ((const char *)bytes)[n - 1] == '\r';
	size_t shown = text_show (out, bytes, n - carriage);

	if (carriage)
		out[shown++] = '\r';
	return shown;
}

enum { NEAR_MAX = 64 }; /* longer names are never suggested */

/* The Levenshtein distance of two short words. */
static size_t distance (const char *a, const char *b)
{
	size_t row[NEAR_MAX], m = strlen (b);

	if (m >= NEAR_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

/* The only name that begins with the word (of at least two characters), or NULL. */
static const char *completed (const char *word, const char *const *names, size_t n)
{
	size_t typed = strlen (word);
	const char *found = NULL;

	for (size_t i = 0; i < n && typed >= 2; i++)
		if (!strncmp (names[i], word, typed)) {
			if (found)
				return NULL;
			found = names[i];
		}
	return found;
}

const char *text_nearest (const char *word, const char *const *names, size_t n)
{
	size_t typed = strlen (word), best = typed / 2 + 1;
	const char *found = completed (word, names, n);

	if (found)
		return found;
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen (names[i]), apart = length > typed ? length - typed : typed - length, far;

		/* The distance is at least the difference of the lengths, so a word of a megabyte is not compared. */
		if (apart < best && (far = distance (word, names[i])) < best) {
			best = far;
			found = names[i];
		}
	}
	return found;
}

char *text_hint (char *out, size_t size, const char *near)
{
	snprintf (out, size, "%s%s%s", near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return out;
}

/* --- for a shell ------------------------------------------------------------------------------------------------- */

char *text_quote (char *out, size_t size, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-";
	static const char quote[] = "'\"'\"'"; /* end the quotes, a quoted single quote, begin quotes again */
	size_t used = 1;

	if (*text && strlen (text) < size && !text[strspn (text, plain)])
		return strcpy (out, text);
	*out = '\'';
	for (; *text; text++) {
		size_t n = *text == '\'' ? sizeof quote - 1 : 1;

		if (used + n + 2 > size)
			break;
		memcpy (out + used, *text == '\'' ? quote : text, n);
		used += n;
	}
	out[used++] = '\'';
	out[used] = '\0';
	return out;
}

char *text_join (char *const *words, size_t n)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < n; i++)
		size += strlen (words[i]) + 1;
	if (!(end = text = malloc (size)))
		return NULL;
	*end = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i)
			*end++ = ' ';
		end = stpcpy (end, words[i]);
	}
	return text;
}
