/* declaration - see declaration.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "plugin/declaration.h"
#include "wire/job_verbs.h"

void plugin_refuse (struct plugin *plugin, const char *fmt, ...)
{
	char why[ERR_TEXT], clean[ERR_TEXT];
	va_list args;

	va_start (args, fmt);
	vsnprintf (why, sizeof why, fmt, args);
	va_end (args);
	/* The plugin is refused even when memory runs out. */
	if (!plugin->refused && !(plugin->refused = strdup (text_escape (clean, sizeof clean, why, strlen (why)))))
		plugin->refused = "out of memory";
}

const char *plugin_shown (const char *name, char out[PLUGIN_SHOWN])
{
	return text_escape (out, PLUGIN_SHOWN, name, strnlen (name, 64));
}

/* --- the checks of a declaration ---------------------------------------------------------------------------------- */

static bool name_good (const char *name)
{
	return name && text_is_name (name, strlen (name));
}

/* The text goes into the verb table, which is JSON. */
static bool words_good (const char *words)
{
	return words && text_is_utf8 (words, strlen (words));
}

/* The fault of a row of a table, or NULL. */
static const char *row_fault (const char *name, const char *help)
{
	if (!name_good (name))
		return "a name takes 1 to 32 lower-case letters, digits and '_'";
	if (!help)
		return "it has no help";
	if (!words_good (help))
		return "its help is not UTF-8";
	return NULL;
}

/* Check the parameters of a verb, or the options. In messages `whose` follows the name of the parameter. */
static void check_params (struct plugin *plugin, const struct remex_param *params, const char *what, const char *whose)
{
	for (; params->name; params++) {
		const char *fault = row_fault (params->name, params->help);
		char name[PLUGIN_SHOWN];

		if (!fault && (params->type < REMEX_STRING || params->type > REMEX_MAP))
			fault = "its type is none of enum remex_type";
		if (fault)
			plugin_refuse (plugin, "%s '%s'%s is malformed: %s", what, plugin_shown (params->name, name),
				whose, fault);
	}
}

/* The fault in a verb with a REMEX_COMMAND parameter; NULL: `commands` can narrow the verb, or it has no such
 * parameter. */
static const char *command_fault (const struct remex_verb *verb)
{
	int n = 0;

	for (const struct remex_param *param = verb->params; param->name; param++) {
		if (!(param->flags & REMEX_COMMAND))
			continue;
		if (param->type != REMEX_STRINGS || !(param->flags & REMEX_REQUIRED))
			return "a parameter with REMEX_COMMAND must be a REMEX_STRINGS that is required";
		if (++n > 1)
			return "only one parameter may have REMEX_COMMAND";
	}
	return n && !(verb->flags & REMEX_RUNS) ? "a verb with REMEX_COMMAND must have REMEX_RUNS" : NULL;
}

static void check_verb (struct plugin *plugin, const struct remex_verb *verb)
{
	const char *fault = row_fault (verb->name, verb->help);
	char name[PLUGIN_SHOWN], whose[PLUGIN_SHOWN + 20];

	plugin_shown (verb->name, name);
	if (!fault)
		fault = command_fault (verb);
	if (fault)
		plugin_refuse (plugin, "the verb '%s' is malformed: %s", name, fault);
	snprintf (whose, sizeof whose, " of the verb '%s'", name);
	check_params (plugin, verb->params, "the parameter", whose);
}

void plugin_check (struct plugin *plugin)
{
	const struct declaration *declared = &plugin->declared;

	if (!name_good (declared->name) || !words_good (declared->version) || !words_good (declared->summary))
		plugin_refuse (plugin, "no name, version or summary");
	else if (strcmp (declared->name, plugin->name))
		plugin_refuse (plugin, "the plugin '%.40s' must be in a file of its name", declared->name);
	else if (!strcmp (plugin->name, JOB_PLUGIN))
		plugin_refuse (plugin, "the calls of '" JOB_PLUGIN "' are remexd's own: give the plugin another name");
	for (const struct remex_verb *verb = declared->verbs; verb->name; verb++)
		check_verb (plugin, verb);
	check_params (plugin, declared->options, "the option", "");
	/* remexd.yaml cannot express a map. */
	for (const struct remex_param *option = declared->options; option->name; option++)
		if (option->type == REMEX_MAP)
			plugin_refuse (plugin, "the option '%s' is malformed: it cannot be a REMEX_MAP", option->name);
}
