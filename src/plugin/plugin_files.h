/* plugin_files - the supervisor's part: the files in the plugin directories, and whether they may be loaded.
 *
 * The supervisor opens the files once per generation. Every worker loads the plugins from those descriptors, so that
 * all workers of a generation run the same inodes, even when the directories change. A refused file keeps the reason,
 * and the other files are still opened.
 */
#ifndef REMEX_PLUGIN_PLUGIN_FILES_H
#define REMEX_PLUGIN_PLUGIN_FILES_H

#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"

enum { PLUGIN_FILES = 128 }; /* more are refused: a keeper passes on only so many (KEEPER_FDS) */

struct plugin_file {
	char *name; /* the file's name without its suffix */
	const struct plugin_kind *kind; /* by its suffix */
	int fd; /* -1: refused */
	char *refused; /* the reason, or NULL */
	char *shadowed; /* the path of an ignored file with the same name, in a later directory; or NULL */
};

struct plugin_files {
	struct plugin_file *items;
	size_t n_items;
};

/* Open every plugin in the configured directories, in the order of their names, except plugins with `plugins.NAME:
 * false`. A file that is no TRUSTED_FILE (base/trusted.h) is refused. 0; -1 and err when a directory is no
 * TRUSTED_DIRECTORY or cannot be read. */
int plugin_files_open (struct plugin_files *files, const struct config *config, struct err *err);
void plugin_files_close (struct plugin_files *files);

#endif
