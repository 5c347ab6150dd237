/* check_labels - the lines of many hosts: whole, behind their labels, shown and not obeyed, while the reader is slow too. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/fanout.h"
#include "cli/labels.h"
#include "support/check_main.h"

enum { HOSTS = 3 };

static const struct host_target targets[HOSTS] = { { .label = "web1", .where = "web1" },
	{ .label = "web2", .where = "web2" }, { .label = "odd\033[2J", .where = "x" } };

static struct drive drive;
static struct fanout fanout;
static struct member members[HOSTS];
static struct labels labels;
static int readers[2];

static void open_all (bool plain)
{
	int ends[2];

	output_init (&drive.out, 0);
	output_init (&drive.err, 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), 0);
		readers[i] = ends[0];
		output_init (i ? &drive.err : &drive.out, ends[1]);
	}
	setenv ("NO_COLOR", "1", 1);
	ck_assert_int_eq (labels_open (&labels, HOSTS, plain), 0);
	for (size_t i = 0; i < HOSTS; i++) {
		members[i] = (struct member){
			.target = &targets[i], .rank = i, .fanout = &fanout, .call = { .drive = &drive }
		};
		ck_assert_int_eq (labels.view.ops->begin (&labels.view, &members[i]), 0);
	}
}

/* There is no request, as after its end: what comes is the last that comes. */
static void take (int host, bool is_err, const char *text)
{
	ck_assert_int_eq (labels.view.ops->take (&labels.view, &members[host], is_err, text, strlen (text)), 0);
}

static const char *printed (int which)
{
	static char text[1 << 20];
	ssize_t n = read (readers[which], text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void close_all (void)
{
	for (size_t i = 0; i < HOSTS; i++)
		labels.view.ops->ended (&labels.view, &members[i]);
	labels_close (&labels);
	output_close (&drive.out);
	output_close (&drive.err);
}

START_TEST (lines_are_whole)
{
	open_all (false);
	take (0, false, "one\n");
	ck_assert_str_eq (printed (0), "web1: one\n");
	take (1, true, "an error\nand\n");
	ck_assert_str_eq (printed (1), "web2: an error\nweb2: and\n");
	take (0, false, "a\r\n\n");
	ck_assert_str_eq (printed (0), "web1: a\r\nweb1: \n");
	close_all ();
}
END_TEST

START_TEST (nothing_is_obeyed)
{
	open_all (false);
	take (0, false,
		"\033[2J\rweb2: fake\b\x7f\xc2\x9b"
		"1\x9b"
		"2\tgr\xc3\xbc\xc3\x9f\\ \xff\n");
	ck_assert_str_eq (printed (0), "web1: ^[[2J^Mweb2: fake^H^?\\xc2\\x9b"
				       "1\\x9b"
				       "2\tgr\xc3\xbc\xc3\x9f\\ \xff\n");
	take (2, false, "x\n");
	ck_assert_str_eq (printed (0), "odd\\x1b[2J: x\n");
	close_all ();
}
END_TEST

START_TEST (the_last_line_gets_its_newline)
{
	open_all (_i);
	take (0, false, "no newline");
	ck_assert_str_eq (printed (0), _i ? "no newline" : "web1: no newline\n");
	close_all ();
}
END_TEST

START_TEST (without_labels_nothing_is_changed)
{
	open_all (true);
	take (0, false, "\033[1mx\r\n\n");
	ck_assert_str_eq (printed (0), "\033[1mx\r\n\n");
	close_all ();
}
END_TEST

START_TEST (a_long_line_comes_in_pieces)
{
	static char line[3 * LABELS_LINE];
	const char *text;
	size_t pieces = 0, bytes = 0;

	open_all (false);
	for (size_t i = 0; i < sizeof line - 2; i += 2)
		memcpy (line + i, "\xc3\xbc", 2);
	take (0, false, line + 1); /* the first character is no whole one */
	for (text = printed (0); *text; text = strchr (text, '\n') + 1) {
		size_t n = strcspn (text, "\n");

		ck_assert_mem_eq (text, "web1: ", 6);
		ck_assert (pieces == 0 || text_is_utf8 (text, n));
		pieces++;
		bytes += n - 6;
	}
	ck_assert_uint_eq (pieces, 3);
	ck_assert_uint_eq (bytes, sizeof line - 3);
	close_all ();
}
END_TEST

/* The reader takes nothing for a while: lines of both hosts are kept, and come whole. */
START_TEST (a_slow_reader_gets_whole_lines)
{
	static char big[200000];
	size_t lines[2] = { 0, 0 };
	char *at, *end;
	static char all[1 << 20];
	size_t n = 0;
	bool kept;

	open_all (false);
	for (size_t i = 0; i + 10 < sizeof big; i += 10)
		memcpy (big + i, "123456789\n", 10);
	take (0, false, big);
	take (1, false, big);
	ck_assert (labels.view.ops->flush (&labels.view, &members[1]));
	do {
		ssize_t got;

		while ((got = read (readers[0], all + n, sizeof all - 1 - n)) > 0)
			n += (size_t)got;
		if (output_pending (&drive.out))
			output_flush (&drive.out);
		kept = labels.view.ops->flush (&labels.view, &members[0]);
		kept |= labels.view.ops->flush (&labels.view, &members[1]);
	} while (kept || output_pending (&drive.out));
	n += (size_t)(read (readers[0], all + n, sizeof all - 1 - n) + 1) - 1;
	for (at = all; at < all + n && (end = strchr (at, '\n')); at = end + 1) {
		ck_assert_uint_eq ((size_t)(end - at), 6 + 9);
		lines[at[3] == '2']++;
		ck_assert_mem_eq (at + 4, ": 123456789", 11);
	}
	ck_assert_uint_eq (lines[0], (sizeof big - 1) / 10);
	ck_assert_uint_eq (lines[1], lines[0]);
	close_all ();
}
END_TEST

START_TEST (colours_are_a_choice)
{
	setenv ("TERM", "xterm", 1);
	unsetenv ("NO_COLOR");
	unsetenv ("CLICOLOR_FORCE");
	ck_assert (!colour_wanted (readers[0])); /* no terminal */
	setenv ("CLICOLOR_FORCE", "1", 1);
	ck_assert (colour_wanted (readers[0]));
	setenv ("CLICOLOR_FORCE", "0", 1);
	ck_assert (!colour_wanted (readers[0]));
	setenv ("CLICOLOR_FORCE", "1", 1);
	setenv ("NO_COLOR", "1", 1);
	ck_assert (!colour_wanted (readers[0]));
	setenv ("NO_COLOR", "", 1);
	ck_assert (colour_wanted (readers[0]));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, lines_are_whole);
	tcase_add_test (tcase, nothing_is_obeyed);
	tcase_add_loop_test (tcase, the_last_line_gets_its_newline, 0, 2);
	tcase_add_test (tcase, without_labels_nothing_is_changed);
	tcase_add_test (tcase, a_long_line_comes_in_pieces);
	tcase_add_test (tcase, a_slow_reader_gets_whole_lines);
	tcase_add_test (tcase, colours_are_a_choice);
}

CHECK_MAIN ("labels", add_cases)
