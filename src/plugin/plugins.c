/* plugins - see plugins.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/plugins.h"
#include "plugin/start.h"
#include "wire/codes.h"
#include "wire/verbs.h"

static int load (struct plugin *plugin, const struct plugin_file *file, const struct config *config)
{
	if (!(plugin->name = strdup (file->name)))
		return -1;
	plugin->kind = file->kind;
	if (file->refused)
		plugin_refuse (plugin, "%s", file->refused);
	else if (plugin->kind->load (plugin, file->fd) < 0)
		return -1;
	if (!plugin->refused)
		plugin_check (plugin);
	return plugin->refused ? 0 : plugin_start (plugin, config);
}

int plugins_add (struct plugins *plugins, const struct plugin_file *file, const struct config *config, struct err *err)
{
	struct plugin *more = reallocarray (plugins->items, plugins->n_items + 1, sizeof *more);

	if (more) {
		plugins->items = more;
		more += plugins->n_items;
		*more = (struct plugin){ .name = NULL };
	}
	if (!more || load (more, file, config) < 0)
		return err_set (err, CODE_INTERNAL, "the plugin %s: out of memory", file->name);
	plugins->n_items++;
	return 0;
}

void plugins_stop (struct plugins *plugins)
{
	for (size_t i = plugins->n_items; i-- > 0;)
		if (!plugins->items[i].refused)
			plugins->items[i].kind->stop (&plugins->items[i]);
}

const struct remex_verb *plugins_find (const struct plugins *plugins, const char *call, const struct plugin **owner)
{
	const char *dot = strchr (call, '.');
	size_t n = dot ? (size_t)(dot - call) : 0;

	for (size_t i = 0; dot && i < plugins->n_items; i++) {
		const struct plugin *plugin = &plugins->items[i];

		if (plugin->refused || strlen (plugin->name) != n || strncmp (plugin->name, call, n))
			continue;
		for (const struct remex_verb *verb = plugin->declared.verbs; verb->name; verb++)
			if (!strcmp (verb->name, dot + 1)) {
				*owner = plugin;
				return verb;
			}
	}
	return NULL;
}

const char *plugins_refusal (const struct plugins *plugins, const char *call)
{
	size_t n = strcspn (call, ".");

	for (size_t i = 0; i < plugins->n_items; i++)
		if (strlen (plugins->items[i].name) == n && !strncmp (plugins->items[i].name, call, n))
			return plugins->items[i].refused;
	return NULL;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static json_t *describe_param (const struct remex_param *param)
{
	return verb_param_json (&(struct verb_param){
		.name = param->name,
		.type = (enum verb_type)param->type,
		.required = param->flags & REMEX_REQUIRED,
		.command = param->flags & REMEX_COMMAND,
		.help = param->help,
	});
}

static json_t *describe_verb (const struct remex_verb *verb)
{
	json_t *params = json_array ();

	for (const struct remex_param *param = verb->params; param->name; param++)
		json_array_append_new (params, describe_param (param));
	return verb_json (verb->name,
		&(struct verb){
			.help = verb->help,
			.control = verb->flags & REMEX_CONTROL,
			.facts = verb->flags & REMEX_FACTS,
			.paths = verb->flags & REMEX_PATHS,
			.runs = verb->flags & REMEX_RUNS,
			.tty = verb->flags & REMEX_TTY,
		},
		params);
}

static json_t *plugin_json (const struct plugin *plugin)
{
	json_t *verbs;

	if (plugin->refused)
		return json_pack ("{ss ss sb}", "plugin", plugin->name, "refused", plugin->refused, "misconfigured",
			plugin->misconfigured);
	verbs = json_array ();
	for (const struct remex_verb *verb = plugin->declared.verbs; verb->name; verb++)
		json_array_append_new (verbs, describe_verb (verb));
	return json_pack ("{ss ss ss so}", "plugin", plugin->name, "version", plugin->declared.version, "summary",
		plugin->declared.summary, "verbs", verbs);
}

json_t *plugins_table (const struct plugins *plugins)
{
	json_t *table = json_array ();

	for (size_t i = 0; i < plugins->n_items; i++)
		json_array_append_new (table, plugin_json (&plugins->items[i]));
	return table;
}
