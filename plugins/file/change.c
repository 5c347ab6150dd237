/* change - the verbs mkdir and remove; see file.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "file.h"
#include "files/code.h"

enum { DEPTH = 256 };

/* --- mkdir -------------------------------------------------------------------------------------------------------- */

/* 0, also when the directory exists and `parents` is set; -1 and err. */
static int make (const struct reach *reach, const char *path, int mode, bool parents, struct err *err)
{
	struct target target = TARGET_NONE;
	struct stat st;
	int result;

	if (target_open (&target, &reach->roots, reach->home, path, TARGET_WRITE, err) < 0)
		return -1;
	result = mkdirat (target.directory, target.name, (mode_t)mode);
	if (result < 0 && errno == EEXIST && parents &&
		fstatat (target.directory, target.name, &st, reach->roots.bound ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
		S_ISDIR (st.st_mode))
		result = 0;
	if (result < 0)
		err_sys (err, files_code (errno), "cannot make the directory");
	target_close (&target);
	return result;
}

/* Go back from the end of the path to an existing directory, then forward again. Only the last directory gets the
 * mode. */
static int make_with_parents (const struct reach *reach, const char *path, int mode, struct err *err)
{
	char *above = strdup (path), *slash;
	size_t whole = strlen (path), n;
	int result;

	if (!above)
		return err_set (err, CODE_BUSY, "out of memory");
	while (whole > 1 && above[whole - 1] == '/')
		above[--whole] = '\0';
	n = whole;
	while ((result = make (reach, above, n < whole ? 0777 : mode, true, err)) < 0 && err->code == CODE_NOT_FOUND &&
		(slash = strrchr (above, '/')) && slash > above) {
		n = (size_t)(slash - above);
		above[n] = '\0';
		while (n > 1 && above[n - 1] == '/')
			above[--n] = '\0';
	}
	while (result == 0 && n < whole) {
		n += strspn (path + n, "/");
		n += strcspn (path + n, "/");
		memcpy (above, path, n);
		above[n] = '\0';
		result = make (reach, above, n < whole ? 0777 : mode, true, err);
	}
	free (above);
	return result;
}

int file_mkdir (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	long long mode = remex_arg_integer (call, "mode", 0777);
	struct reach reach;
	struct err err;
	int result;

	(void)state;
	if (mode < 0 || mode > 0777)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "'mode' must be from 0 to 511");
	if ((result = reach_open (&reach, call)) == 0) {
		if (remex_arg_bool (call, "parents", false))
			result = make_with_parents (&reach, path, (int)mode, &err);
		else
			result = make (&reach, path, (int)mode, false, &err);
		if (result < 0)
			result = fail (call, path, &err);
	}
	reach_close (&reach);
	return result;
}

/* --- remove ------------------------------------------------------------------------------------------------------- */

static int remove_at (struct remex_call *call, int directory, const char *name, int depth, struct err *err);

/* Remove the content of the directory `fd`, which is closed. */
static int remove_inside (struct remex_call *call, int fd, int depth, struct err *err)
{
	DIR *list = fdopendir (fd);
	struct dirent *entry;
	int result = 0;

	if (!list) {
		err_sys (err, CODE_BUSY, "a directory");
		fd_close (&fd);
		return -1;
	}
	while (result == 0 && (errno = 0, entry = readdir (list))) {
		if (!strcmp (entry->d_name, ".") || !strcmp (entry->d_name, ".."))
			continue;
		if (remex_cancelled (call))
			result = err_set (err, CODE_FAILED, "cancelled");
		else
			result = remove_at (call, dirfd (list), entry->d_name, depth + 1, err);
	}
	if (result == 0 && errno)
		result = err_sys (err, CODE_IO_ERROR, "cannot read a directory");
	closedir (list);
	return result;
}

/* A link is removed, never followed. A name that is gone already is no failure. */
static int remove_at (struct remex_call *call, int directory, const char *name, int depth, struct err *err)
{
	int fd;

	if (unlinkat (directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys (err, files_code (errno), "cannot remove '%s'", name);
	if (depth > DEPTH)
		return err_set (err, CODE_BAD_VALUE, "more than %d levels of directories", DEPTH);
	if ((fd = openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return err_sys (err, files_code (errno), "cannot remove '%s'", name);
	if (remove_inside (call, fd, depth, err) < 0)
		return -1;
	if (unlinkat (directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys (err, files_code (errno), "cannot remove '%s'", name);
	return 0;
}

static int remove_place (struct remex_call *call, const struct target *target, struct err *err)
{
	struct stat st;

	if (!strcmp (target->name, "."))
		return err_set (err, CODE_BAD_VALUE, "a root, or the directory \".\", cannot be removed");
	if (fstatat (target->directory, target->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys (err, files_code (errno), "cannot remove it");
	if (target->slash && !S_ISDIR (st.st_mode))
		return err_set (err, CODE_BAD_VALUE, "is not a directory");
	if (S_ISDIR (st.st_mode) && remex_arg_bool (call, "recursive", false))
		return remove_at (call, target->directory, target->name, 0, err);
	if (unlinkat (target->directory, target->name, S_ISDIR (st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		return err_sys (err, files_code (errno), "cannot remove it");
	return 0;
}

int file_remove (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	struct target target = TARGET_NONE;
	struct reach reach;
	struct err err;
	int result;

	(void)state;
	if ((result = reach_open (&reach, call)) == 0) {
		if (target_open (&target, &reach.roots, reach.home, path, TARGET_WRITE, &err) < 0 ||
			remove_place (call, &target, &err) < 0)
			result = fail (call, path, &err);
	}
	target_close (&target);
	reach_close (&reach);
	return result;
}
