/* args - the arguments of a call, built one by one (remex/client.h). */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "remex/client.h"
#include "wire/header.h"

struct remex_args {
	json_t *object;
	char *text; /* the text that was last returned */
	bool failed;
};

struct remex_args *remex_args_new (void)
{
	struct remex_args *args = calloc (1, sizeof *args);

	if (args && !(args->object = json_object ())) {
		free (args);
		return NULL;
	}
	return args;
}

void remex_args_free (struct remex_args *args)
{
	if (!args)
		return;
	json_decref (args->object);
	free (args->text);
	free (args);
}

/* Set a member to a new reference. NULL: the value could not be made. */
static void set_member (struct remex_args *args, const char *key, json_t *value)
{
	if (!key || !value || json_object_set_new (args->object, key, value) < 0) {
		if (!key)
			json_decref (value);
		args->failed = true;
	}
}

void remex_args_string (struct remex_args *args, const char *key, const char *value)
{
	set_member (args, key, value ? header_bytes (value, strlen (value)) : NULL);
}

void remex_args_strings (struct remex_args *args, const char *key, const char *const *values, size_t n)
{
	json_t *list = json_array ();

	for (size_t i = 0; i < n; i++)
		if (!values[i] || json_array_append_new (list, header_bytes (values[i], strlen (values[i]))) < 0)
			args->failed = true;
	set_member (args, key, list);
}

void remex_args_json (struct remex_args *args, const char *key, const char *json)
{
	set_member (args, key, json ? json_loads (json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : NULL);
}

const char *remex_args_text (struct remex_args *args)
{
	free (args->text);
	args->text = args->failed ? NULL : json_dumps (args->object, JSON_COMPACT);
	return args->text;
}
