/* check_last - the sets of the last command: what is kept, what the next command finds, and a file that is missing, cut,
 * damaged or somebody else's. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/captured.h"
#include "cli/last.h"
#include "support/check_main.h"

static char directory[64];
static struct hosts *hosts;
static struct err err;

/* "DIRECTORY/NAME" */
static const char *path (const char *name)
{
	static char text[256];

	snprintf (text, sizeof text, "%s/%s", directory, name);
	return text;
}

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	setenv ("XDG_STATE_HOME", directory, 1);
	setenv ("XDG_CONFIG_HOME", directory, 1);
	setenv ("REMEX_CONFIG", directory, 1);
	setenv ("HOME", directory, 1);
	unsetenv ("WCOLL");
	ck_assert_msg ((hosts = hosts_open (NULL, &err)) != NULL, "%s", err.text);
}

static void teardown (void)
{
	char command[128];

	hosts_free (hosts);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

/* The names that the expression stands for, with blanks between them, or the error. */
static const char *expand (const char *expression)
{
	struct hosts_query query = { .words = &expression, .n_words = 1 };
	struct host_list list = { .n = 0 };
	static char text[1024];

	*text = '\0';
	if (hosts_expand (hosts, &query, &list, &err) < 0)
		return err.text;
	for (size_t i = 0; i < list.n; i++)
		snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s", i ? " " : "", list.names[i]);
	host_list_free (&list);
	return text;
}

static void write_bytes (const char *bytes, size_t n)
{
	int fd;

	mkdir (path ("remex"), 0700);
	ck_assert_int_ge (fd = open (path ("remex/last"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq (fd_write_all (fd, bytes, n), 0);
	fd_close (&fd);
}

static void save (const char *name, const char *expression)
{
	struct last last = { .n = 0 };

	last_add (&last, name, strdup (expression));
	last_save (&last);
	ck_assert_uint_eq (last.n, 0);
}

START_TEST (what_was_kept_is_found)
{
	struct last last = { .n = 0 };
	struct stat st;

	last_add (&last, "ok", strdup ("web[1-3],alice@db1:7400"));
	last_add (&last, "failed", strdup (""));
	last_add (&last, "skipped", NULL);
	last_add (&last, "1", strdup ("web[1-2]"));
	ck_assert_uint_eq (last.n, 2);
	last_save (&last);
	ck_assert_int_eq (stat (path ("remex/last"), &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, 0600);
	ck_assert_msg (last_define (hosts, &err) == 0, "%s", err.text);
	ck_assert_str_eq (expand ("@last.ok"), "web1 web2 web3 alice@db1:7400");
	ck_assert_str_eq (expand ("@last.ok!@last.1"), "web3 alice@db1:7400");
	ck_assert_ptr_nonnull (strstr (expand ("@last.failed"), "last.failed")); /* an error, and not nothing */
	ck_assert_ptr_nonnull (strstr (expand ("@last.2"), "last.2"));
}
END_TEST

/* Of the last command nothing is left of the one before. */
START_TEST (it_is_replaced)
{
	save ("failed", "web1");
	save ("ok", "web2");
	ck_assert_int_eq (last_define (hosts, &err), 0);
	ck_assert_str_eq (expand ("@last.ok"), "web2");
	ck_assert_ptr_nonnull (strstr (expand ("@last.failed"), "last.failed"));
}
END_TEST

START_TEST (it_stands_before_other_groups)
{
	FILE *file = fopen (path ("hosts.yaml"), "w");

	fputs ("groups:\n  last.ok: other\n", file);
	fclose (file);
	hosts_free (hosts);
	ck_assert_ptr_nonnull (hosts = hosts_open (NULL, &err));
	save ("ok", "mine");
	ck_assert_int_eq (last_define (hosts, &err), 0);
	ck_assert_str_eq (expand ("@last.ok"), "mine");
}
END_TEST

START_TEST (too_many_sets)
{
	struct last last = { .n = 0 };
	char name[24];

	for (int i = 1; i <= LAST_SETS + 10; i++) {
		snprintf (name, sizeof name, "%d", i);
		last_add (&last, name, strdup (name));
	}
	ck_assert_uint_eq (last.n, LAST_SETS);
	last_save (&last);
	ck_assert_int_eq (last_define (hosts, &err), 0);
	ck_assert_str_eq (expand ("@last.102"), "102");
	ck_assert_ptr_nonnull (strstr (expand ("@last.103"), "last.103"));
}
END_TEST

START_TEST (no_file)
{
	ck_assert_int_eq (last_define (hosts, &err), 0);
	ck_assert_ptr_nonnull (strstr (expand ("@last.ok"), "last.ok"));
	write_bytes ("", 0);
	ck_assert_int_eq (last_define (hosts, &err), 0);
	unsetenv ("XDG_STATE_HOME");
	unsetenv ("HOME");
	ck_assert_int_eq (last_define (hosts, &err), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
} broken[] = {
#define BYTES(text) \
	{ \
		text, sizeof text - 1 \
	}
	BYTES ("ok web1\nfailed web1"), /* of web12 */
	BYTES ("ok web1\nfailed "),
	BYTES ("ok web1\nfailed"),
	BYTES ("ok web1\nfailed\n"),
	BYTES ("ok web1\nfailed \n"),
	BYTES ("ok web1\n web2\n"),
	BYTES ("ok web1\0,web2\n"),
	BYTES ("\0\0\0\0\0\0\0\0"),
	BYTES ("a-name-that-no-set-can-have web1\n"),
	BYTES ("\x7f"
	       "ELF\n"),
};

/* Each prefix of a good file that is not a file of whole lines, and what no command has written. */
START_TEST (a_damaged_file)
{
	write_bytes (broken[_i].bytes, broken[_i].n);
	ck_assert_int_eq (last_define (hosts, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "/remex/last is damaged: remove it, or "));
}
END_TEST

START_TEST (a_cut_file)
{
	static const char whole[] = "ok web[1-3]\nfailed db1\n";
	bool lines = _i == 0 || whole[_i - 1] == '\n';

	write_bytes (whole, (size_t)_i);
	ck_assert_int_eq (last_define (hosts, &err), lines ? 0 : -1);
	if (_i >= 12 && lines)
		ck_assert_str_eq (expand ("@last.ok"), "web1 web2 web3");
}
END_TEST

/* An expression that is none is an error where it is used, and of that group. */
START_TEST (a_wrong_expression)
{
	write_bytes ("ok web[1-\nfailed db1\n", 21);
	ck_assert_int_eq (last_define (hosts, &err), 0);
	ck_assert_str_eq (expand ("@last.failed"), "db1");
	ck_assert_ptr_nonnull (strstr (expand ("@last.ok"), "web[1-"));
}
END_TEST

/* Who can write the file chooses where the next command runs. */
START_TEST (not_trusted)
{
	save ("ok", "web1");
	ck_assert_int_eq (chmod (path ("remex/last"), 0620), 0);
	ck_assert_int_eq (last_define (hosts, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_int_eq (chmod (path ("remex/last"), 0600), 0);
	ck_assert_int_eq (chmod (path ("remex"), 0777), 0);
	ck_assert_int_eq (last_define (hosts, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
	ck_assert_int_eq (chmod (path ("remex"), 0700), 0);
	ck_assert_int_eq (last_define (hosts, &err), 0);
	if (geteuid () != 0) {
		SKIP_PART ("only root can give a file to somebody else");
		return;
	}
	ck_assert_int_eq (chown (path ("remex/last"), 1, 1), 0);
	ck_assert_int_eq (last_define (hosts, &err), -1);
	ck_assert_int_eq (err.sys, EPERM);
}
END_TEST

START_TEST (no_regular_file)
{
	ck_assert_int_eq (mkdir (path ("remex"), 0700), 0);
	ck_assert_int_eq (mkfifo (path ("remex/last"), 0600), 0);
	ck_assert_int_eq (last_define (hosts, &err), -1); /* and nobody waits for a writer */
}
END_TEST

/* It is said, and the command goes on. */
START_TEST (it_cannot_be_kept)
{
	int fd = open (path ("remex"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const char *said;

	capture_begin ();
	save ("ok", "web1");
	said = capture_end ();
	ck_assert_ptr_nonnull (strstr (said, "remex: @last is not kept: "));
	fd_close (&fd);
}
END_TEST

START_TEST (is_it_meant)
{
	static const char *const no[] = { "web1", "@lasting.ok", "@last", "last.ok", "x@last" }, *const yes[] = {
		"web1", "a,!@last.ok"
	};

	ck_assert (!last_is_meant (no, 5));
	ck_assert (last_is_meant (yes, 2));
	ck_assert (!last_is_meant (yes, 1));
	ck_assert (!last_is_meant (NULL, 0));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, what_was_kept_is_found);
	tcase_add_test (tcase, it_is_replaced);
	tcase_add_test (tcase, it_stands_before_other_groups);
	tcase_add_test (tcase, too_many_sets);
	tcase_add_test (tcase, no_file);
	tcase_add_loop_test (tcase, a_damaged_file, 0, sizeof broken / sizeof *broken);
	tcase_add_loop_test (tcase, a_cut_file, 0, 24);
	tcase_add_test (tcase, a_wrong_expression);
	tcase_add_test (tcase, not_trusted);
	tcase_add_test (tcase, no_regular_file);
	tcase_add_test (tcase, it_cannot_be_kept);
	tcase_add_test (tcase, is_it_meant);
}

CHECK_MAIN ("last", add_cases)
