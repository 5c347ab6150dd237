/* check_progress - the line about a long operation. The test is the person at the terminal. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "support/check_main.h"

enum { MIB = 1024 * 1024, FIGURES = 48 };

static int screen = -1, terminal = -1;
static struct progress progress;

static void set_columns (int columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = (unsigned short)columns };

	ck_assert_int_eq (ioctl (terminal, TIOCSWINSZ, &size), 0);
}

static void set_up (void)
{
	ck_assert_int_ge (screen = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq (grantpt (screen), 0);
	ck_assert_int_eq (unlockpt (screen), 0);
	ck_assert_int_ge (terminal = open (ptsname (screen), O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (terminal, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq (setenv ("TERM", "xterm", 1), 0);
	set_columns (80);
	progress_init (&progress, true);
}

static void tear_down (void)
{
	close (terminal);
	close (screen);
}

/* The text that has come to the screen. */
static const char *seen (void)
{
	static char text[4096];
	ssize_t n;

	fflush (stderr);
	n = read (screen, text, sizeof text - 1);
	if (n < 0)
		ck_assert_int_eq (errno, EAGAIN);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* The same as one line of the screen: it is between a return to its beginning and the removal of its rest. */
static const char *line (void)
{
	static char text[4096];

	strcpy (text, seen ());
	ck_assert_int_eq (text[0], '\r');
	ck_assert_uint_gt (strlen (text), 4);
	ck_assert_str_eq (text + strlen (text) - 3, "\033[K");
	text[strlen (text) - 3] = '\0';
	ck_assert_ptr_null (strpbrk (text + 1, "\r\n\033"));
	return text + 1;
}

static const char *drawn (const char *name, int64_t bytes, int64_t total)
{
	progress_draw (&progress, name, bytes, total);
	return line ();
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

static const struct {
	double bytes;
	const char *text;
} amounts[] = {
	{ 0, "0 B" },
	{ 1, "1 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.0 KiB" },
	{ 1536.0 * MIB, "1.5 GiB" },
	{ 1024.0 * MIB * MIB, "1.0 PiB" },
	{ 5000 * 1024.0 * MIB * MIB, "5000.0 PiB" },
};

START_TEST (bytes_have_a_unit)
{
	char text[32];

	ck_assert_ptr_eq (progress_bytes (text, sizeof text, amounts[_i].bytes), text);
	ck_assert_str_eq (text, amounts[_i].text);
}
END_TEST

START_TEST (the_line_tells_how_much)
{
	const char *text = drawn ("name", 3 * MIB, 4 * MIB);

	ck_assert_int_eq (strncmp (text, "name ", 5), 0);
	ck_assert_ptr_nonnull (strstr (text, " 75% "));
	ck_assert_ptr_nonnull (strstr (text, " 3.0 MiB "));
	ck_assert_ptr_null (strchr (drawn ("name", 3 * MIB, -1), '%')); /* the total is not known */
	ck_assert_ptr_null (strchr (drawn ("name", 0, 0), '%'));
}
END_TEST

/* It can be later than that here, but the rate of the last piece is known from the struct. */
static void a_second_later (int64_t bytes, int64_t total)
{
	progress.last_ms -= 1000;
	progress_draw (&progress, "name", bytes, total);
}

START_TEST (a_connection_that_stalls_shows)
{
	double before;

	a_second_later (10 * MIB, 100 * MIB);
	ck_assert_double_gt (before = progress.rate, 0);
	ck_assert_double_le (before, 10 * MIB);
	ck_assert_int_eq (progress.next_ms, progress.last_ms + 200);
	for (int i = 0; i < 4; i++) {
		a_second_later (10 * MIB, 100 * MIB);
		ck_assert_double_lt (progress.rate, 0.71 * before);
		ck_assert_double_gt (progress.rate, 0.69 * before);
		before = progress.rate;
	}
}
END_TEST

static const struct {
	double rate;
	int64_t left;
	const char *time;
} times[] = {
	{ 1, 5, "0:05" },
	{ 1, 65, "1:05" },
	{ 1, 3600, "1:00:00" },
	{ 1, 359999, "99:59:59" },
	{ 1, 360001, "--:--" },
	{ 1e-9, INT64_MAX / 2, "--:--" },
};

START_TEST (the_time_that_is_left)
{
	const char *text;

	progress.last_ms = INT64_MAX; /* nothing is measured: the rate is this one */
	progress.rate = times[_i].rate;
	text = drawn ("name", 7, 7 + times[_i].left);
	ck_assert_str_eq (text + strlen (text) - strlen (times[_i].time), times[_i].time);
	ck_assert_int_eq (text[strlen (text) - strlen (times[_i].time) - 1], ' ');
	/* There are more bytes than were promised: nobody knows when it ends. */
	ck_assert_ptr_null (strchr (drawn ("name", 9, 8), ':'));
}
END_TEST

/* --- names ------------------------------------------------------------------------------------------------------- */

/* The line is as wide as the screen, and the name has what the figures leave. */
static void check_name (const char *name, int columns, const char *shown)
{
	const char *text;

	set_columns (columns);
	text = drawn (name, 3, 4);
	ck_assert_int_eq (strncmp (text, shown, strlen (shown)), 0);
	ck_assert_int_eq (text[strlen (shown)], ' ');
	ck_assert (text_is_utf8 (text, strlen (text)));
}

START_TEST (of_a_long_name_the_end_is_shown)
{
	static char name[1001];

	memset (name, 'x', 900);
	for (int i = 900; i < 1000; i++)
		name[i] = (char)('a' + i % 26);
	check_name (name, 60, name + 1000 - (60 - FIGURES));
	check_name (name, 80, name + 1000 - (80 - FIGURES));
	check_name (name, FIGURES + 1, name + 999);
	/* Screens that are very wide, or say nothing or nonsense about it. */
	check_name (name, 65535, name + 1000 - (250 - FIGURES));
	check_name (name, 0, name + 1000 - (80 - FIGURES));
	check_name (name, 19, name + 1000 - (80 - FIGURES));
}
END_TEST

/* On a narrow screen there are only the figures. */
START_TEST (a_narrow_screen)
{
	set_columns (FIGURES);
	ck_assert_ptr_null (strstr (drawn ("name", 3, 4), "name"));
	set_columns (20);
	ck_assert_ptr_null (strstr (drawn ("name", 3, 4), "name"));
	ck_assert_ptr_nonnull (strstr (drawn ("name", 3, 4), " 75% "));
}
END_TEST

/* A name that the server has chosen. */
START_TEST (a_name_does_not_control_the_terminal)
{
	check_name ("a\nb\rc\x1b[2Jd\xff", 80, "a?b?c?[2Jd?");
}
END_TEST

/* A name is cut between characters, not within one. */
START_TEST (a_character_is_whole)
{
	char name[200] = "";

	for (int i = 0; i < 33; i++)
		strcat (name, "\xc3\xbc");
	check_name (name, FIGURES + 20, name + 66 - 20);
	check_name (name, FIGURES + 21, name + 66 - 20);
	strcpy (name, "\xf0\x9f\x98\x80 and more");
	for (int room = 10; room < 13; room++)
		check_name (name, FIGURES + room, " and more");
}
END_TEST

/* --- when -------------------------------------------------------------------------------------------------------- */

START_TEST (what_is_over_soon_has_no_line)
{
	ck_assert_int_eq (progress.next_ms, progress.start_ms + 500);
	ck_assert_int_le (progress_due (&progress), 500);
	progress.next_ms = clock_ms () - 1;
	ck_assert_int_eq (progress_due (&progress), 0);
}
END_TEST

START_TEST (the_line_is_removed_once)
{
	progress_clear ();
	ck_assert_str_eq (seen (), "");
	drawn ("name", 3, 4);
	progress_clear ();
	ck_assert_str_eq (seen (), "\r\033[K");
	progress_clear ();
	ck_assert_str_eq (seen (), "");
}
END_TEST

/* Other text erases the line, and comes whole. */
START_TEST (other_text_comes_first)
{
	drawn ("name", 3, 4);
	complain ("web1", "lost");
	ck_assert_str_eq (seen (), "\r\033[Kremex: web1: lost\r\n");
	drawn ("name", 3, 4);
	remark ("stopped\n");
	ck_assert_str_eq (seen (), "\r\033[Kstopped\r\n");
	complain (NULL, "again");
	ck_assert_str_eq (seen (), "remex: again\r\n");
}
END_TEST

/* --- many hosts -------------------------------------------------------------------------------------------------- */

static void ignore (struct writer *writer, size_t n)
{
	(void)writer;
	(void)n;
}

START_TEST (of_many_hosts_the_line_counts)
{
	static const struct {
		struct progress_hosts hosts;
		const char *text;
	} lines[] = {
		{ { .n = 64, .done = 12, .running = 50, .failed = 2, .bytes = -1 },
			"64 hosts: 12 done, 50 running, 2 failed" },
		{ { .n = 9, .running = 3, .skipped = 1, .waiting = 5, .bytes = -1 },
			"9 hosts: 0 done, 3 running, 0 failed, 1 skipped, 5 waiting" },
		{ { .n = 2, .running = 2, .bytes = 3 * MIB, .total = 8 * MIB },
			"2 hosts: 0 done, 2 running, 0 failed; 3.0 MiB of 8.0 MiB, 0 B/s" },
		{ { .n = 2, .running = 2, .bytes = 3 * MIB, .total = -1 },
			"2 hosts: 0 done, 2 running, 0 failed; 3.0 MiB, 0 B/s" },
	};
	struct output out, err;

	output_init (&out, STDOUT_FILENO);
	output_init (&err, STDERR_FILENO);
	progress.last_ms = INT64_MAX; /* nothing is measured */
	progress_draw_hosts (&progress, &out, &err, &lines[_i].hosts);
	ck_assert_str_eq (line (), lines[_i].text);
	output_close (&out);
	output_close (&err);
}
END_TEST

/* The line is erased before each other text, and is not drawn within a line of it. */
START_TEST (lines_are_not_mixed)
{
	static const struct progress_hosts hosts = { .n = 2, .running = 2, .bytes = -1 };
	struct writer writer = { ignore };
	struct output out, err;

	ck_assert_int_eq (dup2 (terminal, STDOUT_FILENO), STDOUT_FILENO);
	output_init (&out, STDOUT_FILENO);
	output_init (&err, STDERR_FILENO);
	for (int i = 0; i < 2; i++) {
		struct output *output = i ? &err : &out;

		progress_draw_hosts (&progress, &out, &err, &hosts);
		line ();
		output_put (output, &writer, "web1: one\n", 10);
		ck_assert_str_eq (seen (), "\r\033[Kweb1: one\r\n");
		output_put (output, &writer, "web1: ", 6);
		ck_assert_str_eq (seen (), "web1: ");
		progress_draw_hosts (&progress, &out, &err, &hosts);
		ck_assert_str_eq (seen (), "");
		output_put (output, &writer, "two\n", 4);
		ck_assert_str_eq (seen (), "two\r\n");
	}
	progress_draw_hosts (&progress, &out, &err, &hosts);
	line ();
	progress_clear ();
	ck_assert_str_eq (seen (), "\r\033[K");
	output_close (&out);
	output_close (&err);
}
END_TEST

/* A terminal may get another size, and the line is never wider. */
START_TEST (the_line_fits)
{
	static const struct progress_hosts hosts = { .n = 12345, .running = 12345, .waiting = 12345, .bytes = -1 };
	static const int widths[] = { 100, 40, 20, 60 };
	struct output out, err;

	output_init (&out, STDOUT_FILENO);
	output_init (&err, STDERR_FILENO);
	for (int i = 0; i < 4; i++) {
		set_columns (widths[i]);
		progress_draw_hosts (&progress, &out, &err, &hosts);
		ck_assert_uint_le (strlen (line ()), (size_t)widths[i] - 1);
	}
	output_close (&out);
	output_close (&err);
}
END_TEST

/* 0: the line is not wanted; 1: stderr is no terminal; 2, 3: nobody knows what it can do. */
START_TEST (there_may_be_no_line)
{
	int null = open ("/dev/null", O_WRONLY | O_CLOEXEC);

	if (_i > 1)
		ck_assert_int_eq (_i == 2 ? setenv ("TERM", "dumb", 1) : unsetenv ("TERM"), 0);
	else if (_i)
		ck_assert_int_eq (dup2 (null, STDERR_FILENO), STDERR_FILENO);
	progress_init (&progress, _i);
	ck_assert_int_eq (dup2 (terminal, STDERR_FILENO), STDERR_FILENO);
	progress.next_ms = 0;
	ck_assert_int_eq (progress_due (&progress), -1);
	progress_draw (&progress, "name", 3, 4);
	progress_clear ();
	ck_assert_str_eq (seen (), "");
	close (null);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_loop_test (tcase, bytes_have_a_unit, 0, (int)(sizeof amounts / sizeof *amounts));
	tcase_add_test (tcase, the_line_tells_how_much);
	tcase_add_test (tcase, a_connection_that_stalls_shows);
	tcase_add_loop_test (tcase, the_time_that_is_left, 0, (int)(sizeof times / sizeof *times));
	tcase_add_test (tcase, of_a_long_name_the_end_is_shown);
	tcase_add_test (tcase, a_narrow_screen);
	tcase_add_test (tcase, a_name_does_not_control_the_terminal);
	tcase_add_test (tcase, a_character_is_whole);
	tcase_add_test (tcase, what_is_over_soon_has_no_line);
	tcase_add_test (tcase, the_line_is_removed_once);
	tcase_add_test (tcase, other_text_comes_first);
	tcase_add_loop_test (tcase, of_many_hosts_the_line_counts, 0, 4);
	tcase_add_test (tcase, lines_are_not_mixed);
	tcase_add_test (tcase, the_line_fits);
	tcase_add_loop_test (tcase, there_may_be_no_line, 0, 4);
}

CHECK_MAIN ("progress", add_cases)
