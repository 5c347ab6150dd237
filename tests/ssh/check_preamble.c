/* check_preamble - what comes before a marker is dropped, wherever the bytes are cut. */
#include "config.h"

#include <string.h>

#include "ssh/preamble.h"
#include "support/check_main.h"

static const struct {
	const char *text;
	const char *rest; /* behind the marker; NULL: it does not come */
	const char *line;
} streams[] = {
	{ "remex:go\nout", "out", "remex:go" },
	{ "Welcome.\nremex:go\n", "", "remex:go" },
	{ "no newline remex:go\n\0", "", "no newline remex:go" },
	{ "remremex:go\nx", "x", "remremex:go" },
	{ "rremex:go\nremex:go\n", "remex:go\n", "rremex:go" },
	{ "remex:gone\nnothing else\r\n\n", NULL, "nothing else" },
	{ "bad \xff bytes \x1b[31m", NULL, "bad ? bytes ?[31m" },
	{ "", NULL, "" },
};

/* All at once, and byte by byte. */
START_TEST (marker)
{
	const char *text = streams[_i / 2].text, *rest = streams[_i / 2].rest;
	size_t n = strlen (text), step = _i % 2 ? 1 : n + 1, taken = 0;
	struct preamble preamble;
	char line[PREAMBLE_LINE];

	preamble_init (&preamble, "remex:go\n");
	for (size_t at = 0; at < n; at += step)
		taken += preamble_take (&preamble, text + at, n - at < step ? n - at : step);
	ck_assert_int_eq (preamble.passed, rest != NULL);
	ck_assert_uint_eq (taken, preamble.n_taken);
	ck_assert_str_eq (text + taken, rest ? rest : "");
	ck_assert_str_eq (preamble_line (&preamble, line, sizeof line), streams[_i / 2].line);
}
END_TEST

/* A line that never ends is cut. */
START_TEST (long_line)
{
	struct preamble preamble;
	char line[4 * PREAMBLE_LINE];

	preamble_init (&preamble, "remex:go\n");
	for (int i = 0; i < 100000; i++)
		ck_assert_uint_eq (preamble_take (&preamble, "remex:", 6), 6);
	ck_assert_uint_eq (strlen (preamble_line (&preamble, line, sizeof line)), PREAMBLE_LINE);
	ck_assert_uint_eq (preamble_take (&preamble, "go\nrest", 7), 3);
	ck_assert (preamble.passed);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, marker, 0, 2 * sizeof streams / sizeof *streams);
	tcase_add_test (tcase, long_line);
}

CHECK_MAIN ("preamble", add_cases)
