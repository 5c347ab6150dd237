/* check_say - the messages of remex itself: one line on stderr that is safe for a terminal, and errors of stdout. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "captured.h"
#include "cli/say.h"
#include "support/check_main.h"

/* --- complaints -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *host, *text, *line;
} complaints[] = {
	{ NULL, "cannot do it", "remex: cannot do it\n" },
	{ "web1", "cannot do it", "remex: web1: cannot do it\n" },
	/* Text that a server has chosen neither ends the line nor controls the terminal. */
	{ "web\n1", "a\x1b[2Jb\nremex: c\r", "remex: web\\n1: a\\x1b[2Jb\\nremex: c\\x0d\n" },
};

START_TEST (a_complaint_is_one_line)
{
	capture_begin ();
	complain (complaints[_i].host, "%s", complaints[_i].text);
	ck_assert_str_eq (capture_end (), complaints[_i].line);
}
END_TEST

/* However long it is. */
START_TEST (a_long_complaint_is_one_line)
{
	static char text[10000];
	const char *line;

	memset (text, '\x1b', sizeof text - 1);
	capture_begin ();
	complain ("web1", "%s", text);
	line = capture_end ();
	ck_assert_uint_gt (strlen (line), 1000);
	ck_assert_ptr_eq (strchr (line, '\n'), line + strlen (line) - 1);
	ck_assert_ptr_null (strchr (line, '\x1b'));
}
END_TEST

START_TEST (several_words_of_one_printf)
{
	char line[64];

	snprintf (line, sizeof line, "%s %s %s %s", safe ("a\n"), safe ("b"), safe ("\x1b"), safe ("d"));
	ck_assert_str_eq (line, "a\\n b \\x1b d");
}
END_TEST

/* --- stdout ------------------------------------------------------------------------------------------------------------ */

static void replace_stdout (int fd)
{
	ck_assert_int_eq (dup2 (fd, STDOUT_FILENO), STDOUT_FILENO);
	close (fd);
}

START_TEST (what_was_printed_goes_out)
{
	char heard[8];
	int ends[2];

	ck_assert_int_eq (pipe (ends), 0);
	replace_stdout (ends[1]);
	ck_assert_int_eq (say_open (), 0);
	printf ("hello");
	ck_assert_int_eq (fd_nonblock (ends[0], true), 0);
	ck_assert_int_eq (read (ends[0], heard, sizeof heard), -1); /* not before the end */
	ck_assert_int_eq (finish (7), 7);
	ck_assert_int_eq (read (ends[0], heard, sizeof heard), 5);
	ck_assert_mem_eq (heard, "hello", 5);
}
END_TEST

/* Another process that shares the descriptor has made it non-blocking: remex waits for the reader all the same. */
START_TEST (a_slow_reader_is_waited_for)
{
	static char much[300000];
	size_t got = 0;
	int ends[2], status;
	pid_t reader;

	ck_assert_int_eq (pipe (ends), 0);
	ck_assert_int_ge (reader = fork (), 0);
	if (!reader) {
		ssize_t n;

		close (ends[1]);
		while ((n = read (ends[0], much, 4096)) > 0)
			got += (size_t)n;
		_exit (got == sizeof much ? 0 : 1);
	}
	close (ends[0]);
	ck_assert_int_eq (fd_nonblock (ends[1], true), 0);
	replace_stdout (ends[1]);
	ck_assert_int_eq (say_open (), 0);
	ck_assert_uint_eq (fwrite (much, 1, sizeof much, stdout), sizeof much);
	ck_assert_int_eq (finish (0), 0);
	close (STDOUT_FILENO);
	ck_assert_int_eq (waitpid (reader, &status, 0), reader);
	ck_assert_int_eq (status, 0);
}
END_TEST

START_TEST (a_reader_that_has_gone)
{
	int ends[2];

	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (pipe (ends), 0);
	close (ends[0]);
	replace_stdout (ends[1]);
	ck_assert_int_eq (say_open (), 0);
	printf ("hello");
	capture_begin ();
	ck_assert_int_eq (finish (0), STATUS_PIPE);
	ck_assert_str_eq (capture_end (), "");
}
END_TEST

/* The first failure counts, also where stdio no longer knows the reason. */
START_TEST (a_full_disk)
{
	int fd = open ("/dev/full", O_WRONLY);

	if (fd < 0)
		SKIP ("there is no /dev/full");
	replace_stdout (fd);
	ck_assert_int_eq (say_open (), 0);
	printf ("hello");
	fflush (stdout);
	close (STDOUT_FILENO); /* later failures have another reason */
	printf ("you");
	fflush (stdout);
	errno = 0;
	capture_begin ();
	ck_assert_int_eq (finish (0), STATUS_REMEX);
	ck_assert_str_eq (capture_end (), "remex: cannot write to standard output: No space left on device\n");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, a_complaint_is_one_line, 0, (int)(sizeof complaints / sizeof *complaints));
	tcase_add_test (tcase, a_long_complaint_is_one_line);
	tcase_add_test (tcase, several_words_of_one_printf);
	tcase_add_test (tcase, what_was_printed_goes_out);
	tcase_add_test (tcase, a_slow_reader_is_waited_for);
	tcase_add_test (tcase, a_reader_that_has_gone);
	tcase_add_test (tcase, a_full_disk);
}

CHECK_MAIN ("say", add_cases)
