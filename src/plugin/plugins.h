/* plugins - all plugins of a worker: loaded from their files, found by the name of a call, stopped at the end. */
#ifndef REMEX_PLUGIN_PLUGINS_H
#define REMEX_PLUGIN_PLUGINS_H

#include <jansson.h>
#include <remex/plugin.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"
#include "plugin/declaration.h"
#include "plugin/plugin_files.h"

struct plugins {
	struct plugin *items;
	size_t n_items;
};

/* Load one more plugin: read its file, check its declaration and its section of the configuration, start it. A plugin
 * that fails is refused with a reason and kept in the list. 0; -1 and err only when memory runs out. Pointers to
 * earlier plugins become invalid. */
int plugins_add (struct plugins *plugins, const struct plugin_file *file, const struct config *config, struct err *err);

/* Stop each started plugin, the last one first. The loaded objects stay mapped: the process ends soon. */
void plugins_stop (struct plugins *plugins);

/* The verb PLUGIN.VERB and its plugin; NULL: there is no such verb, or the plugin is refused. */
const struct remex_verb *plugins_find (const struct plugins *plugins, const char *call, const struct plugin **owner);

/* The reason why the plugin of that call is refused here, or NULL. */
const char *plugins_refusal (const struct plugins *plugins, const char *call);

/* The verb table of wire/verbs.h. A new reference; NULL: out of memory. */
json_t *plugins_table (const struct plugins *plugins);

#endif
