/* A sender's trees: their content, entries that cannot be sent, and that no change during the walk leads out of the
 * tree. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sender_fixture.h"
#include "support/check_main.h"

#define TREE ((const struct sender_options){ .recursive = true })
#define COUNT ((const struct sender_options){ .recursive = true, .count = true })

static struct show show;

static void begin (const struct sender_options *options, const char *source)
{
	const char *sources[2] = { source, NULL };

	show_begin (&show, options, sources);
}

static void finish (void)
{
	show_end (&show);
}

/* The order within a directory is free, but each directory begins before its content and ends after it: the fixture's
 * paths show that. */
START_TEST (tree)
{
	struct sender_progress progress;
	struct stat st;

	fixture_directory ("top");
	fixture_directory ("top/inner");
	fixture_directory ("top/inner/empty");
	fixture_file ("top/inner/file", 70000);
	fixture_file ("top/b\xff\xfe", 2);
	fixture_file ("top/-rf *", 3);
	ck_assert_int_eq (chmod (fixture_path ("top/inner"), 01750), 0);
	ck_assert_int_eq (stat (fixture_path ("top"), &st), 0);
	begin (&TREE, fixture_path ("top"));
	ck_assert_int_eq (show_fill (&show), SENDER_END);
	ck_assert_int_eq (strncmp (show_log (&show), "0:directory top 755\n", 20), 0);
	ck_assert_str_eq (strrchr (show_log (&show), 'l'), "leave top\n");
	ck_assert_str_eq (show_sorted (&show), "0:directory top 755\n"
					       "data 70000\n"
					       "directory top/inner 1750\n"
					       "directory top/inner/empty 755\n"
					       "end\n"
					       "file top/-rf * 3 644 whole\n"
					       "file top/b\xff\xfe 2 644 whole\n"
					       "file top/inner/file 70000 644\n"
					       "leave top\n"
					       "leave top/inner\n"
					       "leave top/inner/empty\n");
	sender_progress (show.sender, &progress);
	ck_assert_int_eq (progress.files, 3);
	ck_assert_int_eq (progress.bytes, 70005);
	finish ();
}
END_TEST

START_TEST (time_and_path)
{
	const struct timespec times[2] = { { .tv_sec = 7 }, { .tv_sec = -7, .tv_nsec = 5 } };
	struct sender_progress progress;

	fixture_directory ("top");
	fixture_directory ("top/inner");
	fixture_file ("top/inner/file", 1000000);
	ck_assert_int_eq (utimensat (AT_FDCWD, fixture_path ("top/inner/file"), times, 0), 0);
	begin (&TREE, fixture_path ("top"));
	ck_assert_int_eq (show_fill (&show), SENDER_MORE);
	sender_progress (show.sender, &progress);
	ck_assert_str_eq (progress.path, "top/inner/file");
	ck_assert_int_eq (progress.files, 0);
	ck_assert_int_gt (progress.bytes, 0);
	ck_assert_int_eq (show.file.mtime_ns, -6999999995);
	finish ();
}
END_TEST

START_TEST (links)
{
	fixture_directory ("top");
	fixture_directory ("elsewhere");
	fixture_file ("elsewhere/secret", 6);
	ck_assert_int_eq (symlink ("../elsewhere", fixture_path ("top/to-directory")), 0);
	ck_assert_int_eq (symlink ("../elsewhere/secret", fixture_path ("top/to-file")), 0);
	ck_assert_int_eq (symlink ("/nowhere/\xff", fixture_path ("top/dangling")), 0);
	ck_assert_int_eq (symlink ("top", fixture_path ("source")), 0);
	/* A source that is a link is followed: here by the function that opens it. */
	begin (&TREE, fixture_path ("source"));
	show_rest (&show);
	ck_assert_str_eq (show_sorted (&show), "0:directory source 755\n"
					       "leave source\n"
					       "link source/dangling /nowhere/\xff\n"
					       "link source/to-directory ../elsewhere\n"
					       "link source/to-file ../elsewhere/secret\n");
	finish ();
}
END_TEST

static int bind_socket (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	ck_assert_int_eq (bind (fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* Special files are not even opened: the kernel would report it. */
START_TEST (special)
{
	int watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC), listener;
	bool device;
	char event[4096];

	fixture_directory ("top");
	ck_assert_int_eq (mkfifo (fixture_path ("top/fifo"), 0600), 0);
	ck_assert_int_ge (inotify_add_watch (watch, fixture_path ("top/fifo"), IN_OPEN), 0);
	listener = bind_socket (fixture_path ("top/socket"));
	device = mknod (fixture_path ("top/null"), S_IFCHR | 0600, makedev (1, 3)) == 0;
	if (device)
		ck_assert_int_ge (inotify_add_watch (watch, fixture_path ("top/null"), IN_OPEN), 0);
	else
		SKIP_PART ("a device: mknod: %s", strerror (errno));
	begin (&TREE, fixture_path ("top"));
	show_rest (&show);
	ck_assert_str_eq (show_sorted (&show), device ? "0:directory top 755\n"
							"failed top/fifo bad_value is a FIFO: not copied\n"
							"failed top/null bad_value is a character device: not copied\n"
							"failed top/socket bad_value is a socket: not copied\n"
							"leave top\n"
						      : "0:directory top 755\n"
							"failed top/fifo bad_value is a FIFO: not copied\n"
							"failed top/socket bad_value is a socket: not copied\n"
							"leave top\n");
	ck_assert_int_eq (read (watch, event, sizeof event), -1);
	ck_assert_int_eq (errno, EAGAIN);
	fd_close (&watch);
	fd_close (&listener);
	finish ();
}
END_TEST

/* As a user with limited rights. */
START_TEST (unreadable)
{
	fixture_directory ("top");
	fixture_directory ("top/closed");
	fixture_file ("top/file", 3);
	fixture_file ("top/open", 4);
	ck_assert_int_eq (chmod (fixture_path ("top/file"), 0), 0);
	ck_assert_int_eq (chmod (fixture_path ("top/closed"), 0), 0);
	if (getuid () == 0)
		ck_assert_int_eq (seteuid (65534), 0);
	begin (&TREE, fixture_path ("top"));
	show_rest (&show);
	ck_assert_str_eq (show_sorted (&show), "0:directory top 755\n"
					       "failed top/closed denied cannot open the directory: Permission denied\n"
					       "failed top/file denied cannot open it: Permission denied\n"
					       "file top/open 4 644 whole\n"
					       "leave top\n");
	finish ();
	if (getuid () == 0)
		ck_assert_int_eq (seteuid (0), 0);
	ck_assert_int_eq (chmod (fixture_path ("top/closed"), 0700), 0);
}
END_TEST

/* --- depth ---------------------------------------------------------------------------------------------------------- */

static void make_deep (int dirs)
{
	int fd = open (fixture_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < dirs; i++) {
		int next;

		ck_assert_int_eq (mkdirat (fd, "d", 0755), 0);
		next = openat (fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge (next, 0);
		fd_close (&fd);
		fd = next;
	}
	fd_close (&fd);
}

static int count (const char *log, const char *what)
{
	int n = 0;

	for (const char *at = log; (at = strstr (at, what)); at += strlen (what))
		n++;
	return n;
}

START_TEST (too_deep)
{
	const char *log;

	make_deep (SENDER_DEPTH + 2);
	begin (&COUNT, fixture_path ("d"));
	log = show_rest (&show);
	ck_assert_int_eq (count (log, "directory d"), SENDER_DEPTH);
	ck_assert_int_eq (count (log, "leave d"), SENDER_DEPTH);
	ck_assert_int_eq (count (log, "failed d"), 1);
	ck_assert_ptr_nonnull (strstr (log, "/d bad_value more than 256 levels of directories\n"));
	finish ();
}
END_TEST

/* Without descriptors for more levels, the directory that cannot be entered fails. */
START_TEST (no_descriptors)
{
	struct rlimit limit;
	const char *log;
	int fd = 0;

	make_deep (10);
	begin (&TREE, fixture_path ("d"));
	for (int left = 4; left > 0; fd++)
		left -= fcntl (fd, F_GETFD) < 0;
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fd;
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
	log = show_rest (&show);
	ck_assert_int_eq (count (log, "directory d"), 4);
	ck_assert_int_eq (count (log, "leave d"), 4);
	ck_assert_ptr_nonnull (
		strstr (log, "failed d/d/d/d/d io_error cannot open the directory: Too many open files\n"));
	finish ();
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
}
END_TEST

/* --- the total ------------------------------------------------------------------------------------------------------ */

START_TEST (total)
{
	const char *sources[] = { fixture_path ("top"), fixture_path ("missing"), fixture_path ("file"), "/dev/null",
		NULL };
	struct sender_progress progress;

	fixture_directory ("top");
	fixture_directory ("top/inner");
	fixture_file ("top/inner/one", 10);
	fixture_file ("top/two", 100000);
	fixture_file ("file", 1000);
	ck_assert_int_eq (symlink ("two", fixture_path ("top/link")), 0);
	ck_assert_int_eq (mkfifo (fixture_path ("top/fifo"), 0600), 0);
	show_begin (&show, &COUNT, sources);
	show_rest (&show);
	ck_assert_int_eq (strncmp (show_log (&show), "total 3 101010\n0:directory top", 30), 0);
	ck_assert_int_eq (show.opened, 8);
	sender_progress (show.sender, &progress);
	ck_assert_int_eq (progress.total_files, 3);
	ck_assert_int_eq (progress.total_bytes, 101010);
	ck_assert_int_eq (progress.files, 3);
	ck_assert_int_eq (progress.bytes, 101010);
	finish ();
}
END_TEST

START_TEST (total_with_a_stream)
{
	const char *sources[] = { fixture_path ("file"), "-", NULL };
	int ends[2];

	fixture_file ("file", 5);
	ck_assert_int_eq (pipe (ends), 0);
	ck_assert_int_eq (write (ends[1], "hello", 5), 5);
	fd_close (&ends[1]);
	show_begin (&show, &COUNT, sources);
	show.stream = ends[0];
	ck_assert_str_eq (show_rest (&show), "total 2 -1\n"
					     "0:file file 5 644 whole\n"
					     "1:file standard-input -1 0\n"
					     "data 5\n"
					     "end\n");
	fd_close (&ends[0]);
	finish ();
}
END_TEST

/* --- while it walks ------------------------------------------------------------------------------------------------- */

enum { MANY = 20 };

/* A directory with files of which several, but not all, fit into one sender_fill. */
static void begin_many (void)
{
	char name[32];

	fixture_directory ("top");
	fixture_directory ("top/many");
	for (int i = 0; i < MANY; i++) {
		snprintf (name, sizeof name, "top/many/file%d", i);
		fixture_file (name, 60000);
	}
	begin (&TREE, fixture_path ("top"));
	ck_assert_int_eq (show_fill (&show), SENDER_MORE);
	ck_assert_int_gt (count (show_log (&show), "file top/many/file"), 0);
	ck_assert_int_lt (count (show_log (&show), "file top/many/file"), MANY);
}

/* The names were read, then the files removed: each is reported. */
START_TEST (vanished)
{
	char command[128];
	int sent, failed;

	begin_many ();
	sent = count (show_log (&show), "whole\n");
	snprintf (command, sizeof command, "rm '%s'/top/many/file*", fixture_dir);
	ck_assert_int_eq (system (command), 0);
	failed = count (show_rest (&show), " not_found cannot stat it: No such file or directory\n");
	ck_assert_int_eq (sent + failed, MANY);
	ck_assert_int_eq (count (show_log (&show), "whole\n"), sent);
	finish ();
}
END_TEST

/* The walk is in a directory that is moved away, and a link to another directory takes its name. */
START_TEST (moved_away)
{
	fixture_directory ("elsewhere");
	fixture_file ("elsewhere/file7", 6);
	begin_many ();
	ck_assert_int_eq (rename (fixture_path ("top/many"), fixture_path ("moved")), 0);
	ck_assert_int_eq (symlink ("../elsewhere", fixture_path ("top/many")), 0);
	ck_assert_int_eq (count (show_rest (&show), " 60000 644 whole\n"), MANY);
	ck_assert_int_eq (count (show_log (&show), "file top/many/file7 "), 1);
	ck_assert_int_eq (count (show_log (&show), "failed"), 0);
	finish ();
}
END_TEST

/* Another process exchanges a directory and a link to another one, all the time: the entry is sent as a directory, as a
 * link, or failed, but the walk never goes through the link. */
START_TEST (exchanged)
{
	char one[128], other[128];
	pid_t child;

	fixture_directory ("top");
	fixture_directory ("top/place");
	fixture_directory ("elsewhere");
	fixture_file ("elsewhere/secret", 6);
	ck_assert_int_eq (symlink ("../elsewhere", fixture_path ("top/link")), 0);
	snprintf (one, sizeof one, "%s", fixture_path ("top/place"));
	snprintf (other, sizeof other, "%s", fixture_path ("top/link"));
	ck_assert_int_ge (child = fork (), 0);
	if (child == 0)
		for (;;)
			(void)renameat2 (AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
	for (int i = 0; i < 2000; i++) {
		begin (&COUNT, fixture_path ("top"));
		ck_assert_int_eq (count (show_rest (&show), "secret"), 0);
		ck_assert_int_eq (strncmp (show_log (&show), "total 0 0\n", 10), 0);
		finish ();
	}
	ck_assert_int_eq (kill (child, SIGKILL), 0);
	ck_assert_int_eq (waitpid (child, NULL, 0), child);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, fixture_setup, fixture_teardown);
	tcase_add_test (tcase, tree);
	tcase_add_test (tcase, time_and_path);
	tcase_add_test (tcase, links);
	tcase_add_test (tcase, special);
	tcase_add_test (tcase, unreadable);
	tcase_add_test (tcase, too_deep);
	tcase_add_test (tcase, no_descriptors);
	tcase_add_test (tcase, total);
	tcase_add_test (tcase, total_with_a_stream);
	tcase_add_test (tcase, vanished);
	tcase_add_test (tcase, moved_away);
	tcase_add_test (tcase, exchanged);
}

CHECK_MAIN ("sender_tree", add_cases)
