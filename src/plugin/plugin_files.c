/* plugin_files - see plugin_files.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "plugin/declaration.h"
#include "plugin/load_so.h"
#include "plugin/plugin_files.h"

/* All kinds of plugins. */
static const struct plugin_kind *const kinds[] = { &plugin_so };

/* The kind of the file, by the suffix of its name, which begins at *n; NULL: the file is no plugin. */
static const struct plugin_kind *kind_of (const char *entry, size_t *n)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t whole = strlen (entry), suffix = strlen (kinds[i]->suffix);

		if (whole > suffix && !strcmp (entry + whole - suffix, kinds[i]->suffix) && *entry != '.') {
			*n = whole - suffix;
			return kinds[i];
		}
	}
	return NULL;
}

static void open_file (struct plugin_file *file, int directory, const char *directory_path, const char *entry)
{
	struct err why = { .text = "out of memory" };

	file->fd = trusted_open_at (directory, directory_path, entry, TRUSTED_FILE, &why);
	if (file->fd < 0)
		file->refused = strdup (why.text);
}

static int by_name (const void *a, const void *b)
{
	return strcmp (((const struct plugin_file *)a)->name, ((const struct plugin_file *)b)->name);
}

/* The plugin with that name in an earlier directory, or NULL. */
static struct plugin_file *find_file (const struct plugin_files *files, const char *name, size_t n)
{
	for (size_t i = 0; i < files->n_items; i++)
		if (strlen (files->items[i].name) == n && !memcmp (files->items[i].name, name, n))
			return &files->items[i];
	return NULL;
}

static int shadow (struct plugin_file *file, const char *directory, const char *entry)
{
	if (file->shadowed || asprintf (&file->shadowed, "%s/%s", directory, entry) >= 0)
		return 0;
	file->shadowed = NULL;
	return -1;
}

static int add_file (
	struct plugin_files *files, int directory, const char *path, const char *entry, const struct config *config)
{
	const struct config_plugin *section;
	struct plugin_file file = { .fd = -1 }, *more;
	size_t n;

	if (!(file.kind = kind_of (entry, &n)))
		return 0;
	if ((more = find_file (files, entry, n)))
		return shadow (more, path, entry);
	if (!(file.name = strndup (entry, n)))
		return -1;
	section = config_plugin (config, file.name);
	if (section && !section->enabled) {
		free (file.name);
		return 0;
	}
	if (!(more = reallocarray (files->items, files->n_items + 1, sizeof *more))) {
		free (file.name);
		return -1;
	}
	if (files->n_items < PLUGIN_FILES)
		open_file (&file, directory, path, entry);
	else
		file.refused = strdup ("there are too many plugins");
	files->items = more;
	files->items[files->n_items++] = file;
	return file.fd < 0 && !file.refused ? -1 : 0; /* out of memory for the reason */
}

static int add_directory (struct plugin_files *files, const char *path, const struct config *config, struct err *err)
{
	struct err why;
	int fd = trusted_open (path, TRUSTED_DIRECTORY, &why), result = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir (fd);
	struct dirent *entry;

	if (!directory) {
		if (fd >= 0)
			err_sys (&why, 0, "%.300s", path);
		fd_close (&fd);
		err_set (err, 0, "the plugins' directory: %.400s", why.text);
		if (err)
			err->sys = why.sys;
		return -1;
	}
	while (!result && (errno = 0, entry = readdir (directory)))
		result = add_file (files, dirfd (directory), path, entry->d_name, config);
	/* Only errno shows that a directory was not read to its end (readdir(3)). */
	if (result || errno)
		result = err_sys (err, 0, "the plugins' directory %s", path);
	closedir (directory);
	return result;
}

int plugin_files_open (struct plugin_files *files, const struct config *config, struct err *err)
{
	int result = 0;

	*files = (struct plugin_files){ 0 };
	for (size_t i = 0; i < config->n_plugins_directories && !result; i++)
		result = add_directory (files, config->plugins_directories[i], config, err);
	if (!result && files->n_items)
		qsort (files->items, files->n_items, sizeof *files->items, by_name);
	if (result)
		plugin_files_close (files);
	return result;
}

void plugin_files_close (struct plugin_files *files)
{
	for (size_t i = 0; i < files->n_items; i++) {
		free (files->items[i].name);
		free (files->items[i].refused);
		free (files->items[i].shadowed);
		fd_close (&files->items[i].fd);
	}
	free (files->items);
	*files = (struct plugin_files){ 0 };
}
