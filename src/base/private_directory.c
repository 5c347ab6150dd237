/* private_directory - see private_directory.h. */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/private_directory.h"
#include "base/trusted.h"

int private_directory_check (const struct stat *stat, const char *path, struct err *err)
{
	if (!S_ISDIR (stat->st_mode))
		return err_set (err, 0, "%s is %s: it has to be a directory", path,
			S_ISLNK (stat->st_mode) ? "a symbolic link" : "no directory");
	if (stat->st_uid != geteuid ())
		return err_set (err, 0, "%s belongs to uid %u: it has to belong to uid %u", path,
			(unsigned)stat->st_uid, (unsigned)geteuid ());
	if (stat->st_mode & 077)
		return err_set (err, 0, "%s has mode %04o: others may not reach it (chmod 0700)", path,
			(unsigned)stat->st_mode & 07777);
	return 0;
}

int private_directory_open (const char *path, bool make, struct err *err)
{
	struct stat shown, opened;
	int directory;

	if (lstat (path, &shown) < 0) {
		if (errno != ENOENT || !make)
			return err_sys (err, 0, "%s", path);
		if (durable_make_directory (path, 0700, 0755, err) < 0)
			return -1;
		if (lstat (path, &shown) < 0)
			return err_sys (err, 0, "%s", path);
	}
	if (private_directory_check (&shown, path, err) < 0)
		return -1;
	/* The directories above must be trusted, too. */
	if ((directory = trusted_open (path, TRUSTED_DIRECTORY, err)) < 0)
		return -1;
	if (fstat (directory, &opened) == 0 && opened.st_dev == shown.st_dev && opened.st_ino == shown.st_ino)
		return directory;
	fd_close (&directory);
	return err_set (err, 0, "%s was replaced while it was opened", path);
}
