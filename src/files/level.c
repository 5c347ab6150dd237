/* level - a directory that is being received; see level.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/access.h"
#include "files/acl.h"
#include "files/code.h"
#include "files/level.h"
#include "files/place.h"
#include "files/temporary.h"

char *level_path (const struct level *level, const char *name, char out[LEVEL_PATH])
{
	size_t n = strlen (level->path), m = strlen (name);
	const char *path = level->path;

	if (n + m + 2 > LEVEL_PATH) {
		path += n + m + 2 - LEVEL_PATH;
		n = strlen (path);
	}
	memcpy (out, path, n);
	if (n)
		out[n++] = '/';
	memcpy (out + n, name, m + 1);
	return out;
}

static struct level *level_new (int fd, struct level *up)
{
	struct level *level = calloc (1, sizeof *level);

	if (!level)
		return NULL;
	*level = (struct level){ .up = up, .references = 1, .fd = fd, .mode = -1 };
	if (up) {
		level_hold (up);
		level->depth = up->depth + 1;
		level->source = up->source;
	}
	return level;
}

/* It is opened for reading, to be synced; one that we may only write to cannot be, by nobody. */
struct level *level_top (int fd, int64_t source)
{
	int readable = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level *level;

	if (readable >= 0) {
		fd_close (&fd);
		fd = readable;
	}
	if ((level = level_new (fd, NULL)))
		level->source = source;
	else
		fd_close (&fd);
	return level;
}

struct level *level_dead (struct level *up, const struct item *item, int64_t source)
{
	struct level *level = level_new (-1, up);

	if (!level)
		return NULL;
	level->source = source;
	if (up)
		level_path (up, item->name, level->path);
	else
		memcpy (level->path, item->name, strlen (item->name) + 1);
	return level;
}

/* A directory that is there, is ours, and is to get the sender's mode: what it does not let us do, it does for as long as we
 * need it. `held` is open with O_PATH, or to be read. */
static void lend (struct level *level, int held)
{
	struct stat st;
	char path[64];

	if (fstat (held, &st) < 0 || st.st_uid != geteuid () || (st.st_mode & 0700) == 0700)
		return;
	snprintf (path, sizeof path, "/proc/self/fd/%d", held);
	if (chmod (path, (st.st_mode & 07777) | 0700) == 0)
		level->lacks = 0700 & ~(int)st.st_mode;
}

/* The one that is there; `ours`: its mode is ours to set. -1 with errno. */
static int open_there (struct level *level, int directory, const char *name, bool ours)
{
	int held, fd;

	if (!ours)
		return openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if ((held = openat (directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return -1;
	lend (level, held);
	fd = openat (held, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd_close (&held);
	return fd;
}

/* Make it or open it. We need to write in it, whatever its mode will be in the end. */
static int make (struct level *level, struct level *up, const char *name, bool preserve, struct err *err)
{
	int mode = level->mode < 0 ? 0777 : level->mode & 0777;

	if (mkdirat (up->fd, name, (mode_t)mode | 0700) == 0) {
		level->made = true;
		level->lacks = 0700 & ~mode;
		level_change (up);
	} else if (errno != EEXIST) {
		return err_sys (err, files_code (errno), "cannot make the directory");
	}
	level->fd = open_there (level, up->fd, name, !level->made && preserve && level->mode >= 0);
	if (level->fd >= 0)
		return 0;
	/* O_DIRECTORY comes first: a link is "not a directory", which would puzzle whoever sees that it leads to one. */
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set (err, CODE_BAD_VALUE,
			"something that is no directory is in its place (symbolic links are not followed)");
	return err_sys (err, files_code (errno), "cannot open the directory");
}

struct level *level_enter (struct level *up, const struct item *item, const char *name,
	const struct writing_options *options, struct err *err)
{
	struct level *level = level_new (-1, up);

	if (!level)
		return NULL;
	level->mode = item->mode;
	level->has_mtime = item->has_mtime;
	level->mtime_ns = item->mtime_ns;
	level_path (up, item->name, level->path);
	if (up->fd < 0)
		err_set (err, CODE_FAILED, "its directory could not be made");
	else
		(void)make (level, up, name, options->preserve, err);
	return level;
}

struct level *level_hold (struct level *level)
{
	level->references++;
	return level;
}

void level_change (struct level *level)
{
	level->dirty = level->changed = true;
}

int level_sync (struct level *level, const struct writing_options *options, struct err *err)
{
	int result;

	if (level->fd < 0 || !level->dirty || !options->sync)
		return 0;
	level->dirty = false;
	/* Not every filesystem can do it for directories (fsync(2): EINVAL), and not every directory was to be had for reading
	 * (EBADF: O_PATH). */
	result = fsync (level->fd) == 0 || errno == EINVAL || errno == EBADF ? 0 : -1;
	return result == 0 ? 0 : err_sys (err, CODE_IO_ERROR, "cannot sync the directory");
}

/* The mode: with `preserve` the sender's; otherwise ours is what mkdir(2) made of it, less what we added. What set-id bits a
 * directory has got from its parent it keeps. */
static int set_mode (struct level *level, const struct writing_options *options, struct err *err)
{
	struct stat st;
	mode_t mode;
	bool said = options->preserve && level->mode >= 0, listed;
	struct acl acl;

	if (!said && !level->lacks)
		return 0;
	if (fstat (level->fd, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot look at the directory");
	mode = st.st_mode & 07777 & ~(mode_t)level->lacks;
	if (said)
		mode = options->set_id ? (mode_t)level->mode & 07777
				       : (st.st_mode & 07000) | ((mode_t)level->mode & 0777);
	/* With a list, the group's bits are its mask: the sender's mode says what the group may, and there is no list then. */
	listed = said && acl_read (level->fd, ACL_ACCESS, &acl) != ACL_NONE;
	if (!listed && mode == (st.st_mode & 07777))
		return 0;
	if ((listed ? access_set_mode (level->fd, mode) : fchmod (level->fd, mode)) < 0)
		return err_sys (err, files_code (errno), "cannot set the directory's mode");
	level->lost = listed && !level->made;
	return 0;
}

int level_finish (struct level *level, const struct writing_options *options, struct err *err)
{
	if (level->fd >= 0 && level->changed)
		temporary_tidy (level->fd);
	if (level->fd < 0 || !level->up)
		return level_sync (level, options, err);
	if (set_mode (level, options, err) < 0)
		return -1;
	if (options->preserve && level->has_mtime) {
		int64_t second = 1000000000, left = level->mtime_ns % second;
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
			{ .tv_sec = level->mtime_ns / second - (left < 0),
				.tv_nsec = left < 0 ? left + second : left } };

		if (futimens (level->fd, times) < 0)
			return err_sys (err, files_code (errno), "cannot set the directory's time");
		level->dirty = true;
	}
	return level_sync (level, options, err);
}

void level_free (struct level *level)
{
	fd_close (&level->fd);
	free (level);
}
