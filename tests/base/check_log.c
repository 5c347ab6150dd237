/* No process waits for a log that nobody reads; lost lines are counted and reported. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "support/check_main.h"

enum { LINES = 3000 };

static char taken[1024 * 1024];

/* The bytes that the reader finds now. */
static size_t take (int fd)
{
	size_t n = 0;
	ssize_t got;

	fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
	while ((got = read (fd, taken + n, sizeof taken - 1 - n)) > 0)
		n += (size_t)got;
	taken[n] = '\0';
	return n;
}

/* The number of whole lines of ours, in order from *next on. *lost is the sum of the losses that the log reports. */
static size_t count_lines (unsigned *next, unsigned long *lost)
{
	size_t lines = 0;

	for (char *line = taken, *end; (end = strchr (line, '\n')); line = end + 1) {
		char *ours = strstr (line, "line "), *sum;
		unsigned number;

		*end = '\0';
		ck_assert_ptr_nonnull (strstr (line, "check"));
		if ((sum = strstr (line, " lines of the log were lost"))) {
			while (sum > line && strchr ("0123456789", sum[-1]))
				sum--;
			*lost += strtoul (sum, NULL, 10);
			continue;
		}
		ck_assert_ptr_nonnull (ours);
		ck_assert_int_eq (sscanf (ours, "line %u.", &number), 1);
		ck_assert_uint_ge (number, *next);
		ck_assert_ptr_eq (strchr (ours, '.'), end - 1); /* whole */
		*next = number + 1;
		lines++;
	}
	return lines;
}

/* Log through stderr until the pipe is full, and far beyond. */
static void overfill (int in, int out)
{
	unsigned next = 0;
	unsigned long lost = 0;
	size_t lines = 0;

	ck_assert_int_eq (dup2 (out, STDERR_FILENO), STDERR_FILENO);
	log_setup ("check", LOG_DEBUG);
	for (unsigned i = 0; i < LINES; i++)
		log_debug ("line %u.", i);
	ck_assert (!log_flush ());
	take (in);
	lines += count_lines (&next, &lost);
	ck_assert_uint_gt (lines, 10);
	ck_assert_uint_lt (lines, LINES);
	ck_assert (log_flush ()); /* without another line */
	take (in);
	lines += count_lines (&next, &lost);
	ck_assert_uint_eq (lost + lines, LINES);
	lost = 0;
	log_info ("line %u.", LINES);
	take (in);
	ck_assert_uint_eq (count_lines (&next, &lost), 1);
	ck_assert_uint_eq (lost, 0);
}

/* Each test is a process of its own. */
START_TEST (a_full_pipe)
{
	int fds[2];

	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	overfill (fds[0], fds[1]);
}
END_TEST

START_TEST (a_full_socket)
{
	int fds[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	overfill (fds[0], fds[1]);
}
END_TEST

/* An open file description of our own: a process that writes with stdio is not held up either, and the description that
 * we were given is unchanged. */
START_TEST (a_pipe_of_our_own)
{
	static char bytes[4096];
	int fds[2];

	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (fds[1], STDERR_FILENO), STDERR_FILENO);
	log_own ();
	ck_assert_int_eq (fcntl (fds[1], F_GETFL) & O_NONBLOCK, 0);
	while (write (STDERR_FILENO, bytes, sizeof bytes) > 0)
		;
	ck_assert_int_eq (errno, EAGAIN);
	take (fds[0]);
	log_own ();
	overfill (fds[0], STDERR_FILENO);
}
END_TEST

START_TEST (a_pipe_without_a_reader)
{
	int fds[2];

	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (fds[1], STDERR_FILENO), STDERR_FILENO);
	close (fds[0]);
	errno = 77;
	log_error ("lost");
	ck_assert_int_eq (errno, 77);
	log_own ();
	ck_assert (!log_flush ());
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, a_full_pipe);
	tcase_add_test (tcase, a_full_socket);
	tcase_add_test (tcase, a_pipe_of_our_own);
	tcase_add_test (tcase, a_pipe_without_a_reader);
}

CHECK_MAIN ("base/log", cases)
