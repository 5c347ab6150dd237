/* schema - see schema.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "conf/schema.h"

const struct schema_key *schema_find (const struct schema *schema, const char *path)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (!strcmp (schema->keys[i].path, path))
			return &schema->keys[i];
	return NULL;
}

bool schema_is_section (const struct schema *schema, const char *path)
{
	size_t n = strlen (path);

	for (size_t i = 0; i < schema->n_keys; i++)
		if (!strncmp (schema->keys[i].path, path, n) && schema->keys[i].path[n] == '.')
			return true;
	return false;
}

const char *schema_renamed (const struct schema *schema, const char *former)
{
	for (size_t i = 0; i < schema->n_former; i++)
		if (!strcmp (schema->former[i].former, former))
			return schema->former[i].path;
	return NULL;
}

static const char *last_word (const char *path)
{
	const char *dot = strrchr (path, '.');

	return dot ? dot + 1 : path;
}

/* The only key with that last word, now or before; or NULL. */
static const char *only_home (const struct schema *schema, const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; i < schema->n_keys; i++) {
		if (strcmp (last_word (schema->keys[i].path), word) != 0)
			continue;
		if (found)
			return NULL;
		found = schema->keys[i].path;
	}
	for (size_t i = 0; i < schema->n_former && !found; i++)
		if (!strcmp (last_word (schema->former[i].former), word))
			found = schema->former[i].path;
	return found;
}

const char *schema_nearest (const struct schema *schema, const char *path, char out[SCHEMA_PATH_MAX])
{
	const char *word = last_word (path), *near = only_home (schema, word);
	char words[SCHEMA_KEYS_MAX][SCHEMA_PATH_MAX];
	const char *names[SCHEMA_KEYS_MAX];
	size_t n = 0, section = (size_t)(word - path);

	if (near) {
		snprintf (out, SCHEMA_PATH_MAX, "%s", near);
		return out;
	}
	/* Each word that is possible at this place. A section appears once for each of its keys, which does no harm. */
	for (size_t i = 0; i < schema->n_keys && n < SCHEMA_KEYS_MAX; i++) {
		const char *known = schema->keys[i].path;

		if (strncmp (known, path, section) != 0)
			continue;
		snprintf (words[n], SCHEMA_PATH_MAX, "%.*s", (int)strcspn (known + section, "."), known + section);
		names[n] = words[n];
		n++;
	}
	if (!(near = text_nearest (word, names, n)))
		return NULL;
	snprintf (out, SCHEMA_PATH_MAX, "%.*s%.40s", section < 20 ? (int)section : 20, path, near);
	return out;
}

char *schema_number (enum schema_unit unit, long long value, char out[SCHEMA_NUMBER_MAX])
{
	return quantity_show (unit == SCHEMA_SIZE   ? QUANTITY_SIZE
			      : unit == SCHEMA_TIME ? QUANTITY_TIME
						    : QUANTITY_COUNT,
		value, out);
}

char *schema_expects (const struct schema_key *key, char *out, size_t size)
{
	const struct schema_type *type = key->type;
	char low[SCHEMA_NUMBER_MAX], high[SCHEMA_NUMBER_MAX];

	if (type->unit == SCHEMA_WORDS)
		snprintf (out, size, "%s%s", type->expects, type->list ? ", or a list of them" : "");
	else
		snprintf (out, size, "%s from %s to %s", type->expects, schema_number (type->unit, key->min, low),
			schema_number (type->unit, key->max, high));
	return out;
}
