/* grant - an identity file as a struct grant; see grant.h. This file has the table of keys, the types that only
 * identity files have, and the checks of more than one key. The questions to a grant are in grant_rights.c.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/grant.h"
#include "conf/reader.h"

/* --- the types --------------------------------------------------------------------------------------------------- */

/* Make room for one more item behind the `n` items. Returns the array, which replaces `items`; or NULL and err, and
 * `items` stays valid. */
static void *add_room (struct reader *reader, void *items, size_t n, size_t size)
{
	void *more = realloc (items, (n + 1) * size);

	if (!more)
		reader_fail_memory (reader);
	return more;
}

static int add_key (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct grant *grant = reader->target;
	struct key *more, parsed;
	struct err why;

	(void)to;
	if (node->kind != CONF_SCALAR || !node->value[0])
		return reader_fail_each (reader, key, node);
	if (key_parse (&parsed, node->value, &why) < 0)
		return reader_fail (reader, node, "%s: %s", key->path, why.text);
	for (size_t i = 0; i < grant->n_keys; i++)
		if (key_equal (&grant->keys[i], &parsed))
			return reader_fail (reader, node, "this key is in the list already");
	if (!(more = add_room (reader, grant->keys, grant->n_keys, sizeof *more)))
		return -1;
	grant->keys = more;
	more[grant->n_keys++] = parsed;
	return 0;
}

/* The end of the name of a plugin or a verb, or NULL. */
static const char *skip_name (const char *p)
{
	size_t n = strcspn (p, ".");

	return text_is_name (p, n) ? p + n : NULL;
}

/* plugin, plugin.*, plugin.verb or *. */
static bool is_call (const char *text)
{
	const char *p = skip_name (text);

	if (!p)
		return !strcmp (text, "*");
	if (!*p || !strcmp (p, ".*"))
		return true;
	return *p == '.' && (p = skip_name (p + 1)) && !*p;
}

static int add_allow (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct grant *grant = reader->target;
	const char **more;

	(void)to;
	if (node->kind != CONF_SCALAR || !is_call (node->value))
		return reader_fail_each (reader, key, node);
	if (!(more = add_room (reader, grant->allow, grant->n_allow, sizeof *more)))
		return -1;
	grant->allow = more;
	more[grant->n_allow++] = node->value;
	return 0;
}

/* The words of a command are read later, when the slots are known: read_commands. */
static int check_command (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	(void)to;
	return node->kind == CONF_LIST ? 0 : reader_fail_each (reader, key, node);
}

static int check_slots (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	(void)to;
	if (node->kind != CONF_MAP)
		return reader_fail_type (reader, key, node);
	if (node->n_items > (size_t)key->max)
		return reader_fail (reader, node, "%s is a map of %zu; it may have at most %lld", key->path,
			node->n_items, key->max);
	return command_check_slots (node, reader->file, reader->err);
}

static int add_root (struct reader *reader, const struct conf_node *node)
{
	struct grant *grant = reader->target;
	struct grant_root *root = &grant->roots[grant->n_roots];
	struct err why;

	if (grant_check_root (node->key, &why) < 0)
		return conf_fail (reader->err, reader->file, node->key_line, node->key_column, "roots: %s", why.text);
	if (node->kind != CONF_SCALAR || (strcmp (node->value, "r") != 0 && strcmp (node->value, "rw") != 0))
		return reader_fail_value (reader, node, "each of roots", "r or rw");
	root->path = node->key;
	root->writable = node->value[1];
	grant->n_roots++;
	return 0;
}

static int set_roots (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct grant *grant = reader->target;

	(void)to;
	if (node->kind != CONF_MAP)
		return reader_fail_type (reader, key, node);
	if (node->n_items < (size_t)key->min)
		return reader_fail (reader, node, "%s is an empty map", key->path);
	if (node->n_items > (size_t)key->max)
		return reader_fail (reader, node, "%s is a map of %zu; it may have at most %lld", key->path,
			node->n_items, key->max);
	if (!(grant->roots = calloc (node->n_items, sizeof *grant->roots)))
		return reader_fail_memory (reader);
	for (size_t i = 0; i < node->n_items; i++)
		if (add_root (reader, node->items[i]) < 0)
			return -1;
	return 0;
}

static int add_network (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	struct grant *grant = reader->target;
	struct network *more, parsed;
	struct err why;

	(void)to;
	if (!reader_is_word (node))
		return reader_fail_each (reader, key, node);
	if (network_parse (&parsed, node->value, &why) < 0)
		return reader_fail (reader, node, "%s: %s", key->path, why.text);
	if (!(more = add_room (reader, grant->from, grant->n_from, sizeof *more)))
		return -1;
	grant->from = more;
	more[grant->n_from++] = parsed;
	return 0;
}

static int set_date (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	if (node->kind != CONF_SCALAR || grant_parse_date (node->value, to) < 0)
		return reader_fail_type (reader, key, node);
	return 0;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const struct schema_type key_type = { "key ...", "a line as remex keygen prints it (remex-ed25519 ...)", add_key,
	SCHEMA_WORDS, true };
static const struct schema_type allow_type = { "call ...", "a call such as exec.run, file.* or \"*\"", add_allow,
	SCHEMA_WORDS, true };
static const struct schema_type commands_type = { "command ...", "a list of words", check_command, SCHEMA_WORDS, true };
static const struct schema_type slots_type = { "section", "a map of regular expressions", check_slots, SCHEMA_WORDS,
	false };
static const struct schema_type roots_type = { "section", "a map of absolute paths to r or rw", set_roots, SCHEMA_WORDS,
	false };
static const struct schema_type from_type = { "network ...", "a network such as 10.0.0.0/8 or 2001:db8::/32",
	add_network, SCHEMA_WORDS, true };
static const struct schema_type date_type = { "date", "a date in UTC such as 2027-01-31 or 2027-01-31T12:00:00Z",
	set_date, SCHEMA_WORDS, false };

#define AT(member) offsetof (struct grant, member)

/* The limits of each of its requests. */
#define REQUEST_KEY(name, word, quantity, least, most, resource, words, help) \
	READER_LIMIT ("limits." word, READER_LIMIT_##quantity, AT (limits.requests.value[LIMIT_##name]), most, help)

/* clang-format off */
static const struct schema_key keys[] = {
	{ "key", &key_type, AT (keys), 1, GRANT_KEYS_MAX, NULL, NULL,
		"The keys by which it is known, one or a list." },
	{ "user", &schema_user, AT (user), 0, 0, NULL, NULL,
		"The user that its requests run as." },
	{ "allow", &allow_type, AT (allow), 1, GRANT_LIST_MAX, NULL, NULL,
		"The calls that it may make." },
	{ "commands", &commands_type, AT (commands), 1, GRANT_LIST_MAX, NULL, NULL,
		"The commands that it may run." },
	{ "slots", &slots_type, 0, 0, GRANT_SLOTS_MAX, NULL, NULL,
		"The arguments that the slots of the commands accept." },
	{ "roots", &roots_type, AT (roots), 1, GRANT_ROOTS_MAX, NULL, NULL,
		"The files that calls may reach; without: all files of its user." },
	{ "from", &from_type, AT (from), 1, GRANT_LIST_MAX, NULL, NULL,
		"The networks that it may call from; everywhere without." },
	{ "expires", &date_type, AT (expires), 0, 0, NULL, NULL,
		"When it expires." },
	{ "limits.connections", &schema_integer, AT (limits.connections), 1, 1000000, "16", NULL,
		"Its connections at once." },
	{ "limits.calls", &schema_integer, AT (limits.calls), 1, 65536, "64", NULL,
		"Its requests that may run or wait at once, over all its connections." },
	CALL_LIMIT_TABLE (REQUEST_KEY)
	{ "record.what", &record_what_type, AT (record.what), 0, 0, NULL, NULL,
		"Which of its calls are recorded, in place of record.what of remexd.yaml." },
	{ "record.when_full", &record_full_type, AT (record.when_full), 0, 0, NULL, NULL,
		"What happens when they cannot be, in place of record.when_full of remexd.yaml." },
};
/* clang-format on */

const struct schema grant_schema = { .keys = keys, .n_keys = sizeof keys / sizeof *keys };

_Static_assert(sizeof keys / sizeof *keys <= SCHEMA_KEYS_MAX, "SCHEMA_KEYS_MAX is too small");

/* --- more than one key ------------------------------------------------------------------------------------------- */

static int read_commands (struct reader *reader)
{
	const struct conf_node *list = conf_get (reader->tree, "commands"), *slots = conf_get (reader->tree, "slots");
	struct grant *grant = reader->target;

	if (!list)
		return 0;
	if (!(grant->commands = calloc (list->n_items, sizeof *grant->commands)))
		return reader_fail_memory (reader);
	for (; grant->n_commands < list->n_items; grant->n_commands++)
		if (command_read (&grant->commands[grant->n_commands], list->items[grant->n_commands], slots,
			    reader->file, reader->err) < 0)
			return -1;
	return 0;
}

static bool has_slot (const struct grant *grant, const char *name)
{
	for (size_t i = 0; i < grant->n_commands; i++)
		for (size_t k = 0; k < grant->commands[i].n_words; k++)
			if (grant->commands[i].words[k].slot && !strcmp (grant->commands[i].words[k].slot, name))
				return true;
	return false;
}

/* A pattern for an unknown slot would seem to limit something. */
static int check_slots_used (struct reader *reader)
{
	const struct conf_node *slots = conf_get (reader->tree, "slots");

	for (size_t i = 0; slots && i < slots->n_items; i++)
		if (!has_slot (reader->target, slots->items[i]->key))
			return conf_fail (reader->err, reader->file, slots->items[i]->key_line,
				slots->items[i]->key_column, "slots.%s is used in none of the commands",
				slots->items[i]->key);
	return 0;
}

static bool is_beneath (const char *path, const char *root)
{
	size_t n = strlen (root);

	return !strncmp (path, root, n) && (path[n] == '/' || (n == 1 && path[n]));
}

/* A read-only root seems to protect its files. But a client that may write above the root may move the root away, and
 * remove or replace all that is beneath it. */
static int check_roots (struct reader *reader)
{
	const struct conf_node *map = conf_get (reader->tree, "roots");
	const struct grant *grant = reader->target;

	for (size_t i = 0; i < grant->n_roots; i++)
		for (size_t k = 0; k < grant->n_roots; k++)
			if (!grant->roots[i].writable && grant->roots[k].writable &&
				is_beneath (grant->roots[i].path, grant->roots[k].path))
				return conf_fail (reader->err, reader->file, map->items[i]->key_line,
					map->items[i]->key_column,
					"roots: '%s' cannot be read-only: it is beneath '%s', which may be "
					"written",
					grant->roots[i].path, grant->roots[k].path);
	return 0;
}

static int check_whole (struct reader *reader)
{
	struct grant *grant = reader->target;

	if (!grant->n_keys)
		return reader_fail (
			reader, reader->tree, "an identity has to have a key: the line that remex keygen prints");
	if (read_commands (reader) < 0 || check_slots_used (reader) < 0 || check_roots (reader) < 0)
		return -1;
	if (!grant->n_allow && !grant->n_commands)
		return reader_fail (
			reader, reader->tree, "this identity may do nothing: give it 'allow' or 'commands'");
	return 0;
}

struct grant *grant_parse (const char *text, size_t n, const char *name, const char *file, struct err *err)
{
	struct grant *grant = calloc (1, sizeof *grant);
	struct reader reader = { .schema = &grant_schema, .file = file, .target = grant, .err = err };
	struct err why;

	if (!grant || !(grant->name = strdup (name))) {
		err_set (err, 0, "out of memory");
		goto fail;
	}
	if (grant_check_name (name, &why) < 0) {
		conf_fail (err, file, 1, 1, "%s", why.text);
		goto fail;
	}
	if (!(grant->tree = conf_parse (text, n, file, err)))
		goto fail;
	reader.tree = grant->tree;
	if (reader_read (&reader) < 0 || check_whole (&reader) < 0)
		goto fail;
	return grant;
fail:
	grant_free (grant);
	return NULL;
}

void grant_free (struct grant *grant)
{
	if (!grant)
		return;
	for (size_t i = 0; i < grant->n_commands; i++)
		command_free (&grant->commands[i]);
	free (grant->commands);
	free (grant->keys);
	free (grant->allow);
	free (grant->roots);
	free (grant->user);
	free (grant->from);
	conf_free (grant->tree);
	free (grant->name);
	free (grant);
}
