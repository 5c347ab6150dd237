/* open_dir - a directory that is being received; see open_dir.h. */
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
#include "files/open_dir.h"
#include "files/target.h"
#include "files/temporary.h"

char *open_dir_path (const struct open_dir *dir, const char *name, char out[OPEN_DIR_PATH])
{
	size_t n = strlen (dir->path), m = strlen (name);
	const char *path = dir->path;

	if (n + m + 2 > OPEN_DIR_PATH) {
		path += n + m + 2 - OPEN_DIR_PATH;
		n = strlen (path);
	}
	memcpy (out, path, n);
	if (n)
		out[n++] = '/';
	memcpy (out + n, name, m + 1);
	return out;
}

static struct open_dir *open_dir_new (int fd, struct open_dir *up)
{
	struct open_dir *dir = calloc (1, sizeof *dir);

	if (!dir)
		return NULL;
	*dir = (struct open_dir){ .up = up, .references = 1, .fd = fd, .mode = -1 };
	if (up) {
		open_dir_hold (up);
		dir->depth = up->depth + 1;
		dir->source = up->source;
	}
	return dir;
}

/* It is opened for reading, to be synced; one that we may only write to cannot be, by nobody. */
struct open_dir *open_dir_top (int fd, int64_t source)
{
	int readable = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct open_dir *dir;

	if (readable >= 0) {
		fd_close (&fd);
		fd = readable;
	}
	if ((dir = open_dir_new (fd, NULL)))
		dir->source = source;
	else
		fd_close (&fd);
	return dir;
}

struct open_dir *open_dir_dead (struct open_dir *up, const struct item *item, int64_t source)
{
	struct open_dir *dir = open_dir_new (-1, up);

	if (!dir)
		return NULL;
	dir->source = source;
	if (up)
		open_dir_path (up, item->name, dir->path);
	else
		memcpy (dir->path, item->name, strlen (item->name) + 1);
	return dir;
}

/* A directory that is there, is ours, and is to get the sender's mode: what it does not let us do, it does for as long as we
 * need it. `held` is open with O_PATH, or to be read. */
static void lend (struct open_dir *dir, int held)
{
	struct stat st;
	char path[64];

	if (fstat (held, &st) < 0 || st.st_uid != geteuid () || (st.st_mode & 0700) == 0700)
		return;
	snprintf (path, sizeof path, "/proc/self/fd/%d", held);
	if (chmod (path, (st.st_mode & 07777) | 0700) == 0)
		dir->lacks = 0700 & ~(int)st.st_mode;
}

/* The one that is there; `ours`: its mode is ours to set. -1 with errno. */
static int open_there (struct open_dir *dir, int directory, const char *name, bool ours)
{
	int held, fd;

	if (!ours)
		return openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if ((held = openat (directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return -1;
	lend (dir, held);
	fd = openat (held, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd_close (&held);
	return fd;
}

/* Make it or open it. We need to write in it, whatever its mode will be in the end. Beneath a default list mkdir(2) leaves the
 * umask out; as of cp(1), group and others may not write there all the same where the umask says so. */
static int make (struct open_dir *dir, struct open_dir *up, const char *name, bool preserve, struct err *err)
{
	mode_t mode = (dir->mode < 0 ? 0777 : (mode_t)dir->mode & 0777) & ~(access_umask () & 022);

	if (mkdirat (up->fd, name, mode | 0700) == 0) {
		dir->made = true;
		dir->lacks = 0700 & ~(int)mode;
		open_dir_change (up);
	} else if (errno != EEXIST) {
		return err_sys (err, files_code (errno), "cannot make the directory");
	}
	dir->fd = open_there (dir, up->fd, name, !dir->made && preserve && dir->mode >= 0);
	if (dir->fd >= 0)
		return 0;
	/* O_DIRECTORY comes first: a link is "not a directory", which would puzzle whoever sees that it leads to one. */
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set (err, CODE_BAD_VALUE,
			"something that is no directory is in its place (symbolic links are not followed)");
	return err_sys (err, files_code (errno), "cannot open the directory");
}

struct open_dir *open_dir_enter (struct open_dir *up, const struct item *item, const char *name,
	const struct file_writer_options *options, struct err *err)
{
	struct open_dir *dir = open_dir_new (-1, up);

	if (!dir)
		return NULL;
	dir->mode = item->mode;
	dir->has_mtime = item->has_mtime;
	dir->mtime_ns = item->mtime_ns;
	open_dir_path (up, item->name, dir->path);
	if (up->fd < 0)
		err_set (err, CODE_FAILED, "its directory could not be made");
	else
		(void)make (dir, up, name, options->preserve, err);
	return dir;
}

struct open_dir *open_dir_hold (struct open_dir *dir)
{
	dir->references++;
	return dir;
}

void open_dir_change (struct open_dir *dir)
{
	dir->dirty = dir->changed = true;
}

int open_dir_sync (struct open_dir *dir, const struct file_writer_options *options, struct err *err)
{
	int result;

	if (dir->fd < 0 || !dir->dirty || !options->sync)
		return 0;
	dir->dirty = false;
	/* Not every filesystem can do it for directories (fsync(2): EINVAL), and not every directory was to be had for reading
	 * (EBADF: O_PATH). */
	result = fsync (dir->fd) == 0 || errno == EINVAL || errno == EBADF ? 0 : -1;
	return result == 0 ? 0 : err_sys (err, CODE_IO_ERROR, "cannot sync the directory");
}

/* The mode: with `preserve` the sender's; otherwise ours is what mkdir(2) made of it, less what we added. What set-id bits a
 * directory has got from its parent it keeps. */
static int set_mode (struct open_dir *dir, const struct file_writer_options *options, struct err *err)
{
	struct stat st;
	mode_t mode;
	bool said = options->preserve && dir->mode >= 0, listed;
	struct acl acl;

	if (!said && !dir->lacks)
		return 0;
	if (fstat (dir->fd, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot look at the directory");
	mode = st.st_mode & 07777 & ~(mode_t)dir->lacks;
	if (said)
		mode = options->set_id ? (mode_t)dir->mode & 07777 : (st.st_mode & 07000) | ((mode_t)dir->mode & 0777);
	/* With a list, the group's bits are its mask: the sender's mode says what the group may, and there is no list then. */
	listed = said && acl_read (dir->fd, ACL_ACCESS, &acl) != ACL_NONE;
	if (!listed && mode == (st.st_mode & 07777))
		return 0;
	if ((listed ? access_set_mode (dir->fd, mode) : fchmod (dir->fd, mode)) < 0)
		return err_sys (err, files_code (errno), "cannot set the directory's mode");
	dir->lost = listed && !dir->made;
	return 0;
}

int open_dir_finish (struct open_dir *dir, const struct file_writer_options *options, struct err *err)
{
	if (dir->fd >= 0 && dir->changed)
		temporary_tidy (dir->fd);
	if (dir->fd < 0 || !dir->up)
		return open_dir_sync (dir, options, err);
	if (set_mode (dir, options, err) < 0)
		return -1;
	if (options->preserve && dir->has_mtime) {
		int64_t second = 1000000000, left = dir->mtime_ns % second;
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
			{ .tv_sec = dir->mtime_ns / second - (left < 0), .tv_nsec = left < 0 ? left + second : left } };

		if (futimens (dir->fd, times) < 0)
			return err_sys (err, files_code (errno), "cannot set the directory's time");
		dir->dirty = true;
	}
	return open_dir_sync (dir, options, err);
}

void open_dir_free (struct open_dir *dir)
{
	fd_close (&dir->fd);
	free (dir);
}
