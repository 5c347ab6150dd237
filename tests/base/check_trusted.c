/* check_trusted - which files may be trusted: their owner, the users who may write to them, and the directories on the
 * way. Files of other users need root; the rest holds for every user.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "support/check_main.h"

enum { STRANGER = 12345 };

static char directory[64];
static struct err err;

/* A path in the private directory; a few paths are valid at a time. */
static const char *in (const char *name)
{
	static char paths[4][200];
	static int which;

	which = (which + 1) % 4;
	snprintf (paths[which], sizeof *paths, "%s/%s", directory, name);
	return paths[which];
}

static void make_file (const char *name, mode_t mode)
{
	int fd;

	unlink (in (name));
	fd = open (in (name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, name, strlen (name)), 0);
	ck_assert_int_eq (fchmod (fd, mode), 0);
	fd_close (&fd);
}

static void make_directory (const char *name, mode_t mode)
{
	ck_assert_int_eq (mkdir (in (name), 0700), 0);
	ck_assert_int_eq (chmod (in (name), mode), 0);
}

static void make_link (const char *target, const char *name)
{
	ck_assert_int_eq (symlink (target, in (name)), 0);
}

static void setup (void)
{
	umask (022);
	strcpy (directory, "/tmp/remex-trusted-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	make_directory ("d", 0755);
	make_file ("f", 0644);
	make_file ("d/f", 0644);
}

static void teardown (void)
{
	char command[256];

	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

static void believed (const char *name, enum trusted kind)
{
	int fd = trusted_open (in (name), kind, &err);

	ck_assert_msg (fd >= 0, "%s: %s", name, err.text);
	ck_assert (fcntl (fd, F_GETFD) & FD_CLOEXEC);
	fd_close (&fd);
}

/* Not trusted, for that reason and (where it is not 0) that errno. */
static void refused (const char *name, enum trusted kind, int sys, const char *why)
{
	err = (struct err){ 0 };
	ck_assert_int_eq (trusted_open (in (name), kind, &err), -1);
	ck_assert_msg (strstr (err.text, why) != NULL, "%s: '%s', not '%s'", name, err.text, why);
	ck_assert_int_eq (err.sys, sys);
}

START_TEST (test_modes)
{
	static const mode_t good[] = { 0644, 0600, 0444, 0755, 0400 }, bad[] = { 0664, 0646, 0666, 0620, 0602 };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		make_file ("f", good[i]);
		believed ("f", TRUSTED_FILE);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make_file ("f", bad[i]);
		refused ("f", TRUSTED_FILE, EPERM, "/f is writable by group or others: chmod go-w /tmp/remex-trusted-");
		refused ("f", TRUSTED_LOG, EPERM, "is writable by group or others");
	}
}
END_TEST

START_TEST (test_secrets)
{
	static const mode_t bad[] = { 0640, 0604, 0610, 0644, 0601, 0660 };

	make_file ("f", 0400);
	believed ("f", TRUSTED_SECRET);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		make_file ("f", bad[i]);
		refused ("f", TRUSTED_SECRET, EPERM, "can be read by others (mode 0");
	}
}
END_TEST

/* Files that are not regular are recognised without being opened: nothing waits for the other end of a FIFO. */
START_TEST (test_kinds)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (name.sun_path, sizeof name.sun_path, "%s", in ("socket"));
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq (mkfifo (in ("fifo"), 0600), 0);
	make_link ("/dev/null", "null");
	for (enum trusted kind = TRUSTED_FILE; kind <= TRUSTED_LOG; kind++) {
		refused ("fifo", kind, EPERM, "/fifo is not a regular file");
		refused ("socket", kind, EPERM, "/socket is not a regular file");
		refused ("null", kind, EPERM, "/null is not a regular file");
		refused ("d", kind, EPERM, "/d is not a regular file");
		refused ("d/", kind, EPERM, "/d/ is not a regular file");
	}
	refused ("f", TRUSTED_DIRECTORY, ENOTDIR, "Not a directory");
	refused ("f/x", TRUSTED_FILE, ENOTDIR, "Not a directory");
	refused ("x", TRUSTED_FILE, ENOENT, "/x: No such file or directory");
	refused ("x/y", TRUSTED_LOG, ENOENT, "/x/y: No such file or directory");
	ck_assert_int_eq (trusted_open ("f", TRUSTED_FILE, &err), -1);
	ck_assert_str_eq (err.text, "'f' is not an absolute path");
	ck_assert_int_eq (trusted_open ("", TRUSTED_FILE, &err), -1);
	fd_close (&fd);
}
END_TEST

START_TEST (test_ways)
{
	char deep[4096] = "";

	believed ("d/f", TRUSTED_FILE);
	believed (".//d/./../d//f", TRUSTED_FILE);
	believed ("d", TRUSTED_DIRECTORY);
	believed ("d//", TRUSTED_DIRECTORY);
	believed ("d/..", TRUSTED_DIRECTORY);
	believed ("d/.", TRUSTED_PLACE);
	believed ("../../../../..", TRUSTED_PLACE);
	make_link ("d", "link");
	make_link ("../f", "d/back");
	make_link (in ("link/f"), "absolute");
	make_link ("/", "root");
	make_link ("loop", "loop");
	believed ("link/f", TRUSTED_FILE);
	believed ("d/back", TRUSTED_FILE);
	believed ("link/back", TRUSTED_FILE);
	believed ("absolute", TRUSTED_FILE);
	believed ("link", TRUSTED_DIRECTORY);
	believed ("root", TRUSTED_PLACE);
	refused ("loop", TRUSTED_FILE, ELOOP, "/loop: ");
	for (size_t i = 0; i + 2 < sizeof deep; i += 2)
		memcpy (deep + i, "x/", 2);
	ck_assert_int_eq (trusted_open (deep, TRUSTED_FILE, &err), -1); /* it is not absolute */
	deep[0] = '/';
	ck_assert_int_eq (trusted_open (deep, TRUSTED_FILE, &err), -1);
}
END_TEST

/* Where others may exchange entries of a directory, nothing beneath the directory is trusted, and the target of a link
 * in the directory is not trusted either. */
START_TEST (test_above)
{
	make_directory ("open", 0777);
	make_directory ("open/d", 0755);
	make_file ("open/d/f", 0644);
	make_link ("open/d/f", "link");
	refused (
		"open/d/f", TRUSTED_FILE, EPERM, "/open is writable by others, who could exchange /tmp/remex-trusted-");
	refused ("open/d/f", TRUSTED_FILE, EPERM, "/open/d/f: chmod o-w /tmp/remex-trusted-");
	refused ("open/d/../../f", TRUSTED_FILE, EPERM, "/open is writable by others");
	refused ("link", TRUSTED_FILE, EPERM, "/open is writable by others");
	refused ("open/d", TRUSTED_DIRECTORY, EPERM, "/open is writable by others");
	refused ("open", TRUSTED_DIRECTORY, EPERM, "/open is writable by group or others: chmod go-w ");
	refused ("open/new", TRUSTED_LOG, EPERM, "/open is writable by others");
	ck_assert_int_eq (access (in ("open/new"), F_OK), -1);
	ck_assert_int_eq (chmod (in ("open"), 01777), 0);
	believed ("open/d/f", TRUSTED_FILE);
	believed ("open", TRUSTED_PLACE);
	refused ("open", TRUSTED_DIRECTORY, EPERM, "/open is writable by group or others");
	ck_assert_int_eq (chmod (in ("open"), 0775), 0);
	believed ("open/d/f", TRUSTED_FILE);
	refused ("open", TRUSTED_PLACE, EPERM, "/open is writable by group or others");
}
END_TEST

START_TEST (test_strangers)
{
	NEED_ROOT;
	ck_assert_int_eq (lchown (in ("f"), STRANGER, 0), 0);
	refused ("f", TRUSTED_FILE, EPERM, "/f belongs to uid 12345, not to root");
	refused ("f", TRUSTED_LOG, EPERM, "/f belongs to uid 12345");
	refused ("f", TRUSTED_SECRET, EPERM, "/f belongs to uid 12345");
	make_link ("d/f", "link");
	make_link ("d", "way");
	believed ("link", TRUSTED_FILE);
	believed ("way/f", TRUSTED_FILE);
	ck_assert_int_eq (lchown (in ("link"), STRANGER, 0), 0);
	ck_assert_int_eq (lchown (in ("way"), STRANGER, 0), 0);
	refused ("link", TRUSTED_FILE, EPERM, "/link is a symbolic link that belongs to uid 12345, not to root");
	refused ("way/f", TRUSTED_FILE, EPERM, "/way is a symbolic link that belongs to uid 12345");
	refused ("way", TRUSTED_DIRECTORY, EPERM, "/way is a symbolic link");
	ck_assert_int_eq (lchown (in ("d"), STRANGER, 0), 0);
	refused ("d/f", TRUSTED_FILE, EPERM, "/d belongs to uid 12345, not to root, and that user could exchange ");
	refused ("d", TRUSTED_DIRECTORY, EPERM, "/d belongs to uid 12345, not to root");
	refused ("d", TRUSTED_PLACE, EPERM, "/d belongs to uid 12345, not to root");
	/* A user trusts root and itself. */
	ck_assert_int_eq (chmod (directory, 0755), 0);
	ck_assert_int_eq (seteuid (STRANGER), 0);
	believed ("d/f", TRUSTED_FILE);
	believed ("f", TRUSTED_FILE);
	ck_assert_int_eq (seteuid (0), 0);
	ck_assert_int_eq (seteuid (STRANGER + 1), 0);
	refused ("f", TRUSTED_FILE, EPERM, "/f belongs to uid 12345, not to root or uid 12346");
	ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

START_TEST (test_logs)
{
	struct stat st;

	believed ("new", TRUSTED_LOG);
	ck_assert_int_eq (stat (in ("new"), &st), 0);
	ck_assert_uint_eq (st.st_mode & 07777, 0600);
	believed ("new", TRUSTED_LOG);
	make_link ("d/other", "link");
	believed ("link", TRUSTED_LOG);
	ck_assert_int_eq (access (in ("d/other"), F_OK), 0);
	refused ("no/new", TRUSTED_LOG, ENOENT, "/no/new: No such file");
}
END_TEST

START_TEST (test_entries)
{
	int fd = trusted_open (in ("d"), TRUSTED_DIRECTORY, &err), file;
	char bytes[8];

	ck_assert_int_ge (fd, 0);
	ck_assert_int_ge (file = trusted_open_at (fd, in ("d"), "f", TRUSTED_FILE, &err), 0);
	ck_assert_int_eq (read (file, bytes, sizeof bytes), 3);
	fd_close (&file);
	make_file ("d/bad", 0666);
	make_link ("bad", "d/link");
	make_link (in ("f"), "d/far");
	ck_assert_int_eq (trusted_open_at (fd, in ("d"), "link", TRUSTED_FILE, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "/d/link is writable by group or others"));
	ck_assert_int_ge (file = trusted_open_at (fd, in ("d"), "far", TRUSTED_FILE, &err), 0);
	fd_close (&file);
	ck_assert_int_eq (trusted_open_at (fd, in ("d"), "x", TRUSTED_FILE, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	fd_close (&fd);
}
END_TEST

START_TEST (test_read)
{
	size_t n;
	char *text = trusted_read (in ("f"), 10, &n, &err);

	ck_assert_ptr_nonnull (text);
	ck_assert_str_eq (text, "f");
	ck_assert_uint_eq (n, 1);
	free (text);
	make_file ("a name that is too long", 0644);
	ck_assert_ptr_null (trusted_read (in ("a name that is too long"), 10, &n, &err));
	ck_assert_ptr_nonnull (strstr (err.text, "long: larger than 10 bytes"));
	ck_assert_ptr_null (trusted_read (in ("x"), 10, &n, &err));
	ck_assert_int_eq (err.sys, ENOENT);
	ck_assert_ptr_null (trusted_read (in ("x"), 10, &n, NULL));
}
END_TEST

static int count_fds (void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl (fd, F_GETFD) >= 0;
	return n;
}

/* Whatever the result, no descriptor is left open. */
START_TEST (test_no_leak)
{
	static const char *const names[] = { "f", "d", "d/f", "x", "x/y", "f/x", "link", "loop", "open/f", "d/..",
		"." };
	int before = count_fds ();

	make_link ("d/f", "link");
	make_link ("loop", "loop");
	make_directory ("open", 0777);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (enum trusted kind = TRUSTED_FILE; kind <= TRUSTED_PLACE; kind++) {
			int fd = trusted_open (in (names[i]), kind, NULL);

			fd_close (&fd);
			ck_assert_int_eq (count_fds (), before);
		}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, test_modes);
	tcase_add_test (tcase, test_secrets);
	tcase_add_test (tcase, test_kinds);
	tcase_add_test (tcase, test_ways);
	tcase_add_test (tcase, test_above);
	tcase_add_test (tcase, test_strangers);
	tcase_add_test (tcase, test_logs);
	tcase_add_test (tcase, test_entries);
	tcase_add_test (tcase, test_read);
	tcase_add_test (tcase, test_no_leak);
}

CHECK_MAIN ("base/trusted", add_cases)
