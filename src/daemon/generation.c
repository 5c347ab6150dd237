/* generation - see generation.h. */
#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/trusted.h"
#include "conf/front_user.h"
#include "daemon/generation.h"
#include "daemon/sealed.h"
#include "wire/job_verbs.h"

static char *read_text (const char *path, bool optional, size_t *n, struct err *err)
{
	char *text = path ? trusted_read (path, CONF_FILE_MAX, n, err) : NULL;

	if (text || (path && !(optional && err->sys == ENOENT)))
		return text;
	*n = 0;
	return calloc (1, 1);
}

/* Is there a file for that plugin? */
static bool plugin_exists (const struct config *config, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < config->n_plugins_directories; i++) {
		snprintf (path, sizeof path, "%s/%s.so", config->plugins_directories[i], name);
		if (access (path, F_OK) == 0)
			return true;
	}
	return false;
}

/* A section for a plugin that does not exist is a mistake. */
static int check_sections (const struct generation *generation, struct err *err)
{
	const struct config *config = generation->config;
	const struct conf_node *sections = conf_get (config->tree, "plugins");

	for (size_t i = 0; i < config->n_plugins; i++) {
		const struct conf_node *section = conf_get (sections, config->plugins[i].name);

		if (!plugin_exists (config, config->plugins[i].name))
			return conf_fail (err, generation->file, section->key_line, section->key_column,
				"there is no plugin '%s' in %s%s", config->plugins[i].name,
				config->plugins_directories[0],
				config->n_plugins_directories > 1 ? " or another of 'directory'" : "");
	}
	return 0;
}

/* front_user has a meaning only when root starts remexd. */
static int check_front_user (const struct generation *generation, struct err *err)
{
	const struct config *config = generation->config;
	const struct conf_node *node = conf_get (config->tree, "front_user");

	if (!config->front_user || geteuid () != 0 || front_user (config))
		return 0;
	return conf_fail (err, generation->file, node->line, node->column, "front_user: there is no user '%s'",
		config->front_user);
}

/* The user of the running front, or of the one that will be started; -1: it is our own user. */
static uid_t find_front (const struct config *config, const struct generation *now)
{
	const struct passwd *entry;

	if (now || geteuid () != 0)
		return now ? now->front : (uid_t)-1;
	entry = front_user (config);
	return entry ? entry->pw_uid : (uid_t)-1;
}

/* An identity that acts as the user of the front could stop the front, and read and change what it does, for everybody.
 * An identity that acts as root can do so in any case. */
static void refuse_front (struct identity_files *identities, uid_t front)
{
	struct passwd *entry;
	char why[256];

	if (front == (uid_t)-1 || front == 0)
		return;
	entry = getpwuid (front);
	snprintf (why, sizeof why,
		"it acts as '%s', the user of remexd's front: that would give the identity power over all calls (give "
		"the "
		"identity another `user`, or the front with front_user in remexd.yaml)",
		entry ? entry->pw_name : "?");
	identity_files_refuse_user (identities, front, why);
}

/* Read the identities of the configuration. An identity that has a key in `now` (or NULL) keeps the key. */
static int open_identities (const struct generation *generation, const struct generation *now,
	struct identity_files *identities, struct err *err)
{
	const char *named = generation->config->identities;
	char *path = named ? strdup (named) : paths_config (PATHS_IDENTITIES);
	int result = 0; /* no home, no identities */

	*identities = (struct identity_files){ 0 };
	if (path)
		result = identity_files_open (identities, path, named, now ? &now->identities : NULL, err);
	refuse_front (identities, generation->front);
	free (path);
	return result;
}

struct generation *generation_open (const struct generation *now, const char *path, bool optional, struct err *err)
{
	struct generation *generation = calloc (1, sizeof *generation);
	bool good = false;
	char *text = NULL;
	size_t n = 0;

	if (!generation) {
		err_set (err, 0, "out of memory");
		return NULL;
	}
	generation->number = now ? now->number + 1 : 1;
	generation->snapshot = -1;
	generation->front = (uid_t)-1;
	if (!(generation->file = strdup (path ? path : "(defaults)")))
		err_set (err, 0, "out of memory");
	else
		good = (text = read_text (path, optional, &n, err)) &&
		       (generation->snapshot = sealed_bytes ("remexd.yaml", text, n, err)) >= 0 &&
		       (generation->config = config_parse (text, n, generation->file, err)) &&
		       check_front_user (generation, err) == 0 &&
		       plugin_files_open (&generation->plugins, generation->config, err) == 0 &&
		       check_sections (generation, err) == 0;
	if (good) {
		generation->front = find_front (generation->config, now);
		good = open_identities (generation, now, &generation->identities, err) == 0;
	}
	free (text);
	if (!good) {
		generation_free (generation);
		return NULL;
	}
	return generation;
}

void generation_free (struct generation *generation)
{
	if (!generation)
		return;
	free (generation->file);
	free (generation->table);
	fd_close (&generation->snapshot);
	config_free (generation->config);
	plugin_files_close (&generation->plugins);
	identity_files_close (&generation->identities);
	free (generation);
}

int generation_take_table (struct generation *generation, const char *table, size_t n, struct err *err)
{
	json_t *json = json_loadb (table, n, 0, NULL), *plugin;
	int result = json ? 0 : err_set (err, 0, "the plugins' table cannot be read");
	size_t i;

	json_array_foreach (json, i, plugin) if (!result && json_is_true (json_object_get (plugin, "misconfigured")))
		result = err_set (err, 0, "%s", json_string_value (json_object_get (plugin, "refused")));
	if (!result)
		json_array_append_new (json, job_verbs_json ());
	if (!result && !(generation->table = json_dumps (json, JSON_COMPACT)))
		result = err_set (err, 0, "out of memory");
	if (!result)
		identity_files_check_calls (&generation->identities, generation->table);
	json_decref (json);
	return result;
}

int generation_renew_identities (struct generation *generation, struct err *err)
{
	struct identity_files identities;

	if (open_identities (generation, generation, &identities, err) < 0) {
		identity_files_close (&identities);
		return -1;
	}
	identity_files_check_calls (&identities, generation->table);
	identity_files_close (&generation->identities);
	generation->identities = identities;
	return 0;
}

/* The reason why `name` is refused in the table; NULL: not refused, or not in the table. */
static const char *refusal (const json_t *table, const char *name)
{
	const json_t *plugin;
	size_t i;

	json_array_foreach (
		table, i, plugin) if (!strcmp (json_string_value (json_object_get (plugin, "plugin")),
					      name)) return json_string_value (json_object_get (plugin, "refused"));
	return NULL;
}

int generation_compare (const struct generation *now, const struct generation *next, struct err *err)
{
	json_t *old = json_loads (now->table, 0, NULL), *new = json_loads (next->table, 0, NULL), *plugin;
	int result = 0;
	size_t i;

	json_array_foreach (old, i, plugin)
	{
		const char *name = json_string_value (json_object_get (plugin, "plugin")), *why;

		if (!result && !json_object_get (plugin, "refused") && (why = refusal (new, name)))
			result = err_set (err, 0, "the plugin %s, which is in use, would be refused: %s", name, why);
	}
	json_decref (old);
	json_decref (new);
	return result;
}

static void warn (const char *words)
{
	log_warning ("%s", words);
}

int generation_log (const struct generation *generation)
{
	json_t *table = json_loads (generation->table, 0, NULL), *plugin;
	int refused = 0;
	size_t i;

	config_report_former (generation->config, warn);
	json_array_foreach (table, i, plugin)
	{
		const char *name = json_string_value (json_object_get (plugin, "plugin"));
		const char *why = json_string_value (json_object_get (plugin, "refused"));

		if (why) {
			refused++;
			log_warning ("plugin refused. plugin=%s why=%s", name, why);
		} else if (!json_is_true (json_object_get (plugin, "builtin"))) {
			log_info ("plugin loaded. plugin=%s version=%s", name,
				json_string_value (json_object_get (plugin, "version")));
		}
	}
	json_decref (table);
	for (i = 0; i < generation->plugins.n_items; i++)
		if (generation->plugins.items[i].shadowed)
			log_warning ("not loaded: an earlier directory has a plugin of that name. file=%s",
				generation->plugins.items[i].shadowed);
	return refused + identity_files_log (&generation->identities);
}
