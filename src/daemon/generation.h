/* generation - one state of the configuration and the plugins: read once, proved, then handed around.
 *
 * The configuration's bytes lie in a sealed memfd (memfd_create(2)): every process of the generation parses the same
 * snapshot. The plugin files are open: every worker of the generation loads the same inodes. A throw-away worker proves
 * both and reports the verb table. The identities, who may come in over TCP, belong to it too.
 */
#ifndef REMEX_DAEMON_GENERATION_H
#define REMEX_DAEMON_GENERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"
#include "daemon/identity_files.h"
#include "plugin/plugin_files.h"

struct generation {
	int number; /* from 1 */
	char *file; /* the configuration's name */
	int snapshot; /* the memfd */
	struct config *config;
	struct plugin_files plugins;
	struct identity_files identities;
	char *table; /* the verb table, JSON text */
};

/* Read, parse, open the plugin files; the proof (probe.h) adds the verb table. `now`: the one in use, or NULL. `path` NULL
 * or (with `optional`) missing: the defaults. NULL and err when the configuration is wrong or the plugins' directory unreadable. */
struct generation *generation_open (const struct generation *now, const char *path, bool optional, struct err *err);
void generation_free (struct generation *generation);

/* Take the verb table that the proof brought (copied). -1 and err when it says that a plugin's section of the
 * configuration is wrong: that is an error of the configuration, with its place. */
int generation_take_table (struct generation *generation, const char *table, size_t n, struct err *err);

/* May `next` take the place of `now`? Not when a plugin that is in use would be refused. 0, or -1 and err. */
int generation_compare (const struct generation *now, const struct generation *next, struct err *err);

/* Log what became of each plugin and identity; returns how many were refused. */
int generation_report (const struct generation *generation);

#endif
