/* Text: UTF-8 by RFC 3629, base64 by RFC 4648 and no looser, safe to print, the nearest word. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/check_main.h"

#define TEXT(literal) literal, sizeof literal - 1
#define ROWS(table) (int)(sizeof table / sizeof *table)

/* --- UTF-8 -------------------------------------------------------------------------------------------------------- */

static const struct utf8_row {
	const char *bytes;
	size_t n;
	bool good;
} utf8_rows[] = {
	{ TEXT (""), true },
	{ TEXT ("plain"), true },
	{ TEXT ("\0"), true },
	{ TEXT ("\x7F"), true },
	{ TEXT ("\xC2\x80"), true }, /* U+0080, the first of two bytes */
	{ TEXT ("\xDF\xBF"), true }, /* U+07FF */
	{ TEXT ("\xE0\xA0\x80"), true }, /* U+0800 */
	{ TEXT ("\xED\x9F\xBF"), true }, /* U+D7FF, before the surrogates */
	{ TEXT ("\xEE\x80\x80"), true }, /* U+E000, behind them */
	{ TEXT ("\xEF\xBF\xBF"), true }, /* U+FFFF: a noncharacter is well formed */
	{ TEXT ("\xF0\x90\x80\x80"), true }, /* U+10000 */
	{ TEXT ("\xF4\x8F\xBF\xBF"), true }, /* U+10FFFF, the last */
	{ TEXT ("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"), true },
	{ TEXT ("\x80"), false }, /* a continuation alone */
	{ TEXT ("\xBF"), false },
	{ TEXT ("a\x80"), false },
	{ TEXT ("\xC0\x80"), false }, /* overlong NUL */
	{ TEXT ("\xC0\xAF"), false }, /* overlong / */
	{ TEXT ("\xC1\xBF"), false },
	{ TEXT ("\xE0\x80\x80"), false },
	{ TEXT ("\xE0\x9F\xBF"), false }, /* overlong U+07FF */
	{ TEXT ("\xF0\x80\x80\x80"), false },
	{ TEXT ("\xF0\x8F\xBF\xBF"), false }, /* overlong U+FFFF */
	{ TEXT ("\xED\xA0\x80"), false }, /* U+D800 */
	{ TEXT ("\xED\xBF\xBF"), false }, /* U+DFFF */
	{ TEXT ("\xED\xA0\xBD\xED\xB8\x80"), false }, /* CESU-8 */
	{ TEXT ("\xF4\x90\x80\x80"), false }, /* U+110000 */
	{ TEXT ("\xF5\x80\x80\x80"), false },
	{ TEXT ("\xF8\x88\x80\x80\x80"), false }, /* five bytes */
	{ TEXT ("\xFE"), false },
	{ TEXT ("\xFF"), false },
	{ TEXT ("\xC2"), false }, /* cut */
	{ TEXT ("\xE2\x82"), false },
	{ TEXT ("\xF0\x9F\x98"), false },
	{ TEXT ("\xC3z"), false }, /* another byte where a continuation should be */
	{ TEXT ("\xE2\x82z"), false },
	{ TEXT ("\xE2z\xAC"), false },
	{ TEXT ("\xF0\x9F\x98\xC0"), false },
};

START_TEST (utf8)
{
	const struct utf8_row *row = &utf8_rows[_i];
	char *exact = malloc (row->n ? row->n : 1); /* of just its size, for the sanitizer */

	memcpy (exact, row->bytes, row->n);
	ck_assert_msg (text_is_utf8 (exact, row->n) == row->good, "row %d", _i);
	free (exact);
}
END_TEST

/* --- control characters --------------------------------------------------------------------------------------------- */

static const struct utf8_row control_rows[] = {
	{ TEXT (""), false }, { TEXT ("plain ~"), false }, { TEXT ("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"), false },
	{ TEXT ("gr\xFC\xDF \xA0"), false }, /* Latin-1 */
	{ TEXT ("a\0"), true }, { TEXT ("\n"), true }, { TEXT ("a\x1F"), true }, { TEXT ("\x7F"), true },
	{ TEXT ("\x9B"
		"31m"),
		true }, /* CSI in Latin-1 */
	{ TEXT ("\xC2\x80"), true }, /* U+0080 */
	{ TEXT ("a\xC2\x85"), true }, /* U+0085, NEL */
	{ TEXT ("\xC2\x9F"), true }, /* U+009F */
	{ TEXT ("\xC2\xA0"), false }, /* U+00A0 */
	{ TEXT ("\xD8\x9C"), true }, /* U+061C, ALM */
	{ TEXT ("\xD8\x9B"), false }, { TEXT ("\xE2\x80\x8D"), false }, /* U+200D, which joins emoji */
	{ TEXT ("\xE2\x80\x8E"), true }, /* U+200E, LRM */
	{ TEXT ("\xE2\x80\x8F"), true }, { TEXT ("\xE2\x80\x90"), false }, { TEXT ("\xE2\x80\xA7"), false },
	{ TEXT ("\xE2\x80\xA8"), true }, /* U+2028 */
	{ TEXT ("\xE2\x80\xA9"), true }, /* U+2029 */
	{ TEXT ("\xE2\x80\xAA"), true }, /* U+202A, LRE */
	{ TEXT ("x\xE2\x80\xAEy"), true }, /* U+202E, RLO */
	{ TEXT ("\xE2\x80\xAF"), false }, { TEXT ("\xE2\x81\xA5"), false },
	{ TEXT ("\xE2\x81\xA6"), true }, /* U+2066, LRI */
	{ TEXT ("\xE2\x81\xAA"), true }, /* U+206A */
	{ TEXT ("\xEF\xBB\xBF"), true }, /* U+FEFF */
	{ TEXT ("\xEF\xBF\xBA"), true }, /* U+FFFA, an annotation */
	{ TEXT ("\xF3\xA0\x81\x81"), true }, /* U+E0041, a tag */
	{ TEXT ("\xF3\xA0\x84\x80"), false }, /* U+E0100, a variation selector */
	{ TEXT ("\xEF\xBF\xBD"), false }, /* U+FFFD */
	{ TEXT ("\xE2\x81\xA9"), true }, /* U+2069, PDI */
	{ TEXT ("\xF0\x90\x80\x80"), false }, { TEXT ("\xE2\x80"), true }, /* cut: the byte 0x80 */
};

/* Text with such a character is never shown unchanged. */
START_TEST (control)
{
	const struct utf8_row *row = &control_rows[_i];
	char *exact = malloc (row->n ? row->n : 1), out[64];

	memcpy (exact, row->bytes, row->n);
	ck_assert_msg (text_has_control (exact, row->n) == row->good, "row %d", _i);
	text_escape (out, sizeof out, exact, row->n);
	ck_assert_msg (!text_has_control (out, strlen (out)), "row %d", _i);
	text_plain (out, sizeof out, exact, row->n);
	ck_assert_msg (!text_has_control (out, strlen (out)), "row %d", _i);
	free (exact);
}
END_TEST

/* --- base64 ------------------------------------------------------------------------------------------------------- */

/* RFC 4648, section 10, and bytes that are not text. */
static const struct b64_row {
	const char *bytes;
	size_t n;
	const char *chars;
} b64_rows[] = {
	{ TEXT (""), "" },
	{ TEXT ("f"), "Zg==" },
	{ TEXT ("fo"), "Zm8=" },
	{ TEXT ("foo"), "Zm9v" },
	{ TEXT ("foob"), "Zm9vYg==" },
	{ TEXT ("fooba"), "Zm9vYmE=" },
	{ TEXT ("foobar"), "Zm9vYmFy" },
	{ TEXT ("\0"), "AA==" },
	{ TEXT ("\0\0\0"), "AAAA" },
	{ TEXT ("\xFF\xFF\xFF"), "////" },
	{ TEXT ("\xFB\xEF\xBE"), "++++" },
	{ TEXT ("\xFF\xFE"), "//4=" },
};

START_TEST (base64)
{
	const struct b64_row *row = &b64_rows[_i];
	char chars[16];
	uint8_t bytes[16];

	text_b64_encode (chars, row->bytes, row->n);
	ck_assert_str_eq (chars, row->chars);
	ck_assert_int_eq (text_b64_decode (bytes, chars, strlen (chars)), (ssize_t)row->n);
	ck_assert_mem_eq (bytes, row->bytes, row->n);
}
END_TEST

static const char *const not_base64[] = { "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zm9vYg", "Zm9vYg=", "====", "=",
	"A===", "=AAA", "A=AA", "AA=A", "Zg==Zg==", "Zm8=Zm8=", "Zm9vYg==\n", "Zm9v\n", " Zm9v", "Zm 9", "Zm-_", "Zm.v",
	"Zm9\xFF",
	/* left-over bits that are not zero: Zh== would also be "f" */
	"Zh==", "Zv==", "Z/==", "Zm9=", "Zm+=", "AB==", "AAB=" };

START_TEST (strict_base64)
{
	size_t n = strlen (not_base64[_i]);
	uint8_t *bytes = malloc (n / 4 * 3 + 1);

	ck_assert_msg (text_b64_decode (bytes, not_base64[_i], n) == -1, "'%s' was taken", not_base64[_i]);
	free (bytes);
}
END_TEST

START_TEST (base64_with_a_nul)
{
	uint8_t bytes[8];

	ck_assert_int_eq (text_b64_decode (bytes, "Zm\0v", 4), -1);
	ck_assert_int_eq (text_b64_decode (bytes, "\0\0\0\0", 4), -1);
}
END_TEST

START_TEST (base64_of_every_byte)
{
	uint8_t bytes[256], back[256];
	char chars[345];

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	for (size_t n = 0; n <= 256; n++) {
		text_b64_encode (chars, bytes, n);
		ck_assert_uint_eq (strlen (chars), 4 * ((n + 2) / 3));
		ck_assert_int_eq (text_b64_decode (back, chars, strlen (chars)), (ssize_t)n);
		ck_assert_mem_eq (back, bytes, n);
	}
}
END_TEST

/* --- escaping ----------------------------------------------------------------------------------------------------- */

static const struct escape_row {
	const char *bytes;
	size_t n;
	const char *shown;
} escape_rows[] = {
	{ TEXT (""), "" },
	{ TEXT ("plain text ~"), "plain text ~" },
	{ TEXT ("a\nb\tc"), "a\\nb\\tc" },
	{ TEXT ("a\r\n"), "a\\x0d\\n" },
	{ TEXT ("\\n"), "\\\\n" },
	{ TEXT ("\0"), "\\x00" },
	{ TEXT ("\x1F\x7F"), "\\x1f\\x7f" },
	{ TEXT ("\x1B[2J\x1B]0;title\x07"), "\\x1b[2J\\x1b]0;title\\x07" },
	{ TEXT ("\xC2\x9B"
		"31m"),
		"\\xc2\\x9b31m" }, /* CSI as one character of C1 */
	{ TEXT ("\xC2\x80\xC2\x9F\xC2\xA0"), "\\xc2\\x80\\xc2\\x9f\xC2\xA0" },
	{ TEXT ("\x9B"
		"31m"),
		"\\x9b31m" },
	{ TEXT ("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"), "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80" },
	{ TEXT ("gr\xFC\xDF"), "gr\\xfc\\xdf" },
	{ TEXT ("\xC0\x9B"), "\\xc0\\x9b" },
	{ TEXT ("\xE2\x82"), "\\xe2\\x82" },
	{ TEXT ("\xED\xA0\x80"), "\\xed\\xa0\\x80" },
	{ TEXT ("\xC2"), "\\xc2" },
	{ TEXT ("a\xE2\x80\xAE z\xE2\x80\xA8"), "a\\xe2\\x80\\xae z\\xe2\\x80\\xa8" },
};

START_TEST (escape)
{
	const struct escape_row *row = &escape_rows[_i];
	char out[64], *exact = malloc (row->n ? row->n : 1);

	memcpy (exact, row->bytes, row->n);
	ck_assert_ptr_eq (text_escape (out, sizeof out, exact, row->n), out);
	ck_assert_str_eq (out, row->shown);
	free (exact);
}
END_TEST

/* Whatever the space, the output is terminated, no character and no escape is cut, and nothing is written behind it. */
START_TEST (escape_into_little_space)
{
	static const char bytes[] = "a\n\xC3\xBC\x1B\xF0\x9F\x98\x80\xFFz";
	char out[64], whole[64];

	text_escape (whole, sizeof whole, bytes, sizeof bytes - 1);
	for (size_t size = 1; size < sizeof out; size++) {
		memset (out, '#', sizeof out);
		text_escape (out, size, bytes, sizeof bytes - 1);
		ck_assert_uint_lt (strlen (out), size);
		ck_assert_int_eq (strncmp (whole, out, strlen (out)), 0);
		/* All of it where it fits; otherwise the omitted part is no more than one character, of four bytes at
		 * most. */
		ck_assert_uint_ge (strlen (out) + 4, strlen (whole) < size ? strlen (whole) + 4 : size);
		ck_assert (text_is_utf8 (out, strlen (out)));
		ck_assert (!strrchr (out, '\\') || strlen (strrchr (out, '\\')) > 1);
		for (size_t i = size; i < sizeof out; i++)
			ck_assert_int_eq (out[i], '#');
	}
	*out = '#';
	text_escape (out, 0, bytes, sizeof bytes - 1);
	ck_assert_int_eq (*out, '#');
}
END_TEST

START_TEST (plain)
{
	static const char bytes[] = "a\nb\x7f\xc3\xa9\xc2\x85\\\xff\xe2\x82";
	char out[16];

	ck_assert_str_eq (text_plain (out, sizeof out, bytes, sizeof bytes - 1), "a?b?\xc3\xa9?\\???");
	ck_assert_str_eq (text_plain (out, 7, bytes, sizeof bytes - 1), "a?b?\xc3\xa9");
	ck_assert_str_eq (text_plain (out, 6, bytes, sizeof bytes - 1), "a?b?");
	ck_assert_str_eq (text_plain (out, sizeof out, bytes, 0), "");
	out[0] = 'x';
	text_plain (out, 0, bytes, sizeof bytes - 1);
	ck_assert_int_eq (out[0], 'x');
}
END_TEST

START_TEST (escaped_bytes_are_safe)
{
	for (int first = 0; first < 256; first++)
		for (int second = 0; second < 256; second++) {
			uint8_t bytes[2] = { (uint8_t)first, (uint8_t)second };
			char out[16];
			bool safe;

			text_escape (out, sizeof out, bytes, 2);
			safe = text_is_utf8 (out, strlen (out));
			for (const char *p = out; *p; p++)
				safe = safe && (uint8_t)*p >= 0x20 && *p != 0x7F &&
				       ((uint8_t)*p != 0xC2 || (uint8_t)p[1] >= 0xA0);
			ck_assert_msg (safe, "%d %d", first, second);
		}
}
END_TEST

/* --- the nearest -------------------------------------------------------------------------------------------------- */

static const struct near_row {
	const char *word, *meant;
} near_rows[] = {
	{ "exec.run", "exec.run" },
	{ "exec.rum", "exec.run" },
	{ "exce.run", "exec.run" },
	{ "exec.shel", "exec.shell" },
	{ "status", "status.show" }, /* the only one that begins so */
	{ "st", "status.show" },
	{ "s", NULL },
	{ "exec", NULL },
	{ "exec.s", "exec.shell" },
	{ "status.shwo", "status.show" },
	{ "zzzzzzzz", NULL },
	{ "", NULL },
	{ "x", NULL },
};

START_TEST (nearest)
{
	static const char *const names[] = { "exec.shell", "exec.run", "status.show" };
	const char *found = text_nearest (near_rows[_i].word, names, 3);

	if (near_rows[_i].meant) {
		ck_assert_ptr_nonnull (found);
		ck_assert_str_eq (found, near_rows[_i].meant);
	} else {
		ck_assert_ptr_null (found);
	}
	ck_assert_ptr_null (text_nearest (near_rows[_i].word, NULL, 0));
}
END_TEST

/* A client may send a name of a megabyte, as often as it likes: that must cost no more than a look at its length. (It
 * took minutes when each name was compared.) */
START_TEST (nearest_of_a_long_word)
{
	static const char *const names[] = { "exec.shell", "exec.run", "status.show" };
	static char word[1024 * 1024 + 1], longer[200];

	memset (word, 'e', sizeof word - 1);
	for (int i = 0; i < 10000; i++)
		ck_assert_ptr_null (text_nearest (word, names, 3));
	/* Names too long to compare are never suggested. */
	memset (longer, 'e', sizeof longer - 1);
	ck_assert_ptr_null (text_nearest ("e", (const char *const[]){ longer }, 1));
}
END_TEST

static const struct {
	const char *text, *word;
} quote_rows[] = {
	{ "web1:7363", "web1:7363" },
	{ "", "''" },
	{ "a b", "'a b'" },
	{ "[::1]:7363", "'[::1]:7363'" },
	{ "~root", "'~root'" },
	{ "$(x)`y`\"\\", "'$(x)`y`\"\\'" },
	{ "o'neil", "'o'\"'\"'neil'" },
	{ "'", "''\"'\"''" },
};

START_TEST (quote)
{
	char out[64], command[128], said[64] = "";
	FILE *shell;

	ck_assert_str_eq (text_quote (out, sizeof out, quote_rows[_i].text), quote_rows[_i].word);
	/* The shell agrees. */
	snprintf (command, sizeof command, "printf %%s %s", out);
	ck_assert_ptr_nonnull (shell = popen (command, "r"));
	ck_assert_uint_eq (fread (said, 1, sizeof said - 1, shell), strlen (quote_rows[_i].text));
	pclose (shell);
	ck_assert_str_eq (said, quote_rows[_i].text);
}
END_TEST

START_TEST (quote_into_little_space)
{
	char out[8];

	ck_assert_str_eq (text_quote (out, sizeof out, "a bcdefghi"), "'a bcd'");
	ck_assert_str_eq (text_quote (out, sizeof out, "abcdefghi"), "'abcde'");
	ck_assert_str_eq (text_quote (out, sizeof out, "a b'c"), "'a b'");
}
END_TEST

/* A job's id becomes the name of a directory: nothing else may pass. */
START_TEST (job_ids)
{
	static const char *const bad[] = { "", "abcdefghijk", "abcdefghijklm", "abcdefghijkL", "abcdefghijk1",
		"abcdefghij/.", "../abcdefghi", "............", "abcdefghijk\n" };
	unsigned char random[TEXT_JOB_ID];
	char id[TEXT_JOB_ID + 1];

	ck_assert (text_is_job_id ("abcdefghijkl"));
	ck_assert (text_is_job_id ("234567zzzzzz"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg (!text_is_job_id (bad[i]), "%s", bad[i]);
	for (int i = 0; i < 256; i++) {
		memset (random, i, sizeof random);
		text_job_id_make (id, random);
		ck_assert_msg (text_is_job_id (id), "%s", id);
	}
}
END_TEST

START_TEST (names)
{
	char name[TEXT_NAME_MAX + 1];

	memset (name, 'x', sizeof name);
	ck_assert (text_is_name ("exec", 4));
	ck_assert (text_is_name ("a_1", 3));
	ck_assert (text_is_name (name, TEXT_NAME_MAX));
	ck_assert (!text_is_name (name, TEXT_NAME_MAX + 1));
	ck_assert (!text_is_name ("", 0));
	ck_assert (!text_is_name ("a.b", 3));
	ck_assert (!text_is_name ("Exec", 4));
	ck_assert (!text_is_name ("a\0b", 3));
}
END_TEST

START_TEST (hint)
{
	char out[64];

	ck_assert_str_eq (text_hint (out, sizeof out, "status"), "; did you mean 'status'?");
	ck_assert_str_eq (text_hint (out, sizeof out, NULL), "");
}
END_TEST

START_TEST (unfinished)
{
	static const struct {
		const char *text;
		size_t n;
	} texts[] = { { "", 0 }, { "a", 0 }, { "\xc3", 1 }, { "\xc3\xa9", 0 }, { "a\xe2\x82", 2 },
		{ "\xe2\x82\xac", 0 }, { "\xf0\x9f\x98", 3 }, { "\xf0\x9f\x98\x80", 0 }, { "\x80\x80\x80\x80", 0 },
		{ "\xc1", 0 } };

	for (size_t i = 0; i < ROWS (texts); i++)
		ck_assert_uint_eq (text_unfinished (texts[i].text, strlen (texts[i].text)), texts[i].n);
}
END_TEST

START_TEST (colour)
{
	static const struct {
		const char *text;
		size_t n; /* 99: there may be one with more bytes */
	} texts[] = { { "\x1b[m", 3 }, { "\x1b[0m", 4 }, { "\x1b[1;38:2::1:2:3mred", 16 }, { "", 0 }, { "m", 0 },
		{ "\x1b", 99 }, { "\x1b[", 99 }, { "\x1b[1;", 99 }, { "\x1b[c", 0 }, { "\x1b[?1m", 0 },
		{ "\x1b[>4;2m", 0 }, { "\x1b[1 m", 0 }, { "\x1b]m", 0 }, { "\x1b[6n", 0 }, { "\x1b\x1b[m", 0 },
		{ "\x1b[1\x1b[m", 0 }, { "\x9bm", 0 }, { "\xc2\x9bm", 0 } };
	char longest[TEXT_COLOUR_MAX + 2];

	for (size_t i = 0; i < ROWS (texts); i++)
		ck_assert_uint_eq (text_colour (texts[i].text, strlen (texts[i].text)),
			texts[i].n == 99 ? strlen (texts[i].text) + 1 : texts[i].n);
	memset (longest, '1', sizeof longest);
	memcpy (longest, "\x1b[", 2);
	longest[TEXT_COLOUR_MAX - 1] = 'm';
	ck_assert_uint_eq (text_colour (longest, sizeof longest), TEXT_COLOUR_MAX);
	ck_assert_uint_eq (text_colour (longest, TEXT_COLOUR_MAX - 1), TEXT_COLOUR_MAX);
	longest[TEXT_COLOUR_MAX - 1] = '1';
	longest[TEXT_COLOUR_MAX] = 'm';
	ck_assert_uint_eq (text_colour (longest, sizeof longest), 0);
	ck_assert_uint_eq (text_colour (longest, TEXT_COLOUR_MAX), 0);
}
END_TEST

START_TEST (show_line)
{
	static const struct {
		const char *line, *shown;
	} lines[] = { { "", "" }, { "a\tb", "a\tb" }, { "a\r", "a\r" }, { "\r", "\r" },
		{ "a\rb\x1b\r\r", "a^Mb^[^M\r" } };
	char out[TEXT_SHOWN_MAX * 16];

	for (size_t i = 0; i < ROWS (lines); i++) {
		size_t n = text_show_line (out, lines[i].line, strlen (lines[i].line));

		ck_assert_uint_eq (n, strlen (lines[i].shown));
		ck_assert_mem_eq (out, lines[i].shown, n);
	}
}
END_TEST

START_TEST (join)
{
	static char echo[] = "echo", two[] = "a  b", none[] = "", last[] = "c";
	char *const words[] = { echo, two, none, last };
	char *text;

	ck_assert_str_eq (text = text_join (words, 4), "echo a  b  c");
	free (text);
	ck_assert_str_eq (text = text_join (words, 1), "echo");
	free (text);
	ck_assert_str_eq (text = text_join (words, 0), "");
	free (text);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, utf8, 0, ROWS (utf8_rows));
	tcase_add_loop_test (tcase, control, 0, ROWS (control_rows));
	tcase_add_loop_test (tcase, base64, 0, ROWS (b64_rows));
	tcase_add_loop_test (tcase, strict_base64, 0, ROWS (not_base64));
	tcase_add_test (tcase, base64_with_a_nul);
	tcase_add_test (tcase, base64_of_every_byte);
	tcase_add_loop_test (tcase, escape, 0, ROWS (escape_rows));
	tcase_add_test (tcase, escape_into_little_space);
	tcase_add_test (tcase, plain);
	tcase_add_test (tcase, escaped_bytes_are_safe);
	tcase_add_loop_test (tcase, quote, 0, ROWS (quote_rows));
	tcase_add_test (tcase, quote_into_little_space);
	tcase_add_loop_test (tcase, nearest, 0, ROWS (near_rows));
	tcase_add_test (tcase, nearest_of_a_long_word);
	tcase_add_test (tcase, names);
	tcase_add_test (tcase, job_ids);
	tcase_add_test (tcase, hint);
	tcase_add_test (tcase, colour);
	tcase_add_test (tcase, show_line);
	tcase_add_test (tcase, unfinished);
	tcase_add_test (tcase, join);
}

CHECK_MAIN ("base/text", cases)
