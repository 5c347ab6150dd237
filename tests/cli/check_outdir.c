/* check_outdir - the files of --outdir: their names, what is in them for a host that ran and for one that did not, and what
 * happens to files of these names from before. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/captured.h"
#include "cli/fanout.h"
#include "cli/outdir.h"
#include "support/check_main.h"

enum { MOST = 4 };

static char directory[64];
static struct outdir outdir;
static struct fanout fanout;
static struct member members[MOST];
static struct host_target targets[MOST];
static struct err err;

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void teardown (void)
{
	char command[128];

	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

/* A path in the directory, valid until the next call but three. */
static const char *path (const char *name)
{
	static char paths[4][1200];
	static int next;

	next = (next + 1) % 4;
	snprintf (paths[next], sizeof paths[next], "%s/%s", directory, name);
	return paths[next];
}

/* The content, or "absent". */
static const char *content (const char *name)
{
	static char text[1024];
	int fd = open (path (name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? "absent" : "unreadable";
	ck_assert_int_ge (n = read (fd, text, sizeof text - 1), 0);
	text[n] = '\0';
	fd_close (&fd);
	return text;
}

static void write_file (const char *name, const char *text)
{
	int fd = open (path (name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, text, strlen (text)), 0);
	fd_close (&fd);
}

static struct member *member_of (size_t rank, const char *label)
{
	targets[rank] = (struct host_target){ .label = label, .where = label };
	members[rank] = (struct member){ .target = &targets[rank], .rank = rank, .fanout = &fanout };
	members[rank].call.where = label;
	members[rank].call.result = (struct remex_result){ .code = "", .message = "", .limit = "", .json = "" };
	return &members[rank];
}

static int begin (struct member *member)
{
	return outdir.view.ops->begin (&outdir.view, member);
}

static int take (struct member *member, bool is_err, const char *text)
{
	return outdir.view.ops->take (&outdir.view, member, is_err, text, strlen (text));
}

static void end (struct member *member, enum remex_outcome outcome, const char *message)
{
	member->call.result.outcome = outcome;
	member->call.result.message = message;
	outdir.view.ops->ended (&outdir.view, member);
}

static void open_it (const char *name)
{
	ck_assert_msg (outdir_open (&outdir, path (name), MOST, &err) == 0, "%s", err.text);
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *label, *name;
} names[] = {
	{ "web1", "web1.out" },
	{ "alice@web1:7400", "alice@web1:7400.out" },
	{ "[::1]:7363", "[::1]:7363.out" },
	{ "unix:///run/x.sock", "unix:%2F%2F%2Frun%2Fx.sock.out" },
	{ "a%2Fb", "a%252Fb.out" },
	{ "a/b", "a%2Fb.out" },
	{ ".", "%2E.out" },
	{ "..", "%2E..out" },
	{ ".hidden", "%2Ehidden.out" },
	{ "../x", "%2E.%2Fx.out" },
	{ "web1.", "web1..out" },
	{ "", ".out" },
	{ "n\xc3\xb6\n", "n\xc3\xb6\n.out" },
};

START_TEST (name)
{
	char text[OUTDIR_NAME];

	ck_assert_int_eq (outdir_name (text, names[_i].label, ".out"), 0);
	ck_assert_str_eq (text, names[_i].name);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert (i == (size_t)_i || strcmp (names[i].name, text) != 0);
}
END_TEST

/* Whatever the length is, nothing is written beyond the name: n slashes behind _i letters, or n letters. */
START_TEST (long_names)
{
	char text[OUTDIR_NAME + 8], label[OUTDIR_NAME + 10];
	size_t longest = 0, shift = (size_t)_i;

	for (size_t n = 1; shift + n < sizeof label; n++) {
		bool slashes = shift < 3;

		memset (label, 'x', shift + n);
		if (slashes)
			memset (label + shift, '/', n);
		label[shift + n] = '\0';
		memset (text, '!', sizeof text);
		errno = 0;
		if (outdir_name (text, label, ".error") == 0) {
			longest = strlen (text);
			ck_assert_uint_eq (longest, shift + (slashes ? 3 * n : n) + 6);
		} else {
			ck_assert_int_eq (errno, ENAMETOOLONG);
		}
		ck_assert_int_eq (text[OUTDIR_NAME], '!');
	}
	ck_assert_uint_gt (longest, OUTDIR_NAME - 10);
}
END_TEST

/* --- the directory ------------------------------------------------------------------------------------------------- */

START_TEST (it_is_made)
{
	struct stat st;

	open_it ("new");
	ck_assert_int_eq (stat (path ("new"), &st), 0);
	ck_assert (S_ISDIR (st.st_mode));
	outdir_close (&outdir);
	open_it ("new"); /* it is there */
	outdir_close (&outdir);
	outdir_close (&outdir);
}
END_TEST

START_TEST (it_cannot_be_made)
{
	write_file ("file", "");
	ck_assert_int_eq (outdir_open (&outdir, path ("file"), MOST, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "/file: Not a directory"));
	outdir_close (&outdir);
	ck_assert_int_eq (outdir_open (&outdir, path ("missing/new"), MOST, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "cannot make "));
	outdir_close (&outdir);
}
END_TEST

/* --- hosts --------------------------------------------------------------------------------------------------------- */

START_TEST (a_host_that_ran)
{
	struct member *one = member_of (0, "n1"), *other = member_of (1, "n2");

	open_it ("");
	write_file ("n1.error", "from before");
	write_file ("n1.out", "longer than what comes now");
	ck_assert_int_eq (begin (one), 0);
	ck_assert_int_eq (begin (other), 0);
	ck_assert_str_eq (content ("n1.error"), "absent");
	ck_assert_str_eq (content ("n1.out"), "");
	ck_assert_int_eq (take (one, false, "out "), 0);
	ck_assert_int_eq (take (one, true, "warning\n"), 0);
	ck_assert_int_eq (take (other, false, "other\n"), 0);
	ck_assert_int_eq (take (one, false, "put\n"), 0);
	end (one, REMEX_EXITED, "");
	ck_assert_int_eq (outdir.files[0][0], -1);
	ck_assert_int_eq (outdir.files[0][1], -1);
	end (other, REMEX_LOST, "gone");
	ck_assert_str_eq (content ("n1.out"), "out put\n");
	ck_assert_str_eq (content ("n1.err"), "warning\n");
	ck_assert_str_eq (content ("n1.error"), "absent");
	ck_assert_str_eq (content ("n2.out"), "other\n"); /* it ran, for all that is known */
	ck_assert_str_eq (content ("n2.err"), "");
	ck_assert_str_eq (content ("n2.error"), "absent");
	outdir_close (&outdir);
}
END_TEST

static const struct {
	enum remex_outcome outcome;
	bool skipped;
	const char *error; /* NULL: it ran */
} ends[] = {
	{ REMEX_UNREACHABLE, false, "unreachable: why\n" },
	{ REMEX_FAILED, false, "failed: why\n" },
	{ REMEX_NEVER_STARTED, false, "never_started: why\n" },
	{ REMEX_EXITED, true, "skipped: no further host was started\n" },
	{ REMEX_EXITED, false, NULL },
	{ REMEX_SIGNALLED, false, NULL },
	{ REMEX_TIMED_OUT, false, NULL },
	{ REMEX_CANCELLED, false, NULL },
	{ REMEX_LOST, false, NULL },
	{ REMEX_COMPLETED, false, NULL },
};

/* Files of an earlier run are not taken for those of this one. */
START_TEST (how_it_ended)
{
	struct member *member = member_of (0, "n1");

	open_it ("");
	write_file ("n1.out", "from before");
	write_file ("n1.err", "from before");
	write_file ("n1.error", "from before");
	member->call.skipped = ends[_i].skipped;
	if (!ends[_i].skipped)
		ck_assert_int_eq (begin (member), 0);
	end (member, ends[_i].outcome, "why");
	ck_assert_str_eq (content ("n1.out"), ends[_i].error ? "absent" : "");
	ck_assert_str_eq (content ("n1.err"), ends[_i].error ? "absent" : "");
	ck_assert_str_eq (content ("n1.error"), ends[_i].error ? ends[_i].error : "absent");
	outdir_close (&outdir);
}
END_TEST

/* A link of that name is replaced, and what it leads to stays as it is. */
START_TEST (links)
{
	struct member *member = member_of (0, "n1");

	open_it ("");
	write_file ("precious", "precious");
	ck_assert_int_eq (symlink ("precious", path ("n1.out")), 0);
	ck_assert_int_eq (link (path ("precious"), path ("n1.err")), 0);
	ck_assert_int_eq (symlink ("precious", path ("n2.error")), 0);
	ck_assert_int_eq (begin (member), 0);
	ck_assert_int_eq (take (member, false, "x"), 0);
	ck_assert_int_eq (take (member, true, "x"), 0);
	end (member, REMEX_EXITED, "");
	end (member_of (1, "n2"), REMEX_UNREACHABLE, "why");
	ck_assert_str_eq (content ("precious"), "precious");
	ck_assert_str_eq (content ("n1.out"), "x");
	ck_assert_str_eq (content ("n2.error"), "unreachable: why\n");
	outdir_close (&outdir);
}
END_TEST

/* A directory of that name stays, and the host is not started. */
START_TEST (it_cannot_begin)
{
	open_it ("");
	ck_assert_int_eq (mkdir (path ("n1.err"), 0755), 0);
	ck_assert_int_eq (begin (member_of (0, "n1")), -1);
	end (&members[0], REMEX_FAILED, "why");
	ck_assert_str_eq (content ("n1.out"), "absent");
	ck_assert_str_eq (content ("n1.error"), "failed: why\n");
	outdir_close (&outdir);
}
END_TEST

START_TEST (it_cannot_be_written)
{
	const struct rlimit limit = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY };
	char text[2000] = "";
	struct member *member = member_of (0, "n1");
	const char *said;

	signal (SIGXFSZ, SIG_IGN);
	open_it ("");
	ck_assert_int_eq (begin (member), 0);
	capture_begin ();
	setrlimit (RLIMIT_FSIZE, &limit);
	memset (text, 'x', sizeof text - 1);
	ck_assert_int_eq (take (member, true, text), -1);
	setrlimit (RLIMIT_FSIZE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	said = capture_end ();
	ck_assert_str_eq (said, "remex: n1: cannot write n1.err: File too large\n");
	end (member, REMEX_EXITED, "");
	outdir_close (&outdir);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, name, 0, sizeof names / sizeof *names);
	tcase_add_loop_test (tcase, long_names, 0, 4);
	tcase_add_test (tcase, it_is_made);
	tcase_add_test (tcase, it_cannot_be_made);
	tcase_add_test (tcase, a_host_that_ran);
	tcase_add_loop_test (tcase, how_it_ended, 0, sizeof ends / sizeof *ends);
	tcase_add_test (tcase, links);
	tcase_add_test (tcase, it_cannot_begin);
	tcase_add_test (tcase, it_cannot_be_written);
}

CHECK_MAIN ("outdir", add_cases)
