/* Files that exist whole or not at all, and their directories. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "support/check_main.h"

static char directory[64], path[128];
static struct err err;

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/file", directory);
	umask (077);
}

static void teardown (void)
{
	char command[256];

	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

static mode_t mode_of (const char *name)
{
	struct stat status;

	ck_assert_int_eq (stat (name, &status), 0);
	return status.st_mode & 07777;
}

static void holds (const char *text)
{
	size_t n;
	char *found = fd_read_file (path, 4096, &n, &err);

	ck_assert_ptr_nonnull (found);
	ck_assert_str_eq (found, text);
	free (found);
}

/* The number of names in the directory. */
static int entries (void)
{
	DIR *stream = opendir (directory);
	int n = 0;

	while (readdir (stream))
		n++;
	closedir (stream);
	return n - 2;
}

START_TEST (written)
{
	ck_assert_int_eq (durable_write (path, "one", 3, 0644, false, &err), 0);
	ck_assert_uint_eq (mode_of (path), 0644);
	holds ("one");
	/* An existing file is only replaced where that is requested; no other file is left behind. */
	ck_assert_int_eq (durable_write (path, "two", 3, 0600, false, &err), -1);
	ck_assert_int_eq (err.sys, EEXIST);
	holds ("one");
	ck_assert_int_eq (durable_write (path, "two", 3, 0600, true, &err), 0);
	ck_assert_uint_eq (mode_of (path), 0600);
	holds ("two");
	ck_assert_int_eq (durable_write_lazily (path, "three", 5, 0640, &err), 0);
	ck_assert_uint_eq (mode_of (path), 0640);
	holds ("three");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* The new file has its content, and lets nobody else in, before it is prepared; the old one is still there. */
static int prepare (void *arg, int fd, int where, const char *name, struct err *why)
{
	struct stat status;
	char text[8];

	ck_assert_str_eq (name, "file");
	ck_assert_int_eq (faccessat (where, name, F_OK, 0), 0);
	ck_assert_int_eq (fstat (fd, &status), 0);
	ck_assert_uint_eq (status.st_mode & 07777, 0600);
	ck_assert_int_eq (pread (fd, text, sizeof text, 0), 3);
	holds ("one");
	return arg ? fchmod (fd, 0640) : err_set (why, 0, "not today");
}

START_TEST (replaced)
{
	ck_assert_int_eq (durable_write (path, "one", 3, 0644, false, &err), 0);
	ck_assert_int_eq (durable_replace (path, "two", 3, prepare, NULL, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "file: not today"));
	holds ("one");
	ck_assert_int_eq (durable_replace (path, "two", 3, prepare, path, &err), 0);
	ck_assert_uint_eq (mode_of (path), 0640);
	holds ("two");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (not_written)
{
	char missing[160];

	snprintf (missing, sizeof missing, "%s/none/file", directory);
	ck_assert_int_eq (durable_write (missing, "x", 1, 0644, true, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot write"));
	ck_assert_int_eq (mkdir (path, 0700), 0);
	ck_assert_int_eq (durable_write (path, "x", 1, 0644, true, &err), -1);
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* The longest possible name, for which the temporary name would be too long. */
START_TEST (long_names)
{
	char name[NAME_MAX + 1], longest[sizeof directory + NAME_MAX + 2];

	memset (name, 'x', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf (longest, sizeof longest, "%s/%s", directory, name);
	ck_assert_int_eq (durable_write (longest, "x", 1, 0644, false, &err), -1);
	ck_assert_int_eq (err.sys, ENAMETOOLONG);
	longest[strlen (longest) - 10] = '\0'; /* a dot before, a dot and eight digits behind */
	ck_assert_int_eq (durable_write (longest, "x", 1, 0644, false, &err), 0);
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* A name without a directory is in the working directory, whatever is done to that directory meanwhile. */
START_TEST (no_directory)
{
	ck_assert_int_eq (chdir (directory), 0);
	ck_assert_int_eq (durable_write ("file", "x", 1, 0644, false, &err), 0);
	holds ("x");
	ck_assert_int_eq (durable_make_directory ("made", 0755, 0755, &err), 0);
	ck_assert_int_eq (chdir ("/"), 0);
	ck_assert_int_eq (entries (), 2);
}
END_TEST

START_TEST (a_link_is_replaced_not_followed)
{
	char other[160];

	snprintf (other, sizeof other, "%s/other", directory);
	ck_assert_int_eq (symlink (other, path), 0);
	ck_assert_int_eq (durable_write (path, "x", 1, 0644, false, &err), -1);
	ck_assert_int_eq (err.sys, EEXIST);
	ck_assert_int_eq (durable_write (path, "x", 1, 0644, true, &err), 0);
	ck_assert_int_eq (access (other, F_OK), -1);
	holds ("x");
}
END_TEST

START_TEST (directories)
{
	char deep[160], middle[160];

	snprintf (middle, sizeof middle, "%s/a", directory);
	snprintf (deep, sizeof deep, "%s/a/b/c", directory);
	ck_assert_int_eq (durable_make_directory (deep, 0755, 0711, &err), 0);
	ck_assert_uint_eq (mode_of (deep), 0755);
	ck_assert_uint_eq (mode_of (middle), 0711);
	/* An existing directory stays as it is. */
	ck_assert_int_eq (chmod (deep, 0700), 0);
	ck_assert_int_eq (durable_make_directory (deep, 0755, 0711, &err), 0);
	ck_assert_uint_eq (mode_of (deep), 0700);
	/* A file in its place. */
	ck_assert_int_eq (durable_write (path, "x", 1, 0644, false, &err), 0);
	ck_assert_int_eq (durable_make_directory (path, 0755, 0755, &err), -1);
	ck_assert_int_eq (err.sys, ENOTDIR);
	snprintf (deep, sizeof deep, "%s/b", path);
	ck_assert_int_eq (durable_make_directory (deep, 0755, 0755, &err), -1);
	ck_assert_int_eq (err.sys, ENOTDIR);
}
END_TEST

/* In a directory where others could exchange a new file, nothing is made. */
START_TEST (not_where_others_may_write)
{
	char deep[160];

	snprintf (deep, sizeof deep, "%s/a/b", directory);
	ck_assert_int_eq (durable_write (path, "x", 1, 0644, false, &err), 0);
	ck_assert_int_eq (chmod (directory, 0777), 0);
	ck_assert_int_eq (durable_write (path, "y", 1, 0644, true, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_ptr_nonnull (strstr (err.text, "is writable by others"));
	ck_assert_int_eq (durable_make_directory (deep, 0755, 0755, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_int_eq (durable_unlink (path, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	holds ("x");
	ck_assert_int_eq (entries (), 1);
	/* As in /tmp. */
	ck_assert_int_eq (chmod (directory, 01777), 0);
	ck_assert_int_eq (durable_write (path, "y", 1, 0644, true, &err), 0);
	ck_assert_int_eq (durable_unlink (path, &err), 0);
	ck_assert_int_eq (durable_unlink (path, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
}
END_TEST

START_TEST (not_by_somebody_elses_link)
{
	char link[160], behind[160], target[160];

	if (geteuid () != 0)
		return; /* only root can act as another user */
	snprintf (target, sizeof target, "%s/target", directory);
	snprintf (link, sizeof link, "%s/link", directory);
	snprintf (behind, sizeof behind, "%s/link/made", directory);
	ck_assert_int_eq (mkdir (target, 0700), 0);
	ck_assert_int_eq (symlink (target, link), 0);
	ck_assert_int_eq (lchown (link, 1234, 1234), 0);
	ck_assert_int_eq (durable_make_directory (behind, 0755, 0755, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_int_eq (durable_write (behind, "x", 1, 0644, false, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_int_eq (rmdir (target), 0);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, written);
	tcase_add_test (tcase, replaced);
	tcase_add_test (tcase, not_written);
	tcase_add_test (tcase, long_names);
	tcase_add_test (tcase, no_directory);
	tcase_add_test (tcase, a_link_is_replaced_not_followed);
	tcase_add_test (tcase, directories);
	tcase_add_test (tcase, not_where_others_may_write);
	tcase_add_test (tcase, not_by_somebody_elses_link);
}

CHECK_MAIN ("base/durable", cases)
