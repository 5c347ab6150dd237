/* Paths through symbolic links: with roots never out of them, whatever links exist and whoever moves them meanwhile. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "target_fixture.h"

enum { ROUNDS = 20000, TURN = 200 };

START_TEST (unbound_follows)
{
	int fd;

	NEED_OPENAT2 (_i);
	make_link ("root/link", "../outside");
	make_link ("root/leaf", "/etc/hostname");
	leads (&everything, directory, "root/link/file", TARGET_WRITE, "outside", "file", false);
	leads (&everything, directory, "root/link/../new", TARGET_WRITE, ".", "new", false);
	/* The last component is never followed. */
	leads (&everything, directory, "root/leaf", TARGET_WRITE, "root", "leaf", false);
	leads (&everything, directory, "root/link/", TARGET_WRITE, "root", "link", true);
	fd = target_open_directory (&everything, directory, "root/link", TARGET_WRITE, &err);
	ck_assert (fd >= 0 && is (fd, "outside"));
	fd_close (&fd);
	/* Magic links (proc(5)) are not followed. */
	if (_i == 0)
		refused (&everything, NULL, "/proc/self/root/etc", CODE_BAD_VALUE);
}
END_TEST

START_TEST (links_that_lead_out)
{
	const char *targets[] = { in ("outside"), "../outside", "dir/../../outside", "/proc/self/root/tmp",
		"/proc/self/cwd", "dir/../../root" };
	int before = descriptors (), fd;
	char path[256];

	NEED_OPENAT2 (_i);
	ck_assert_int_eq (chdir (in ("outside")), 0);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		make_link ("root/link", targets[i]);
		/* In the middle of the path, at its end, and through another link. */
		refused (&roots, directory, "root/link/file", CODE_DENIED);
		refused (&roots, directory, "root/link/sub/file", CODE_DENIED);
		make_link ("root/dir/chain", "../link");
		refused (&roots, directory, "root/dir/chain/file", CODE_DENIED);
		ck_assert_int_eq (unlink (in ("root/dir/chain")), 0);

		/* As the named entry: it is where the link is, and nothing goes through the link. */
		leads (&roots, directory, "root/link", TARGET_WRITE, "root", "link", false);
		ck_assert_int_eq (target_open (&target, &roots, directory, "root/link", TARGET_WRITE, &err), 0);
		ck_assert_int_eq (openat (target.directory, target.name, O_WRONLY | O_CREAT | O_EXCL, 0600), -1);
		ck_assert_int_eq (errno, EEXIST);
		ck_assert_int_eq (target_open_at (target.directory, target.name, 0), -1);
		ck_assert_int_eq (errno, ELOOP);
		ck_assert_int_eq (target_open_at (target.directory, target.name, O_DIRECTORY), -1);
		ck_assert_int_eq (errno, ENOTDIR);
		target_close (&target);
		for (int slash = 0; slash < 2; slash++) {
			snprintf (path, sizeof path, "root/link%s", slash ? "/" : "");
			for (unsigned flags = 0; flags <= TARGET_WRITE; flags++)
				refused_as (target_open_directory (&roots, directory, path, flags, &err), &roots, path,
					CODE_DENIED, "place_open_directory");
			refused_as (target_open_source (&roots, directory, path, &err), &roots, path, CODE_DENIED,
				"place_open_source");
		}
		ck_assert_int_eq (unlink (in ("root/link")), 0);
	}
	/* A file, likewise. */
	make_link ("root/link", "../outside/file");
	refused_as (target_open_source (&roots, directory, "root/link", &err), &roots, "root/link", CODE_DENIED,
		"place_open_source");
	ck_assert_int_eq (chdir ("/"), 0);
	fd = target_open_source (&everything, directory, "root/link", &err);
	ck_assert (fd >= 0 && is (fd, "outside/file"));
	fd_close (&fd);
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

/* Links that stay beneath the root are followed for reading, never for writing. */
START_TEST (links_that_stay)
{
	int fd;

	NEED_OPENAT2 (_i);
	make_link ("root/near", "dir");
	make_link ("root/dir/back", "../dir/sub");
	make_link ("root/leaf", "near/back/file");
	make_link ("root/absolute", in ("root/dir"));
	make_link ("root/self", "self");
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/near/new", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (err.sys, ELOOP);
	ck_assert_int_eq (target_open_directory (&roots, directory, "root/near", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (err.sys, ELOOP);
	refused (&roots, directory, "root/absolute/file", CODE_DENIED);
	refused (&roots, directory, "root/self/file", CODE_DENIED);
	refused (&everything, directory, "root/self/file", CODE_BAD_VALUE);
	if (_i == 1) {
		refused (&roots, directory, "root/near/file", CODE_DENIED);
		ck_assert_int_eq (target_open_source (&roots, directory, "root/leaf", &err), -1);
		ck_assert_int_eq (err.code, CODE_DENIED);
		return;
	}
	leads (&roots, directory, "root/near/file", 0, "root/dir", "file", false);
	leads (&roots, directory, "root/near/back/file", 0, "root/dir/sub", "file", false);
	fd = target_open_directory (&roots, directory, "root/near", 0, &err);
	ck_assert (fd >= 0 && is (fd, "root/dir"));
	fd_close (&fd);
	fd = target_open_source (&roots, directory, "root/leaf", &err);
	ck_assert (fd >= 0 && is (fd, "root/dir/sub/file"));
	fd_close (&fd);
}
END_TEST

/* --- without openat2 ---------------------------------------------------------------------------------------------- */

static int forbid_openat2 (int error)
{
	struct sock_filter filter[] = {
		BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof filter / sizeof *filter, .filter = filter };

	if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* For a child process without openat2: 0 on success, otherwise the number of the failure. */
static int without (int error)
{
	int fd;

	if (forbid_openat2 (error) < 0)
		return 77;
	for (int twice = 0; twice < 2; twice++) {
		if (target_open (&target, &roots, directory, "root/dir/sub/new", TARGET_WRITE, &err) < 0)
			return 1;
		if (!is (target.directory, "root/dir/sub"))
			return 2;
		target_close (&target);
		if (target_open (&target, &roots, directory, "root/link/new", 0, &err) == 0 || err.code != CODE_DENIED)
			return 3;
		fd = target_open_source (&everything, directory, "root/link/file", &err);
		if (fd < 0 || !is (fd, "outside/file"))
			return 4;
		fd_close (&fd);
	}
	return 0;
}

/* When renames never end, the look-up gives up in the end, and does not take openat2 for missing. */
static int disturbed (void)
{
	if (forbid_openat2 (EAGAIN) < 0)
		return 77;
	if (target_open (&target, &roots, directory, "root/dir/new", TARGET_WRITE, &err) == 0 || err.code != CODE_BUSY)
		return 1;
	return err.sys == EAGAIN ? 0 : 2;
}

START_TEST (noticed)
{
	static const int errors[] = { ENOSYS, EPERM, EAGAIN };
	pid_t child;
	int status;

	target_without_openat2 (false);
	make_link ("root/link", "../outside");
	child = fork ();
	if (child == 0)
		_exit (errors[_i] == EAGAIN ? disturbed () : without (errors[_i]));
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert (WIFEXITED (status));
	if (WEXITSTATUS (status) == 77)
		SKIP ("no filters of system calls here");
	ck_assert_int_eq (WEXITSTATUS (status), 0);
}
END_TEST

/* --- the race ------------------------------------------------------------------------------------------------------ */

/* A child that exchanges root/dir, a directory, and root/link, a link to outside, until it is killed, and counts. */
struct flipper {
	pid_t pid;
	atomic_ulong *flips;
};

static void flip_start (struct flipper *flipper)
{
	const char *one = in ("root/dir"), *other = in ("root/link");

	flipper->flips = mmap (NULL, sizeof *flipper->flips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne (flipper->flips, MAP_FAILED);
	flipper->pid = fork ();
	if (flipper->pid == 0) {
		prctl (PR_SET_PDEATHSIG, SIGKILL);
		while (renameat2 (AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
			atomic_fetch_add (flipper->flips, 1);
		_exit (1);
	}
	ck_assert_int_gt (flipper->pid, 0);
}

/* Wait until the child has exchanged the entries, so that the following rounds run while it does so. */
static void flip_wait (const struct flipper *flipper)
{
	unsigned long before = atomic_load (flipper->flips);

	while (atomic_load (flipper->flips) - before < 2) {
		ck_assert_int_eq (waitpid (flipper->pid, NULL, WNOHANG), 0);
		sched_yield ();
	}
}

static void flip_stop (struct flipper *flipper)
{
	int status;

	ck_assert_int_eq (kill (flipper->pid, SIGKILL), 0);
	ck_assert_int_eq (waitpid (flipper->pid, &status, 0), flipper->pid);
	ck_assert (WIFSIGNALED (status));
	munmap (flipper->flips, sizeof *flipper->flips);
}

struct race_count {
	unsigned done, refused; /* within the root */
	unsigned outside, odd; /* never right: outside the root; neither done nor refused */
};

static void compare (const struct race_count *totals)
{
	ck_assert_uint_eq (totals->outside, 0);
	ck_assert_msg (totals->odd == 0, "%u times, at last: %s", totals->odd, err.text);
	ck_assert_uint_eq (totals->done + totals->refused, ROUNDS);
	/* Both results occurred, otherwise nothing was tested. */
	ck_assert_uint_gt (totals->done, 0);
	ck_assert_uint_gt (totals->refused, 0);
}

static void refused_once (struct race_count *totals)
{
	if (err.code == CODE_DENIED || err.code == CODE_BUSY)
		totals->refused++;
	else
		totals->odd++;
}

/* Make a file at the path, where that is possible, and remove it again. */
static void write_once (const char *path, int outside, struct race_count *totals)
{
	int fd;

	if (target_open (&target, &roots, directory, path, TARGET_WRITE, &err) < 0) {
		refused_once (totals);
		return;
	}
	fd = openat (target.directory, target.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (faccessat (outside, "new", F_OK, 0) == 0 || faccessat (outside, "sub/new", F_OK, 0) == 0)
		totals->outside++;
	else if (fd >= 0 && unlinkat (target.directory, target.name, 0) == 0)
		totals->done++;
	else
		totals->odd++;
	fd_close (&fd);
	target_close (&target);
}

START_TEST (race_writing)
{
	int outside = open (in ("outside"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct race_count totals = { .done = 0 };
	struct flipper flipper;

	NEED_OPENAT2 (_i);
	make_link ("root/link", "../outside");
	flip_start (&flipper);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % TURN == 0)
			flip_wait (&flipper);
		write_once (i % 2 ? "root/dir/new" : "root/dir/sub/new", outside, &totals);
	}
	flip_stop (&flipper);
	fd_close (&outside);
	compare (&totals);
}
END_TEST

/* Read the file, which is the expected one or missing. */
static void read_once (const char *path, const char *content, struct race_count *totals)
{
	int fd = target_open_source (&roots, directory, path, &err);
	char bytes[64];
	ssize_t n;

	if (fd < 0) {
		refused_once (totals);
		return;
	}
	n = read (fd, bytes, sizeof bytes);
	fd_close (&fd);
	if (n == (ssize_t)strlen (content) && !memcmp (bytes, content, (size_t)n))
		totals->done++;
	else
		totals->outside++;
}

/* Through the exchanged name, and through a link whose ".." is resolved during the exchange. */
START_TEST (race_reading)
{
	static const struct {
		const char *path, *content;
	} table[] = {
		{ "root/dir/file", "root/dir/file" },
		{ "root/dir/sub/file", "root/dir/sub/file" },
		{ "root/by/file", "root/dir/file" },
		{ "root/by/sub/file", "root/dir/sub/file" },
	};
	struct race_count totals = { .done = 0 };
	struct flipper flipper;

	NEED_OPENAT2 (_i);
	make_link ("root/link", "../outside");
	make_link ("root/by", "dir/sub/../../dir");
	flip_start (&flipper);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % TURN == 0)
			flip_wait (&flipper);
		read_once (table[i % 4].path, table[i % 4].content, &totals);
	}
	flip_stop (&flipper);
	compare (&totals);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, unbound_follows, 0, 2);
	tcase_add_loop_test (tcase, links_that_lead_out, 0, 2);
	tcase_add_loop_test (tcase, links_that_stay, 0, 2);
	tcase_add_loop_test (tcase, noticed, 0, 3);
	tcase_add_loop_test (tcase, race_writing, 0, 2);
	tcase_add_loop_test (tcase, race_reading, 0, 2);
}

CHECK_MAIN ("files/target_links", add_cases)
