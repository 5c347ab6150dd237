/* check_plugin_files - the files of a plugin directory that are opened, and the refused files with their reasons. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/fail_strdup.h"
#include "plugin/plugin_files.h"
#include "plugin/plugin_fixture.h"
#include "support/check_main.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct config *config;
static struct plugin_files files;
static struct err err;

static char *path (const char *name)
{
	static char text[256];

	snprintf (text, sizeof text, "%s/%s", fixture_directory (), name);
	return text;
}

static void open_files (const char *section)
{
	config = fixture_config (section);
	ck_assert_int_eq (plugin_files_open (&files, config, &err), 0);
}

static void close_files (void)
{
	plugin_files_close (&files);
	config_free (config);
}

START_TEST (files_that_are_opened)
{
	static const char *const names[] = { "zeta.so", "alpha.so", "off.so", "mid.so", "README", "x.la", ".hidden.so",
		".so", "alpha.so.1", "so" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fixture_write (names[i], "x");
	open_files ("off: false, mid: {a: b}, gone: true");
	ck_assert_uint_eq (files.n_items, 3);
	ck_assert_str_eq (files.items[0].name, "alpha");
	ck_assert_str_eq (files.items[1].name, "mid");
	ck_assert_str_eq (files.items[2].name, "zeta");
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_null (files.items[i].refused);
		ck_assert_int_ne (fcntl (files.items[i].fd, F_GETFD) & FD_CLOEXEC, 0);
	}
	close_files ();
	plugin_files_close (&files);
}
END_TEST

START_TEST (an_empty_directory)
{
	open_files ("x: true");
	ck_assert_uint_eq (files.n_items, 0);
	close_files ();
}
END_TEST

static void make_foreign (void)
{
	fixture_write ("x.so", "x");
	ck_assert_int_eq (chown (path ("x.so"), 65534, (gid_t)-1), 0);
}

static void make_writable (void)
{
	fixture_write ("x.so", "x");
	ck_assert_int_eq (chmod (path ("x.so"), 0664), 0);
}

static void make_open (void)
{
	fixture_write ("x.so", "x");
	ck_assert_int_eq (chmod (path ("x.so"), 0602), 0);
}

static void make_directory (void)
{
	ck_assert_int_eq (mkdir (path ("x.so"), 0755), 0);
}

static void make_fifo (void)
{
	ck_assert_int_eq (mkfifo (path ("x.so"), 0644), 0);
}

static void make_dangling (void)
{
	ck_assert_int_eq (symlink ("nowhere", path ("x.so")), 0);
}

static void make_loop (void)
{
	ck_assert_int_eq (symlink ("x.so", path ("x.so")), 0);
}

static void make_link_to_writable (void)
{
	fixture_write ("target", "x");
	ck_assert_int_eq (chmod (path ("target"), 0666), 0);
	ck_assert_int_eq (symlink ("target", path ("x.so")), 0);
}

static void make_device (void)
{
	ck_assert_int_eq (symlink ("/dev/null", path ("x.so")), 0);
}

static const struct file_row {
	void (*make) (void);
	const char *why;
	bool root; /* it takes root to make */
} file_rows[] = {
	{ make_foreign, "x.so belongs to uid 65534, not to root", true },
	{ make_writable, "writable by group or others", false },
	{ make_open, "writable by group or others", false },
	{ make_directory, "not a regular file", false },
	{ make_fifo, "not a regular file", false },
	{ make_dangling, "No such file", false },
	{ make_loop, "Too many levels", false },
	{ make_link_to_writable, "writable by group or others", false },
	{ make_device, "not a regular file", false },
};

START_TEST (files_that_are_refused)
{
	const struct file_row *row = &file_rows[_i];

	if (row->root)
		NEED_ROOT;
	row->make ();
	fixture_write ("good.so", "x");
	open_files ("y: true");
	ck_assert_uint_eq (files.n_items, 2);
	ck_assert_ptr_null (files.items[0].refused);
	ck_assert_str_eq (files.items[1].name, "x");
	ck_assert_int_eq (files.items[1].fd, -1);
	ck_assert_msg (strstr (files.items[1].refused, row->why) != NULL, "%s", files.items[1].refused);
	close_files ();
}
END_TEST

/* A symbolic link to a trusted file is as good as the file (Debian's alternatives). */
START_TEST (a_symbolic_link)
{
	fixture_install ("tests/plugin/tester", "real");
	ck_assert_int_eq (symlink ("real", path ("tester.so")), 0);
	open_files ("y: true");
	ck_assert_ptr_null (files.items[0].refused);
	close_files ();
}
END_TEST

START_TEST (directories_that_are_refused)
{
	struct config *bad;

	bad = fixture_config ("x: true");
	ck_assert_int_eq (chmod (fixture_directory (), 0720), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "writable by group or others"));
	ck_assert_ptr_nonnull (strstr (err.text, fixture_directory ()));
	ck_assert_int_eq (chmod (fixture_directory (), 01777), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_int_eq (chmod (fixture_directory (), 0755), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), 0);
	config_free (bad);
	bad = config_parse ("plugins: {directory: /nowhere/at/all}", 37, "x", &err);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	config_free (bad);
	bad = config_parse ("plugins: {directory: /dev/null}", 31, "x", &err);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	config_free (bad);
}
END_TEST

START_TEST (too_many_files)
{
	char name[32];
	int refused = 0;

	for (int i = 0; i < PLUGIN_FILES + 2; i++) {
		snprintf (name, sizeof name, "p%03d.so", i);
		fixture_write (name, "x");
	}
	open_files ("x: true");
	ck_assert_uint_eq (files.n_items, PLUGIN_FILES + 2);
	for (size_t i = 0; i < files.n_items; i++)
		if (files.items[i].refused) {
			ck_assert_ptr_nonnull (strstr (files.items[i].refused, "too many"));
			ck_assert_int_eq (files.items[i].fd, -1);
			refused++;
		}
	ck_assert_int_eq (refused, 2);
	close_files ();
}
END_TEST

/* Without memory for the reason of a refusal nothing is opened. */
START_TEST (no_memory_for_a_reason)
{
	fixture_write ("dir.so", "x");
	ck_assert_int_eq (chmod (path ("dir.so"), 0666), 0);
	config = fixture_config ("y: true");
	fail_strdup = "writable";
	ck_assert_int_eq (plugin_files_open (&files, config, &err), -1);
	fail_strdup = NULL;
	config_free (config);
}
END_TEST

static void cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, files_that_are_opened);
	tcase_add_test (tcase, an_empty_directory);
	tcase_add_loop_test (tcase, files_that_are_refused, 0, ROWS (file_rows));
	tcase_add_test (tcase, a_symbolic_link);
	tcase_add_test (tcase, directories_that_are_refused);
	tcase_add_test (tcase, too_many_files);
	tcase_add_test (tcase, no_memory_for_a_reason);
}

CHECK_MAIN ("plugin/plugin_files", cases)
