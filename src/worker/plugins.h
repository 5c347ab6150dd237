/* plugins - shared objects that hold a `struct remex_plugin`: checked, loaded, configured, started.
 *
 * The supervisor opens the files (plugin_files_open), once per generation; every worker loads from those descriptors, so
 * that all workers of a generation run the same inodes, whatever happens in the directory meanwhile. A file that is
 * refused keeps its reason, and the rest goes on.
 */
#ifndef REMEX_WORKER_PLUGINS_H
#define REMEX_WORKER_PLUGINS_H

#include <jansson.h>
#include <remex/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"

enum { PLUGIN_FILES = 128 }; /* more are refused: a keeper hands through no more (KEEPER_FDS) */

struct plugin_file {
	char *name; /* the file's name without .so */
	int fd; /* -1: refused */
	char *refused; /* why, or NULL */
	char *shadowed; /* the path of another file of that name, in a later directory, which is not looked at; or NULL */
};

struct plugin_files {
	struct plugin_file *items;
	size_t n_items;
};

/* Open every *.so in the configured directories, in the order of their names, but those with `plugins.NAME: false`.
 * Refused: what is no TRUSTED_FILE (base/trusted.h). 0; -1 and err when the directory is no TRUSTED_DIRECTORY or cannot
 * be read. */
int plugin_files_open (struct plugin_files *files, const struct config *config, struct err *err);
void plugin_files_close (struct plugin_files *files);

struct plugin {
	const struct remex_plugin *host; /* as the plugin has it */
	void *handle, *state;
	struct remex_verb *verbs; /* our copy, in our size; ends with a zero row */
	struct remex_param **params; /* of each verb, likewise; may be NULL */
	struct remex_param *options;
	const char *refused; /* why, or NULL; as long as the process lives */
	bool misconfigured; /* refused for what the configuration says: that is no plugin's fault, and ends the start */
	char *name;
};

struct plugins {
	struct plugin *items;
	size_t n_items;
};

/* Load them all (dlopen(3)), check ABI and names, check the configured options, call start. What fails is
 * refused with a reason, kept in the list. `progress` (-1: none) is a link that is told each one before it is loaded
 * (REC_LOADING), so that it is known which one crashed. 0; -1 and err only without memory. */
int plugins_load (struct plugins *plugins, const struct plugin_files *files, const struct config *config, int progress,
	struct err *err);

/* Call stop of each. The objects stay mapped: the process ends soon. */
void plugins_stop (struct plugins *plugins);

/* The verb PLUGIN.VERB, with its plugin; NULL where there is none. */
const struct remex_verb *plugins_find (const struct plugins *plugins, const char *call, const struct plugin **owner,
	const struct remex_param **params);

/* Why the plugin of that call is refused here, or NULL. */
const char *plugins_refusal (const struct plugins *plugins, const char *call);

/* The verb table of wire/verbs.h. A new reference, or NULL without memory. */
json_t *plugins_table (const struct plugins *plugins);

#endif
