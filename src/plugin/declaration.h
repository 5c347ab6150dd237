/* plugin - a plugin (a name, a table of verbs, a table of options), and the kinds of plugins.
 *
 * A plugin comes from a file (plugin_files.h) of some kind. The kind is a row of operations, struct plugin_kind, which
 * read the file, start the plugin, and run the handler of a verb. The checks of a declaration, the options of
 * remexd.yaml and the table that the front reads are the same for all kinds.
 *
 *   load_so.c   shared objects that export a struct remex_plugin (remex/plugin.h)
 *
 * States: a plugin is started, or it is refused and keeps the reason. A refused plugin does not disturb the other
 * plugins.
 */
#ifndef REMEX_PLUGIN_DECLARATION_H
#define REMEX_PLUGIN_DECLARATION_H

#include <remex/plugin.h>
#include <stdbool.h>

/* The declaration of a plugin. The rows have the size that this remexd knows. All of it lives as long as the
 * process. */
struct declaration {
	const char *name, *version, *summary; /* NULL: not given */
	struct remex_verb *verbs; /* ends with a zero row; `params` of each is never NULL, and ends in the same way */
	struct remex_param *options; /* ends with a zero row */
};

struct plugin {
	char *name; /* of its file */
	const struct plugin_kind *kind;
	struct declaration declared; /* where the plugin is not refused: complete and checked */
	const char *refused; /* the reason, or NULL; lives as long as the process */
	bool misconfigured; /* refused because of the configuration: no fault of the plugin; remexd does not start */
	const void *loaded; /* private data of the kind */
	void *state; /* the same */
};

/* A kind of plugin. `load` and `start` return 0, also when they refuse the plugin (plugin_refuse); -1: out of
 * memory. */
struct plugin_kind {
	const char *suffix; /* of the files' names: ".so" */
	/* Read the file and fill in all of plugin->declared. The declaration is checked later. */
	int (*load) (struct plugin *plugin, int fd);
	/* The declaration was checked. `options` are the options in remexd.yaml, valid during the call. */
	int (*start) (struct plugin *plugin, struct remex_config *options);
	/* Run a verb of the plugin. Returns the result of its handler (remex/plugin.h). */
	int (*call) (const struct plugin *plugin, const struct remex_verb *verb, struct remex_call *call);
	/* The process is about to end. */
	void (*stop) (struct plugin *plugin);
};

/* Refuse the plugin, with a reason for the administrator of remexd. The first reason counts. */
void plugin_refuse (struct plugin *plugin, const char *why, ...) __attribute__ ((format (printf, 2, 3)));

/* A name from a plugin, cut and escaped for such a reason. Returns `out`. */
enum { PLUGIN_SHOWN = 80 };
const char *plugin_shown (const char *name, char out[PLUGIN_SHOWN]);

/* Check the declaration: names, help, types. The first fault refuses the plugin. */
void plugin_check (struct plugin *plugin);

#endif
