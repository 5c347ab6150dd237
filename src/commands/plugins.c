/* remex plugins - list the calls of a host, with their arguments (remex(1), wire/verbs.h). */
#include "config.h"

#include <stdio.h>

#include "cli/conversation.h"
#include "cli/document.h"
#include "cli/json.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "wire/verbs.h"

static const char *text_of (const json_t *object, const char *key)
{
	const char *text = json_string_value (json_object_get (object, key));

	return safe (text ? text : "?");
}

static void print_param (const json_t *param)
{
	const char *needed = json_is_true (json_object_get (param, "required")) ? ", required" : "";

	printf ("      %-12s %s%s: %s\n", text_of (param, "name"), text_of (param, "type"), needed,
		text_of (param, "help"));
}

static void print_plugin (const json_t *plugin)
{
	const json_t *verb, *param;
	size_t i, j;

	if (json_object_get (plugin, "refused")) {
		printf ("%s: refused: %s\n", text_of (plugin, "plugin"), text_of (plugin, "refused"));
		return;
	}
	printf ("%s %s: %s\n", text_of (plugin, "plugin"), text_of (plugin, "version"), text_of (plugin, "summary"));
	json_array_foreach (json_object_get (plugin, "verbs"), i, verb)
	{
		printf ("  %s.%s: %s\n", text_of (plugin, "plugin"), text_of (verb, "name"), text_of (verb, "help"));
		json_array_foreach (json_object_get (verb, "params"), j, param) print_param (param);
	}
}

static void print_table (const json_t *table)
{
	const json_t *plugin;
	size_t i;

	json_array_foreach (table, i, plugin) print_plugin (plugin);
}

static int check (json_t *json, struct err *err)
{
	struct verb_table *table = verb_table_new (json, err);
	const json_t *plugin;
	size_t i;

	verb_table_free (table);
	if (!table)
		return -1;
	json_array_foreach (json, i, plugin) if (!json_is_string (json_object_get (plugin, "plugin"))) return err_set (
		err, 0, "a plugin has no name");
	return 0;
}

static int run_plugins (const struct subcommand *command, struct command_line *line)
{
	return document_run (command, line, &(struct document){ "plugins", check, print_table });
}

const struct subcommand cmd_plugins = { "plugins", "[HOSTS]...", "Show the calls of a host", document_options,
	WORDS_MIXED, -1, sizeof (struct document_settings), run_plugins };
