/* trusted - see trusted.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trusted.h"

enum { LINKS_MAX = 40 }; /* the kernel's limit (path_resolution(7)) */

struct path_walk {
	const char *path; /* the caller's path, for messages */
	enum trusted kind;
	int at; /* the directory that has been reached (O_PATH) */
	char where[PATH_MAX]; /* its name without links, "" for / */
	char rest[PATH_MAX]; /* the rest of the path, from there */
	int links; /* followed so far */
	struct err *err;
};

/* --- owners and modes ---------------------------------------------------------------------------------------- */

static int refuse (struct path_walk *walk, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static int refuse (struct path_walk *walk, const char *fmt, ...)
{
	va_list args;

	va_start (args, fmt);
	err_vset (walk->err, 0, fmt, args);
	va_end (args);
	if (walk->err)
		walk->err->sys = EPERM;
	return -1;
}

/* Fail with errno, for the path as a whole. */
static int fail (struct path_walk *walk)
{
	return err_sys (walk->err, 0, "%.300s", walk->path);
}

static bool is_ours (uid_t uid)
{
	return uid == 0 || uid == geteuid ();
}

/* Is that the uid that stands for all owners without a uid in this user namespace? */
static bool is_unmapped (uid_t uid)
{
	unsigned long overflow = 65534, inside, outside, n;
	FILE *file = fopen ("/proc/sys/kernel/overflowuid", "re");
	bool mapped = false;

	if (file) {
		if (fscanf (file, "%lu", &overflow) != 1)
			overflow = 65534;
		fclose (file);
	}
	if (uid != overflow || !(file = fopen ("/proc/self/uid_map", "re")))
		return false;
	while (fscanf (file, "%lu %lu %lu", &inside, &outside, &n) == 3)
		mapped = mapped || (uid >= inside && uid - inside < n);
	fclose (file);
	return !mapped;
}

/* "root", or "root or uid 1000", in `out`. */
static const char *owners (char out[40])
{
	if (geteuid () == 0)
		return "root";
	snprintf (out, 40, "root or uid %u", (unsigned)geteuid ());
	return out;
}

/* Check a directory on the way; its name is walk->where. */
static int judge_above (struct path_walk *walk, const struct stat *st)
{
	const char *where = *walk->where ? walk->where : "/";
	char who[40];

	if (!is_ours (st->st_uid) && !is_unmapped (st->st_uid))
		return refuse (walk, "%.150s belongs to uid %u, not to %s, and that user could exchange %.150s", where,
			(unsigned)st->st_uid, owners (who), walk->path);
	if (st->st_mode & S_IWOTH && !(st->st_mode & S_ISVTX))
		return refuse (walk, "%.130s is writable by others, who could exchange %.130s: chmod o-w %.130s", where,
			walk->path, where);
	return 0;
}

/* Check the file or directory that the caller asked for. */
static int judge (struct path_walk *walk, const struct stat *st)
{
	const char *path = walk->path;
	char who[40];

	if (!is_ours (st->st_uid))
		return refuse (walk, "%.200s belongs to uid %u, not to %s", path, (unsigned)st->st_uid, owners (who));
	if (walk->kind == TRUSTED_SECRET && st->st_mode & (S_IRWXG | S_IRWXO))
		return refuse (walk,
			"%.150s can be read by others (mode %04o): chmod 600 %.150s, or make a new key if somebody has",
			path, (unsigned)st->st_mode & 07777, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH) && !(walk->kind == TRUSTED_PLACE && st->st_mode & S_ISVTX))
		return refuse (walk, "%.200s is writable by group or others: chmod go-w %.200s", path, path);
	return 0;
}

static int judge_link (struct path_walk *walk, const char *name, const struct stat *st)
{
	char who[40];

	if (is_ours (st->st_uid) || is_unmapped (st->st_uid))
		return 0;
	return refuse (walk, "%.150s/%.100s is a symbolic link that belongs to uid %u, not to %s", walk->where, name,
		(unsigned)st->st_uid, owners (who));
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

/* Take the next name off the rest; false when there is none. *last: only slashes follow the name. */
static bool next_name (struct path_walk *walk, char name[NAME_MAX + 2], bool *last)
{
	char *start = walk->rest + strspn (walk->rest, "/"), *end = start + strcspn (start, "/");

	if (!*start)
		return false;
	snprintf (name, NAME_MAX + 2, "%.*s", (int)(end - start), start);
	*last = !end[strspn (end, "/")];
	memmove (walk->rest, end, strlen (end) + 1);
	return true;
}

/* Go to the directory that is open as fd and has that name. The walk owns fd from now on. */
static int enter (struct path_walk *walk, int fd, const char *name)
{
	size_t used = strlen (walk->where);
	struct stat st;

	if (fd < 0)
		return fail (walk);
	fd_close (&walk->at);
	walk->at = fd;
	if (!strcmp (name, "/"))
		*walk->where = '\0';
	else if (!strcmp (name, ".."))
		walk->where[used ? (size_t)(strrchr (walk->where, '/') - walk->where) : 0] = '\0';
	else
		snprintf (walk->where + used, sizeof walk->where - used, "/%s", name);
	return fstat (fd, &st) < 0 ? fail (walk) : judge_above (walk, &st);
}

static int enter_root (struct path_walk *walk)
{
	return enter (walk, open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
}

/* Follow the next name, a symbolic link that is open as fd (O_PATH). */
static int follow (struct path_walk *walk, int fd)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat (fd, "", target, sizeof target - 1);

	if (n < 0)
		return fail (walk);
	target[n] = '\0';
	if (++walk->links > LINKS_MAX)
		errno = ELOOP;
	else if (!n)
		errno = ENOENT;
	else if (snprintf (rest, sizeof rest, "%s/%s", target, walk->rest) >= (int)sizeof rest)
		errno = ENAMETOOLONG;
	else {
		strcpy (walk->rest, rest);
		return *target == '/' ? enter_root (walk) : 0;
	}
	return fail (walk);
}

/* Open `name`, the last name of the path. */
static int open_last (struct path_walk *walk, const char *name)
{
	static const int flags[] = {
		[TRUSTED_FILE] = O_RDONLY | O_NONBLOCK | O_NOCTTY,
		[TRUSTED_SECRET] = O_RDONLY | O_NONBLOCK | O_NOCTTY,
		[TRUSTED_LOG] = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY,
		[TRUSTED_DIRECTORY] = O_RDONLY | O_DIRECTORY,
		[TRUSTED_PLACE] = O_PATH | O_DIRECTORY,
		[TRUSTED_ABOVE] = O_PATH | O_DIRECTORY,
	};
	int fd = openat (walk->at, name, flags[walk->kind] | O_NOFOLLOW | O_CLOEXEC, 0600), good;
	struct stat st;

	if (fd < 0 || fstat (fd, &st) < 0) {
		fail (walk);
		fd_close (&fd);
		return -1;
	}
	if (walk->kind < TRUSTED_DIRECTORY && !S_ISREG (st.st_mode))
		good = refuse (walk, "%.300s is not a regular file", walk->path);
	else
		good = judge (walk, &st);
	if (good < 0)
		fd_close (&fd);
	return fd;
}

/* Handle the next name. 1: go on; 0: *found is the descriptor for the caller; -1 and err. */
static int step (struct path_walk *walk, int *found)
{
	bool last = true, is_file = walk->kind < TRUSTED_DIRECTORY;
	char name[NAME_MAX + 2];
	struct stat st = { 0 };
	int fd, result = 1;

	if (!next_name (walk, name, &last)) /* the path ended with a link to / or to .. */
		strcpy (name, ".");
	else if (!strcmp (name, ".") && !last)
		return 1;
	else if (!strcmp (name, ".."))
		return enter (walk, openat (walk->at, name, O_PATH | O_DIRECTORY | O_CLOEXEC), name) < 0 ? -1 : 1;
	fd = openat (walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 ? !(errno == ENOENT && last && walk->kind == TRUSTED_LOG) : fstat (fd, &st) < 0) {
		result = fail (walk);
	} else if (fd >= 0 && S_ISLNK (st.st_mode)) {
		result = judge_link (walk, name, &st) < 0 || follow (walk, fd) < 0 ? -1 : 1;
	} else if (!last && S_ISDIR (st.st_mode)) {
		result = enter (walk, fd, name) < 0 ? -1 : 1;
		fd = -1;
	} else if (!last) {
		errno = ENOTDIR;
		result = fail (walk);
	} else if (walk->kind == TRUSTED_ABOVE && S_ISDIR (st.st_mode)) {
		result = enter (walk, fd, name) < 0 ? -1 : 0;
		fd = -1;
		if (result == 0) {
			*found = walk->at;
			walk->at = -1;
		}
	} else if (fd >= 0 && is_file && !S_ISREG (st.st_mode)) {
		result = refuse (walk, "%.300s is not a regular file", walk->path);
	} else {
		result = (*found = open_last (walk, name)) < 0 ? -1 : 0;
	}
	fd_close (&fd);
	return result;
}

static int run (struct path_walk *walk, const char *rest)
{
	int found = -1, more = 1;

	if (strlen (rest) >= sizeof walk->rest) {
		errno = ENAMETOOLONG;
		more = fail (walk);
	}
	snprintf (walk->rest, sizeof walk->rest, "%s", rest);
	while (more > 0)
		more = step (walk, &found);
	fd_close (&walk->at);
	return found;
}

/* --- from outside ------------------------------------------------------------------------------------------------- */

int trusted_open (const char *path, enum trusted kind, struct err *err)
{
	struct path_walk walk = { .path = path, .kind = kind, .at = -1, .err = err };

	if (*path != '/')
		return refuse (&walk, "'%.300s' is not an absolute path", path);
	if (enter_root (&walk) < 0) {
		fd_close (&walk.at);
		return -1;
	}
	return run (&walk, path);
}

int trusted_open_at (int directory, const char *directory_path, const char *name, enum trusted kind, struct err *err)
{
	struct path_walk walk = { .kind = kind, .at = fcntl (directory, F_DUPFD_CLOEXEC, 3), .err = err };
	char path[PATH_MAX + NAME_MAX + 2];

	snprintf (path, sizeof path, "%s/%s", directory_path, name);
	snprintf (walk.where, sizeof walk.where, "%s", directory_path);
	walk.path = path;
	return walk.at < 0 ? fail (&walk) : run (&walk, name);
}

char *trusted_read (const char *path, size_t max, size_t *n, struct err *err)
{
	int fd = trusted_open (path, TRUSTED_FILE, err);
	char *data = NULL;
	struct err why;

	if (fd >= 0 && !(data = fd_read_all (fd, max, n, &why))) {
		err_set (err, 0, "%.200s: %.200s", path, why.text);
		if (err)
			err->sys = why.sys;
	}
	fd_close (&fd);
	return data;
}
