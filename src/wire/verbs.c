/* verbs - see verbs.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/codes.h"
#include "wire/header.h"
#include "wire/verbs.h"

static const char *const types[] = { NULL, "string", "integer", "number", "bool", "strings", "map" };

const char *verb_type_name (enum verb_type type)
{
	return types[type];
}

static int type_parse (const char *word)
{
	for (int i = 1; word && i < N_VERB_TYPES; i++)
		if (!strcmp (word, types[i]))
			return i;
	return -1;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const char *text_of (const json_t *object, const char *key)
{
	return json_string_value (json_object_get (object, key));
}

json_t *verb_param_json (const struct verb_param *param)
{
	return json_pack ("{ss ss sb sb ss}", "name", param->name, "type", verb_type_name (param->type), "required",
		param->required, "command", param->command, "help", param->help);
}

json_t *verb_json (const char *name, const struct verb *verb, json_t *params)
{
	return json_pack ("{ss ss sb sb sb sb sb so}", "name", name, "help", verb->help, "control", verb->control,
		"facts", verb->facts, "paths", verb->paths, "runs", verb->runs, "tty", verb->tty, "params", params);
}

static int read_param (const json_t *json, struct verb_param *param)
{
	int type = type_parse (text_of (json, "type"));

	param->name = text_of (json, "name");
	param->help = text_of (json, "help");
	param->required = json_is_true (json_object_get (json, "required"));
	param->command = json_is_true (json_object_get (json, "command"));
	param->type = type < 0 ? VERB_STRING : (enum verb_type)type;
	return type < 0 || !param->name || !param->help ? -1 : 0;
}

static int read_verb (const json_t *plugin, const json_t *json, struct verb *verb)
{
	const json_t *params = json_object_get (json, "params"), *each;
	size_t i;

	verb->plugin = text_of (plugin, "plugin");
	verb->help = text_of (json, "help");
	verb->control = json_is_true (json_object_get (json, "control"));
	verb->facts = json_is_true (json_object_get (json, "facts"));
	verb->paths = json_is_true (json_object_get (json, "paths"));
	verb->builtin = json_is_true (json_object_get (plugin, "builtin"));
	verb->exact = json_is_true (json_object_get (json, "exact"));
	verb->runs = json_is_true (json_object_get (json, "runs"));
	verb->tty = json_is_true (json_object_get (json, "tty"));
	if (!verb->plugin || !verb->help || !text_of (json, "name") || !json_is_array (params))
		return -1;
	if (asprintf (&verb->name, "%s.%s", verb->plugin, text_of (json, "name")) < 0) {
		verb->name = NULL;
		return -1;
	}
	verb->n_params = json_array_size (params);
	if (!(verb->params = calloc (verb->n_params + 1, sizeof *verb->params)))
		return -1;
	json_array_foreach (params, i, each)
	{
		if (read_param (each, &verb->params[i]) < 0)
			return -1;
		if (verb->params[i].command)
			verb->command = verb->params[i].name;
	}
	return 0;
}

static size_t count_verbs (const json_t *json)
{
	const json_t *plugin;
	size_t i, n = 0;

	json_array_foreach (json, i, plugin) n += json_array_size (json_object_get (plugin, "verbs"));
	return n;
}

struct verb_table *verb_table_new (json_t *json, struct err *err)
{
	struct verb_table *table;
	const json_t *plugin, *verb;
	size_t i, j;

	if (!json_is_array (json)) {
		err_set (err, CODE_INTERNAL, "the verb table is malformed");
		return NULL;
	}
	table = calloc (1, sizeof *table);
	if (table)
		table->verbs = calloc (count_verbs (json) + 1, sizeof *table->verbs);
	if (!table || !table->verbs) {
		err_set (err, CODE_INTERNAL, "out of memory");
		free (table);
		return NULL;
	}
	table->references = 1;
	table->json = json_incref (json);
	json_array_foreach (json, i, plugin) json_array_foreach (json_object_get (plugin, "verbs"), j,
		verb) if (read_verb (plugin, verb, &table->verbs[table->n_verbs++]) < 0)
	{
		err_set (err, CODE_INTERNAL, "the verb table is malformed");
		verb_table_free (table);
		return NULL;
	}
	return table;
}

struct verb_table *verb_table_ref (struct verb_table *table)
{
	table->references++;
	return table;
}

void verb_table_free (struct verb_table *table)
{
	if (!table || --table->references)
		return;
	for (size_t i = 0; i < table->n_verbs; i++) {
		free (table->verbs[i].name);
		free (table->verbs[i].params);
	}
	free (table->verbs);
	json_decref (table->json);
	free (table);
}

const char *verb_refusal (const struct verb_table *table, const char *name)
{
	size_t n = strcspn (name, "."), i;
	const json_t *plugin;

	json_array_foreach (table->json, i, plugin)
	{
		const char *of = text_of (plugin, "plugin"), *why = text_of (plugin, "refused");

		if (of && why && strlen (of) == n && !memcmp (of, name, n))
			return why;
	}
	return NULL;
}

const struct verb *verb_find (const struct verb_table *table, const char *name, struct err *err)
{
	const char **names;
	char shown[64], near[128] = "";
	const char *why = verb_refusal (table, name);

	for (size_t i = 0; i < table->n_verbs; i++)
		if (!strcmp (table->verbs[i].name, name))
			return &table->verbs[i];
	text_escape (shown, sizeof shown, name, strlen (name));
	if (why) {
		err_set (err, CODE_UNKNOWN_CALL, "no call '%s' here: the plugin '%.*s' is refused: %s", shown,
			(int)strcspn (shown, "."), shown, why);
		return NULL;
	}
	if ((names = calloc (table->n_verbs + 1, sizeof *names))) {
		for (size_t i = 0; i < table->n_verbs; i++)
			names[i] = table->verbs[i].name;
		text_hint (near, sizeof near, text_nearest (name, names, table->n_verbs));
		free (names);
	}
	err_set (err, CODE_UNKNOWN_CALL, "no call '%s' here%s", shown, near);
	return NULL;
}

/* --- arguments --------------------------------------------------------------------------------------------------- */

static int check_string (const json_t *value, const char *name, struct err *err)
{
	struct err why;
	char *copy;

	/* The parser has checked a plain string: UTF-8, no NUL. */
	if (json_is_string (value))
		return 0;
	if (!(copy = header_string (value, NULL, &why)))
		return err_set (err, CODE_BAD_VALUE, "'%s': %s", name, why.text);
	free (copy);
	return 0;
}

static int check_strings (const json_t *value, const char *name, struct err *err)
{
	const json_t *item;
	size_t i;

	if (!json_is_array (value))
		return err_set (err, CODE_BAD_VALUE, "'%s' must be a list of strings", name);
	json_array_foreach (value, i, item) if (check_string (item, name, err) < 0) return -1;
	return 0;
}

/* A map may also be a list of NAME=VALUE, which need not be UTF-8. */
static int check_pairs (const json_t *value, const char *name, struct err *err)
{
	const json_t *item;
	char *pair;
	size_t i;
	bool good;

	if (check_strings (value, name, err) < 0)
		return -1;
	json_array_foreach (value, i, item)
	{
		if (!(pair = header_string (item, NULL, err)))
			return -1;
		good = *pair != '=' && strchr (pair, '=');
		free (pair);
		if (!good)
			return err_set (err, CODE_BAD_VALUE, "'%s': an item of the list must be NAME=VALUE", name);
	}
	return 0;
}

static int check_map (const json_t *value, const char *name, struct err *err)
{
	const json_t *item;
	const char *key;

	if (json_is_array (value))
		return check_pairs (value, name, err);
	if (!json_is_object (value))
		return err_set (err, CODE_BAD_VALUE, "'%s' must be an object of strings or a list of NAME=VALUE", name);
	json_object_foreach ((json_t *)(uintptr_t)value, key, item)
	{
		if (!*key || strchr (key, '='))
			return err_set (err, CODE_BAD_VALUE, "'%s': a name must not be empty or contain '='", name);
		if (check_string (item, name, err) < 0)
			return -1;
	}
	return 0;
}

static int check_value (const struct verb_param *param, const json_t *value, struct err *err)
{
	switch (param->type) {
	case VERB_STRING: return check_string (value, param->name, err);
	case VERB_STRINGS: return check_strings (value, param->name, err);
	case VERB_MAP: return check_map (value, param->name, err);
	case VERB_INTEGER:
		if (json_is_integer (value))
			return 0;
		break;
	case VERB_NUMBER:
		if (json_is_number (value))
			return 0;
		break;
	case VERB_BOOL:
		if (json_is_boolean (value))
			return 0;
		break;
	case N_VERB_TYPES: break;
	}
	return err_set (err, CODE_BAD_VALUE, "'%s' must be of type %s", param->name, verb_type_name (param->type));
}

static int check_unknown (const struct verb *verb, const char *key, struct err *err)
{
	const char *names[32];
	char shown[64], near[128];
	size_t n = 0;

	for (size_t i = 0; i < verb->n_params; i++) {
		if (!strcmp (verb->params[i].name, key))
			return 0;
		if (n < 32)
			names[n++] = verb->params[i].name;
	}
	text_escape (shown, sizeof shown, key, strlen (key));
	return err_set (err, CODE_BAD_VALUE, "%s has no argument '%s'%s", verb->name, shown,
		text_hint (near, sizeof near, text_nearest (key, names, n)));
}

int verb_check (const struct verb *verb, const json_t *args, struct err *err)
{
	const json_t *value;
	const char *key;

	if (args && !json_is_object (args))
		return err_set (err, CODE_BAD_VALUE, "'args' must be an object");
	json_object_foreach ((json_t *)(uintptr_t)args, key, value) if (check_unknown (verb, key, err) < 0) return -1;
	for (size_t i = 0; i < verb->n_params; i++) {
		value = json_object_get (args, verb->params[i].name);
		if (!value && verb->params[i].required)
			return err_set (
				err, CODE_BAD_VALUE, "%s needs the argument '%s'", verb->name, verb->params[i].name);
		if (value && check_value (&verb->params[i], value, err) < 0)
			return -1;
	}
	return 0;
}
