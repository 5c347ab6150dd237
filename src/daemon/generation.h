/* generation - one state of the configuration, the plugins and the identities: read once, proved, then passed to all
 * processes.
 *
 * The bytes of the configuration are in a sealed memfd (memfd_create(2)), so that every process parses the same text.
 * The plugin files are open, so that every worker loads the same inodes. The probe (plugin_probe.h) loads the plugins
 * and reports the verb table.
 */
#ifndef REMEX_DAEMON_GENERATION_H
#define REMEX_DAEMON_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/config.h"
#include "daemon/identity_files.h"
#include "plugin/plugin_files.h"

struct generation {
	int number; /* from 1 */
	char *file; /* the name of the configuration */
	int snapshot; /* the memfd with its text */
	struct config *config;
	struct plugin_files plugins;
	struct identity_files identities;
	uid_t front; /* the front's user since the start, as which no identity may act; -1: our own */
	char *table; /* the verb table, JSON text */
};

/* Read and parse the configuration, open the plugin files, read the identities. The verb table is added later
 * (plugin_probe.h). `now`: the generation in use, or NULL. Every key has its default when `path` is NULL, or when the
 * file is missing and `optional` is set. NULL and err when the configuration is wrong, or a directory cannot be
 * read. */
struct generation *generation_open (const struct generation *now, const char *path, bool optional, struct err *err);
void generation_free (struct generation *generation);

/* Take the verb table that the probe sent (copied). 0; or -1 and err when a plugin refuses its section of the
 * configuration. Such a mistake has a place in the file, and makes the whole generation wrong. */
int generation_take_table (struct generation *generation, const char *table, size_t n, struct err *err);

/* Read only the identities of the generation in use again. 0, or -1 and err with the identities unchanged. */
int generation_renew_identities (struct generation *generation, struct err *err);

/* May `next` replace `now`? Not when `next` refuses a plugin that `now` has. 0, or -1 and err. */
int generation_compare (const struct generation *now, const struct generation *next, struct err *err);

/* Log each plugin, each identity that is refused or expired, and each former name of a key. Returns the number of refused plugins and
 * identities. */
int generation_log (const struct generation *generation);

#endif
