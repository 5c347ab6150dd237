/* plugin_files - the supervisor's part: the files in the plugin directories, and which of them may be loaded at all.
 *
 * The supervisor opens the files once per generation. Every worker loads the plugins from those descriptors, so that all
 * workers of a generation run the same inodes, whatever happens in the directories meanwhile. A file that is refused keeps
 * the reason, and the other files are opened all the same.
 */
#ifndef REMEX_PLUGIN_PLUGIN_FILES_H
#define REMEX_PLUGIN_PLUGIN_FILES_H

#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"

enum { PLUGIN_FILES = 128 }; /* more are refused: a keeper hands through no more (KEEPER_FDS) */

struct plugin_file {
	char *name; /* the file's name without its suffix */
	const struct plugin_kind *kind; /* what its suffix says */
	int fd; /* -1: refused */
	char *refused; /* why, or NULL */
	char *shadowed; /* the path of another file of that name, in a later directory, which is not looked at; or NULL */
};

struct plugin_files {
	struct plugin_file *items;
	size_t n_items;
};

/* Open every plugin in the configured directories, in the order of their names, but those with `plugins.NAME: false`.
 * Refused: what is no TRUSTED_FILE (base/trusted.h). 0; -1 and err when a directory is no TRUSTED_DIRECTORY or cannot
 * be read. */
int plugin_files_open (struct plugin_files *files, const struct config *config, struct err *err);
void plugin_files_close (struct plugin_files *files);

#endif
