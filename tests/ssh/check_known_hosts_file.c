/* check_known_hosts_file - a line is added whole, or not at all. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/known_hosts_file.h"
#include "support/check_main.h"

static char top[] = "/tmp/check-known-hosts-XXXXXX", directory[100], path[120];

static void setup (void)
{
	ck_assert_ptr_nonnull (mkdtemp (top));
	snprintf (directory, sizeof directory, "%s/.ssh", top);
	snprintf (path, sizeof path, "%s/known_hosts", directory);
}

static void teardown (void)
{
	unlink (path);
	rmdir (directory);
	rmdir (top);
}

static void expect (const char *text)
{
	size_t n;
	char *found = fd_read_file (path, 1000, &n, NULL);

	ck_assert_str_eq (found, text);
	free (found);
}

static int append (const char *line, struct err *err)
{
	return known_hosts_append (path, line, strlen (line), err);
}

START_TEST (new_and_more)
{
	struct stat status;
	struct err err;
	int fd;

	umask (0);
	ck_assert_int_eq (append ("one\n", &err), 0);
	ck_assert_int_eq (stat (directory, &status), 0);
	ck_assert_uint_eq (status.st_mode & 0777, 0700);
	ck_assert_int_eq (stat (path, &status), 0);
	ck_assert_uint_eq (status.st_mode & 0777, 0600);
	ck_assert_int_eq (append ("two\n", &err), 0);
	expect ("one\ntwo\n");
	fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq (write (fd, "three", 5), 5);
	close (fd);
	ck_assert_int_eq (append ("four\n", &err), 0);
	expect ("one\ntwo\nthree\nfour\n");
}
END_TEST

START_TEST (what_others_may_write)
{
	struct err err;

	ck_assert_int_eq (append ("one\n", &err), 0);
	chmod (path, 0622);
	ck_assert_int_eq (append ("two\n", &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, path));
	chmod (path, 0600);
	expect ("one\n");
}
END_TEST

/* Another program holds the lock, and does not let go. */
START_TEST (locked)
{
	struct err err;
	int fd;

	ck_assert_int_eq (append ("one\n", &err), 0);
	fd = open (path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq (flock (fd, LOCK_EX), 0);
	ck_assert_int_eq (append ("two\n", &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot lock"));
	expect ("one\n");
	close (fd);
	ck_assert_int_eq (append ("two\n", &err), 0);
	expect ("one\ntwo\n");
}
END_TEST

START_TEST (no_place)
{
	struct err err;

	snprintf (path, sizeof path, "%s/not/there/known_hosts", top);
	ck_assert_int_eq (append ("one\n", &err), -1);
	ck_assert_msg (*err.text && !strchr (err.text, '\n'), "%s", err.text);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, new_and_more);
	tcase_add_test (cases, what_others_may_write);
	tcase_add_test (cases, locked);
	tcase_add_test (cases, no_place);
}

CHECK_MAIN ("known_hosts_file", add_cases)
