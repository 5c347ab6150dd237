/* The targets of paths, with roots and without, and the opened files; check_target_links.c has the symbolic links. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "target_fixture.h"

/* --- paths -------------------------------------------------------------------------------------------------------- */

START_TEST (unbound)
{
	static const struct {
		const char *path, *above, *name;
		bool slash;
	} table[] = {
		{ "root/dir/file", "root/dir", "file", false },
		{ "root", ".", "root", false },
		{ "root/", ".", "root", true },
		{ "root//", ".", "root", true },
		{ "root/.", ".", "root", true },
		{ "root/./", ".", "root", true },
		{ "./root", ".", "root", false },
		{ ".//root/./dir//new", "root/dir", "new", false },
		{ "root/dir/..", "root", ".", true },
		{ "root/dir/../", "root", ".", true },
		{ "root/dir/../.", "root", ".", true },
		{ "root/../outside/file", "outside", "file", false },
		{ "..", "/tmp", ".", true },
		{ ".", ".", ".", true },
		{ "./", ".", ".", true },
		{ "...", ".", "...", false },
		{ "..x", ".", "..x", false },
		{ "C:\\", ".", "C:\\", false },
		{ "/", "/", ".", true },
		{ "//", "/", ".", true },
		{ "/.", "/", ".", true },
		{ "/..", "/", ".", true },
		{ "/tmp", "/", "tmp", false },
		{ "//tmp/", "/", "tmp", true },
	};
	int before = descriptors ();

	NEED_OPENAT2 (_i);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		leads (&everything, directory, table[i].path, i % 2 ? TARGET_WRITE : 0, table[i].above, table[i].name,
			table[i].slash);
	/* Without a base the path is relative to the working directory. */
	ck_assert_int_eq (chdir (in ("root")), 0);
	leads (&everything, NULL, "dir", 0, "root", "dir", false);
	leads (&everything, NULL, "dir/file", 0, "root/dir", "file", false);
	leads (&everything, NULL, "../outside/", 0, ".", "outside", true);
	leads (&everything, NULL, ".", 0, "root", ".", true);
	ck_assert_int_eq (chdir ("/"), 0);
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

START_TEST (bound)
{
	static const struct {
		const char *path, *above, *name;
		bool slash;
	} table[] = {
		{ "dir/file", "root/dir", "file", false },
		{ "dir//./sub///", "root/dir", "sub", true },
		{ "dir/sub/.", "root/dir", "sub", true },
		{ "new", "root", "new", false },
		{ "C:\\", "root", "C:\\", false },
		{ "...", "root", "...", false },
		{ ".", "root", ".", true },
	};
	char text[TARGET_PATH_MAX];
	int before = descriptors ();

	NEED_OPENAT2 (_i);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (unsigned flags = 0; flags <= TARGET_WRITE; flags++) {
			leads (&roots, in ("root"), table[i].path, flags, table[i].above, table[i].name,
				table[i].slash);
			snprintf (text, sizeof text, "/%s/./root//%s", directory, table[i].path);
			leads (&roots, NULL, text, flags, table[i].above, table[i].name, table[i].slash);
		}
	/* The root itself, in all its notations; and where the base is beneath it. */
	leads (&roots, NULL, in ("root"), TARGET_WRITE, "root", ".", true);
	leads (&roots, NULL, in ("root/"), 0, "root", ".", true);
	leads (&roots, in ("root/dir"), ".", TARGET_WRITE, "root/dir", ".", true);
	leads (&roots, in ("root/dir"), "./sub", TARGET_WRITE, "root/dir", "sub", false);
	leads (&roots, directory, "root/dir", TARGET_WRITE, "root", "dir", false);
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

START_TEST (bad_paths)
{
	static const struct {
		const char *path;
		enum code code;
	} table[] = {
		{ "", CODE_BAD_VALUE },
		{ "../x", CODE_BAD_VALUE },
		{ "..", CODE_BAD_VALUE },
		{ "dir/..", CODE_BAD_VALUE },
		{ "dir/../file", CODE_BAD_VALUE },
		{ "a/../../x", CODE_BAD_VALUE },
		{ "/etc/x", CODE_DENIED },
		{ "/", CODE_DENIED },
		{ "/etc/../x", CODE_BAD_VALUE },
		{ "none/x", CODE_NOT_FOUND },
		{ "dir/file/x", CODE_NOT_FOUND },
	};
	char path[TARGET_PATH_MAX + 2];
	int before = descriptors ();

	NEED_OPENAT2 (_i);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		refused (&roots, in ("root"), table[i].path, table[i].code);
	refused (&roots, NULL, "dir/file", CODE_DENIED); /* the working directory is no root */
	refused (&roots, directory, "outside/file", CODE_DENIED);
	refused (&roots, directory, "root2/file", CODE_DENIED);
	refused (&roots, directory, ".", CODE_DENIED);
	refused (&everything, directory, "", CODE_BAD_VALUE);
	refused (&everything, directory, "none/x", CODE_NOT_FOUND);
	ck_assert_int_eq (err.sys, ENOENT);
	refused (&everything, directory, "root/dir/file/x", CODE_NOT_FOUND);
	ck_assert_int_eq (err.sys, ENOTDIR);

	/* 255 bytes are a name, 256 are too many; 4095 are a path, with "./" and all, 4096 are too many. */
	memset (path, 'x', sizeof path);
	path[256] = '\0';
	refused (&roots, in ("root"), path, CODE_BAD_VALUE);
	path[255] = '\0';
	leads (&roots, in ("root"), path, TARGET_WRITE, "root", path, false);
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : '.';
	path[4097] = '\0';
	refused (&roots, in ("root"), path, CODE_BAD_VALUE);
	path[4096] = '\0';
	refused (&everything, directory, path, CODE_BAD_VALUE);
	path[4095] = '\0';
	leads (&roots, in ("root"), path, TARGET_WRITE, "root", ".", true);
	/* With its base the path is too long. */
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : 'x';
	path[4095] = '\0';
	refused (&roots, in ("root"), path, CODE_BAD_VALUE);
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

START_TEST (longest_root)
{
	NEED_OPENAT2 (_i);
	make_directory ("rooting");
	make_directory ("root/dir/sub/deep");
	add_root (in ("root/dir"), false);
	add_root (in ("root/dir/sub/deep"), true);

	leads (&roots, directory, "root/new", TARGET_WRITE, "root", "new", false);
	leads (&roots, directory, "root/dirt", TARGET_WRITE, "root", "dirt", false);
	leads (&roots, directory, "root/dir/sub/deep/new", TARGET_WRITE, "root/dir/sub/deep", "new", false);
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/dir/new", 0, &err), 0);
	ck_assert (!target.writable);
	target_close (&target);
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/new", 0, &err), 0);
	ck_assert (target.writable);
	target_close (&target);

	ck_assert_int_eq (target_open (&target, &roots, directory, "root/dir/new", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/dir", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/dir/sub/deeper", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_int_eq (target_open_directory (&roots, directory, "root/dir/sub", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	/* Only whole components count. */
	refused (&roots, directory, "rooting/x", CODE_DENIED);
	refused (&roots, directory, "roo", CODE_DENIED);
}
END_TEST

START_TEST (odd_roots)
{
	static struct roots none = { .bound = true };
	int fd;

	NEED_OPENAT2 (_i);
	refused (&none, directory, "root/dir/file", CODE_DENIED);
	refused (&none, NULL, "/", CODE_DENIED);

	/* A root that is a link, a root through a link, a root that does not exist, a root that is a file. */
	make_link ("alias", "root");
	add_root (in ("alias"), true);
	leads (&roots, directory, "alias/dir/new", TARGET_WRITE, "root/dir", "new", false);
	leads (&roots, directory, "alias", TARGET_WRITE, "root", ".", true);
	add_root (in ("alias/dir/none"), true);
	refused (&roots, directory, "alias/dir/none/x", CODE_NOT_FOUND);
	add_root (in ("alias/dir/file"), true);
	refused (&roots, directory, "alias/dir/file", CODE_NOT_FOUND);

	/* "/" is one, too. */
	drop_roots ();
	add_root ("/", false);
	leads (&roots, directory, "root/dir/file", 0, "root/dir", "file", false);
	leads (&roots, NULL, "/", 0, "/", ".", true);
	leads (&roots, NULL, "/tmp", 0, "/", "tmp", false);
	fd = target_open_directory (&roots, NULL, "/", 0, &err);
	ck_assert (fd >= 0 && is (fd, "/"));
	fd_close (&fd);
	ck_assert_int_eq (target_open (&target, &roots, directory, "root/new", TARGET_WRITE, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	refused_as (target_open_directory (&roots, NULL, "/proc/self/root/etc", 0, &err), &roots, "/proc/self/root/etc",
		CODE_DENIED, "place_open_directory");
	refused_as (target_open_source (&roots, NULL, "/proc/self/exe", &err), &roots, "/proc/self/exe", CODE_DENIED,
		"place_open_source");
}
END_TEST

/* --- what is opened ----------------------------------------------------------------------------------------------- */

START_TEST (directories)
{
	int before = descriptors (), fd;

	NEED_OPENAT2 (_i);
	for (unsigned flags = 0; flags <= TARGET_WRITE; flags++) {
		fd = target_open_directory (&roots, directory, "root/dir/", flags, &err);
		ck_assert (fd >= 0 && is (fd, "root/dir"));
		ck_assert_int_eq (fcntl (fd, F_GETFL) & (O_ACCMODE | O_PATH | O_DIRECTORY), O_RDONLY | O_DIRECTORY);
		ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq (fsync (fd), 0);
		fd_close (&fd);
		fd = target_open_directory (&roots, directory, "root", flags, &err);
		ck_assert (fd >= 0 && is (fd, "root"));
		fd_close (&fd);
		ck_assert_int_eq (target_open_directory (&roots, directory, "root/none", flags, &err), -1);
		ck_assert_int_eq (err.code, CODE_NOT_FOUND);
		ck_assert_int_eq (err.sys, ENOENT);
		ck_assert_int_eq (target_open_directory (&roots, directory, "root/dir/file", flags, &err), -1);
		ck_assert_int_eq (err.code, CODE_NOT_FOUND);
		ck_assert_int_eq (err.sys, ENOTDIR);
	}
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

static void make_special (void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s/root/socket", directory);
	ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
	fd_close (&fd);
	ck_assert_int_eq (mkfifo (in ("root/fifo"), 0600), 0);
	make_link ("root/to-fifo", "fifo");
	make_link ("root/device", "/dev/null");
}

START_TEST (sources)
{
	static const char *const special[] = { "root/fifo", "root/to-fifo", "root/socket", "root/device" };
	const struct roots *both[] = { &roots, &everything };
	int before = descriptors (), fd;

	NEED_OPENAT2 (_i);
	make_special ();
	for (size_t i = 0; i < 2; i++) {
		fd = target_open_source (both[i], directory, "root/dir/file", &err);
		ck_assert (fd >= 0 && is (fd, "root/dir/file"));
		ck_assert_int_eq (fcntl (fd, F_GETFL) & (O_ACCMODE | O_PATH), O_RDONLY);
		ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
		fd_close (&fd);
		fd = target_open_source (both[i], directory, "root", &err);
		ck_assert (fd >= 0 && is (fd, "root"));
		fd_close (&fd);
		ck_assert_int_eq (target_open_source (both[i], directory, "root/dir/file/", &err), -1);
		ck_assert_int_eq (err.code, CODE_NOT_FOUND);
		ck_assert_int_eq (target_open_source (both[i], directory, "root/none", &err), -1);
		ck_assert_int_eq (err.code, CODE_NOT_FOUND);
	}
	for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
		ck_assert_int_eq (target_open_source (&everything, directory, special[i], &err), -1);
		ck_assert_msg (err.code == CODE_BAD_VALUE, "%s: %s", special[i], err.text);
		ck_assert_int_eq (target_open_source (&roots, directory, special[i], &err), -1);
	}
	ck_assert_int_eq (descriptors (), before);
}
END_TEST

/* A FIFO without another end does not block. */
START_TEST (components)
{
	int above = open (in ("root"), O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	make_special ();
	fd = target_open_at (above, "fifo", 0);
	ck_assert (fd >= 0 && is (fd, "root/fifo"));
	ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
	fd_close (&fd);
	fd = target_open_at (above, "dir", O_DIRECTORY);
	ck_assert (fd >= 0 && is (fd, "root/dir"));
	fd_close (&fd);
	fd = target_open_at (above, ".", 0);
	ck_assert (fd >= 0 && is (fd, "root"));
	fd_close (&fd);
	ck_assert_int_eq (target_open_at (above, "to-fifo", 0), -1);
	ck_assert_int_eq (errno, ELOOP);
	ck_assert_int_eq (target_open_at (above, "none", 0), -1);
	ck_assert_int_eq (errno, ENOENT);
	ck_assert_int_eq (target_open_at (above, "dir/file", 0), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (target_open_at (above, "..", 0), -1);
	ck_assert_int_eq (errno, EINVAL);
	fd_close (&above);
}
END_TEST

START_TEST (permissions)
{
	const struct roots *both[] = { &roots, &everything };
	uid_t us = geteuid ();

	NEED_OPENAT2 (_i);
	ck_assert_int_eq (chmod (directory, 0755), 0);
	ck_assert_int_eq (chmod (in ("root"), 0755), 0);
	ck_assert_int_eq (chmod (in ("root/dir"), 0), 0);
	ck_assert_int_eq (us == 0 ? seteuid (65534) : 0, 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq (target_open (&target, both[i], directory, "root/dir/sub/x", TARGET_WRITE, &err), -1);
		ck_assert_int_eq (err.code, CODE_DENIED);
		ck_assert_int_eq (err.sys, EACCES);
		ck_assert_int_eq (target_open_directory (both[i], directory, "root/dir", 0, &err), -1);
		ck_assert_int_eq (err.code, CODE_DENIED);
		ck_assert_int_eq (target_open_source (both[i], directory, "root/dir", &err), -1);
		ck_assert_int_eq (err.code, CODE_DENIED);
	}
	ck_assert_int_eq (seteuid (us), 0);
	ck_assert_int_eq (chmod (in ("root/dir"), 0700), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, unbound, 0, 2);
	tcase_add_loop_test (tcase, bound, 0, 2);
	tcase_add_loop_test (tcase, bad_paths, 0, 2);
	tcase_add_loop_test (tcase, longest_root, 0, 2);
	tcase_add_loop_test (tcase, odd_roots, 0, 2);
	tcase_add_loop_test (tcase, directories, 0, 2);
	tcase_add_loop_test (tcase, sources, 0, 2);
	tcase_add_test (tcase, components);
	tcase_add_loop_test (tcase, permissions, 0, 2);
}

CHECK_MAIN ("files/target", add_cases)
