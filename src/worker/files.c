/* files - the supervisor's half of plugins.h: which shared objects may be loaded at all. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "worker/plugins.h"

/* Why a file or directory of ours must not be trusted, or NULL. */
static const char *untrusted (const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid ())
		return "owned by neither root nor the daemon's user";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "writable by group or others";
	return NULL;
}

static void open_file (struct plugin_file *file, int directory, const char *entry)
{
	struct stat st;
	const char *why = NULL;

	file->fd = openat (directory, entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0 || fstat (file->fd, &st) < 0)
		why = strerror (errno);
	else if (!S_ISREG (st.st_mode))
		why = "not a regular file";
	else
		why = untrusted (&st);
	if (why) {
		file->refused = strdup (why);
		fd_close (&file->fd);
	}
}

static int by_name (const void *a, const void *b)
{
	return strcmp (((const struct plugin_file *)a)->name, ((const struct plugin_file *)b)->name);
}

static int add_file (struct plugin_files *files, int directory, const char *entry, const struct config *config)
{
	size_t n = strlen (entry);
	const struct config_plugin *section;
	struct plugin_file file = { .fd = -1 }, *more;

	if (n < 4 || strcmp (entry + n - 3, ".so") || *entry == '.')
		return 0;
	if (!(file.name = strndup (entry, n - 3)))
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
		open_file (&file, directory, entry);
	else
		file.refused = strdup ("there are too many plugins");
	files->items = more;
	files->items[files->n_items++] = file;
	return file.fd < 0 && !file.refused ? -1 : 0; /* without memory for the reason */
}

int plugin_files_open (struct plugin_files *files, const struct config *config, struct err *err)
{
	DIR *directory = opendir (config->plugins_directory);
	const char *why;
	struct dirent *entry;
	struct stat st;

	*files = (struct plugin_files){ 0 };
	if (!directory || fstat (dirfd (directory), &st) < 0) {
		err_sys (err, 0, "the plugins' directory %s", config->plugins_directory);
	} else if ((why = untrusted (&st))) {
		err_set (err, 0, "the plugins' directory %s is %s", config->plugins_directory, why);
	} else {
		int result = 0;

		while (!result && (errno = 0, entry = readdir (directory)))
			result = add_file (files, dirfd (directory), entry->d_name, config);
		/* A directory that was read by half has no other mark of it (readdir(3)). */
		if (result || errno)
			result = err_sys (err, 0, "the plugins' directory %s", config->plugins_directory);
		closedir (directory);
		if (!result && files->n_items)
			qsort (files->items, files->n_items, sizeof *files->items, by_name);
		if (result)
			plugin_files_close (files);
		return result;
	}
	if (directory)
		closedir (directory);
	return -1;
}

void plugin_files_close (struct plugin_files *files)
{
	for (size_t i = 0; i < files->n_items; i++) {
		free (files->items[i].name);
		free (files->items[i].refused);
		fd_close (&files->items[i].fd);
	}
	free (files->items);
	*files = (struct plugin_files){ 0 };
}
