/* target - resolves a path within the roots; see target.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "files/beneath.h"
#include "files/code.h"
#include "files/file_reader.h"
#include "files/target.h"

/* --- the path as text --------------------------------------------------------------------------------------------- */

/* A path behind its base: one slash between components, no ".". "" is the working directory. */
struct way {
	char text[TARGET_PATH_MAX];
	size_t n;
	bool up; /* the path has a ".." */
	bool slash; /* as in struct target */
	bool whole; /* the path does not end in a name: base, "/", or ".." */
};

static int append (struct way *way, const char *component, size_t n, struct err *err)
{
	bool slash = way->n > 0 && way->text[way->n - 1] != '/';

	if (n > TARGET_NAME_MAX)
		return err_set (err, CODE_BAD_VALUE, "a name in it has more than %d bytes", TARGET_NAME_MAX);
	if (way->n + slash + n >= sizeof way->text)
		return err_set (err, CODE_BAD_VALUE, "it has more than %d bytes", TARGET_PATH_MAX - 1);
	if (slash)
		way->text[way->n++] = '/';
	memcpy (way->text + way->n, component, n);
	way->n += n;
	way->text[way->n] = '\0';
	return 0;
}

static int append_path (struct way *way, const char *path, struct err *err)
{
	for (path += strspn (path, "/"); *path; path += strspn (path, "/")) {
		size_t n = strcspn (path, "/");
		bool dot = n == 1 && *path == '.', up = n == 2 && !memcmp (path, "..", 2);

		way->slash = dot || up || path[n] == '/';
		if (!dot) {
			if (append (way, path, n, err) < 0)
				return -1;
			way->up |= up;
			way->whole = up;
		}
		path += n;
	}
	return 0;
}

static int make_way (struct way *way, const char *base, const char *path, struct err *err)
{
	way->text[0] = '\0';
	way->n = 0;
	way->up = false;
	if (!*path)
		return err_set (err, CODE_BAD_VALUE, "the path is empty");
	if (strlen (path) >= TARGET_PATH_MAX)
		return err_set (err, CODE_BAD_VALUE, "it has more than %d bytes", TARGET_PATH_MAX - 1);
	if (*path == '/')
		base = NULL;
	if (*path == '/' || (base && *base == '/'))
		way->text[way->n++] = '/', way->text[way->n] = '\0';
	if (base && append_path (way, base, err) < 0)
		return -1;
	way->whole = way->slash = true;
	return append_path (way, path, err);
}

/* --- the directory to start from ---------------------------------------------------------------------------------- */

/* The start of a lookup: `path` from the directory `fd`, with its bounds. */
struct start {
	int fd; /* of a root, or AT_FDCWD */
	char *path; /* in the way's text */
	enum bounds bounds;
	bool writable;
};

/* The part of the path below the root: "" for the root itself; NULL: not beneath the root. */
static char *rest_beneath (struct way *way, const struct root *root)
{
	size_t n = strlen (root->path);

	if (n == 1)
		n = 0; /* "/": the slash belongs to the rest */
	if (strncmp (way->text, root->path, n) != 0)
		return NULL;
	if (way->text[n] == '/')
		return way->text + n + 1;
	return way->text[n] ? NULL : way->text + n;
}

/* Describe the errno of a failed open; `what` is the operation. */
static int system_failed (const struct start *start, const char *what, struct err *err)
{
	int number = errno;

	if (start->bounds != BOUNDS_NONE && (number == EXDEV || number == ELOOP)) {
		err_set (err, CODE_DENIED,
			"%s: a symbolic link on the way leads out of the root, or must not be followed", what);
		if (err)
			err->sys = number;
		return -1;
	}
	return err_sys (err, number == EAGAIN ? CODE_BUSY : (int)files_code (number), "%s", what);
}

static int start_at_root (struct start *start, const struct roots *roots, struct way *way, bool write, struct err *err)
{
	const struct root *root = NULL;

	for (size_t i = 0; i < roots->n; i++) {
		char *rest = rest_beneath (way, roots->items + i);

		if (rest && (!root || strlen (roots->items[i].path) > strlen (root->path))) {
			root = roots->items + i;
			start->path = rest;
		}
	}
	if (!root)
		return err_set (err, CODE_DENIED, "it is outside the directories that you may reach");
	if (write && !root->writable)
		return err_set (err, CODE_DENIED, "%.200s may only be read", root->path);
	start->writable = root->writable;
	start->bounds = write ? BOUNDS_NO_LINKS : BOUNDS_BENEATH;
	start->fd = beneath_open (AT_FDCWD, root->path, O_PATH | O_DIRECTORY, BOUNDS_NONE);
	if (start->fd < 0)
		return system_failed (start, "the root cannot be opened", err);
	way->whole |= !*start->path;
	way->slash |= way->whole;
	return 0;
}

/* Then start_close. 0, or -1 and err. */
static int start_open (struct start *start, const struct roots *roots, struct way *way, bool write, struct err *err)
{
	*start = (struct start){ .fd = AT_FDCWD, .path = way->text, .bounds = BOUNDS_NONE, .writable = true };
	if (!roots->bound)
		return 0;
	if (way->up)
		return err_set (err, CODE_BAD_VALUE, "a path must not contain \"..\" here");
	return start_at_root (start, roots, way, write, err);
}

static void start_close (struct start *start)
{
	if (start->fd != AT_FDCWD)
		fd_close (&start->fd);
}

static int start_go (const struct start *start, const char *path, int flags)
{
	return beneath_open (start->fd, *path ? path : ".", flags, start->bounds);
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static int hold (struct target *target, const struct way *way, const struct start *start, struct err *err)
{
	char *path = start->path, *slash = strrchr (path, '/');
	const char *above = path;

	if (way->whole) {
		strcpy (target->name, ".");
	} else {
		strcpy (target->name, slash ? slash + 1 : path); /* append has checked its length */
		if (slash)
			*slash = '\0';
		above = !slash ? "" : slash == path ? "/" : path;
	}
	target->slash = way->slash;
	target->writable = start->writable;
	target->directory = start_go (start, above, O_PATH | O_DIRECTORY);
	return target->directory < 0 ? system_failed (start, "its directory cannot be opened", err) : 0;
}

int target_open (struct target *target, const struct roots *roots, const char *base, const char *path, unsigned flags,
	struct err *err)
{
	struct start start;
	struct way way;
	int result;

	target->directory = -1;
	if (make_way (&way, base, path, err) < 0 || start_open (&start, roots, &way, flags & TARGET_WRITE, err) < 0)
		return -1;
	result = hold (target, &way, &start, err);
	start_close (&start);
	return result;
}

void target_close (struct target *target)
{
	fd_close (&target->directory);
}

int target_open_directory (
	const struct roots *roots, const char *base, const char *path, unsigned flags, struct err *err)
{
	struct start start;
	struct way way;
	int fd;

	if (make_way (&way, base, path, err) < 0 || start_open (&start, roots, &way, flags & TARGET_WRITE, err) < 0)
		return -1;
	fd = start_go (&start, start.path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		system_failed (&start, "the directory cannot be opened", err);
	start_close (&start);
	return fd;
}

/* Open again the file that was checked, and not the file that has its name now: through the magic link in /proc, which
 * works even for a removed file. ENOENT therefore means that /proc is missing. Whoever has a lease on the file
 * (fcntl(2)), such as a file server, is waited for: the kernel ends the lease after /proc/sys/fs/lease-break-time. */
static int open_again (int fd)
{
	char link[64];

	snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
	return open (link, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

static int reopen (const struct start *start, int fd, struct err *err)
{
	int result;

	if ((result = open_again (fd)) >= 0)
		return result;
	if (errno == ENOENT)
		return err_set (err, CODE_IO_ERROR, "it cannot be opened: there is no /proc");
	return system_failed (start, "it cannot be opened", err);
}

static int open_source (const struct start *start, const struct way *way, struct err *err)
{
	int fd = start_go (start, start->path, way->slash ? O_PATH | O_DIRECTORY : O_PATH), result = -1;
	struct stat st;

	if (fd < 0 || fstat (fd, &st) < 0)
		system_failed (start, "it cannot be opened", err);
	else if (!S_ISREG (st.st_mode) && !S_ISDIR (st.st_mode))
		err_set (err, CODE_BAD_VALUE, "%s", file_reader_refusal (st.st_mode));
	else
		result = reopen (start, fd, err);
	fd_close (&fd);
	return result;
}

int target_open_source (const struct roots *roots, const char *base, const char *path, struct err *err)
{
	struct start start;
	struct way way;
	int fd;

	if (make_way (&way, base, path, err) < 0 || start_open (&start, roots, &way, false, err) < 0)
		return -1;
	fd = open_source (&start, &way, err);
	start_close (&start);
	return fd;
}

int target_open_at (int directory, const char *name, int extra)
{
	if (strchr (name, '/') || !strcmp (name, "..")) {
		errno = EINVAL;
		return -1;
	}
	return openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | extra);
}

int target_open_file_at (int directory, const char *name)
{
	int fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), held;
	struct stat st;

	if (fd >= 0 || errno != EWOULDBLOCK || (held = openat (directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return fd;
	if (fstat (held, &st) == 0 && S_ISREG (st.st_mode))
		fd = open_again (held);
	else
		errno = EWOULDBLOCK;
	fd_close (&held);
	return fd;
}

void target_without_openat2 (bool without)
{
	beneath_without_openat2 (without);
}
