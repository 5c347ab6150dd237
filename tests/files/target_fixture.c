/* target_fixture - see target_fixture.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "target_fixture.h"

char directory[64];
static struct root items[4];
struct roots roots = { .items = items, .bound = true };
const struct roots everything = { .bound = false };
struct target target = TARGET_NONE;
struct err err;

const char *in (const char *name)
{
	static char paths[8][TARGET_PATH_MAX];
	static int next;
	char *path = paths[next++ % 8];

	snprintf (path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

void make_file (const char *name)
{
	int fd = open (in (name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	/* The content is the name. */
	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, name, strlen (name)), 0);
	fd_close (&fd);
}

void make_directory (const char *name)
{
	ck_assert_int_eq (mkdir (in (name), 0700), 0);
}

void make_link (const char *name, const char *to)
{
	ck_assert_int_eq (symlink (to, in (name)), 0);
}

void add_root (const char *path, bool writable)
{
	ck_assert_uint_lt (roots.n, sizeof items / sizeof *items);
	items[roots.n++] = (struct root){ .path = strdup (path), .writable = writable };
}

void drop_roots (void)
{
	for (; roots.n > 0; roots.n--)
		free (items[roots.n - 1].path);
}

void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	make_directory ("root");
	make_directory ("root/dir");
	make_directory ("root/dir/sub");
	make_file ("root/dir/file");
	make_file ("root/dir/sub/file");
	make_directory ("outside");
	make_directory ("outside/sub");
	make_file ("outside/file");
	make_file ("outside/sub/file");
	add_root (in ("root"), true);
}

void teardown (void)
{
	char command[256];

	drop_roots ();
	target_close (&target);
	snprintf (command, sizeof command, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (command), 0);
}

bool has_openat2 (int without)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	int fd;

	target_without_openat2 (without);
	if (without)
		return true;
	fd = (int)syscall (SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
	if (fd < 0)
		return false;
	fd_close (&fd);
	return true;
}

/* The same file? `path` is in our directory, or absolute. */
bool is (int fd, const char *path)
{
	struct stat one, other;

	ck_assert_int_eq (fstat (fd, &one), 0);
	ck_assert_msg (stat (*path == '/' ? path : in (path), &other) == 0, "%s", path);
	return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The target is that name in that directory. */
void leads (const struct roots *where, const char *base, const char *path, unsigned flags, const char *above,
	const char *name, bool slash)
{
	ck_assert_msg (target_open (&target, where, base, path, flags, &err) == 0, "%s: %s", path, err.text);
	ck_assert_msg (is (target.directory, above), "%s is not in %s", path, above);
	ck_assert_str_eq (target.name, name);
	ck_assert_msg (target.slash == slash, "%s", path);
	ck_assert_int_eq (fcntl (target.directory, F_GETFD), FD_CLOEXEC);
	target_close (&target);
	ck_assert_int_eq (target.directory, -1);
}

void refused_as (int result, const struct roots *where, const char *path, enum code code, const char *function)
{
	ck_assert_msg (result == -1, "%s: %s opened it", path, function);
	ck_assert_msg (err.code == (int)code, "%s: %s: %s, not %s: %s", path, function, code_name ((enum code)err.code),
		code_name (code), err.text);
	ck_assert_msg (where->bound || err.code != CODE_DENIED, "%s", path);
}

/* All functions refuse the path. */
void refused (const struct roots *where, const char *base, const char *path, enum code code)
{
	target.directory = 1;
	refused_as (target_open (&target, where, base, path, 0, &err), where, path, code, "place_open");
	ck_assert_int_eq (target.directory, -1);
	refused_as (target_open (&target, where, base, path, TARGET_WRITE, &err), where, path, code, "for writing");
	ck_assert_int_eq (target.directory, -1);
	refused_as (target_open_directory (where, base, path, 0, &err), where, path, code, "place_open_directory");
	refused_as (target_open_source (where, base, path, &err), where, path, code, "place_open_source");
}

/* The number of open descriptors, which the functions must close. */
int descriptors (void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl (fd, F_GETFD) >= 0;
	return n;
}
