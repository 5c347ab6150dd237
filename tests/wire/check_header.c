/* Headers: texts refused before the parser runs, texts that the parser refuses, and the values in them. */
#include "config.h"

#include <string.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/header.h"

#define TEXT(literal) literal, sizeof literal - 1
#define ROWS(table) (int)(sizeof table / sizeof *table)

/* --- the scan ----------------------------------------------------------------------------------------------------- */

static const struct scan_row {
	const char *text;
	size_t n;
	int tokens;
} scans[] = {
	{ TEXT (""), 0 },
	{ TEXT ("   \t\r\n"), 0 },
	{ TEXT ("{}"), 2 },
	{ TEXT ("{\"a\":1}"), 5 },
	{ TEXT (" { \"a\" : 1 , \"b\" : [ true , null ] } "), 13 },
	{ TEXT ("{\"a\":-1.5e3}"), 5 },
	{ TEXT ("1 2 3"), 3 },
	{ TEXT ("\"{[,:]}\""), 1 },
	{ TEXT ("\"a\\\"{[\\\\\"{"), 2 },
	{ TEXT ("\"never ends"), 1 },
	{ TEXT ("\"never ends\\"), 1 },
	{ TEXT ("\"never ends\\\""), 1 },
	{ TEXT ("[[[[[[[["), 8 }, /* depth 8 */
	{ TEXT ("[][][][][][][][][]"), 18 },
	{ TEXT ("\"[[[[[[[[[\""), 1 },
};

START_TEST (scan)
{
	const struct scan_row *row = &scans[_i];
	char *exact = malloc (row->n ? row->n : 1);
	struct err err;

	memcpy (exact, row->text, row->n);
	ck_assert_int_eq (header_scan (exact, row->n, 100, &err), row->tokens);
	ck_assert_int_eq (header_scan (exact, row->n, row->tokens, NULL), row->tokens);
	if (row->tokens) {
		ck_assert_int_eq (header_scan (exact, row->n, row->tokens - 1, &err), -1);
		ck_assert_int_eq (err.code, CODE_TOO_LARGE);
	}
	free (exact);
}
END_TEST

static const char *const too_deep[] = { "[[[[[[[[[", "{\"a\":[[[[[[[[1]]]]]]]]}",
	"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", "[][[[[[[[[[]" };

START_TEST (depth)
{
	struct err err;

	ck_assert_int_eq (header_scan (too_deep[_i], strlen (too_deep[_i]), 1000, &err), -1);
	ck_assert_int_eq (err.code, CODE_BAD_MESSAGE);
	ck_assert_ptr_null (header_parse (too_deep[_i], strlen (too_deep[_i]), 1000, NULL, &err));
	ck_assert_int_eq (err.code, CODE_BAD_MESSAGE);
}
END_TEST

/* --- the parser --------------------------------------------------------------------------------------------------- */

static const struct parse_row {
	const char *text;
	size_t n;
} refused[] = {
	{ TEXT ("") },
	{ TEXT ("[]") },
	{ TEXT ("1") },
	{ TEXT ("\"a\"") },
	{ TEXT ("null") },
	{ TEXT ("{") },
	{ TEXT ("{}}") },
	{ TEXT ("{}{}") },
	{ TEXT ("{\"a\":1,}") },
	{ TEXT ("{\"a\":1 \"b\":2}") },
	{ TEXT ("{a:1}") },
	{ TEXT ("{'a':1}") },
	{ TEXT ("{\"a\":1}//") },
	{ TEXT ("{\"a\":NaN}") },
	{ TEXT ("{\"a\":Infinity}") },
	{ TEXT ("{\"a\":+1}") },
	{ TEXT ("{\"a\":01}") },
	{ TEXT ("{\"a\":.5}") },
	{ TEXT ("{\"a\":0x10}") },
	{ TEXT ("{\"a\":9223372036854775808}") },
	{ TEXT ("{\"a\":-9223372036854775809}") },
	{ TEXT ("{\"a\":1e999}") },
	{ TEXT ("{\"a\":-1e999}") },
	{ TEXT ("{\"a\":1,\"a\":1}") },
	{ TEXT ("{\"a\":{\"b\":1,\"b\":2}}") },
	{ TEXT ("{\"a\":1,\"\\u0061\":2}") }, /* the same key, written otherwise */
	{ TEXT ("{\"a\":\"\\u0000\"}") },
	{ TEXT ("{\"a\\u0000b\":1}") },
	{ TEXT ("{\"a\":\"\\ud800\"}") },
	{ TEXT ("{\"a\":\"\\udc00\"}") },
	{ TEXT ("{\"a\":\"\\ud800\\u0041\"}") },
	{ TEXT ("{\"a\":\"\\udc00\\ud800\"}") },
	{ TEXT ("{\"a\":\"\\x41\"}") },
	{ TEXT ("{\"a\":\"\x1F\"}") },
	{ TEXT ("{\"a\":\"b\nc\"}") },
	{ TEXT ("{\"a\":\"\xFF\"}") },
	{ TEXT ("{\"a\":\"\xC0\x80\"}") },
	{ TEXT ("{\"a\":\"\xED\xA0\x80\"}") },
	{ TEXT ("\xEF\xBB\xBF{}") },
	{ TEXT ("{}\0") },
	{ TEXT ("{\"a\":1\0}") }, /* jansson would ignore these two */
	{ TEXT ("{\"a\":true\0}") },
	{ TEXT ("{\"a\":\"\0\"}") },
	{ TEXT ("\0{}") },
	{ TEXT ("{\"\\u0000\":1}") },
};

START_TEST (malformed_headers)
{
	const struct parse_row *row = &refused[_i];
	char *exact = malloc (row->n ? row->n : 1);
	struct err err;

	memcpy (exact, row->text, row->n);
	ck_assert_msg (!header_parse (exact, row->n, 1000, NULL, &err), "row %d was taken", _i);
	ck_assert_int_eq (err.code, CODE_BAD_MESSAGE);
	ck_assert_ptr_null (strchr (err.text, '\n'));
	ck_assert_ptr_null (strchr (err.text, '\033'));
	free (exact);
}
END_TEST

START_TEST (valid_headers)
{
	static const char *const texts[] = { "{}", " {\"a\": [1, 2.5, -0, true, false, null, \"\\ud83d\\ude00\"]}\n",
		"{\"a\":9223372036854775807,\"b\":-9223372036854775808}", "{\"\":1e308}", "{\"a\":{\"a\":{}}}",
		"{\"a\":[[[[[[[]]]]]]]}" };
	struct err err;
	int tokens = 0;
	json_t *json = header_parse (texts[_i], strlen (texts[_i]), 1000, &tokens, &err);

	ck_assert_msg (json != NULL, "%s", err.text);
	ck_assert_int_ge (tokens, 2);
	json_decref (json);
}
END_TEST

START_TEST (tokens_are_counted)
{
	char *text = malloc (5 + 2 * HEADER_CALL_TOKENS);
	size_t n = 0;
	struct err err;
	json_t *json;
	int tokens;

	/* { "a" : [ 0 , 0 … ] }: 6 and 2k-1 tokens, here the maximum without one. */
	n += (size_t)sprintf (text, "{\"a\":[0");
	for (int i = 1; i < (HEADER_CALL_TOKENS - 6) / 2; i++)
		n += (size_t)sprintf (text + n, ",0");
	n += (size_t)sprintf (text + n, "]}");
	json = header_parse (text, n, HEADER_CALL_TOKENS, &tokens, &err);
	ck_assert_ptr_nonnull (json);
	ck_assert_int_eq (tokens, HEADER_CALL_TOKENS - 1);
	json_decref (json);
	ck_assert_ptr_null (header_parse (text, n, tokens - 1, NULL, &err));
	ck_assert_int_eq (err.code, CODE_TOO_LARGE);
	free (text);
}
END_TEST

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static const struct number_row {
	const char *text;
	int integer; /* result of header_integer, for 1 to 100 */
	int seconds; /* result of header_seconds */
	int64_t ms;
} numbers[] = {
	{ "{}", 0, 0, 0 },
	{ "{\"n\":1}", 1, 1, 1000 },
	{ "{\"n\":100}", 1, 1, 100000 },
	{ "{\"n\":101}", -1, 1, 101000 },
	{ "{\"n\":0}", -1, -1, 0 },
	{ "{\"n\":-0}", -1, -1, 0 },
	{ "{\"n\":-1}", -1, -1, 0 },
	{ "{\"n\":9223372036854775807}", -1, -1, 0 },
	{ "{\"n\":1.0}", -1, 1, 1000 },
	{ "{\"n\":1e1}", -1, 1, 10000 },
	{ "{\"n\":0.0001}", -1, 1, 1 },
	{ "{\"n\":1e-320}", -1, 1, 1 },
	{ "{\"n\":0.0015}", -1, 1, 2 },
	{ "{\"n\":1e9}", -1, 1, 1000000000000 },
	{ "{\"n\":1000000000}", -1, 1, 1000000000000 },
	{ "{\"n\":1000000000.1}", -1, -1, 0 },
	{ "{\"n\":1e308}", -1, -1, 0 },
	{ "{\"n\":\"5\"}", -1, -1, 0 },
	{ "{\"n\":true}", -1, -1, 0 },
	{ "{\"n\":null}", -1, -1, 0 },
	{ "{\"n\":[5]}", -1, -1, 0 },
};

START_TEST (number_values)
{
	const struct number_row *row = &numbers[_i];
	json_t *json = json_loads (row->text, 0, NULL);
	json_int_t value = -77;
	int64_t ms = -77;
	struct err err = { 0 };

	ck_assert_int_eq (header_integer (json, "n", 1, 100, &value, &err), row->integer);
	if (row->integer < 0) {
		ck_assert_int_eq (err.code, CODE_BAD_VALUE);
		ck_assert_ptr_nonnull (strstr (err.text, "'n'"));
	}
	ck_assert_int_eq (value, row->integer == 1 ? json_integer_value (json_object_get (json, "n")) : -77);
	ck_assert_int_eq (header_seconds (json, "n", &ms, &err), row->seconds);
	ck_assert_int_eq (ms, row->seconds == 1 ? row->ms : -77);
	json_decref (json);
}
END_TEST

/* --- strings and bytes -------------------------------------------------------------------------------------------- */

static const struct bytes_row {
	const char *bytes;
	size_t n;
	const char *json;
} bytes_rows[] = {
	{ TEXT (""), "\"\"" },
	{ TEXT ("plain"), "\"plain\"" },
	{ TEXT ("\"\\\x1B"), "\"\\\"\\\\\\u001B\"" },
	{ TEXT ("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\"" },
	{ TEXT ("\xFF\xFE"), "{\"b64\":\"//4=\"}" },
	{ TEXT ("\xC3"), "{\"b64\":\"ww==\"}" },
};

START_TEST (bytes_and_back)
{
	const struct bytes_row *row = &bytes_rows[_i];
	json_t *json = header_bytes (row->bytes, row->n);
	char *text = json_dumps (json, JSON_ENCODE_ANY | JSON_COMPACT), *back;
	struct err err;
	size_t n = 0;

	ck_assert_str_eq (text, row->json);
	back = header_string (json, &n, &err);
	ck_assert_ptr_nonnull (back);
	ck_assert_uint_eq (n, row->n);
	ck_assert_mem_eq (back, row->bytes, n + 1);
	free (back);
	free (text);
	json_decref (json);
}
END_TEST

/* Bytes with a NUL can be sent, but are not a string. */
START_TEST (a_nul_inside)
{
	json_t *json = header_bytes ("a\0b", 3);
	struct err err;

	ck_assert (json_is_object (json));
	ck_assert_ptr_null (header_string (json, NULL, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	json_decref (json);
}
END_TEST

static const char *const no_strings[] = { "1", "null", "true", "[]", "[\"a\"]", "{}", "{\"b64\":1}", "{\"b64\":null}",
	"{\"B64\":\"YQ==\"}", "{\"b64\":\"YQ==\",\"x\":1}", "{\"b64\":\"YQ=\"}", "{\"b64\":\"YR==\"}",
	"{\"b64\":\"Y Q=\"}", "{\"b64\":\"AA==\"}", "{\"b64\":{\"b64\":\"YQ==\"}}" };

START_TEST (invalid_strings)
{
	json_t *json = json_loads (no_strings[_i], JSON_DECODE_ANY, NULL);
	struct err err;

	ck_assert_ptr_nonnull (json);
	ck_assert_ptr_null (header_string (json, NULL, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	json_decref (json);
	ck_assert_ptr_null (header_string (NULL, NULL, &err));
}
END_TEST

static const struct {
	const char *text;
	int code; /* 0: good */
	const char *words;
} musts[] = {
	{ "{}", 0, NULL },
	{ "{\"must\":[]}", 0, NULL },
	{ "{\"must\":[\"window\",\"wait_output\"]}", 0, NULL },
	{ "{\"must\":\"window\"}", CODE_BAD_VALUE, "'must' must be a list of keys" },
	{ "{\"must\":{}}", CODE_BAD_VALUE, "'must' must be a list of keys" },
	{ "{\"must\":[\"window\",\"fly\\n\"]}", CODE_BAD_MESSAGE,
		"this test does not know the key 'fly\\n' of 'must'" },
	{ "{\"must\":[1]}", CODE_BAD_MESSAGE, "this test does not know the key '' of 'must'" },
};

START_TEST (keys_that_must_be_known)
{
	static const char *const known[] = { "window", "wait_output" };
	json_t *json = json_loads (musts[_i].text, 0, NULL);
	struct err err;

	ck_assert_ptr_nonnull (json);
	ck_assert_int_eq (header_check_must (json, "this test", &err), musts[_i].code ? -1 : 0);
	if (musts[_i].code) {
		ck_assert_int_eq (err.code, musts[_i].code);
		ck_assert_str_eq (err.text, musts[_i].words);
	}
	ck_assert_int_eq (header_unknown_must (json, known, 2) != NULL, musts[_i].code == CODE_BAD_MESSAGE);
	json_decref (json);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, scan, 0, ROWS (scans));
	tcase_add_loop_test (tcase, depth, 0, ROWS (too_deep));
	tcase_add_loop_test (tcase, malformed_headers, 0, ROWS (refused));
	tcase_add_loop_test (tcase, valid_headers, 0, 6);
	tcase_add_test (tcase, tokens_are_counted);
	tcase_add_loop_test (tcase, number_values, 0, ROWS (numbers));
	tcase_add_loop_test (tcase, bytes_and_back, 0, ROWS (bytes_rows));
	tcase_add_test (tcase, a_nul_inside);
	tcase_add_loop_test (tcase, invalid_strings, 0, ROWS (no_strings));
	tcase_add_loop_test (tcase, keys_that_must_be_known, 0, ROWS (musts));
}

CHECK_MAIN ("wire/header", cases)
