/* dsh_groups - see dsh_groups.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "hosts/dsh_groups.h"

/* Add a group for a file, unless an earlier directory has one of this name. A name that cannot be a group, such as
 * "web~" or "web.bak" of an editor, is ignored. */
static int add_file (struct group_source *source, const char *directory, const char *name, struct err *err)
{
	struct group_place place = { .directory = directory, .strict = true, .includes_groups = true };
	char *text, *path;
	const char *one;
	int result;

	if (*name == '.' || name[strlen (name) - 1] == '~' || group_name_check (name, NULL) < 0 ||
		group_source_has (source, name))
		return 0;
	if (asprintf (&text, "^%s/%s", directory, name) < 0)
		return err_set (err, 0, "out of memory");
	path = text + 1;
	place.file = path;
	one = text;
	result = group_source_add (source, name, &one, 1, &place, err);
	free (text);
	return result;
}

static bool is_file (int directory, const char *name)
{
	struct stat st;

	return fstatat (directory, name, &st, 0) == 0 && S_ISREG (st.st_mode);
}

static int read_directory (struct group_source *source, const char *path, struct err *err)
{
	struct err why = { 0 };
	int fd = trusted_open (path, TRUSTED_DIRECTORY, &why), result = 0;
	struct dirent *entry;
	DIR *directory;

	if (fd < 0)
		return why.sys == ENOENT || why.sys == ENOTDIR || why.sys == EACCES ? 0
										    : err_set (err, 0, "%s", why.text);
	if (!(directory = fdopendir (fd))) {
		fd_close (&fd);
		return err_sys (err, 0, "cannot read the directory %.200s", path);
	}
	while (result == 0 && (entry = readdir (directory)))
		if (is_file (dirfd (directory), entry->d_name))
			result = add_file (source, path, entry->d_name, err);
	closedir (directory);
	return result;
}

int dsh_groups_read (struct groups *groups, struct err *err)
{
	struct group_source *source = groups_source (groups, DSH_SOURCE, GROUPS_SEARCHED, NULL);
	const char *home = getenv ("HOME"), *more = getenv ("DSHGROUP_PATH");
	char *path = NULL, *rest, *directory;
	int result = 0;

	if (!source || asprintf (&path, "%s%s%s", home && *home == '/' ? home : "",
			       home && *home == '/' ? "/.dsh/group:" : "", more && *more ? more : "/etc/dsh/group") < 0)
		return err_set (err, 0, "out of memory");
	rest = path;
	while (result == 0 && (directory = strsep (&rest, ":")))
		if (*directory == '/')
			result = read_directory (source, directory, err);
	free (path);
	return result;
}
