/* arguments - see arguments.h. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plugin/arguments.h"
#include "wire/codes.h"
#include "wire/header.h"

static size_t count_params (const struct remex_param *params)
{
	size_t n = 0;

	while (params && params[n].name)
		n++;
	return n;
}

static int arguments_room (struct arguments *args, const struct remex_param *params, struct err *err)
{
	args->n_items = 0;
	args->items = calloc (count_params (params) + 1, sizeof *args->items);
	return args->items ? 0 : err_set (err, CODE_INTERNAL, "out of memory");
}

static void strings_free (char **strings)
{
	for (size_t i = 0; strings && strings[i]; i++)
		free (strings[i]);
	free (strings);
}

void arguments_free (struct arguments *args)
{
	for (size_t i = 0; i < args->n_items; i++) {
		if (args->items[i].param->type == REMEX_STRING)
			free (args->items[i].string);
		else if (args->items[i].param->type == REMEX_STRINGS || args->items[i].param->type == REMEX_MAP)
			strings_free (args->items[i].strings);
	}
	free (args->items);
	*args = (struct arguments){ 0 };
}

const struct argument *arguments_find (const struct arguments *args, const char *name, enum remex_type type)
{
	for (size_t i = 0; i < args->n_items; i++) {
		enum remex_type has =
			args->items[i].param->type == REMEX_MAP ? REMEX_STRINGS : args->items[i].param->type;

		if (has == type && !strcmp (args->items[i].param->name, name))
			return &args->items[i];
	}
	return NULL;
}

/* --- from a call -------------------------------------------------------------------------------------------------- */

static char **strings_from_list (const json_t *value, struct err *err)
{
	char **strings = calloc (json_array_size (value) + 1, sizeof *strings);
	const json_t *item;
	size_t i;

	if (!strings) {
		err_set (err, CODE_INTERNAL, "out of memory");
		return NULL;
	}
	json_array_foreach (value, i, item) if (!(strings[i] = header_string (item, NULL, err)))
	{
		strings_free (strings);
		return NULL;
	}
	return strings;
}

static char **strings_from_map (const json_t *value, struct err *err)
{
	char **strings = calloc (json_object_size (value) + 1, sizeof *strings);
	const json_t *item;
	const char *key;
	size_t n = 0;

	if (!strings)
		err_set (err, CODE_INTERNAL, "out of memory");
	json_object_foreach ((json_t *)(uintptr_t)value, key, item)
	{
		char *text = strings ? header_string (item, NULL, err) : NULL;

		if (!text || asprintf (&strings[n], "%s=%s", key, text) < 0) {
			if (strings)
				strings[n] = NULL;
			strings_free (strings);
			free (text);
			return NULL;
		}
		n++;
		free (text);
	}
	return strings;
}

static bool type_fits (enum remex_type type, const json_t *value)
{
	switch (type) {
	case REMEX_STRING: return true; /* header_string checks it */
	case REMEX_INTEGER: return json_is_integer (value);
	case REMEX_NUMBER: return json_is_number (value);
	case REMEX_BOOL: return json_is_boolean (value);
	case REMEX_STRINGS: return json_is_array (value);
	case REMEX_MAP: return json_is_array (value) || json_is_object (value);
	}
	return false;
}

static int argument_from_json (struct argument *arg, const json_t *value, struct err *err)
{
	if (!type_fits (arg->param->type, value))
		return err_set (err, CODE_BAD_VALUE, "'%s' is of the wrong type", arg->param->name);
	switch (arg->param->type) {
	case REMEX_STRING: return (arg->string = header_string (value, NULL, err)) ? 0 : -1;
	case REMEX_STRINGS:
	case REMEX_MAP:
		arg->strings = json_is_object (value) ? strings_from_map (value, err) : strings_from_list (value, err);
		return arg->strings ? 0 : -1;
	case REMEX_INTEGER: arg->integer = json_integer_value (value); break;
	case REMEX_NUMBER: arg->number = json_number_value (value); break;
	case REMEX_BOOL: arg->truth = json_is_true (value); break;
	}
	return 0;
}

int arguments_from_json (
	struct arguments *args, const struct remex_param *params, const json_t *object, struct err *err)
{
	if (arguments_room (args, params, err) < 0)
		return -1;
	for (const struct remex_param *param = params; param && param->name; param++) {
		const json_t *value = json_object_get (object, param->name);
		struct argument *arg = &args->items[args->n_items];

		if (!value)
			continue;
		arg->param = param;
		if (argument_from_json (arg, value, err) < 0) {
			arguments_free (args);
			return -1;
		}
		args->n_items++;
	}
	return 0;
}

/* --- from the configuration --------------------------------------------------------------------------------------- */

static int config_value (struct argument *arg, const struct conf_node *node)
{
	switch (arg->param->type) {
	case REMEX_STRING:
		if (node->kind != CONF_SCALAR)
			return -1;
		return (arg->string = strdup (node->value)) ? 0 : -1;
	case REMEX_INTEGER: return conf_integer (node, &arg->integer);
	case REMEX_NUMBER: return conf_number (node, &arg->number);
	case REMEX_BOOL: return conf_bool (node, &arg->truth);
	case REMEX_STRINGS:
		if (node->kind != CONF_LIST || !(arg->strings = calloc (node->n_items + 1, sizeof *arg->strings)))
			return -1;
		for (size_t i = 0; i < node->n_items; i++)
			if (node->items[i]->kind != CONF_SCALAR ||
				!(arg->strings[i] = strdup (node->items[i]->value))) {
				strings_free (arg->strings);
				return -1;
			}
		return 0;
	case REMEX_MAP: break;
	}
	return -1;
}

static const struct remex_param *find_param (const struct remex_param *params, const char *key)
{
	for (; params && params->name; params++)
		if (!strcmp (params->name, key))
			return params;
	return NULL;
}

static int unknown_option (
	const struct remex_param *params, const struct conf_node *node, const char *file, struct err *err)
{
	const char *names[32];
	char shown[160], hint[128];
	size_t n = 0;

	for (; params && params->name && n < 32; params++)
		names[n++] = params->name;
	text_escape (shown, sizeof shown, node->key, strlen (node->key)); /* a key may be a long path */
	text_hint (hint, sizeof hint, text_nearest (shown, names, n));
	return conf_fail (err, file, node->key_line, node->key_column, "unknown key '%s'%s", shown, hint);
}

int arguments_from_config (struct arguments *args, const struct remex_param *params, const struct conf_node *section,
	const char *file, struct err *err)
{
	if (arguments_room (args, params, err) < 0)
		return -1;
	for (size_t i = 0; section && i < section->n_items; i++) {
		const struct conf_node *node = section->items[i];
		struct argument *arg = &args->items[args->n_items];

		if (!(arg->param = find_param (params, node->key))) {
			arguments_free (args);
			return unknown_option (params, node, file, err);
		}
		if (config_value (arg, node) < 0) {
			static const char *const words[] = { "", "a string", "an integer", "a number", "true or false",
				"a list of strings", "" };
			enum remex_type type = arg->param->type;

			arguments_free (args);
			return conf_fail (
				err, file, node->line, node->column, "'%s' must be %s", node->key, words[type]);
		}
		args->n_items++;
	}
	for (const struct remex_param *param = params; param && param->name; param++)
		if (param->flags & REMEX_REQUIRED && !conf_get (section, param->name)) {
			arguments_free (args);
			return err_set (err, 0, "%s: the option '%s' is required", file, param->name);
		}
	return 0;
}
