/* open_dir - a directory that receives files; see open_dir.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/acl.h"
#include "files/code.h"
#include "files/metadata.h"
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

/* Open for reading, so that it can be synced. A directory with write permission alone cannot be synced by anybody. */
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

/* An existing directory of ours that gets the sender's mode: add the permissions we need until the end. `held` is open
 * with O_PATH, or for reading. */
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

/* Open the existing directory; `ours`: its mode is ours to set. -1 with errno. */
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

/* Make the directory, or open it. It must be writable for us, whatever its final mode. In a directory with a default
 * ACL mkdir(2) ignores the umask; as cp(1) does, the umask still removes write permission of group and others. */
static int make (struct open_dir *dir, struct open_dir *up, const char *name, bool preserve, struct err *err)
{
	mode_t mode = (dir->mode < 0 ? 0777 : (mode_t)dir->mode & 0777) & ~(metadata_umask () & 022);

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
	/* O_DIRECTORY is checked first: a link to a directory gives ENOTDIR, so the message mentions links. */
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set (err, CODE_BAD_VALUE,
			"an entry of that name exists and is not a directory (symbolic links are not followed)");
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
	/* Not every filesystem syncs directories (fsync(2): EINVAL), and not every directory can be opened for reading
	 * (EBADF: O_PATH). */
	result = fsync (dir->fd) == 0 || errno == EINVAL || errno == EBADF ? 0 : -1;
	return result == 0 ? 0 : err_sys (err, CODE_IO_ERROR, "cannot sync the directory");
}

/* Set the mode: with `preserve` the sender's, otherwise the result of mkdir(2) without the permissions we added. Set-id
 * bits from the parent directory stay. The sticky bit limits what others may remove: the sender's is taken. */
static int set_mode (struct open_dir *dir, const struct file_writer_options *options, struct err *err)
{
	struct stat st;
	mode_t mode;
	bool said = options->preserve && dir->mode >= 0, listed;
	struct acl acl;

	if (!said && !dir->lacks)
		return 0;
	if (fstat (dir->fd, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot stat the directory");
	mode = st.st_mode & 07777 & ~(mode_t)dir->lacks;
	if (said)
		mode = options->set_id ? (mode_t)dir->mode & 07777 : (st.st_mode & 07000) | ((mode_t)dir->mode & 01777);
	/* With an ACL, the group bits are the mask. The sender's mode gives the group's rights and removes the ACL. */
	listed = said && acl_read (dir->fd, ACL_ACCESS, &acl) != ACL_NONE;
	if (!listed && mode == (st.st_mode & 07777))
		return 0;
	if ((listed ? metadata_set_mode (dir->fd, mode) : fchmod (dir->fd, mode)) < 0)
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
