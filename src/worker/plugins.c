/* plugins - see plugins.h. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/link.h"
#include "base/text.h"
#include "wire/codes.h"
#include "wire/records.h"
#include "wire/verbs.h"
#include "worker/args.h"
#include "worker/plugins.h"

struct remex_config {
	struct args args;
	char *why; /* ERR_TEXT bytes: what remex_start_fail says */
};

static bool name_good (const char *name)
{
	size_t n = name ? strlen (name) : 0;

	return n > 0 && n <= 32 && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Words for the verb table, which is JSON. */
static bool words_good (const char *words)
{
	return words && text_is_utf8 (words, strlen (words));
}

static void refuse (struct plugin *plugin, const char *why, ...) __attribute__ ((format (printf, 2, 3)));

static void refuse (struct plugin *plugin, const char *fmt, ...)
{
	char why[ERR_TEXT];
	va_list args;
	char clean[ERR_TEXT];

	va_start (args, fmt);
	vsnprintf (why, sizeof why, fmt, args);
	va_end (args);
	/* Without memory it is refused all the same. */
	if (!plugin->refused && !(plugin->refused = strdup (text_escape (clean, sizeof clean, why, strlen (why)))))
		plugin->refused = "out of memory";
}

/* --- copies in our own size: an older plugin has shorter rows ------------------------------------------------------ */

static struct remex_param *copy_params (const struct remex_param *from, size_t size)
{
	struct remex_param *copy;
	size_t n = 0;

	while (from && *(const char *const *)(const void *)((const char *)from + n * size))
		n++;
	if (!(copy = calloc (n + 1, sizeof *copy)))
		return NULL;
	for (size_t i = 0; i < n; i++)
		memcpy (&copy[i], (const char *)from + i * size, size < sizeof *copy ? size : sizeof *copy);
	return copy;
}

/* A name in a message: cut, and safe to print. */
static char *shown (const char *name, char out[80])
{
	return text_escape (out, 80, name, strnlen (name, 64));
}

static const char names_take[] = "a name takes 1 to 32 lower-case letters, digits and '_'";

/* What is wrong with the first bad one of the parameters of a verb, or of the options: false, and the plugin is refused.
 * `whose` goes behind the name of the parameter. */
static bool params_good (struct plugin *plugin, const struct remex_param *params, const char *what, const char *whose)
{
	char name[80];

	for (; params->name; params++) {
		const char *fault = NULL;

		if (!name_good (params->name))
			fault = names_take;
		else if (!params->help)
			fault = "it has no help";
		else if (!words_good (params->help))
			fault = "its help is not UTF-8";
		else if (params->type < REMEX_STRING || params->type > REMEX_MAP)
			fault = "its type is none of enum remex_type";
		if (fault) {
			refuse (plugin, "%s '%s'%s is malformed: %s", what, shown (params->name, name), whose, fault);
			return false;
		}
	}
	return true;
}

/* Why its parameters cannot be narrowed by `commands` as they say; NULL: they can, or do not say so. */
static const char *command_fault (const struct remex_verb *verb, const struct remex_param *params)
{
	int n = 0;

	for (; params->name; params++) {
		if (!(params->flags & REMEX_COMMAND))
			continue;
		if (params->type != REMEX_STRINGS || !(params->flags & REMEX_REQUIRED))
			return "a parameter with REMEX_COMMAND must be a REMEX_STRINGS that is required";
		if (++n > 1)
			return "only one parameter may have REMEX_COMMAND";
	}
	return n && !(verb->flags & REMEX_RUNS) ? "a verb with REMEX_COMMAND must have REMEX_RUNS" : NULL;
}

static bool verb_good (struct plugin *plugin, const struct remex_verb *verb, const struct remex_param *params)
{
	const char *fault = NULL;
	char name[80], whose[120];

	if (!name_good (verb->name))
		fault = names_take;
	else if (!verb->help)
		fault = "it has no help";
	else if (!words_good (verb->help))
		fault = "its help is not UTF-8";
	else if (!verb->handle)
		fault = "it has no handler";
	else
		fault = command_fault (verb, params);
	if (fault) {
		refuse (plugin, "the verb '%s' is malformed: %s", shown (verb->name, name), fault);
		return false;
	}
	snprintf (whose, sizeof whose, " of the verb '%s'", verb->name);
	return params_good (plugin, params, "the parameter", whose);
}

static int copy_verbs (struct plugin *plugin)
{
	const struct remex_plugin *host = plugin->host;
	const char *from = (const char *)host->verbs;
	size_t n = 0;

	while (from && *(const char *const *)(const void *)(from + n * host->verb_size))
		n++;
	plugin->verbs = calloc (n + 1, sizeof *plugin->verbs);
	plugin->params = calloc (n + 1, sizeof *plugin->params);
	if (!plugin->verbs || !plugin->params)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct remex_verb *verb = &plugin->verbs[i];

		memcpy (verb, from + i * host->verb_size,
			host->verb_size < sizeof *verb ? host->verb_size : sizeof *verb);
		if (!(plugin->params[i] = copy_params (verb->params, host->param_size)))
			return -1;
		if (!verb_good (plugin, verb, plugin->params[i]))
			return 0;
	}
	return 0;
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static void check_plugin (struct plugin *plugin, const char *file)
{
	const struct remex_plugin *host = plugin->host;
	char why[256];

	if (host->abi != REMEX_ABI)
		snprintf (why, sizeof why, "built for plugin ABI %u, this remexd has %u", host->abi, REMEX_ABI);
	else if (host->size < offsetof (struct remex_plugin, options) ||
		 host->verb_size < offsetof (struct remex_verb, flags) ||
		 host->param_size < offsetof (struct remex_param, help) + sizeof (const char *))
		snprintf (why, sizeof why, "its tables are smaller than ABI %u has them", REMEX_ABI);
	else if (host->size > sizeof *host || host->verb_size > sizeof (struct remex_verb) ||
		 host->param_size > sizeof (struct remex_param))
		snprintf (why, sizeof why, "built for a newer remexd");
	else if (!name_good (host->name) || !words_good (host->version) || !words_good (host->summary))
		snprintf (why, sizeof why, "no name, version or summary");
	else if (strcmp (host->name, file))
		snprintf (why, sizeof why, "the plugin '%.40s' must be in a file of its name", host->name);
	else
		return;
	refuse (plugin, "%s", why);
}

/* The member, or NULL where the plugin is older than it. */
#define MEMBER(host, member) \
	((host)->size >= offsetof (struct remex_plugin, member) + sizeof (host)->member ? (host)->member : NULL)

/* remexd.yaml has no way to write a map. */
static bool options_good (struct plugin *plugin)
{
	if (!params_good (plugin, plugin->options, "the option", ""))
		return false;
	for (const struct remex_param *option = plugin->options; option->name; option++)
		if (option->type == REMEX_MAP) {
			refuse (plugin, "the option '%s' is malformed: it cannot be a REMEX_MAP", option->name);
			return false;
		}
	return true;
}

static int start_plugin (struct plugin *plugin, const struct config *config)
{
	const struct config_plugin *section = config_plugin (config, plugin->name);
	int (*start) (void **, const struct remex_config *) = MEMBER (plugin->host, start);
	char why[ERR_TEXT] = "";
	struct remex_config options = { .why = why };
	struct err err;

	if (!(plugin->options = copy_params (MEMBER (plugin->host, options), plugin->host->param_size)))
		return -1;
	if (!options_good (plugin))
		return 0;
	if (args_from_config (&options.args, plugin->options, section ? section->options : NULL, config->file, &err) <
		0) {
		refuse (plugin, "%s", err.text);
		plugin->misconfigured = true;
		return 0;
	}
	errno = 0;
	if (start && start (&plugin->state, &options) < 0) {
		const char *reason = *why ? why : errno ? strerror (errno) : NULL;

		refuse (plugin, "it would not start%s%s", reason ? ": " : "", reason ? reason : "");
	}
	args_free (&options.args);
	return 0;
}

static int load (struct plugin *plugin, const struct plugin_file *file, const struct config *config)
{
	char path[64];

	if (!(plugin->name = strdup (file->name)))
		return -1;
	if (file->refused) {
		refuse (plugin, "%s", file->refused);
		return 0;
	}
	snprintf (path, sizeof path, "/proc/self/fd/%d", file->fd);
	plugin->handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin->handle) {
		const char *why = dlerror ();

		/* It names the file as we opened it, which helps nobody. */
		if (!strncmp (why, path, strlen (path)))
			why += strlen (path) + strspn (why + strlen (path), ": ");
		refuse (plugin, "%s", why);
		return 0;
	}
	if (!(plugin->host = dlsym (plugin->handle, "remex_plugin")))
		refuse (plugin, "it exports no remex_plugin");
	else
		check_plugin (plugin, file->name);
	if (!plugin->refused && copy_verbs (plugin) < 0)
		return -1;
	return plugin->refused ? 0 : start_plugin (plugin, config);
}

int plugins_load (struct plugins *plugins, const struct plugin_files *files, const struct config *config, int progress,
	struct err *err)
{
	plugins->n_items = 0;
	if (!(plugins->items = calloc (files->n_items + 1, sizeof *plugins->items)))
		return err_sys (err, CODE_INTERNAL, "plugins");
	for (size_t i = 0; i < files->n_items; i++) {
		if (progress >= 0)
			link_post (progress, REC_LOADING, 0, (int64_t)i, 0, 0);
		if (load (&plugins->items[i], &files->items[i], config) < 0)
			return err_sys (err, CODE_INTERNAL, "plugin %s", files->items[i].name);
		plugins->n_items++;
	}
	/* What goes wrong from now on is no plugin's fault. */
	if (progress >= 0)
		link_post (progress, REC_LOADING, 0, -1, 0, 0);
	return 0;
}

void plugins_stop (struct plugins *plugins)
{
	for (size_t i = plugins->n_items; i-- > 0;) {
		struct plugin *plugin = &plugins->items[i];
		void (*stop) (void *) = plugin->host && !plugin->refused ? MEMBER (plugin->host, stop) : NULL;

		if (stop)
			stop (plugin->state);
	}
}

const struct remex_verb *plugins_find (
	const struct plugins *plugins, const char *call, const struct plugin **owner, const struct remex_param **params)
{
	const char *dot = strchr (call, '.');
	size_t n = dot ? (size_t)(dot - call) : 0;

	for (size_t i = 0; dot && i < plugins->n_items; i++) {
		const struct plugin *plugin = &plugins->items[i];

		if (plugin->refused || strlen (plugin->name) != n || strncmp (plugin->name, call, n))
			continue;
		for (size_t j = 0; plugin->verbs[j].name; j++)
			if (!strcmp (plugin->verbs[j].name, dot + 1)) {
				*owner = plugin;
				*params = plugin->params[j];
				return &plugin->verbs[j];
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

static json_t *param_json (const struct remex_param *param)
{
	return json_pack ("{ss ss sb sb ss}", "name", param->name, "type", verb_type_name ((enum verb_type)param->type),
		"required", !!(param->flags & REMEX_REQUIRED), "command", !!(param->flags & REMEX_COMMAND), "help",
		param->help);
}

static json_t *verb_json (const struct remex_verb *verb, const struct remex_param *params)
{
	json_t *list = json_array ();

	for (; params->name; params++)
		json_array_append_new (list, param_json (params));
	return json_pack ("{ss ss sb sb sb sb so}", "name", verb->name, "help", verb->help, "control",
		!!(verb->flags & REMEX_CONTROL), "facts", !!(verb->flags & REMEX_FACTS), "paths",
		!!(verb->flags & REMEX_PATHS), "runs", !!(verb->flags & REMEX_RUNS), "params", list);
}

static json_t *plugin_json (const struct plugin *plugin)
{
	json_t *verbs;

	if (plugin->refused)
		return json_pack ("{ss ss sb}", "plugin", plugin->name, "refused", plugin->refused, "misconfigured",
			plugin->misconfigured);
	verbs = json_array ();
	for (size_t i = 0; plugin->verbs[i].name; i++)
		json_array_append_new (verbs, verb_json (&plugin->verbs[i], plugin->params[i]));
	return json_pack ("{ss ss ss so}", "plugin", plugin->name, "version", plugin->host->version, "summary",
		plugin->host->summary, "verbs", verbs);
}

json_t *plugins_table (const struct plugins *plugins)
{
	json_t *table = json_array ();

	for (size_t i = 0; i < plugins->n_items; i++)
		json_array_append_new (table, plugin_json (&plugins->items[i]));
	return table;
}

/* --- options, as start asks for them ------------------------------------------------------------------------------- */

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
	const struct arg *arg = args_find (&config->args, name, REMEX_STRING);

	return arg ? arg->string : NULL;
}

const char *const *remex_option_strings (const struct remex_config *config, const char *name)
{
	const struct arg *arg = args_find (&config->args, name, REMEX_STRINGS);

	return arg ? (const char *const *)arg->strings : NULL;
}

long long remex_option_integer (const struct remex_config *config, const char *name, long long otherwise)
{
	const struct arg *arg = args_find (&config->args, name, REMEX_INTEGER);

	return arg ? arg->integer : otherwise;
}

double remex_option_number (const struct remex_config *config, const char *name, double otherwise)
{
	const struct arg *arg = args_find (&config->args, name, REMEX_NUMBER);

	return arg ? arg->number : otherwise;
}

bool remex_option_bool (const struct remex_config *config, const char *name, bool otherwise)
{
	const struct arg *arg = args_find (&config->args, name, REMEX_BOOL);

	return arg ? arg->truth : otherwise;
}
