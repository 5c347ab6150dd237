/* hosts_file - see hosts_file.h. */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/trusted.h"
#include "conf/reader.h"
#include "hosts/expression.h"
#include "hosts/host_name.h"
#include "hosts/hosts_file.h"

enum { TEXTS_MAX = 4096 }; /* of one group */
enum { CONFIRM_MAX = 1000000, NOT_SAID = -1 };

/* The target of the table of the file. */
struct hosts_file {
	const char *path;
	char *directory;
	struct groups *groups;
	struct group_source *source;
	struct settings_table *settings;
	int confirm_above;
};

/* --- groups ------------------------------------------------------------------------------------------------------ */

/* The expressions of a group. They belong to the tree. */
static int read_texts (struct reader *reader, const struct conf_node *node, const char **texts, size_t *n)
{
	size_t n_items = node->kind == CONF_LIST ? node->n_items : 1;
	char path[SCHEMA_PATH_MAX];

	snprintf (path, sizeof path, "groups.%.40s", node->key);
	if (node->kind == CONF_MAP || node->kind == CONF_NULL)
		return reader_fail_value (reader, node, path, "a list of hosts such as web[01-64]");
	if (n_items > TEXTS_MAX)
		return reader_fail (
			reader, node, "%s is a list of %zu; it may have at most %d", path, n_items, TEXTS_MAX);
	for (*n = 0; *n < n_items; (*n)++) {
		const struct conf_node *item = node->kind == CONF_LIST ? node->items[*n] : node;

		if (item->kind != CONF_SCALAR)
			return reader_fail_value (reader, item, path, "a list of hosts such as web[01-64]");
		texts[*n] = item->value;
	}
	return 0;
}

static int set_groups (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	const struct hosts_file *file = reader->target;
	const char **texts;
	struct err why;
	int result = 0;

	(void)to;
	if (node->kind == CONF_NULL)
		return 0;
	if (node->kind != CONF_MAP)
		return reader_fail_type (reader, key, node);
	if (!(texts = calloc (TEXTS_MAX, sizeof *texts)))
		return reader_fail_memory (reader);
	for (size_t i = 0; i < node->n_items && result == 0; i++) {
		const struct conf_node *group = node->items[i];
		struct group_place place = {
			.file = file->path, .line = group->key_line, .directory = file->directory
		};
		size_t n = 0;

		result = read_texts (reader, group, texts, &n);
		if (result == 0 && group_source_add (file->source, group->key, texts, n, &place, &why) < 0)
			result = conf_fail (
				reader->err, reader->file, group->key_line, group->key_column, "groups: %s", why.text);
	}
	free (texts);
	return result;
}

/* --- hosts ------------------------------------------------------------------------------------------------------- */

#define AT(member) offsetof (struct host_entry, member)

/* The target of the table of one entry. */
struct host_entry {
	char *address, *user, *via, *proxy;
	int port, durable;
};

static int set_text (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	return reader_is_word (node) ? reader_copy (reader, node->value, to) : reader_fail_type (reader, key, node);
}

static const struct schema_type via_type = { "gateway", "a gateway such as ssh://gw or ssh://alice@gw:2222", set_text,
	SCHEMA_WORDS, false };

static int set_line (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	return node->kind == CONF_SCALAR && *node->value ? reader_copy (reader, node->value, to)
							 : reader_fail_type (reader, key, node);
}

static const struct schema_type proxy_type = { "command", "a command such as 'ssh -W %h:%p gateway', or none", set_line,
	SCHEMA_WORDS, false };
static const struct schema_type address_type = { "address", "an address such as 10.0.0.1, [2001:db8::1] or db1.lab",
	set_text, SCHEMA_WORDS, false };

/* As settings_entry.durable. */
static int set_durable (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	bool durable = false;

	if (schema_boolean.set (reader, key, node, &durable) < 0)
		return -1;
	*(int *)to = durable ? 1 : 2;
	return 0;
}

static const struct schema_type durable_type = { "truth", "true or false", set_durable, SCHEMA_WORDS, false };

/* clang-format off */
static const struct schema_key entry_keys[] = {
	{ "address", &address_type, AT (address), 0, 0, NULL, NULL,
		"Where the hosts are; as many addresses as hosts, or one." },
	{ "port", &schema_integer, AT (port), 1, 65535, NULL, NULL,
		"The port of their remexd." },
	{ "user", &schema_user, AT (user), 0, 0, NULL, NULL,
		"The user that requests run as." },
	{ "via", &via_type, AT (via), 0, 0, NULL, NULL,
		"The machine that connects to them, by its sshd: ssh://[USER@]HOST[:PORT]." },
	{ "proxy", &proxy_type, AT (proxy), 0, 0, NULL, NULL,
		"The command that leads to them; none: no command." },
	{ "durable", &durable_type, AT (durable), 0, 0, NULL, NULL,
		"true: remex run survives cuts of the connection, as with --durable." },
};
/* clang-format on */

static const struct schema entry_schema = { .keys = entry_keys, .n_keys = sizeof entry_keys / sizeof *entry_keys };

/* The operations for the key of an entry: it may name the groups of this file. */
static int find_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	return groups_find (context, source, name, found, err);
}

static char *no_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	(void)trusted;
	(void)context;
	(void)path;
	(void)n;
	err_set (err, 0, "the hosts of a file are no key here: make a group of them");
	return NULL;
}

static int fail_at_key (struct reader *reader, const struct conf_node *node, const char *why)
{
	return conf_fail (reader->err, reader->file, node->key_line, node->key_column, "hosts: %.300s", why);
}

/* An entry for the hosts that an expression names. */
static int add_hosts (struct reader *reader, const struct conf_node *node, const struct settings_entry *entry)
{
	static const struct expression_ops ops = { find_group, no_file };
	const struct expression expression = { .words = &node->key, .n_words = 1 };
	const struct hosts_file *file = reader->target;
	struct host_list hosts = { .n = 0 };
	struct err why;
	int result = expression_evaluate (&expression, &ops, file->groups, &hosts, &why);

	for (size_t i = 0; i < hosts.n && result == 0; i++) {
		struct host_name parts = host_name_split (hosts.names[i]);

		if (parts.user || parts.port || parts.path || parts.ssh)
			result = err_set (&why, 0, "'%.100s' is not just the name of a host: user and port are keys",
				hosts.names[i]);
	}
	if (result == 0 && !hosts.n)
		result = err_set (&why, 0, "'%.100s' names no host", node->key);
	if (result == 0)
		result = settings_add (file->settings, &hosts, entry, &why);
	if (result == 0 && !strchr (node->key, '@'))
		result = group_source_add_hosts (file->source, node->key, &why);
	host_list_free (&hosts);
	return result < 0 ? fail_at_key (reader, node, why.text) : 0;
}

static int add_entry (struct reader *outer, const struct conf_node *node)
{
	const struct hosts_file *file = outer->target;
	struct host_entry values = { .port = 0 };
	struct reader reader = {
		.schema = &entry_schema, .file = outer->file, .tree = node, .target = &values, .err = outer->err
	};
	struct settings_entry entry;
	struct err why;
	int result;

	if (node->kind != CONF_MAP)
		return reader_fail_value (
			outer, node, "each of hosts", "a map with address, port, user, via, proxy or durable");
	result = reader_read (&reader);
	entry = (struct settings_entry){ .address = values.address,
		.user = values.user,
		.via = values.via,
		.proxy = values.proxy,
		.port = values.port,
		.durable = values.durable };
	if (result == 0 && !strpbrk (node->key, "*?"))
		result = add_hosts (outer, node, &entry);
	else if (result == 0 && (result = settings_add_pattern (file->settings, node->key, &entry, &why)) < 0)
		fail_at_key (outer, node, why.text);
	free (values.address);
	free (values.user);
	free (values.via);
	free (values.proxy);
	return result;
}

static int set_hosts (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	(void)to;
	if (node->kind == CONF_NULL)
		return 0;
	if (node->kind != CONF_MAP)
		return reader_fail_type (reader, key, node);
	for (size_t i = 0; i < node->n_items; i++)
		if (add_entry (reader, node->items[i]) < 0)
			return -1;
	return 0;
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

static const struct schema_type groups_type = { "section", "a map of names to lists of hosts", set_groups, SCHEMA_WORDS,
	false };
static const struct schema_type hosts_type = { "section", "a map of hosts to their settings", set_hosts, SCHEMA_WORDS,
	false };

/* clang-format off */
static const struct schema_key file_keys[] = {
	{ "confirm_above", &schema_integer, offsetof (struct hosts_file, confirm_above), 0, CONFIRM_MAX, NULL, NULL,
		"More hosts than this are confirmed by a person before something is done on them." },
	{ "groups", &groups_type, 0, 0, 0, NULL, NULL, "Names for lists of hosts." },
	{ "hosts", &hosts_type, 0, 0, 0, NULL, NULL, "Where hosts are, and who the user is there." },
};
/* clang-format on */

static const struct schema file_schema = { .keys = file_keys, .n_keys = sizeof file_keys / sizeof *file_keys };

/* The keys of `hosts` may name groups: these are read first, wherever they stand. */
static int read_tree (struct hosts_file *file, struct conf_node *tree, struct err *err)
{
	struct reader reader = { .schema = &file_schema, .file = file->path, .tree = tree, .target = file, .err = err };
	struct conf_node *first;

	for (size_t i = 1; i < tree->n_items; i++)
		if (!strcmp (tree->items[i]->key, "groups")) {
			first = tree->items[0];
			tree->items[0] = tree->items[i];
			tree->items[i] = first;
		}
	return reader_read (&reader);
}

/* The file was read: its setting about confirmations counts. */
static int set_policy (const struct hosts_file *file, struct hosts_policy *policy, struct err *err)
{
	char *copy;

	if (file->confirm_above == NOT_SAID)
		return 0;
	if (!(copy = strdup (file->path)))
		return err_set (err, 0, "out of memory");
	free (policy->file);
	*policy = (struct hosts_policy){ file->confirm_above, copy };
	return 0;
}

int hosts_file_read (const char *path, const struct hosts_file_target *target, struct err *err)
{
	struct err why = { 0 };
	struct hosts_file file = {
		.path = path, .groups = target->groups, .settings = target->settings, .confirm_above = NOT_SAID
	};
	const char *slash = strrchr (path, '/');
	struct conf_node *tree = NULL;
	size_t n;
	char *text = trusted_read (path, CONF_FILE_MAX, &n, &why);
	int result = -1;

	if (!text && (why.sys == ENOENT || why.sys == ENOTDIR))
		return 0;
	if (!text) {
		if (err)
			*err = why;
		return -1;
	}
	file.directory = strndup (path, slash == path ? 1 : (size_t)(slash - path));
	file.source = groups_source (target->groups, HOSTS_FILE_SOURCE, GROUPS_SEARCHED, path);
	if (!file.directory || !file.source)
		err_set (err, 0, "out of memory");
	else if ((tree = conf_parse_free_keys (text, n, path, err)))
		result = read_tree (&file, tree, err);
	if (result == 0)
		result = set_policy (&file, target->policy, err);
	conf_free (tree);
	free (file.directory);
	free (text);
	return result < 0 ? -1 : 1;
}
