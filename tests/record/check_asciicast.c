/* check_asciicast - what is recorded can be played again: every byte of UTF-8, however the output was cut, and U+FFFD for all
 * that is none. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/asciicast.h"
#include "record/asciicast_reader.h"
#include "support/check_main.h"

enum { MAX = 16 * 1024 * 1024 };

/* Play the lines: all output, in new memory of *n bytes. */
static char *play (struct buf *out, size_t *n)
{
	struct asciicast_event event;
	char *played = malloc (buf_len (out) + 1);
	struct err err;

	*n = 0;
	while (buf_len (out)) {
		const char *line = (const char *)buf_head (out), *end = memchr (line, '\n', buf_len (out));

		ck_assert_ptr_nonnull (end);
		ck_assert_msg (asciicast_read_event (line, (size_t)(end - line), &event, &err) == 0, "%s", err.text);
		if (event.kind == ASCIICAST_OUTPUT) {
			memcpy (played + *n, event.bytes, event.n);
			*n += event.n;
		}
		json_decref (event.json);
		buf_consume (out, (size_t)(end - line) + 1);
	}
	return played;
}

/* The output in pieces of that size becomes this. */
static void check (const void *bytes, size_t n, size_t piece, const void *expected, size_t expected_n)
{
	struct asciicast_text text = { .n = 0 };
	struct buf out;
	size_t played_n;
	char *played;

	buf_init (&out, MAX);
	for (size_t at = 0; at < n; at += piece)
		ck_assert_int_eq (asciicast_output (&out, &text, (int64_t)at, (const uint8_t *)bytes + at,
					  n - at < piece ? n - at : piece),
			0);
	ck_assert_int_eq (asciicast_end (&out, &text, (int64_t)n), 0);
	played = play (&out, &played_n);
	ck_assert_msg (played_n == expected_n && !memcmp (played, expected, expected_n),
		"in pieces of %zu: '%.*s', not '%.*s'", piece, (int)played_n, played, (int)expected_n,
		(const char *)expected);
	free (played);
	buf_free (&out);
}

START_TEST (pieces)
{
	static const char bytes[] =
		"a\0\1\t\r\n\b\f\x1b[0m\"\\/\x7f\xc2\x80\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8z";

	for (size_t piece = 1; piece <= sizeof bytes; piece++)
		check (bytes, sizeof bytes - 1, piece, bytes, sizeof bytes - 1);
}
END_TEST

/* Each maximal part of a character is one U+FFFD, however it is cut. */
static const struct {
	const char *bytes, *expected;
} invalid[] = {
	{ "\xff", "\xef\xbf\xbd" },
	{ "a\x80z", "a\xef\xbf\xbdz" },
	{ "\xc3", "\xef\xbf\xbd" },
	{ "\xc3z", "\xef\xbf\xbdz" },
	{ "\xe2\x82z", "\xef\xbf\xbdz" },
	{ "\xf0\x9f\x98z", "\xef\xbf\xbdz" },
	{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xf0\x9f\xf0\x9f\x98\x80", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
};

START_TEST (no_utf8)
{
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		for (size_t piece = 1; piece <= strlen (invalid[i].bytes); piece++)
			check (invalid[i].bytes, strlen (invalid[i].bytes), piece, invalid[i].expected,
				strlen (invalid[i].expected));
}
END_TEST

START_TEST (any_bytes)
{
	uint8_t bytes[4096];
	struct buf out;
	struct asciicast_text text = { .n = 0 };
	size_t n;
	char *whole;

	srand (1);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)rand ();
		buf_init (&out, MAX);
		text.n = 0;
		ck_assert_int_eq (asciicast_output (&out, &text, 0, bytes, sizeof bytes), 0);
		ck_assert_int_eq (asciicast_end (&out, &text, 0), 0);
		whole = play (&out, &n);
		ck_assert (text_is_utf8 (whole, n));
		for (size_t piece = 1; piece < 9; piece++)
			check (bytes, sizeof bytes, piece, whole, n);
		free (whole);
		buf_free (&out);
	}
}
END_TEST

/* Two streams take turns in the middle of a character. */
START_TEST (two_streams)
{
	struct asciicast_text one = { .n = 0 }, other = { .n = 0 };
	struct buf out;

	buf_init (&out, MAX);
	ck_assert_int_eq (asciicast_output (&out, &one, 1, (const uint8_t *)"\xc3", 1), 0);
	ck_assert_uint_eq (buf_len (&out), 0); /* no empty event */
	ck_assert_int_eq (asciicast_output (&out, &other, 1500, (const uint8_t *)"e", 1), 0);
	ck_assert_int_eq (asciicast_output (&out, &one, 61002, (const uint8_t *)"\xa4", 1), 0);
	ck_assert_int_eq (asciicast_resize (&out, 61003, 40, 132), 0);
	ck_assert_int_eq (asciicast_resize (&out, 61003, 0, 0), 0);
	ck_assert_str_eq (strndupa ((const char *)buf_head (&out), buf_len (&out)),
		"[1.500, \"o\", \"e\"]\n[61.002, \"o\", \"\xc3\xa4\"]\n[61.003, \"r\", \"132x40\"]\n[61.003, \"r\", "
		"\"80x24\"]\n");
	buf_free (&out);
}
END_TEST

START_TEST (header)
{
	struct asciicast_head head = { .rows = 40,
		.cols = 132,
		.timestamp = 1769903999,
		.command = "sh -c 'echo \"\xff\\\"'",
		.title = "alice\n",
		.term = "xterm" };
	struct asciicast_info info;
	struct err err;
	struct buf out;
	json_t *json;

	buf_init (&out, MAX);
	ck_assert_int_eq (asciicast_header (&out, &head), 0);
	ck_assert_int_eq (asciicast_read_header ((const char *)buf_head (&out), buf_len (&out), &info, &err), 0);
	ck_assert_int_eq (info.rows, 40);
	ck_assert_int_eq (info.cols, 132);
	ck_assert (info.term);
	json = json_loadb ((const char *)buf_head (&out), buf_len (&out), 0, NULL);
	ck_assert_str_eq (json_string_value (json_object_get (json, "command")), "sh -c 'echo \"\xef\xbf\xbd\\\"'");
	ck_assert_str_eq (json_string_value (json_object_get (json, "title")), "alice\n");
	ck_assert_int_eq (json_integer_value (json_object_get (json, "timestamp")), 1769903999);
	json_decref (json);
	buf_consume (&out, buf_len (&out));
	ck_assert_int_eq (asciicast_header (&out, &(struct asciicast_head){ .timestamp = 1 }), 0);
	ck_assert_str_eq (strndupa ((const char *)buf_head (&out), buf_len (&out)),
		"{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": 1}\n");
	buf_free (&out);
}
END_TEST

/* A line that has no room changes nothing. */
START_TEST (no_room)
{
	struct asciicast_head head = { .command = "a command that is longer than what there is room for" };
	struct asciicast_text text = { .held = { 0xc3 }, .n = 1 };
	struct buf out;

	buf_init (&out, 100);
	ck_assert_int_eq (asciicast_header (&out, &head), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_int_eq (asciicast_output (&out, &text, 0, (const uint8_t *)"\xa4 and much more text", 20), -1);
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_uint_eq (text.n, 1);
	buf_free (&out);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, pieces);
	tcase_add_test (tcase, no_utf8);
	tcase_add_test (tcase, any_bytes);
	tcase_add_test (tcase, two_streams);
	tcase_add_test (tcase, header);
	tcase_add_test (tcase, no_room);
}

CHECK_MAIN ("asciicast", add_cases)
