/* identity - see identity.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands/identity.h"

/* Append, as far as there is room. */
static void add (char out[IDENTITY_WORDS], const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static void add (char out[IDENTITY_WORDS], const char *fmt, ...)
{
	size_t used = strlen (out);
	va_list args;

	va_start (args, fmt);
	vsnprintf (out + used, IDENTITY_WORDS - used, fmt, args);
	va_end (args);
}

static void add_string (char out[IDENTITY_WORDS], const json_t *string)
{
	const char *text = json_is_string (string) ? json_string_value (string) : "?";
	size_t used = strlen (out);

	text_escape (out + used, IDENTITY_WORDS - used, text, strlen (text));
}

static void add_list (char out[IDENTITY_WORDS], const json_t *list, const char *between)
{
	const json_t *each;
	size_t i;

	json_array_foreach (list, i, each)
	{
		add (out, "%s", i ? between : "");
		add_string (out, each);
	}
}

char *identity_text (const json_t *identity, const char *key, const char *none, char out[IDENTITY_WORDS])
{
	const json_t *text = json_object_get (identity, key);

	*out = '\0';
	if (json_is_string (text))
		add_string (out, text);
	if (!*out)
		add (out, "%s", none);
	return out;
}

char *identity_list (const json_t *list, const char *none, char out[IDENTITY_WORDS])
{
	*out = '\0';
	add_list (out, list, ", ");
	if (!*out)
		add (out, "%s", none);
	return out;
}

char *identity_roots (const json_t *identity, char out[IDENTITY_WORDS])
{
	const json_t *right;
	const char *path;
	size_t used;

	*out = '\0';
	json_object_foreach (json_object_get (identity, "roots"), path, right)
	{
		add (out, "%s", *out ? ", " : "");
		used = strlen (out);
		text_escape (out + used, IDENTITY_WORDS - used, path, strlen (path));
		add (out, " (");
		add_string (out, right);
		add (out, ")");
	}
	if (!*out)
		add (out, "everything");
	return out;
}

char *identity_calls (const json_t *identity, char out[IDENTITY_WORDS])
{
	const json_t *command;
	size_t i;

	*out = '\0';
	add_list (out, json_object_get (identity, "allow"), ", ");
	json_array_foreach (json_object_get (identity, "commands"), i, command)
	{
		add (out, "%s`", *out ? ", " : "");
		add_list (out, command, " ");
		add (out, "`");
	}
	if (!*out)
		add (out, "nothing");
	return out;
}
