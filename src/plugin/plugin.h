/* plugin - what a plugin is: a name, a table of verbs, a table of options; and the kinds of plugins.
 *
 * A plugin comes from a file (plugin_files.h) of some kind. The kind is a row of operations, struct plugin_kind, which
 * read the file, start the plugin, and run the handler of a verb. All else is the same for all kinds:
 * the checks of a declaration, the options of remexd.yaml, the table that the front reads.
 *
 *   load_so.c   shared objects that export a struct remex_plugin (remex/plugin.h)
 *
 * States: a plugin is started, or it is refused and keeps the reason. One refused plugin disturbs no other.
 */
#ifndef REMEX_PLUGIN_PLUGIN_H
#define REMEX_PLUGIN_PLUGIN_H

#include <remex/plugin.h>
#include <stdbool.h>

/* What a plugin says about itself. The rows have the size that this remexd knows. Everything lives as long as the process. */
struct declaration {
	const char *name, *version, *summary; /* NULL: it did not say */
	struct remex_verb *verbs; /* ends with a zero row; `params` of each is never NULL, and ends likewise */
	struct remex_param *options; /* ends with a zero row */
};

struct plugin {
	char *name; /* of its file */
	const struct plugin_kind *kind;
	struct declaration declared; /* not refused: it is complete, and was checked */
	const char *refused; /* why, or NULL; as long as the process lives */
	bool misconfigured; /* refused for what the configuration says: that is no plugin's fault, and ends the start */
	const void *loaded; /* the kind's own */
	void *state; /* likewise */
};

/* A kind of plugin. `load` and `start` return 0, also where they refuse the plugin (plugin_refuse); -1 without memory. */
struct plugin_kind {
	const char *suffix; /* of the names of its files: ".so" */
	/* Read the file and fill in plugin->declared, all of it. What it says need not be checked yet. */
	int (*load) (struct plugin *plugin, int fd);
	/* The declaration was checked. `options` are those of remexd.yaml, good during the call. */
	int (*start) (struct plugin *plugin, struct remex_config *options);
	/* Run a verb of the plugin: what its handler returns (remex/plugin.h). */
	int (*call) (const struct plugin *plugin, const struct remex_verb *verb, struct remex_call *call);
	/* The process is about to end. */
	void (*stop) (struct plugin *plugin);
};

/* Refuse the plugin, with a reason for whoever runs remexd. The first reason counts. */
void plugin_refuse (struct plugin *plugin, const char *why, ...) __attribute__ ((format (printf, 2, 3)));

/* A name that a plugin wrote, cut and escaped for such a reason. Returns `out`. */
enum { PLUGIN_SHOWN = 80 };
const char *plugin_shown (const char *name, char out[PLUGIN_SHOWN]);

/* Check what the plugin has declared: names, help, types. It is refused for the first fault. */
void plugin_check (struct plugin *plugin);

#endif
