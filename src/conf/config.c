/* config - see config.h. The tree is walked along the table of keys (schema.c); each value is checked and put where
 * the table says. The defaults go the same way, as text, before the file does.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/config.h"
#include "conf/schema.h"

enum {
	SHOWN = 160, /* so much of a value is shown in a message */
	SOCKET_PATH_MAX = 107, /* sockaddr_un.sun_path without its NUL (unix(7)) */
};

struct reader {
	struct config *config;
	struct err *err;
};

static int fail_memory (struct err *err)
{
	return err_set (err, 0, "out of memory");
}

/* "not …" for a message: what the node is. */
static const char *describe (const struct conf_node *node, char out[SHOWN])
{
	char value[SHOWN - 8];

	switch (node->kind) {
	case CONF_NULL: return "empty";
	case CONF_MAP: return "a map";
	case CONF_LIST: return "a list";
	case CONF_SCALAR: break;
	}
	text_escape (value, sizeof value, node->value, strlen (node->value));
	snprintf (out, SHOWN, node->quoted ? "\"%s\"" : "'%s'", value);
	return out;
}

static int fail_value (struct reader *reader, const struct conf_node *node, const char *path, const char *expected)
{
	char shown[SHOWN];

	return conf_fail (reader->err, reader->config->file, node->line, node->column, "%s must be %s, not %s", path,
		expected, describe (node, shown));
}

static bool has_control (const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word < 0x20 || *word == 0x7F)
			return true;
	return false;
}

/* A string without control characters into *to, in place of what is there. */
static int set_string (struct reader *reader, const struct schema_key *key, const struct conf_node *node, char **to)
{
	char expected[SHOWN], *copy;
	bool good = node->kind == CONF_SCALAR && node->value[0] && !has_control (node->value);

	if (key->type == SCHEMA_DIRECTORY && good && node->value[0] != '/')
		good = false;
	if (!good)
		return fail_value (reader, node, key->path, schema_expects (key, expected, sizeof expected));
	if (!(copy = strdup (node->value)))
		return fail_memory (reader->err);
	free (*to);
	*to = copy;
	return 0;
}

/* The path of a listener that the node names, or NULL and err. */
static const char *listen_path (struct reader *reader, const struct conf_node *node)
{
	static const char scheme[] = "unix://";
	const char *file = reader->config->file, *path;
	char shown[SHOWN];

	if (node->kind != CONF_SCALAR) {
		fail_value (reader, node, "each of listen", "unix:///absolute/path");
		return NULL;
	}
	describe (node, shown);
	if (!strncmp (node->value, "tcp:", 4))
		conf_fail (reader->err, file, node->line, node->column,
			"%s: this version listens on unix:// sockets only, not on TCP", shown);
	else if (strncmp (node->value, scheme, sizeof scheme - 1) != 0)
		conf_fail (reader->err, file, node->line, node->column,
			"listen must be unix:///absolute/path, not %s%s", shown,
			node->value[0] == '/' ? "; write unix:// in front of it" : "");
	else if (*(path = node->value + sizeof scheme - 1) != '/')
		conf_fail (reader->err, file, node->line, node->column,
			"%s is not absolute: three slashes, as in unix:///run/remex/remexd.sock", shown);
	else if (path[strlen (path) - 1] == '/')
		conf_fail (reader->err, file, node->line, node->column, "%s names a directory, not a socket", shown);
	else if (strlen (path) > SOCKET_PATH_MAX)
		conf_fail (reader->err, file, node->line, node->column,
			"the socket's path is %zu bytes long, and %d are possible: %s", strlen (path), SOCKET_PATH_MAX,
			shown);
	else if (has_control (path))
		conf_fail (reader->err, file, node->line, node->column, "%s has a control character in it", shown);
	else
		return path;
	return NULL;
}

static int add_listen (struct reader *reader, const struct conf_node *node)
{
	struct config *config = reader->config;
	struct config_listen *more;
	const char *path = listen_path (reader, node);
	char shown[SHOWN], *copy;

	if (!path)
		return -1;
	for (size_t i = 0; i < config->n_listen; i++)
		if (!strcmp (config->listen[i].path, path))
			return conf_fail (reader->err, config->file, node->line, node->column,
				"%s is already on line %u", describe (node, shown), config->listen[i].line);
	if (!(more = realloc (config->listen, (config->n_listen + 1) * sizeof *more)))
		return fail_memory (reader->err);
	config->listen = more;
	if (!(copy = strdup (path)))
		return fail_memory (reader->err);
	more[config->n_listen++] =
		(struct config_listen){ .kind = LISTEN_UNIX, .path = copy, .line = node->line, .column = node->column };
	return 0;
}

static int set_listen (struct reader *reader, const struct schema_key *key, const struct conf_node *node)
{
	char expected[SHOWN];

	if (node->kind == CONF_SCALAR)
		return add_listen (reader, node);
	if (node->kind != CONF_LIST)
		return fail_value (reader, node, key->path, schema_expects (key, expected, sizeof expected));
	if (node->n_items < (size_t)key->min)
		return conf_fail (reader->err, reader->config->file, node->line, node->column,
			"listen is empty; leave it out for the default socket");
	if (node->n_items > (size_t)key->max)
		return conf_fail (reader->err, reader->config->file, node->line, node->column,
			"listen names %zu sockets, and %lld are possible", node->n_items, key->max);
	for (size_t i = 0; i < node->n_items; i++)
		if (add_listen (reader, node->items[i]) < 0)
			return -1;
	return 0;
}

static int set_number (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	char expected[SHOWN];
	long long value;
	int failed;

	switch (key->type) {
	case SCHEMA_SIZE: failed = conf_size (node, &value); break;
	case SCHEMA_TIME: failed = conf_time (node, &value); break;
	default: failed = conf_integer (node, &value);
	}
	if (failed || value < key->min || value > key->max)
		return fail_value (reader, node, key->path, schema_expects (key, expected, sizeof expected));
	if (key->type == SCHEMA_INTEGER)
		*(int *)to = (int)value;
	else
		*(int64_t *)to = value;
	return 0;
}

/* The value of one key of the table. */
static int set_key (struct reader *reader, const struct schema_key *key, const struct conf_node *node)
{
	void *to = (char *)reader->config + key->offset;
	char expected[SHOWN];
	int level;

	switch (key->type) {
	case SCHEMA_INTEGER:
	case SCHEMA_SIZE:
	case SCHEMA_TIME: return set_number (reader, key, node, to);
	case SCHEMA_USER:
	case SCHEMA_DIRECTORY: return set_string (reader, key, node, to);
	case SCHEMA_LISTEN: return set_listen (reader, key, node);
	case SCHEMA_LOG: break;
	}
	if (node->kind != CONF_SCALAR || (level = log_level_parse (node->value)) < 0)
		return fail_value (reader, node, key->path, schema_expects (key, expected, sizeof expected));
	*(enum log_level *)to = (enum log_level)level;
	return 0;
}

/* `plugins.NAME`: a map of options, or a truth; nothing at all (all its lines are commented out) means yes. */
static int add_plugin (struct reader *reader, const char *path, const struct conf_node *node)
{
	struct config *config = reader->config;
	struct config_plugin *more, plugin = { .name = node->key, .enabled = true };
	char near[SCHEMA_PATH_MAX], shown[SHOWN];

	if (node->kind == CONF_MAP) {
		plugin.options = node;
	} else if (node->kind != CONF_NULL && conf_bool (node, &plugin.enabled) < 0) {
		bool meant = schema_nearest (path, near);

		return conf_fail (reader->err, config->file, node->line, node->column,
			"%s must be false or a map of the plugin's keys, not %s%s%s%s", path, describe (node, shown),
			meant ? "; did you mean '" : "", meant ? near : "", meant ? "'?" : "");
	}
	if ((config->n_plugins & (config->n_plugins - 1)) == 0) {
		size_t room = config->n_plugins ? config->n_plugins * 2 : 1;

		if (!(more = realloc (config->plugins, room * sizeof *more)))
			return fail_memory (reader->err);
		config->plugins = more;
	}
	config->plugins[config->n_plugins++] = plugin;
	return 0;
}

static int fail_unknown (struct reader *reader, const struct conf_node *node, const char *path)
{
	char hint[SCHEMA_PATH_MAX + 32] = "", near[SCHEMA_PATH_MAX];

	if (strchr (node->key, '.'))
		snprintf (hint, sizeof hint, "; sections are nested, not dotted");
	else if (schema_nearest (path, near))
		snprintf (hint, sizeof hint, "; did you mean '%s'?", near);
	return conf_fail (
		reader->err, reader->config->file, node->key_line, node->key_column, "unknown key '%s'%s", path, hint);
}

static int read_section (struct reader *reader, const struct conf_node *map, const char *prefix);

/* One key of a section. A section without a value (all its lines are commented out) is as good as none. */
static int read_key (struct reader *reader, const struct conf_node *node, const char *prefix)
{
	const struct schema_key *key;
	char path[SHOWN];

	snprintf (path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", node->key);
	if (strchr (node->key, '.'))
		return fail_unknown (reader, node, path);
	if ((key = schema_find (path)))
		return set_key (reader, key, node);
	if (schema_is_section (path)) {
		if (node->kind == CONF_NULL)
			return 0;
		if (node->kind != CONF_MAP)
			return fail_value (reader, node, path, "a map of keys");
		return read_section (reader, node, path);
	}
	if (!strcmp (prefix, "plugins"))
		return add_plugin (reader, path, node);
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

static int set_defaults (struct reader *reader)
{
	for (size_t i = 0; i < schema_size; i++) {
		struct conf_node node = { .kind = CONF_SCALAR, .value = schema_keys[i].value };

		if (node.value && set_key (reader, &schema_keys[i], &node) < 0)
			return -1;
	}
	return 0;
}

/* The complaint about two keys belongs to the one that the file has, or to the second of them. */
static int fail_pair (struct reader *reader, const char *section, const char *first, const char *second,
	const char *fmt, ...) __attribute__ ((format (printf, 5, 6)));

static int fail_pair (
	struct reader *reader, const char *section, const char *first, const char *second, const char *fmt, ...)
{
	const struct conf_node *map = conf_get (reader->config->tree, section);
	const struct conf_node *a = conf_get (map, first), *b = conf_get (map, second);
	char words[ERR_TEXT];
	va_list args;

	if (!a || (b && (b->line > a->line || (b->line == a->line && b->column > a->column))))
		a = b;
	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	return conf_fail (reader->err, reader->config->file, a ? a->line : 1, a ? a->column : 1, "%s", words);
}

/* What concerns more than one key. A file that only says `workers.max: 1` is right: it never asked for two spare ones.
 */
static int check_pairs (struct reader *reader)
{
	struct config *config = reader->config;
	char ping[SCHEMA_NUMBER_MAX], silence[SCHEMA_NUMBER_MAX];

	if (config->workers_spare > config->workers_max && !conf_get (conf_get (config->tree, "workers"), "spare"))
		config->workers_spare = config->workers_max;
	if (config->workers_spare > config->workers_max)
		return fail_pair (reader, "workers", "spare", "max", "workers.spare (%d) is more than workers.max (%d)",
			config->workers_spare, config->workers_max);
	if (config->limits.ping_ms >= config->limits.silence_ms)
		return fail_pair (reader, "limits", "ping", "silence",
			"limits.ping (%s) must be less than limits.silence (%s)",
			schema_number (SCHEMA_TIME, config->limits.ping_ms, ping),
			schema_number (SCHEMA_TIME, config->limits.silence_ms, silence));
	return 0;
}

struct config *config_parse (const char *text, size_t n, const char *file, struct err *err)
{
	struct config *config = calloc (1, sizeof *config);
	struct reader reader = { config, err };

	if (!config || !(config->file = strdup (file))) {
		fail_memory (err);
		goto fail;
	}
	if (!(config->tree = conf_parse (text, n, file, err)))
		goto fail;
	if (set_defaults (&reader) < 0 || read_section (&reader, config->tree, "") < 0 || check_pairs (&reader) < 0)
		goto fail;
	return config;
fail:
	config_free (config);
	return NULL;
}

void config_free (struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_listen; i++)
		free (config->listen[i].path);
	free (config->listen);
	free (config->front_user);
	free (config->plugins_directory);
	free (config->plugins);
	conf_free (config->tree);
	free (config->file);
	free (config);
}

const struct config_plugin *config_plugin (const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_plugins; i++)
		if (!strcmp (config->plugins[i].name, name))
			return &config->plugins[i];
	return NULL;
}
