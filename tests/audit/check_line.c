/* check_line - the lines of the audit trail: their content, protection against forged lines, the fair cutting of long
 * calls, and the number of refusals that are written. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"
#include "base/text.h"
#include "support/check_main.h"

static const struct timespec now = { .tv_sec = 1769903999, .tv_nsec = 7999999 };

/* The line as text, which must be one line, and not longer than the limit. The caller frees. */
static char *text_of (struct buf *out)
{
	char *text = strndup ((const char *)buf_head (out), buf_len (out));

	ck_assert_uint_le (strlen (text), AUDIT_LINE_MAX);
	ck_assert (text_is_utf8 (text, strlen (text)));
	for (const char *p = text; *p; p++)
		ck_assert (*p >= 0x20 || *p < 0);
	ck_assert_ptr_null (strchr (text, 0x7F));
	buf_free (out);
	return text;
}

static char *start_text (const char *call, json_t *args, const char *you)
{
	struct audit_start start = { .instance = "1f2e3d4c5b6a79880123456789abcdef",
		.number = 17,
		.you = you,
		.uid = 1000,
		.user = "www",
		.from = "192.0.2.1:50000",
		.call = call,
		.args = args };
	struct buf out;

	buf_init (&out, AUDIT_LINE_MAX);
	ck_assert_int_eq (audit_start (&out, &now, &start), 0);
	return text_of (&out);
}

static json_t *parse (const char *text)
{
	json_error_t error;
	json_t *json = json_loads (text, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg (json != NULL, "%s: %s", error.text, text);
	return json;
}

static json_t *start_line (json_t *args)
{
	char *text = start_text ("exec.run", args, "alice");
	json_t *line = parse (text);

	free (text);
	return line;
}

static size_t args_size (const json_t *line)
{
	return json_dumpb (json_object_get (line, "args"), NULL, 0, JSON_COMPACT);
}

static json_t *long_string (char c, size_t n)
{
	char *text = malloc (n);
	json_t *json;

	memset (text, c, n);
	json = json_stringn (text, n);
	free (text);
	return json;
}

/* --- what they say ----------------------------------------------------------------------------------------------- */

START_TEST (starts)
{
	json_t *args = parse ("{\"argv\":[\"uname\",\"-a\",{\"b64\":\"/w==\"}],\"stdin\":false}");
	char *text = start_text ("exec.run", args, "alice");

	ck_assert_str_eq (text, "{\"audit\":\"start\",\"time\":\"2026-01-31T23:59:59.007Z\",\"serial\":\"1f2e3d4c-17\","
				"\"you\":\"alice\","
				"\"uid\":1000,\"user\":\"www\",\"from\":\"192.0.2.1:50000\",\"call\":\"exec.run\","
				"\"args\":{\"argv\":[\"uname\",\"-a\",{\"b64\":\"/w==\"}],\"stdin\":false}}");
	free (text);
	text = start_text ("ping", NULL, "alice");
	ck_assert_ptr_null (strstr (text, "args"));
	free (text);
	json_decref (args);
}
END_TEST

START_TEST (ends)
{
	static const struct {
		struct audit_end end;
		const char *says;
	} table[] = {
		{ { .outcome = "exited", .exit = 0, .seconds = 0.004, .out = 65 },
			"\"outcome\":\"exited\",\"exit\":0,\"seconds\":0.004,\"in\":0,\"out\":65}" },
		{ { .outcome = "signalled", .exit = -1, .signal = "TERM", .seconds = 2.5, .in = 1 },
			"\"outcome\":\"signalled\",\"signal\":\"TERM\",\"seconds\":2.5,\"in\":1,\"out\":0}" },
		{ { .outcome = "exited", .exit = 1, .seconds = 2.5, .recording = "cut" },
			"\"seconds\":2.5,\"in\":0,\"out\":0,\"recording\":\"cut\"}" },
		{ { .error = "busy", .exit = -1 }, "\"error\":\"busy\",\"seconds\":0.0,\"in\":0,\"out\":0}" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct audit_end end = table[i].end;
		struct buf out;
		char *text;
		json_t *line;

		end.instance = "1f2e3d4c5b6a";
		end.number = UINT64_MAX;
		buf_init (&out, 4096);
		ck_assert_int_eq (audit_end (&out, &now, &end), 0);
		text = text_of (&out);
		line = parse (text);
		ck_assert_str_eq (json_string_value (json_object_get (line, "audit")), "end");
		ck_assert_str_eq (
			json_string_value (json_object_get (line, "serial")), "1f2e3d4c-18446744073709551615");
		ck_assert_msg (strlen (text) > strlen (table[i].says) &&
				       !strcmp (text + strlen (text) - strlen (table[i].says), table[i].says),
			"%s", text);
		json_decref (line);
		free (text);
	}
}
END_TEST

/* The end of a job has all that is known, and no texts that could forge a line. */
START_TEST (ends_of_jobs)
{
	struct audit_job_end full = { .job = "abcdefghij23",
		.you = "alice",
		.uid = 1000,
		.user = "www",
		.call = "exec.run",
		.ended = 1769903998.25,
		.end = { .outcome = "timed_out", .exit = -1, .limit = "idle", .seconds = 12.5, .in = 3, .out = 4096 },
		.user_seconds = 1.5,
		.system_seconds = 0.25,
		.memory = 5242880,
		.again = true };
	struct audit_job_end lost = { .job = "abcdefghij23",
		.you = "",
		.uid = (uid_t)-1,
		.user = "",
		.call = "",
		.end = { .outcome = "lost", .exit = -1, .in = -1, .out = 7 },
		.memory = -1,
		.why = "killed\n{\"audit\":\"start\"}" };
	struct buf out;
	char *text;

	buf_init (&out, 4096);
	ck_assert_int_eq (audit_job_end (&out, &now, &full), 0);
	text = text_of (&out);
	ck_assert_str_eq (text,
		"{\"audit\":\"job_end\",\"time\":\"2026-01-31T23:59:59.007Z\",\"job\":\"abcdefghij23\",\"you\":"
		"\"alice\","
		"\"uid\":1000,\"user\":\"www\",\"call\":\"exec.run\",\"ended\":\"2026-01-31T23:59:58.250Z\","
		"\"outcome\":\"timed_out\",\"limit\":\"idle\",\"seconds\":12.5,\"in\":3,\"out\":4096,"
		"\"rusage\":{\"user\":1.5,\"system\":0.25,\"memory\":5242880},\"again\":true}");
	free (text);
	buf_init (&out, 4096);
	ck_assert_int_eq (audit_job_end (&out, &now, &lost), 0);
	text = text_of (&out);
	ck_assert_str_eq (text, "{\"audit\":\"job_end\",\"time\":\"2026-01-31T23:59:59.007Z\",\"job\":\"abcdefghij23\","
				"\"outcome\":\"lost\","
				"\"why\":\"killed\\n{\\\"audit\\\":\\\"start\\\"}\",\"out\":7}");
	free (text);
}
END_TEST

START_TEST (refusals)
{
	struct audit_refused all = { .from = "[2001:db8::1]:7",
		.why = "no such key",
		.key = "SHA256:x",
		.you = "bob",
		.call = "exec.shell",
		.suppressed = 12 };
	struct audit_refused bare = { .suppressed = 3 };
	struct buf out;
	char *text;

	buf_init (&out, 4096);
	ck_assert_int_eq (audit_refused (&out, &now, &all), 0);
	text = text_of (&out);
	ck_assert_str_eq (text,
		"{\"audit\":\"refused\",\"time\":\"2026-01-31T23:59:59.007Z\",\"from\":\"[2001:db8::1]:7\","
		"\"key\":\"SHA256:x\",\"you\":\"bob\",\"call\":\"exec.shell\",\"why\":\"no such "
		"key\",\"suppressed\":12}");
	free (text);
	buf_init (&out, 4096);
	ck_assert_int_eq (audit_refused (&out, &now, &bare), 0);
	text = text_of (&out);
	ck_assert_str_eq (text, "{\"audit\":\"refused\",\"time\":\"2026-01-31T23:59:59.007Z\",\"suppressed\":3}");
	free (text);
}
END_TEST

/* --- what comes from outside ------------------------------------------------------------------------------------- */

START_TEST (nothing_is_forged)
{
	static const char evil[] =
		"a\"b\\c\n{\"audit\":\"end\"}\r\t\x1b["
		"2J\x7f\xc2\x80\xc2\x9f\xc2\xa0\xc3\xa4\xe2\x80\xa8\xe2\x80\xae\xf3\xa0\x81\xb8\xe2\x82\xac";
	json_t *args = json_pack ("{s[s]ss}", "argv", evil, evil, evil), *line;
	char *text = start_text (evil, args, evil);

	ck_assert_ptr_nonnull (strstr (
		text, "\\u001B[2J\\u007F\\u0080\\u009F\xc2\xa0\xc3\xa4\\u2028\\u202E\\uDB40\\uDC78\xe2\x82\xac"));
	line = parse (text);
	ck_assert_str_eq (json_string_value (json_object_get (line, "you")), evil);
	ck_assert_str_eq (json_string_value (json_object_get (line, "call")), evil);
	ck_assert (json_equal (json_object_get (line, "args"), args));
	json_decref (line);
	json_decref (args);
	free (text);
}
END_TEST

START_TEST (not_utf8)
{
	char *text = start_text ("exec.run", NULL, "al\xff");
	json_t *line = parse (text);

	ck_assert_str_eq (json_string_value (json_object_get (json_object_get (line, "you"), "b64")), "YWz/");
	json_decref (line);
	free (text);
}
END_TEST

START_TEST (no_room)
{
	struct audit_refused refused = { .from = "192.0.2.1:1", .why = "because" };
	json_t *huge = long_string ('x', AUDIT_LINE_MAX);
	struct buf out;

	buf_init (&out, 50);
	ck_assert_int_eq (buf_append (&out, "before", 6), 0);
	ck_assert_int_eq (audit_refused (&out, &now, &refused), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_uint_eq (buf_len (&out), 6);
	buf_free (&out);
	buf_init (&out, 2 * AUDIT_LINE_MAX);
	refused.why = json_string_value (huge);
	ck_assert_int_eq (audit_refused (&out, &now, &refused), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_uint_eq (buf_len (&out), 0);
	buf_free (&out);
	json_decref (huge);
}
END_TEST

/* --- long calls -------------------------------------------------------------------------------------------------- */

static void check_cut (const json_t *line, json_int_t bytes)
{
	json_t *cut = json_object_get (line, "cut");

	ck_assert_int_eq (json_integer_value (json_object_get (cut, "bytes")), bytes);
	ck_assert_uint_eq (json_string_length (json_object_get (cut, "sha256")), 64);
	ck_assert_uint_le (args_size (line), AUDIT_ARGS_MAX);
	ck_assert_uint_ge (args_size (line), AUDIT_ARGS_MAX / 8);
}

/* A line that fits is whole: {"command":"xxx"} up to the last byte. */
START_TEST (the_edge)
{
	for (int over = 0; over < 2; over++) {
		size_t n = AUDIT_ARGS_MAX - strlen ("{\"command\":\"\"},") + (size_t)over;
		json_t *args = json_pack ("{so}", "command", long_string ('x', n)), *line = start_line (args);
		json_t *command = json_object_get (json_object_get (line, "args"), "command");

		if (over) {
			check_cut (line, (json_int_t)n + 14);
			ck_assert_uint_ge (json_string_length (command), n - 16);
			ck_assert_uint_lt (json_string_length (command), n);
		} else {
			ck_assert_ptr_null (json_object_get (line, "cut"));
			ck_assert (json_equal (json_object_get (line, "args"), args));
		}
		json_decref (line);
		json_decref (args);
	}
}
END_TEST

START_TEST (the_digest_is_of_the_whole)
{
	json_t *args = json_pack ("{so}", "command", long_string ('x', 100000)), *line = start_line (args);

	/* python3 -c 'import hashlib; print(hashlib.sha256(b"{\"command\":\"" + b"x" * 100000 + b"\"}").hexdigest())' */
	ck_assert_str_eq (json_string_value (json_object_get (json_object_get (line, "cut"), "sha256")),
		"c3a74b583327196192ec9a18ba796b7309ff3332dd4313f07f2bcaf0063b7eb0");
	json_decref (line);
	json_decref (args);
}
END_TEST

/* A long environment, put first, does not push out the command. */
START_TEST (members_share)
{
	json_t *args = json_pack ("{so s[sss] si so}", "env", long_string ('e', 500000), "argv", "rm", "-rf", "/", "n",
		1, "stdin", long_string ('s', 500000));
	json_t *line = start_line (args), *kept = json_object_get (line, "args");

	check_cut (line, (json_int_t)json_dumpb (args, NULL, 0, JSON_COMPACT));
	ck_assert (json_equal (json_object_get (kept, "argv"), json_object_get (args, "argv")));
	ck_assert_int_eq (json_integer_value (json_object_get (kept, "n")), 1);
	ck_assert_uint_gt (json_string_length (json_object_get (kept, "env")), 16000);
	ck_assert_uint_gt (json_string_length (json_object_get (kept, "stdin")), 16000);
	json_decref (line);
	json_decref (args);
}
END_TEST

START_TEST (long_lists)
{
	json_t *argv = json_array (), *args = json_pack ("{so}", "argv", argv), *line, *kept;
	size_t n;

	for (int i = 0; i < 20000; i++)
		json_array_append_new (argv, json_sprintf ("file-%d", i));
	line = start_line (args);
	kept = json_object_get (json_object_get (line, "args"), "argv");
	check_cut (line, (json_int_t)json_dumpb (args, NULL, 0, JSON_COMPACT));
	n = json_array_size (kept);
	ck_assert_uint_gt (n, 2000);
	ck_assert_uint_lt (n, 20000);
	for (size_t i = 0; i + 1 < n; i++)
		ck_assert (json_equal (json_array_get (kept, i), json_array_get (argv, i)));
	json_decref (line);
	json_decref (args);
}
END_TEST

/* A string ends between characters, base64 between its groups of four. */
START_TEST (cut_between)
{
	char *umlauts = malloc (100001), *b64;
	json_t *args, *line, *kept;

	for (int i = 0; i < 100000; i += 2)
		memcpy (umlauts + i, "\xc3\xa4", 2);
	umlauts[100000] = '\0';
	args = json_pack ("{ss s[s{so}]}", "odd", umlauts, "argv", "cat", "b64", long_string ('A', 100000));
	line = start_line (args);
	kept = json_array_get (json_object_get (json_object_get (line, "args"), "argv"), 1);
	b64 = malloc (100000);
	ck_assert_uint_gt (json_string_length (json_object_get (kept, "b64")), 10000);
	ck_assert_int_gt (text_b64_decode (b64, json_string_value (json_object_get (kept, "b64")),
				  json_string_length (json_object_get (kept, "b64"))),
		0);
	json_decref (line);
	json_decref (args);
	free (umlauts);
	free (b64);
}
END_TEST

/* Bytes that take six characters each are counted as six. */
START_TEST (bytes_that_are_escaped)
{
	static const char dear[] = { 0x01, 0x7f, '"', '\\', '\n' };

	for (size_t i = 0; i < sizeof dear; i++) {
		json_t *args = json_pack ("{s[o]}", "argv", long_string (dear[i], 200000));
		char *text = start_text ("exec.run", args, "alice");

		ck_assert_uint_lt (strlen (text), AUDIT_ARGS_MAX + 1024);
		ck_assert_uint_gt (strlen (text), AUDIT_ARGS_MAX / 4);
		free (text);
		json_decref (args);
	}
}
END_TEST

/* Odd shapes: very many members, a key of a megabyte, deep nesting. */
START_TEST (odd_shapes)
{
	json_t *args = json_object (), *line, *key = long_string ('k', 1000000);
	char name[16];

	for (int i = 0; i < 50000; i++) {
		snprintf (name, sizeof name, "%d", i);
		json_object_set_new (args, name, json_null ());
	}
	line = start_line (args);
	ck_assert_uint_le (args_size (line), AUDIT_ARGS_MAX);
	json_decref (line);
	json_object_clear (args);
	json_object_set_new (args, json_string_value (key), json_null ());
	json_object_set_new (args, "argv", json_pack ("[{s[{s[so]}]}]", "a", "b", "deep", json_incref (key)));
	line = start_line (args);
	check_cut (line, (json_int_t)json_dumpb (args, NULL, 0, JSON_COMPACT));
	json_decref (line);
	json_decref (key);
	json_decref (args);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, starts);
	tcase_add_test (tcase, ends);
	tcase_add_test (tcase, ends_of_jobs);
	tcase_add_test (tcase, refusals);
	tcase_add_test (tcase, nothing_is_forged);
	tcase_add_test (tcase, not_utf8);
	tcase_add_test (tcase, no_room);
	tcase_add_test (tcase, the_edge);
	tcase_add_test (tcase, the_digest_is_of_the_whole);
	tcase_add_test (tcase, members_share);
	tcase_add_test (tcase, long_lists);
	tcase_add_test (tcase, cut_between);
	tcase_add_test (tcase, bytes_that_are_escaped);
	tcase_add_test (tcase, odd_shapes);
}

CHECK_MAIN ("audit/line", add_cases)
