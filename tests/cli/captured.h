/* captured - the text that a test writes to stdout or stderr, in a file without a name. Everything asserts. */
#ifndef REMEX_TESTS_CLI_CAPTURED_H
#define REMEX_TESTS_CLI_CAPTURED_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* By descriptor: the file, and a copy of what the descriptor was before. */
static int captured_file[STDERR_FILENO + 1], captured_before[STDERR_FILENO + 1];

static inline void capture_fd_begin (int fd)
{
	fflush (NULL);
	ck_assert_int_ge (captured_before[fd] = fcntl (fd, F_DUPFD_CLOEXEC, 3), 0);
	ck_assert_int_ge (captured_file[fd] = memfd_create ("captured", MFD_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (captured_file[fd], fd), fd);
}

/* The text since capture_fd_begin, in a static buffer of that descriptor. */
static inline const char *capture_fd_end (int fd)
{
	static char texts[STDERR_FILENO + 1][16384];
	char *text = texts[fd];
	ssize_t n;

	fflush (NULL);
	ck_assert_int_eq (dup2 (captured_before[fd], fd), fd);
	ck_assert_int_ge (n = pread (captured_file[fd], text, sizeof texts[fd] - 1, 0), 0);
	text[n] = '\0';
	close (captured_before[fd]);
	close (captured_file[fd]);
	return text;
}

/* stderr */
static inline void capture_begin (void)
{
	capture_fd_begin (STDERR_FILENO);
}

static inline const char *capture_end (void)
{
	return capture_fd_end (STDERR_FILENO);
}

#endif
