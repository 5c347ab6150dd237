/* captured - the text that a test writes to stderr, in a file without a name. Everything asserts. */
#ifndef REMEX_TESTS_CLI_CAPTURED_H
#define REMEX_TESTS_CLI_CAPTURED_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int captured_file = -1, captured_stderr = -1;

static inline void capture_begin (void)
{
	fflush (stderr);
	ck_assert_int_ge (captured_stderr = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3), 0);
	ck_assert_int_ge (captured_file = memfd_create ("stderr", MFD_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (captured_file, STDERR_FILENO), STDERR_FILENO);
}

/* The text since capture_begin, in a static buffer. */
static inline const char *capture_end (void)
{
	static char text[16384];
	ssize_t n;

	fflush (stderr);
	ck_assert_int_eq (dup2 (captured_stderr, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_ge (n = pread (captured_file, text, sizeof text - 1, 0), 0);
	text[n] = '\0';
	close (captured_stderr);
	close (captured_file);
	return text;
}

#endif
