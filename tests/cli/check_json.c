/* check_json - the JSON that remex prints and reads: bytes that are not UTF-8, characters that a terminal obeys, documents
 * that are no JSON or too large. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captured.h"
#include "cli/json.h"
#include "support/check_main.h"

static struct buf buf;

static const struct buf *bytes_of (const void *bytes, size_t n)
{
	buf_free (&buf);
	buf_init (&buf, 1 << 26);
	ck_assert_int_eq (buf_append (&buf, bytes, n), 0);
	return &buf;
}

static const struct buf *text_of (const char *text)
{
	return bytes_of (text, strlen (text));
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static void check_json (json_t *json, const char *expected)
{
	char *text = json_dumps (json, JSON_ENCODE_ANY | JSON_COMPACT);

	ck_assert_ptr_nonnull (text);
	ck_assert_str_eq (text, expected);
	free (text);
	json_decref (json);
}

START_TEST (bytes_are_a_string_where_they_can_be)
{
	struct buf never_filled;

	buf_init (&never_filled, 100);
	check_json (json_bytes (&never_filled), "\"\"");
	check_json (json_bytes (text_of ("gr\xc3\xbc\xc3\x9f\n")), "\"gr\xc3\xbc\xc3\x9f\\n\"");
	check_json (json_bytes (bytes_of ("a\0b", 3)), "\"a\\u0000b\"");
	check_json (json_bytes (text_of ("a\xff")), "{\"b64\":\"Yf8=\"}");
	check_json (json_bytes (text_of ("\xc3")), "{\"b64\":\"ww==\"}"); /* half a character */
	check_json (json_words ("a path"), "\"a path\"");
	check_json (json_words ("/a\xff"), "{\"b64\":\"L2H/\"}");
}
END_TEST

/* --- printing ---------------------------------------------------------------------------------------------------- */

static const char *printed (json_t *json, bool one_line)
{
	capture_fd_begin (STDOUT_FILENO);
	ck_assert_int_eq (json_print (json, one_line), 0);
	return capture_fd_end (STDOUT_FILENO);
}

static const struct {
	const char *text, *line;
} strings[] = {
	{ "plain", "\"plain\"\n" },
	{ "\x1b[2J", "\"\\u001B[2J\"\n" },
	{ "a\x7f"
	  "b",
		"\"a\\u007Fb\"\n" },
	{ "\xc2\x9b"
	  "2J",
		"\"\\u009B2J\"\n" }, /* CSI, of C1 */
	{ "\xc2\xa0\xc3\xbc", "\"\xc2\xa0\xc3\xbc\"\n" }, /* neighbours that are no control characters */
	{ "\xe2\x80\xae"
	  "txt",
		"\"\\u202Etxt\"\n" }, /* right to left, from here */
	{ "\xe2\x80\xa8\xe2\x82\xac", "\"\\u2028\xe2\x82\xac\"\n" }, /* the line separator, and the euro sign */
	{ "\xf3\xa0\x81\xb8", "\"\\uDB40\\uDC78\"\n" }, /* a tag, which is invisible */
	{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"\n" },
};

/* What is printed controls no terminal, and is the same JSON. */
START_TEST (control_characters_are_escaped)
{
	const char *text = printed (json_string (strings[_i].text), true);
	json_t *back = json_loads (text, JSON_DECODE_ANY, NULL);

	ck_assert_str_eq (text, strings[_i].line);
	ck_assert_str_eq (json_string_value (back), strings[_i].text);
	json_decref (back);
}
END_TEST

START_TEST (a_document_is_one_line_or_indented)
{
	ck_assert_str_eq (printed (json_pack ("{s[ii]s{sb}}", "a", 1, 2, "b", "c", 1), true),
		"{\"a\": [1, 2], \"b\": {\"c\": true}}\n");
	ck_assert_str_eq (printed (json_pack ("{s[ii]}", "a", 1, 2), false), "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n");
	ck_assert_str_eq (printed (json_real (0.1), true), "0.1\n"); /* and not 0.10000000000000001 */
}
END_TEST

static int fail;

static void *may_fail (size_t n)
{
	return fail ? NULL : malloc (n);
}

START_TEST (without_memory_nothing_is_printed)
{
	json_t *json;

	json_set_alloc_funcs (may_fail, free);
	json = json_string ("text");
	fail = true;
	capture_fd_begin (STDOUT_FILENO);
	capture_begin ();
	ck_assert_int_eq (json_print (json, true), -1);
	ck_assert_int_eq (json_print (NULL, true), -1); /* it could not be made */
	ck_assert_str_eq (capture_end (), "remex: out of memory\nremex: out of memory\n");
	ck_assert_str_eq (capture_fd_end (STDOUT_FILENO), "");
}
END_TEST

/* --- parsing ----------------------------------------------------------------------------------------------------- */

static char why[256];

static const struct {
	const char *text, *why; /* a part of the reason */
} broken[] = {
	{ "", "not JSON" },
	{ "{", "not JSON" },
	{ "{} x", "end of file expected" },
	{ "{\"a\":1,}", "not JSON" },
	{ "\"\xff\"", "unable to decode byte 0xff" },
	{ "\"a", "not JSON" },
	{ "nonsense", "not JSON" },
};

START_TEST (what_is_no_json_has_a_reason)
{
	ck_assert_ptr_null (json_parse (text_of (broken[_i].text), why, sizeof why));
	if (!strstr (why, broken[_i].why))
		ck_abort_msg ("%s: %s", broken[_i].text, why);
	capture_begin ();
	ck_assert_ptr_null (json_of (&buf, "web\n1"));
	ck_assert_ptr_nonnull (strstr (capture_end (), "remex: web\\n1: the result is not JSON: "));
}
END_TEST

START_TEST (bytes_that_never_came_are_no_json)
{
	struct buf never_filled;

	buf_init (&never_filled, 100);
	ck_assert_ptr_null (json_parse (&never_filled, why, sizeof why));
	ck_assert_ptr_nonnull (strstr (why, "not JSON"));
}
END_TEST

START_TEST (any_value_is_a_document)
{
	json_t *json = json_parse (text_of ("7"), why, sizeof why);

	ck_assert_int_eq (json_integer_value (json), 7);
	json_decref (json);
	json = json_parse (text_of ("\"a\\u0000b\""), why, sizeof why);
	ck_assert_uint_eq (json_string_length (json), 3);
	json_decref (json);
	capture_begin ();
	ck_assert_ptr_nonnull (json = json_of (text_of ("{}"), "web1"));
	ck_assert_str_eq (capture_end (), "");
	json_decref (json);
}
END_TEST

enum { MOST = 2 * 1024 * 1024 };

/* A document of `pieces` times the piece, between `before` and `after`. */
static const struct buf *many (const char *before, const char *piece, size_t pieces, const char *after)
{
	buf_free (&buf);
	buf_init (&buf, 1 << 26);
	ck_assert_int_eq (buf_append (&buf, before, strlen (before)), 0);
	for (size_t i = 0; i < pieces; i++)
		if (buf_append (&buf, piece, strlen (piece)) < 0)
			ck_abort_msg ("out of memory");
	ck_assert_int_eq (buf_append (&buf, after, strlen (after)), 0);
	return &buf;
}

/* Few bytes that would take very much memory. */
START_TEST (too_many_values_are_refused)
{
	static const char *const pieces[] = { "0,", "[", "{\"\":", "\"\\\\\"," };
	json_t *json;

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		ck_assert_ptr_null (json_parse (many ("[", pieces[i], MOST + 2, ""), why, sizeof why));
		ck_assert_str_eq (why, "the result has more than 2097152 values");
	}
	ck_assert_ptr_nonnull (json = json_parse (many ("[", "0,", MOST / 32, "0]"), why, sizeof why));
	ck_assert_uint_eq (json_array_size (json), MOST / 32 + 1);
	json_decref (json);
}
END_TEST

/* What looks like values inside of a string is none: the output of a command is one string. */
START_TEST (a_long_string_is_one_value)
{
	static const char *const pieces[] = { "[", ",", "\\\",,," };
	json_t *json;

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		ck_assert_ptr_nonnull (json = json_parse (many ("\"", pieces[i], MOST + 2, "\""), why, sizeof why));
		ck_assert (json_is_string (json));
		json_decref (json);
	}
}
END_TEST

/* --- members ----------------------------------------------------------------------------------------------------- */

START_TEST (a_member_has_a_path)
{
	json_t *json = json_pack ("{s{s{si}}si}", "a", "b", "c", 7, "d", 8);

	ck_assert_int_eq (json_integer_value (json_at (json, "a.b.c")), 7);
	ck_assert_int_eq (json_integer_value (json_at (json, "d")), 8);
	ck_assert_ptr_eq (json_at (json, ""), json);
	ck_assert_ptr_null (json_at (json, "a.c"));
	ck_assert_ptr_null (json_at (json, "a.b.c.d"));
	ck_assert_ptr_null (json_at (json, "d.e")); /* a number has no members */
	ck_assert_ptr_null (json_at (json, "c"));
	ck_assert_ptr_null (json_at (NULL, "a"));
	json_decref (json);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, bytes_are_a_string_where_they_can_be);
	tcase_add_loop_test (tcase, control_characters_are_escaped, 0, (int)(sizeof strings / sizeof *strings));
	tcase_add_test (tcase, a_document_is_one_line_or_indented);
	tcase_add_test (tcase, without_memory_nothing_is_printed);
	tcase_add_loop_test (tcase, what_is_no_json_has_a_reason, 0, (int)(sizeof broken / sizeof *broken));
	tcase_add_test (tcase, bytes_that_never_came_are_no_json);
	tcase_add_test (tcase, any_value_is_a_document);
	tcase_add_test (tcase, too_many_values_are_refused);
	tcase_add_test (tcase, a_long_string_is_one_value);
	tcase_add_test (tcase, a_member_has_a_path);
}

CHECK_MAIN ("json", add_cases)
