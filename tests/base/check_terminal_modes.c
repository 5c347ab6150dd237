/* check_terminal_modes - what a program has set on its terminal: read from its output in any pieces, undone, set again. */
#include "config.h"

#include <string.h>

#include "base/terminal_modes.h"
#include "support/check_main.h"

static char bytes[TERMINAL_MODES_BYTES];

/* The bytes that undo the modes, as a string. */
static const char *undo_of (const struct terminal_modes *modes)
{
	size_t n = terminal_modes_undo (modes, bytes);

	ck_assert_uint_lt (n, sizeof bytes);
	bytes[n] = '\0';
	return bytes;
}

static const struct {
	const char *output, *undo;
} cases[] = {
	{ "plain text \t\r\n\b\a \303\244 \377", "" },
	{ "\033[31mred\033[0m", "" },
	{ "\033[0;31mred", "\033[m" },
	{ "\033[38;5;0mblack", "\033[m" },
	{ "\033[?25l", "\033[?25h\033[m" },
	{ "\033[?25l\033[?25h", "" },
	{ "\033[?1049h\033[?1h\033=", "\033[?1l\033[?1049l\033>\033[m" },
	{ "\033[?1049h\033[?1h\033=\033[?1l\033>\033[?1049l", "" },
	{ "\033[?47h", "\033[?47l\033[m" },
	{ "\033[?1047h\033[?47l", "" },
	{ "\033[?1000;1006;2004h", "\033[?1000l\033[?1006l\033[?2004l\033[m" },
	{ "\033[?7l", "\033[?7h\033[m" },
	{ "\033[?;;9999999999999999999h", "" },
	{ "\033[4h\033[20h", "\033[4l\033[20l\033[m" },
	{ "\033[2;10r", "\0337\033[?6l\033[r\0338\033[?6l\033[m" },
	{ "\033[2;10r\033[r", "" },
	{ "\033[?6h", "\0337\033[?6l\033[r\0338\033[?6l\033[m" },
	{ "\033[5 q", "\033[0 q\033[m" },
	{ "\033[5 q\033[0 q", "" },
	{ "\033[>4;2m", "\033[>4m\033[m" },
	{ "\033[>4;2m\033[>4m", "" },
	{ "\033[>1u\033[>3u", "\033[<2u\033[m" },
	{ "\033[>1u\033[<u", "" },
	{ "\033[=5u", "\033[=0u\033[m" },
	{ "\033[?1049h\033[>1u", "\033[<1u\033[?1049l\033[m" },
	{ "\033(0\016", "\033(B\033)B\017\033[m" },
	{ "\033(0\033(B", "" },
	{ "\033[?1h\033[!p", "" },
	{ "\033[?1049h\033[?1003h\033c", "" },
	/* sequences that are not complete, broken off, or none of ours */
	{ "\033[?10", "\030\033\\\033[m" },
	{ "\033", "\030\033\\\033[m" },
	{ "\033]0;title\033[?25l\a", "\033[?25h\033[m" }, /* ESC breaks the title off */
	{ "\033]0;title\a", "" },
	{ "\033]0;[?25l\033\\", "" },
	{ "\033P1;[?25l\033\\", "" },
	{ "\033[?25\030l", "" },
	{ "\033[?25\033[?1h", "\033[?1l\033[m" },
	{ "\033[?25\r\nl", "\033[?25h\033[m" }, /* controls are obeyed within a sequence */
	{ "\033[ !?25l", "" },
	{ "\033[6n\033[c\033[2J\033[1;1H\033[K\033[5A", "" },
};

START_TEST (undone)
{
	size_t n = strlen (cases[_i].output);
	struct terminal_modes whole = { 0 };

	terminal_modes_feed (&whole, cases[_i].output, n);
	ck_assert_str_eq (undo_of (&whole), cases[_i].undo);
	ck_assert_int_eq (terminal_modes_any (&whole), *cases[_i].undo != '\0');
	/* Cut anywhere, it is the same. */
	for (size_t cut = 1; cut < n; cut++) {
		struct terminal_modes pieces;

		terminal_modes_init (&pieces);
		terminal_modes_feed (&pieces, cases[_i].output, cut);
		terminal_modes_feed (&pieces, cases[_i].output + cut, n - cut);
		ck_assert_str_eq (undo_of (&pieces), cases[_i].undo);
	}
	/* What undoes it, undoes it. */
	terminal_modes_feed (&whole, cases[_i].undo, strlen (cases[_i].undo));
	ck_assert (!terminal_modes_any (&whole));
}
END_TEST

/* Set again on another terminal, the modes are the same; the attributes and the character set belong to the drawing. */
START_TEST (set_again)
{
	static const char output[] =
		"\033[?1049h\033[?1h\033=\033[?25l\033[?2004h\033[?1002;1006h\033[3;20r\033[4h\033[2 q"
		"\033[>4;2m\033[>5u\033[?7l";
	struct terminal_modes first = { 0 }, second = { 0 };
	char undo[TERMINAL_MODES_BYTES];

	terminal_modes_feed (&first, output, sizeof output - 1);
	ck_assert (terminal_modes_alternate (&first));
	terminal_modes_feed (&second, bytes, terminal_modes_set_screen (&first, bytes));
	ck_assert (terminal_modes_alternate (&second));
	terminal_modes_feed (&second, bytes, terminal_modes_set_rest (&first, bytes));
	strcpy (undo, undo_of (&first));
	ck_assert_str_eq (undo_of (&second), undo);
}
END_TEST

START_TEST (everything_fits)
{
	struct terminal_modes modes = { 0 };
	char one[32];

	for (int number = 0; number < 3000; number++)
		terminal_modes_feed (&modes, one,
			(size_t)sprintf (one, "\033[?%d%c", number, number == 7 || number == 25 ? 'l' : 'h'));
	terminal_modes_feed (
		&modes, "\033[4h\033[20h\033=\033[9 q\033[>4;9m\033[>31u\033[65535;65535r\033(0\016\033[1m", 44);
	ck_assert_uint_lt (strlen (undo_of (&modes)), TERMINAL_MODES_BYTES / 2);
	ck_assert_uint_lt (terminal_modes_set_rest (&modes, bytes), TERMINAL_MODES_BYTES / 2);
	undo_of (&modes);
	terminal_modes_feed (&modes, bytes, strlen (bytes));
	ck_assert (!terminal_modes_any (&modes));
}
END_TEST

/* Parameters without end do no harm. */
START_TEST (long_sequences)
{
	struct terminal_modes modes = { 0 };

	terminal_modes_feed (&modes, "\033[?", 3);
	for (int i = 0; i < 100000; i++)
		terminal_modes_feed (&modes, "1;", 2);
	terminal_modes_feed (&modes, "l\033[m", 4);
	ck_assert (!terminal_modes_any (&modes));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, undone, 0, sizeof cases / sizeof *cases);
	tcase_add_test (tcase, set_again);
	tcase_add_test (tcase, everything_fits);
	tcase_add_test (tcase, long_sequences);
}

CHECK_MAIN ("terminal_modes", add_cases)
