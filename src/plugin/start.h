/* start - the start of a plugin: its options, as the functions remex_option_* of remex/plugin.h read them. */
#ifndef REMEX_PLUGIN_START_H
#define REMEX_PLUGIN_START_H

#include "base/err.h"
#include "conf/config.h"
#include "plugin/arguments.h"
#include "plugin/declaration.h"

/* The plugin's section of remexd.yaml; valid while start runs. */
struct remex_config {
	struct arguments options;
	char *why; /* ERR_TEXT bytes: the text given to remex_start_fail; "": none */
};

/* Start the plugin with its section of the configuration, through its kind. A fault in the section refuses the plugin,
 * and so does a start that fails. 0; -1: out of memory. */
int plugin_start (struct plugin *plugin, const struct config *config);

#endif
