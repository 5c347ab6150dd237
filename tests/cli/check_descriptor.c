/* check_descriptor - the paths that mean a descriptor of our own, and those that only look like one. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/descriptor.h"
#include "support/check_main.h"

enum { OPEN = 17, CLOSED = 18, DIRECTORY = 19 };

static void set_up (void)
{
	int null = open ("/dev/null", O_RDWR | O_CLOEXEC), directory = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq (dup2 (null, OPEN), OPEN);
	ck_assert_int_eq (dup2 (directory, DIRECTORY), DIRECTORY);
	close (null);
	close (directory);
	close (CLOSED);
}

static const struct {
	const char *path;
	int result, fd, error;
} paths[] = {
	{ "/dev/stdin", 1, 0, 0 },
	{ "/dev/stdout", 1, 1, 0 },
	{ "/dev/stderr", 1, 2, 0 },
	{ "/dev/fd/17", 1, OPEN, 0 },
	{ "/proc/self/fd/17", 1, OPEN, 0 },
	{ "/dev/fd/0", 1, 0, 0 },
	/* These name a descriptor that cannot be used. They are not ordinary paths. */
	{ "/dev/fd/18", -1, -1, EBADF },
	{ "/proc/self/fd/18", -1, -1, EBADF },
	{ "/dev/fd/999999", -1, -1, EBADF },
	{ "/dev/fd/19", -1, -1, EISDIR },
	{ "/proc/self/fd/19", -1, -1, EISDIR },
	/* Ordinary paths. */
	{ "", 0, -1, 0 },
	{ "17", 0, -1, 0 },
	{ "/dev/fd", 0, -1, 0 },
	{ "/dev/fd/", 0, -1, 0 },
	{ "/dev/fd/17/", 0, -1, 0 },
	{ "/dev/fd/17x", 0, -1, 0 },
	{ "/dev/fd/-1", 0, -1, 0 },
	{ "/dev/fd/+17", 0, -1, 0 },
	{ "/dev/fd/ 17", 0, -1, 0 },
	{ "/dev/fd/4294967313", 0, -1, 0 }, /* 2^32 + 17 */
	{ "/dev/fd/99999999999999999999", 0, -1, 0 },
	{ "/dev/vc/17", 0, -1, 0 },
	{ "/proc/elf/fd/17", 0, -1, 0 },
	{ "/dev/stdin2", 0, -1, 0 },
	{ "/dev/stdinput", 0, -1, 0 },
	{ "x/dev/stdin", 0, -1, 0 },
	{ "/proc/1/fd/17", 0, -1, 0 },
};

START_TEST (a_path_means_a_descriptor)
{
	int fd = 1234;

	errno = 0;
	ck_assert_int_eq (descriptor_of (paths[_i].path, &fd), paths[_i].result);
	ck_assert_int_eq (fd, paths[_i].fd);
	if (paths[_i].result < 0)
		ck_assert_int_eq (errno, paths[_i].error);
}
END_TEST

/* /dev/stdin of a process that has none. */
START_TEST (a_standard_descriptor_may_be_closed)
{
	int fd;

	close (STDIN_FILENO);
	ck_assert_int_eq (descriptor_of ("/dev/stdin", &fd), -1);
	ck_assert_int_eq (errno, EBADF);
	ck_assert_int_eq (fd, -1);
}
END_TEST

/* The descriptor is borrowed: it is neither closed nor copied, and its offset stays. */
START_TEST (the_descriptor_stays_as_it_was)
{
	int fd, file = open ("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char path[32], byte;

	ck_assert_int_eq (read (file, &byte, 1), 1);
	snprintf (path, sizeof path, "/dev/fd/%d", file);
	ck_assert_int_eq (descriptor_of (path, &fd), 1);
	ck_assert_int_eq (fd, file);
	ck_assert_int_eq (lseek (file, 0, SEEK_CUR), 1);
	close (file);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, NULL);
	tcase_add_loop_test (tcase, a_path_means_a_descriptor, 0, (int)(sizeof paths / sizeof *paths));
	tcase_add_test (tcase, a_standard_descriptor_may_be_closed);
	tcase_add_test (tcase, the_descriptor_stays_as_it_was);
}

CHECK_MAIN ("descriptor", add_cases)
