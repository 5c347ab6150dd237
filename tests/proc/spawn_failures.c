/* spawn_failures - a part of check_spawn: a command that cannot start has an error with the reason, and leaves nothing
 * behind. And the look-up of names.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/proc_fixture.h"
#include "proc/spawn.h"
#include "proc/spawn_failures.h"
#include "support/descriptors.h"
#include "support/skip.h"

/* --- what fails ------------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/remex-check-spawn-XXXXXX";

static void make_file (const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	snprintf (path, sizeof path, "%s/%s", directory, name);
	fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, text, strlen (text)), 0);
	ck_assert_int_eq (fchmod (fd, mode), 0);
	close (fd);
}

static const char *const files[] = { "nothing", "closed", "script", "b/tool", "a/tool", "a", "b", "d/tool", "d" };

static void make_directory (void)
{
	char path[PATH_MAX];

	if (!mkdtemp (directory))
		return;
	chmod (directory, 0755);
	for (size_t i = 0; i < 3; i++) {
		snprintf (path, sizeof path, "%s/%c", directory, "abd"[i]);
		mkdir (path, 0755);
	}
	snprintf (path, sizeof path, "%s/d/tool", directory);
	mkdir (path, 0755);
	make_file ("nothing", "", 0755);
	make_file ("closed", "#!/bin/sh\n", 0644);
	make_file ("script", "#!/no/such/interpreter\n", 0755);
	make_file ("a/tool", "#!/bin/sh\n", 0644);
	make_file ("b/tool", "#!/bin/sh\n", 0755);
}

static void remove_directory (void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf (path, sizeof path, "%s/%s", directory, files[i]);
		remove (path);
	}
	rmdir (directory);
}

static const char *in_directory (const char *name)
{
	static char path[PATH_MAX];

	snprintf (path, sizeof path, "%s%s%s", *name == '@' ? directory : "", *name == '@' ? "/" : "",
		*name == '@' ? name + 1 : name);
	return path;
}

/* The spawn must fail with this errno, its message begin with these words, and neither a descriptor nor a zombie be
 * left. */
static void fails (struct spawn *spawn, int sys, const char *words)
{
	struct child child;
	struct err err;
	int fds = open_descriptors (), saved;

	ck_assert_int_eq (spawn_start (spawn, &child, &err), -1);
	saved = errno;
	ck_assert_int_eq (open_descriptors (), fds);
	fixture_no_children ();
	ck_assert_int_eq (err.sys, sys);
	ck_assert_int_eq (saved, sys);
	ck_assert_msg (!strncmp (err.text, words, strlen (words)), "said: %s", err.text);
	ck_assert_int_eq (spawn_start (spawn, &child, NULL), -1); /* without an err */
}

static const struct {
	const char *file, *cwd, *words;
	int sys;
} bad[] = {
	{ "/no/such", NULL, "cannot run /no/such: No such file", ENOENT },
	{ "", NULL, "cannot run : No such file", ENOENT },
	{ "@script", NULL, "cannot run /tmp/", ENOENT },
	{ "@closed", NULL, "cannot run /tmp/", EACCES },
	{ "@a", NULL, "cannot run /tmp/", EACCES },
	{ "@nothing", NULL, "cannot run /tmp/", ENOEXEC },
	{ "/etc/passwd/x", NULL, "cannot run /etc/passwd/x: Not a directory", ENOTDIR },
	{ "/bin/true", "/no/where", "cannot change to /no/where: No such file", ENOENT },
	{ "/bin/true", "/etc/passwd", "cannot change to /etc/passwd: Not a directory", ENOTDIR },
	{ "/bin/true", "", "cannot change to ", ENOENT },
};

START_TEST (test_fails)
{
	const char *const argv[] = { in_directory (bad[_i].file), NULL };
	struct spawn spawn = { .argv = argv, .cwd = bad[_i].cwd, .fds = { -1, -1, -1 } };

	fails (&spawn, bad[_i].sys, bad[_i].words);
}
END_TEST

START_TEST (test_interpreter)
{
	const char *const argv[] = { in_directory ("@script"), NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };
	struct child child;
	struct err err;

	ck_assert_int_eq (spawn_start (&spawn, &child, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "the interpreter it names: No such file"));
}
END_TEST

START_TEST (test_too_long)
{
	static char word[256 * 1024];
	static char name[PATH_MAX + 10];
	const char *const argv[] = { "/bin/true", word, NULL };
	const char *const named[] = { name, NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };

	memset (word, 'x', sizeof word - 1);
	fails (&spawn, E2BIG, "cannot run /bin/true: Argument list too long");
	memset (name, 'x', sizeof name - 1);
	spawn.argv = named;
	spawn.path = "/bin";
	fails (&spawn, ENAMETOOLONG, "cannot run xxx");
}
END_TEST

START_TEST (test_bad_descriptor)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, 77, -1 } };
	int keep[SPAWN_KEEP + 1] = { 78 };

	fails (&spawn, EBADF, "cannot set up the descriptors of /bin/true: Bad file");
	spawn.fds[1] = -1;
	spawn.keep = keep;
	spawn.n_keep = 1;
	fails (&spawn, EBADF, "cannot set up the descriptors of /bin/true: Bad file");
	spawn.n_keep = SPAWN_KEEP + 1;
	fails (&spawn, EINVAL, "cannot keep 17 descriptors");
}
END_TEST

/* Every number of descriptors that may still be opened, until the spawn works. */
START_TEST (test_no_descriptors)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };
	struct rlimit limit, none;
	struct child child;
	struct err err;
	int top = dup (2), rc = -1, before;

	close (top);
	before = open_descriptors ();
	getrlimit (RLIMIT_NOFILE, &limit);
	for (int more = 0; rc < 0; more++) {
		ck_assert_int_lt (more, 1000); /* there may be others above */
		none = limit;
		none.rlim_cur = (rlim_t)(top + more);
		setrlimit (RLIMIT_NOFILE, &none);
		rc = spawn_start (&spawn, &child, &err);
		setrlimit (RLIMIT_NOFILE, &limit);
		if (rc < 0) {
			ck_assert_int_eq (err.sys, EMFILE);
			ck_assert_int_eq (open_descriptors (), before);
			fixture_no_children ();
		}
	}
	ck_assert_int_eq (fixture_finish (&child), 0);
	ck_assert_int_eq (open_descriptors (), before);
}
END_TEST

/* No fork: the limit of processes does not apply to root, so another user tries. */
START_TEST (test_no_process)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };
	struct rlimit limit, none;

	if (geteuid () == 0)
		ck_assert_int_eq (setresgid (65534, 65534, 65534) | setresuid (65534, 65534, 65534), 0);
	getrlimit (RLIMIT_NPROC, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit (RLIMIT_NPROC, &none);
	fails (&spawn, EAGAIN, "cannot fork for /bin/true: Resource temporarily");
	setrlimit (RLIMIT_NPROC, &limit);
}
END_TEST

/* No pidfd: the kernel is made to refuse the call. The command has begun, and must be gone. */
START_TEST (test_no_pidfd)
{
	struct sock_filter filter[] = {
		BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENFILE),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };
	const char *const argv[] = { fixture_helper (), "-1", "rest", NULL };
	struct spawn spawn = { .argv = argv, .fds = { -1, -1, -1 } };
	struct child child;
	struct err err;

	if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		SKIP ("no filters of system calls here: %s", strerror (errno));
	fails (&spawn, ENFILE, "cannot watch /");
	/* A process that has left its group may live on: the caller is told. */
	ck_assert_int_eq (spawn_start (&spawn, &child, &err), -1);
	ck_assert_int_eq (err.code, SPAWN_BEGUN);
}
END_TEST

/* --- look-up ---------------------------------------------------------------------------------------------------- */

START_TEST (test_resolve)
{
	char path[PATH_MAX], out[PATH_MAX], want[PATH_MAX];

	snprintf (want, sizeof want, "%s/b/tool", directory);
	snprintf (path, sizeof path, "%s/none:::b:%s/d:%s/a:%s/b", directory, directory, directory, directory);
	ck_assert_int_eq (spawn_resolve (out, "tool", path), 0);
	ck_assert_str_eq (out, want);
	snprintf (path, sizeof path, "%s/d:%s/a:/bin", directory, directory);
	ck_assert_int_eq (spawn_resolve (out, "tool", path), -1);
	ck_assert_int_eq (errno, EACCES);
	ck_assert_int_eq (spawn_resolve (out, "no-such-tool", path), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (spawn_resolve (out, "", path), -1);
	ck_assert_int_eq (errno, ENOENT);
	/* A relative directory is ignored, and an empty path finds nothing. */
	ck_assert_int_eq (chdir (directory), 0);
	ck_assert_int_eq (spawn_resolve (out, "tool", "b:./b::."), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (spawn_resolve (out, "tool", NULL), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (spawn_resolve (out, "./any/thing", path), 0);
	ck_assert_str_eq (out, "./any/thing");
}
END_TEST

START_TEST (test_by_name)
{
	const char *const argv[] = { "a name of its own", "-c", "exit 5", NULL };
	struct spawn spawn = { .argv = argv, .file = "sh", .path = "/none:/bin", .fds = { -1, -1, -1 } };
	struct child child;
	struct err err;

	ck_assert_int_eq (spawn_start (&spawn, &child, &err), 0);
	ck_assert_int_eq (fixture_finish (&child), W_EXITCODE (5, 0));
	spawn.path = "/none";
	fails (&spawn, ENOENT, "cannot run sh: No such file");
}
END_TEST

void spawn_add_failures (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_unchecked_fixture (tcase, make_directory, remove_directory);
	tcase_add_loop_test (tcase, test_fails, 0, (int)(sizeof bad / sizeof *bad));
	tcase_add_test (tcase, test_interpreter);
	tcase_add_test (tcase, test_too_long);
	tcase_add_test (tcase, test_bad_descriptor);
	tcase_add_test (tcase, test_no_descriptors);
	tcase_add_test (tcase, test_no_process);
	tcase_add_test (tcase, test_no_pidfd);
	tcase_add_test (tcase, test_resolve);
	tcase_add_test (tcase, test_by_name);
}
