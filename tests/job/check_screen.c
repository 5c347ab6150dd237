/* check_screen - the screen of a job's terminal, as text, and drawn again on another terminal, which then shows and does
 * the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "job/screen.h"
#include "support/check_main.h"

static struct screen *screen;

static void begin (int rows, int cols)
{
	ck_assert_ptr_nonnull ((screen = screen_new (rows, cols)));
}

static void feed (const char *text)
{
	screen_feed (screen, text, strlen (text));
}

/* The caller frees. */
static char *made_of (const struct screen *from, int (*make) (const struct screen *, struct buf *))
{
	struct buf out;
	char *text;

	buf_init (&out, 1 << 26);
	ck_assert_int_eq (make (from, &out), 0);
	text = strndup (buf_len (&out) ? (char *)buf_head (&out) : "", buf_len (&out));
	ck_assert_uint_eq (strlen (text), buf_len (&out));
	buf_free (&out);
	return text;
}

static void assert_text (const char *expected)
{
	char *text = made_of (screen, screen_text);

	ck_assert_str_eq (text, expected);
	free (text);
}

static bool redraw_has (const char *part)
{
	char *text = made_of (screen, screen_redraw);
	bool has = strstr (text, part);

	free (text);
	return has;
}

/* A terminal that is drawn on shows the same text, and draws itself in the same way. `dirty`: whatever it showed before. */
static void assert_same_elsewhere (int rows, int cols, const char *dirty)
{
	char *text = made_of (screen, screen_text), *redraw = made_of (screen, screen_redraw), *other;
	struct screen *far = screen_new (rows, cols);

	screen_feed (far, dirty, strlen (dirty));
	screen_feed (far, redraw, strlen (redraw));
	other = made_of (far, screen_text);
	ck_assert_str_eq (other, text);
	free (other);
	other = made_of (far, screen_redraw);
	ck_assert_str_eq (other, redraw);
	free (other);
	free (text);
	free (redraw);
	screen_free (far);
}

START_TEST (text)
{
	begin (5, 20);
	assert_text ("");
	feed ("one\r\ntwo  \r\n\r\n\033[31mred\033[0m");
	assert_text ("one\ntwo\n\nred\n");
	feed ("\r\nfive\r\nsix");
	assert_text ("two\n\nred\nfive\nsix\n");
	feed ("\033[2J\033[3;5Hx\303\244\344\270\255y\314\210");
	assert_text ("\n\n    x\303\244\344\270\255y\314\210\n");
	screen_free (screen);
}
END_TEST

/* Characters that are cut between two pieces, or are not complete. */
START_TEST (characters_in_pieces)
{
	begin (3, 20);
	for (const char *p = "a\344\270\255b\303\244\360\237\230\200c"; *p; p++)
		screen_feed (screen, p, 1);
	assert_text ("a\344\270\255b\303\244\360\237\230\200c\n");
	feed ("\r\n\344\270x\344\033[7m\255\377y\300\200z");
	assert_text ("a\344\270\255b\303\244\360\237\230\200c\n\357\277\275x\357\277\275\357\277\275\357\277\275y\357"
		     "\277\275z\n");
	screen_free (screen);
}
END_TEST

/* No control character of the output comes back as text. */
START_TEST (controls_are_no_text)
{
	char *shown;

	begin (3, 20);
	feed ("a\001\002\177b\302\233c\302\205d");
	shown = made_of (screen, screen_text);
	for (const char *p = shown; *p; p++)
		ck_assert (((unsigned char)*p >= 0x20 && *p != 0x7f) || *p == '\n');
	free (shown);
	ck_assert (!redraw_has ("\302\233"));
	ck_assert (!redraw_has ("\302\205"));
	screen_free (screen);
}
END_TEST

static const struct {
	const char *fed, *drawn;
} looks[] = {
	{ "\033[1mX", "\033[0;1mX" },
	{ "\033[3;4;5;7;9mX", "\033[0;3;4;5;7;9mX" },
	{ "\033[21mX", "\033[0;21mX" },
	{ "\033[4:3mX", "\033[0;4:3mX" },
	{ "\033[31;42mX", "\033[0;31;42mX" },
	{ "\033[91;102mX", "\033[0;91;102mX" },
	{ "\033[38;5;200;48;5;17mX", "\033[0;38;5;200;48;5;17mX" },
	{ "\033[38;2;1;2;3;48;2;250;251;252mX", "\033[0;38;2;1;2;3;48;2;250;251;252mX" },
	{ "\033[?2004hX", "\033[?2004h" },
	{ "\033[?1049hX", "\033[?1049h" },
	{ "\033[?1hX", "\033[?1h" },
	{ "\033[?25lX", "\033[?25l" },
	{ "\033[?1000;1006hX", "\033[?1006h" },
	{ "\033[?1004hX", "\033[?1004h" },
	{ "\033=X", "\033=" },
	{ "\033]2;the title\033\\X", "\033]2;the title\033\\" },
	{ "\033]0;the title\aX", "\033]2;the title\033\\" },
	{ "\033[2;4HX", "\033[2;5H" },
	{ "X\033[1;34m", "\033[0;1;34m" },
	{ "X\033(0", "\033(0" },
	{ "\033[44m\033[KX", "X           " },
	{ "X\033[2;3r", "\033[2;3r" },
};

START_TEST (looks_and_modes)
{
	begin (4, 12);
	feed (looks[_i].fed);
	ck_assert_msg (redraw_has (looks[_i].drawn), "%s", made_of (screen, screen_redraw) + 1);
	assert_same_elsewhere (4, 12, "");
	assert_same_elsewhere (4, 12, "dirt\r\n\033[7mdirt\033[3;4H\033[2;3r");
	screen_free (screen);
}
END_TEST

START_TEST (the_whole_width)
{
	begin (3, 10);
	feed ("0123456789abcdefghijABCDEFGHI");
	assert_same_elsewhere (3, 10, "");
	feed ("J");
	assert_text ("0123456789\nabcdefghij\nABCDEFGHIJ\n");
	feed ("\033[2;10H\344\270\255");
	assert_same_elsewhere (3, 10, "");
	screen_free (screen);
}
END_TEST

START_TEST (sizes)
{
	static const int all[] = { -1, 0, 1, 2, 24, 80, 999, 65535 };
	enum { N = sizeof all / sizeof *all };

	begin (all[_i % N], all[_i / N]);
	for (int i = 0; i < N * N; i++) {
		feed ("\033[999;999Hthe corner\033[1;1Hthe other\r\n\n\n\n\033[5Sscrolled\033[3T\033[99L\033[99@");
		screen_resize (screen, all[i / N], all[i % N]);
		feed ("\033[?1049h\033[2J\033[99999;99999H\344\270\255\033[?1049l");
	}
	screen_resize (screen, 10, 30);
	feed ("\033c\033[2;3Hhere");
	assert_text ("\n  here\n");
	screen_free (screen);
}
END_TEST

/* With another number of rows a terminal has no scrolling region: the new last row scrolls. */
START_TEST (region_and_size)
{
	begin (4, 10);
	feed ("\033[1;4r\033[4;1Hone");
	screen_resize (screen, 4, 20);
	ck_assert (redraw_has ("\033[1;4r"));
	screen_resize (screen, 6, 20);
	ck_assert (!redraw_has ("\033[1;4r"));
	feed ("\033[6;1Htwo\r\nthree");
	assert_text ("\n\none\n\ntwo\nthree\n");
	assert_same_elsewhere (6, 20, "");
	screen_free (screen);
}
END_TEST

/* Any bytes: nothing breaks, and what is drawn again looks the same. */
START_TEST (any_bytes)
{
	static const char *const parts[] = { "\033[", "\033]", "\033P", "\033", ";", "?", "9999999999", "0", "1", "5",
		"38;5;", "m", "H", "J", "K", "r", "L", "M", "P", "@", "S", "T", "h", "l", "1049", "\r\n", "\t", "\b",
		"text ", "\303\244", "\344\270\255", "\314\210", "\377", "\302\233", "\033\\", "\a", "\016", "\017",
		"\033(0", "\033#8", "\033#6", "\033c", "\0337", "\0338", "\033M", "X", "Z", "b", "\x9b", "\x84" };
	enum { N = sizeof parts / sizeof *parts };

	srandom ((unsigned)_i + 1);
	begin (6, 17);
	for (int i = 0; i < 3000; i++) {
		const char *part = parts[random () % N];
		char byte = (char)random ();

		if (random () % 16)
			feed (part);
		else
			screen_feed (screen, &byte, 1);
		if (random () % 200 == 0)
			screen_resize (screen, (int)(random () % 40), (int)(random () % 90));
		if (i % 100 == 0)
			free (made_of (screen, screen_redraw));
	}
	free (made_of (screen, screen_text));
	screen_free (screen);
}
END_TEST

/* A sequence without an end takes no memory. */
START_TEST (no_end)
{
	static const char *const starts[] = { "\033]0;", "\033]52;c;", "\033P", "\033[", "\033[1;", "\033_", "\033^",
		"\033X" };
	char block[65536];

	memset (block, _i % 2 ? '1' : ';', sizeof block);
	begin (24, 80);
	feed (starts[_i / 2]);
	for (int i = 0; i < 500; i++)
		screen_feed (screen, block, sizeof block);
	feed ("\033\\\r\nafter\r\n");
	screen_free (screen);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, text);
	tcase_add_test (tcase, characters_in_pieces);
	tcase_add_test (tcase, controls_are_no_text);
	tcase_add_loop_test (tcase, looks_and_modes, 0, sizeof looks / sizeof *looks);
	tcase_add_test (tcase, the_whole_width);
	tcase_add_loop_test (tcase, sizes, 0, 64);
	tcase_add_test (tcase, region_and_size);
	tcase_add_loop_test (tcase, any_bytes, 0, 50);
	tcase_add_loop_test (tcase, no_end, 0, 16);
}

CHECK_MAIN ("screen", add_cases)
