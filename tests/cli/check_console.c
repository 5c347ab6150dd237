/* check_console - outputs that several writers share, input, signals. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/console.h"
#include "support/check_main.h"

enum { PIPE_SIZE = 4096, BIG = 3 * PIPE_SIZE };

static int ends[2];
static struct output output;
static struct side {
	struct writer writer;
	size_t written;
} one, two;

static void on_written (struct writer *writer, size_t n)
{
	list_entry (writer, struct side, writer)->written += n;
}

static void setup (void)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	ck_assert_int_ge (fcntl (ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
	output_init (&output, ends[1]);
	one.writer.written = two.writer.written = on_written;
}

static void teardown (void)
{
	output_close (&output);
	close (ends[0]);
	close (ends[1]);
}

/* Read n bytes; they must all be `letter`. */
static void expect (char letter, size_t n)
{
	static char bytes[BIG];
	size_t got = 0, wrong = 0;

	while (got < n) {
		ssize_t more = read (ends[0], bytes, n - got < sizeof bytes ? n - got : sizeof bytes);

		ck_assert_int_gt (more, 0);
		for (ssize_t i = 0; i < more; i++)
			wrong += bytes[i] != letter;
		got += (size_t)more;
		output_flush (&output);
	}
	ck_assert_uint_eq (wrong, 0);
}

START_TEST (what_fits_is_done_with_at_once)
{
	ck_assert_uint_eq (output_put (&output, &one.writer, "hello", 5), 5);
	ck_assert (!output_pending (&output));
	ck_assert_uint_eq (one.written, 0);
	ck_assert_int_eq (fcntl (ends[1], F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST (each_writer_is_told_of_its_own)
{
	static char a[BIG], b[BIG];
	size_t now;

	memset (a, 'a', sizeof a);
	memset (b, 'b', sizeof b);
	now = output_put (&output, &one.writer, a, sizeof a);
	ck_assert_uint_lt (now, sizeof a);
	ck_assert (output_pending (&output));
	ck_assert_uint_eq (output_put (&output, &two.writer, b, sizeof b), 0);
	expect ('a', now); /* bytes that it had taken itself */
	ck_assert_uint_eq (two.written, 0);
	expect ('a', sizeof a - now);
	ck_assert_uint_eq (now + one.written, sizeof a);
	expect ('b', sizeof b);
	ck_assert_uint_eq (two.written, sizeof b);
	ck_assert_uint_eq (now + one.written, sizeof a);
	ck_assert (!output_pending (&output));
}
END_TEST

START_TEST (a_writer_may_go)
{
	static char a[BIG];
	size_t now;

	memset (a, 'a', sizeof a);
	now = output_put (&output, &one.writer, a, sizeof a);
	output_forget (&output, &one.writer);
	expect ('a', sizeof a);
	ck_assert_uint_gt (now, 0);
	ck_assert_uint_eq (one.written, 0);
}
END_TEST

START_TEST (a_reader_may_go)
{
	static char a[BIG];
	size_t now = output_put (&output, &one.writer, a, sizeof a);

	close (ends[0]);
	output_flush (&output);
	ck_assert_int_eq (output.error, EPIPE);
	ck_assert (!output_pending (&output));
	ck_assert_uint_eq (now + one.written, sizeof a);
	ck_assert_uint_eq (output_put (&output, &two.writer, a, 10), 10); /* dropped, and not waited for */
	ends[0] = dup (ends[1]);
}
END_TEST

START_TEST (signals_wait_to_be_taken)
{
	signal (SIGTERM, SIG_DFL); /* Check catches it */
	ck_assert_int_eq (console_signals (), -1);
	ck_assert_int_eq (console_signal (), 0);
	ck_assert_int_ge (console_catch_signals (), 0);
	ck_assert_int_eq (console_catch_signals (), console_signals ());
	raise (SIGTERM);
	raise (SIGINT);
	ck_assert_int_eq (console_signal (), SIGTERM);
	ck_assert_int_eq (console_signal (), SIGINT);
	ck_assert_int_eq (console_signal (), 0);
	console_release_signals ();
	ck_assert_int_eq (console_signals (), -1);
	raise (SIGTERM);
}
END_TEST

START_TEST (an_ignored_signal_stays_ignored)
{
	signal (SIGHUP, SIG_IGN);
	ck_assert_int_ge (console_catch_signals (), 0);
	raise (SIGHUP);
	ck_assert_int_eq (console_signal (), 0);
	console_release_signals ();
	raise (SIGHUP);
}
END_TEST

static void replace_stdin (int fd)
{
	ck_assert_int_eq (dup2 (fd, STDIN_FILENO), STDIN_FILENO);
	close (fd);
}

/* USR1 is the command's only while it is passed on; then it is again what it was. */
START_TEST (signals_that_are_passed_on)
{
	signal (SIGUSR1, SIG_DFL);
	ck_assert (!console_forward (true)); /* nothing is caught at all */
	ck_assert_int_ge (console_catch_signals (), 0);
	ck_assert (!console_forward (true));
	raise (SIGUSR1);
	raise (SIGWINCH);
	ck_assert_int_eq (console_signal (), SIGUSR1);
	ck_assert_int_eq (console_signal (), SIGWINCH);
	ck_assert (console_forward (false));
	ck_assert_ptr_eq (signal (SIGUSR1, SIG_IGN), SIG_DFL);
	ck_assert (!console_forward (true));
	raise (SIGUSR1); /* an ignored signal stays ignored */
	ck_assert_int_eq (console_signal (), 0);
	console_release_signals ();
	ck_assert (!console_forward (true));
}
END_TEST

START_TEST (stopping_while_tstp_is_ignored)
{
	signal (SIGTSTP, SIG_IGN);
	ck_assert_int_ge (console_catch_signals (), 0);
	console_forward (true);
	ck_assert (!console_stop (false));
	ck_assert (!console_stop (true));
	console_release_signals ();
}
END_TEST

START_TEST (a_small_file_goes_with_the_call)
{
	char path[] = "/tmp/remex-check-XXXXXX";
	struct input input;
	int fd = mkstemp (path);

	ck_assert_int_eq (write (fd, "abc", 3), 3);
	ck_assert_int_eq (lseek (fd, 0, SEEK_SET), 0);
	unlink (path);
	replace_stdin (fd);
	input_init (&input, true);
	ck_assert (!input.none && !input.open);
	ck_assert_uint_eq (input.first, 3);
	ck_assert_mem_eq (input.bytes, "abc", 3);
	input_close (&input);
}
END_TEST

START_TEST (no_input_is_none)
{
	struct input input;

	replace_stdin (open ("/dev/null", O_RDONLY));
	input_init (&input, true);
	ck_assert (input.none);
	input_close (&input);
	input_init (&input, false);
	ck_assert (input.none);
	input_close (&input);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, what_fits_is_done_with_at_once);
	tcase_add_test (tcase, each_writer_is_told_of_its_own);
	tcase_add_test (tcase, a_writer_may_go);
	tcase_add_test (tcase, a_reader_may_go);
	tcase_add_test_raise_signal (tcase, signals_wait_to_be_taken, SIGTERM);
	tcase_add_test (tcase, an_ignored_signal_stays_ignored);
	tcase_add_test (tcase, signals_that_are_passed_on);
	tcase_add_test (tcase, stopping_while_tstp_is_ignored);
	tcase_add_test (tcase, a_small_file_goes_with_the_call);
	tcase_add_test (tcase, no_input_is_none);
}

CHECK_MAIN ("console", add_cases)
