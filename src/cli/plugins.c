/* remex plugins - what can be called on a host, and with which arguments (remex(1), wire/verbs.h). */
#include "config.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/exchange.h"
#include "cli/json.h"

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

static int show (struct session *session, bool as_json)
{
	struct exchange exchange;
	int status = exchange_fetch (&exchange, session, "plugins");
	const json_t *plugin;
	json_t *table = NULL;
	size_t i;

	if (status == 0 && !(table = json_of (&exchange.result_bytes, session->where)))
		status = STATUS_REMEX;
	exchange_free (&exchange);
	if (status == 0 && as_json && json_print (json_incref (table), false) < 0)
		status = STATUS_REMEX;
	if (status == 0 && !as_json)
		json_array_foreach (table, i, plugin) print_plugin (plugin);
	json_decref (table);
	return finish (status);
}

static int run_plugins (const struct command *command, int argc, char **argv)
{
	struct session session;
	struct options options;
	bool as_json = false;
	int key, status;

	options_init (&options, command, argc, argv);
	while ((key = options_next (&options)) != 0) {
		if (key < 0)
			return options.status;
		as_json = true;
	}
	if (options.n_words)
		return options_wrong (&options, "one host at a time");
	if (session_open (&session, options.hosts ? options.hosts : "local") < 0)
		return STATUS_REMEX;
	status = show (&session, as_json);
	session_close (&session);
	return status;
}

static const struct option plugins_options[] = { OPTION_ROW_JSON, OPTION_ROW_HELP, { 0 } };

const struct command cmd_plugins = { "plugins", "[HOST]", "Show what can be called", plugins_options, run_plugins };
