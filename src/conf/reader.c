/* reader - see reader.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/reader.h"

/* --- words ------------------------------------------------------------------------------------------------------- */

int reader_fail (struct reader *reader, const struct conf_node *node, const char *fmt, ...)
{
	char words[ERR_TEXT];
	va_list args;

	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	return conf_fail (reader->err, reader->file, node->line, node->column, "%s", words);
}

int reader_fail_memory (struct reader *reader)
{
	return err_set (reader->err, 0, "out of memory");
}

const char *reader_show (const struct conf_node *node, char out[READER_SHOWN])
{
	char value[READER_SHOWN - 8];

	switch (node->kind) {
	case CONF_NULL: return "empty";
	case CONF_MAP: return "a map";
	case CONF_LIST: return "a list";
	case CONF_SCALAR: break;
	}
	text_escape (value, sizeof value, node->value, strlen (node->value));
	snprintf (out, READER_SHOWN, node->quoted ? "\"%s\"" : "'%s'", value);
	return out;
}

int reader_fail_value (struct reader *reader, const struct conf_node *node, const char *path, const char *expected)
{
	char shown[READER_SHOWN];

	return reader_fail (reader, node, "%s must be %s, not %s", path, expected, reader_show (node, shown));
}

int reader_fail_type (struct reader *reader, const struct schema_key *key, const struct conf_node *node)
{
	char expected[READER_SHOWN];

	return reader_fail_value (reader, node, key->path, schema_expects (key, expected, sizeof expected));
}

int reader_fail_each (struct reader *reader, const struct schema_key *key, const struct conf_node *node)
{
	char each[SCHEMA_PATH_MAX + 8];

	snprintf (each, sizeof each, "each of %s", key->path);
	return reader_fail_value (reader, node, each, key->type->expects);
}

bool reader_is_word (const struct conf_node *node)
{
	return node->kind == CONF_SCALAR && node->value[0] && !text_has_control (node->value, strlen (node->value));
}

int reader_copy (struct reader *reader, const char *word, char **to)
{
	char *copy = strdup (word);

	if (!copy)
		return reader_fail_memory (reader);
	free (*to);
	*to = copy;
	return 0;
}

/* --- the types that every table can use -------------------------------------------------------------------------- */

static int set_number (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	long long value;
	int failed;

	switch (key->type->unit) {
	case SCHEMA_SIZE: failed = conf_size (node, &value); break;
	case SCHEMA_TIME: failed = conf_time (node, &value); break;
	default: failed = conf_integer (node, &value);
	}
	if (failed || value < key->min || value > key->max)
		return reader_fail_type (reader, key, node);
	if (key->type == &schema_integer)
		*(int *)to = (int)value;
	else
		*(int64_t *)to = value;
	return 0;
}

static int set_word (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	return reader_is_word (node) ? reader_copy (reader, node->value, to) : reader_fail_type (reader, key, node);
}

static int set_path (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	bool good = reader_is_word (node) && node->value[0] == '/';

	return good ? reader_copy (reader, node->value, to) : reader_fail_type (reader, key, node);
}

static int set_boolean (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	return conf_bool (node, to) < 0 ? reader_fail_type (reader, key, node) : 0;
}

const struct schema_type schema_boolean = { "truth", "true or false", set_boolean, SCHEMA_WORDS, false };
const struct schema_type schema_integer = { "integer", "a whole number", set_number, SCHEMA_INTEGER, false };
const struct schema_type schema_count = { "integer", "a whole number", set_number, SCHEMA_INTEGER, false };
const struct schema_type schema_size = { "size", "a size", set_number, SCHEMA_SIZE, false };
const struct schema_type schema_time = { "time", "a time", set_number, SCHEMA_TIME, false };
const struct schema_type schema_user = { "user", "the name of a user", set_word, SCHEMA_WORDS, false };
const struct schema_type schema_path = { "path", "an absolute path", set_path, SCHEMA_WORDS, false };

/* --- keys by their path ------------------------------------------------------------------------------------------- */

const struct conf_node *reader_at (const struct conf_node *tree, const char *path)
{
	const char *dot = strchr (path, '.');
	char section[SCHEMA_PATH_MAX];

	if (!dot)
		return conf_get (tree, path);
	snprintf (section, sizeof section, "%.*s", (int)(dot - path), path);
	return conf_get (conf_get (tree, section), dot + 1);
}

const struct conf_node *reader_given (const struct reader *reader, const char *path)
{
	const struct schema *schema = reader->schema;
	const struct conf_node *node = reader_at (reader->tree, path);

	for (size_t i = 0; i < schema->n_former && !node; i++)
		if (!strcmp (schema->former[i].path, path))
			node = reader_at (reader->tree, schema->former[i].former);
	return node;
}

/* --- the walk ---------------------------------------------------------------------------------------------------- */

/* A single value, or a list of values. */
static int set_list (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	if (node->kind == CONF_SCALAR)
		return key->type->set (reader, key, node, to);
	if (node->kind != CONF_LIST)
		return reader_fail_type (reader, key, node);
	if (node->n_items < (size_t)key->min)
		return reader_fail (reader, node, "%s is an empty list", key->path);
	if (node->n_items > (size_t)key->max)
		return reader_fail (reader, node, "%s is a list of %zu; it may have at most %lld", key->path,
			node->n_items, key->max);
	for (size_t i = 0; i < node->n_items; i++)
		if (key->type->set (reader, key, node->items[i], to) < 0)
			return -1;
	return 0;
}

static int set_key (struct reader *reader, const struct schema_key *key, const struct conf_node *node)
{
	void *to = (char *)reader->target + key->offset;

	return key->type->list ? set_list (reader, key, node, to) : key->type->set (reader, key, node, to);
}

static int fail_unknown (struct reader *reader, const struct conf_node *node, const char *path)
{
	char hint[SCHEMA_PATH_MAX + 32] = "", near[SCHEMA_PATH_MAX], shown[READER_SHOWN];
	bool word = *node->key != '/'; /* false: a path, for which no key is suggested */

	if (word && strchr (node->key, '.'))
		snprintf (hint, sizeof hint, "; sections are nested, not dotted");
	else if (word && schema_nearest (reader->schema, path, near))
		text_hint (hint, sizeof hint, near);
	return conf_fail (reader->err, reader->file, node->key_line, node->key_column, "unknown key '%s'%s",
		text_escape (shown, sizeof shown, path, strlen (path)), hint);
}

static int read_section (struct reader *reader, const struct conf_node *map, const char *prefix);

/* One key of a section. A section without a value (all its lines are commented out) counts as absent. */
static int read_key (struct reader *reader, const struct conf_node *node, const char *prefix)
{
	const struct schema *schema = reader->schema;
	const struct schema_key *key;
	const char *now;
	char path[READER_SHOWN];

	snprintf (path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", node->key);
	if (*node->key == '/' || strchr (node->key, '.'))
		return fail_unknown (reader, node, path);
	if ((key = schema_find (schema, path)))
		return set_key (reader, key, node);
	if ((now = schema_renamed (schema, path))) {
		if (!reader_at (reader->tree, now))
			return set_key (reader, schema_find (schema, now), node);
		return conf_fail (reader->err, reader->file, node->key_line, node->key_column,
			"%s is the former name of %s, which the file has, too: remove one of them", path, now);
	}
	if (schema_is_section (schema, path)) {
		if (node->kind == CONF_NULL)
			return 0;
		if (node->kind != CONF_MAP)
			return reader_fail_value (reader, node, path, "a map of keys");
		return read_section (reader, node, path);
	}
	if (schema->open && !strcmp (prefix, schema->open))
		return schema->set_other (reader, path, node);
	return fail_unknown (reader, node, path);
}

/* A section, or the whole file when `prefix` is "". */
static int read_section (struct reader *reader, const struct conf_node *map, const char *prefix)
{
	for (size_t i = 0; i < map->n_items; i++)
		if (read_key (reader, map->items[i], prefix) < 0)
			return -1;
	return 0;
}

int reader_read (struct reader *reader)
{
	for (size_t i = 0; i < reader->schema->n_keys; i++) {
		const struct schema_key *key = &reader->schema->keys[i];
		struct conf_node node = { .kind = CONF_SCALAR, .value = key->value };

		if (node.value && set_key (reader, key, &node) < 0)
			return -1;
	}
	return read_section (reader, reader->tree, "");
}
