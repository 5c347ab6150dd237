/* start - see start.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "plugin/start.h"

int plugin_start (struct plugin *plugin, const struct config *config)
{
	const struct config_plugin *section = config_plugin (config, plugin->name);
	char why[ERR_TEXT] = "";
	struct remex_config options = { .why = why };
	struct err err;
	int result;

	if (arguments_from_config (&options.options, plugin->declared.options, section ? section->options : NULL,
		    config->file, &err) < 0) {
		plugin_refuse (plugin, "%s", err.text);
		plugin->misconfigured = true;
		return 0;
	}
	result = plugin->kind->start (plugin, &options);
	arguments_free (&options.options);
	return result;
}

int remex_start_fail (const struct remex_config *config, const char *fmt, ...)
{
	va_list args;

	va_start (args, fmt);
	vsnprintf (config->why, ERR_TEXT, fmt, args);
	va_end (args);
	return -1;
}

const char *remex_option_string (const struct remex_config *config, const char *name)
{
	const struct argument *arg = arguments_find (&config->options, name, REMEX_STRING);

	return arg ? arg->string : NULL;
}

const char *const *remex_option_strings (const struct remex_config *config, const char *name)
{
	const struct argument *arg = arguments_find (&config->options, name, REMEX_STRINGS);

	return arg ? (const char *const *)arg->strings : NULL;
}

long long remex_option_integer (const struct remex_config *config, const char *name, long long otherwise)
{
	const struct argument *arg = arguments_find (&config->options, name, REMEX_INTEGER);

	return arg ? arg->integer : otherwise;
}

double remex_option_number (const struct remex_config *config, const char *name, double otherwise)
{
	const struct argument *arg = arguments_find (&config->options, name, REMEX_NUMBER);

	return arg ? arg->number : otherwise;
}

bool remex_option_bool (const struct remex_config *config, const char *name, bool otherwise)
{
	const struct argument *arg = arguments_find (&config->options, name, REMEX_BOOL);

	return arg ? arg->truth : otherwise;
}
