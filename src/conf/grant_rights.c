/* grant_rights - the questions to a grant; see grant.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <string.h>

#include "base/text.h"
#include "conf/grant.h"
#include "conf/reader.h"
#include "conf/scan.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@"

int grant_check_name (const char *name, struct err *err)
{
	size_t n = strlen (name);
	char shown[80];

	if (n > 0 && n <= GRANT_NAME_MAX && strspn (name, NAME_LETTERS) == n && *name != '.' && *name != '-')
		return 0;
	return err_set (err, 0,
		"'%s' cannot be the name of an identity: it takes 1 to %d of a-z A-Z 0-9 . _ - @, and starts with no "
		"dot or dash",
		text_escape (shown, sizeof shown, name, n), GRANT_NAME_MAX);
}

int grant_check_root (const char *path, struct err *err)
{
	size_t n = strlen (path), length;
	char shown[160];

	text_escape (shown, sizeof shown, path, n);
	if (*path != '/')
		return err_set (err, 0, "'%s' is not an absolute path", shown);
	if (n > GRANT_PATH_MAX)
		return err_set (err, 0, "a path of %zu bytes; it may have at most %d", n, GRANT_PATH_MAX);
	if (!conf_scan_line (path, n))
		return err_set (err, 0, "'%s' contains a control character or bytes that are not UTF-8", shown);
	for (const char *p = path + 1; n > 1; p += length + 1) {
		length = strcspn (p, "/");
		if (length == 0)
			return err_set (err, 0, "'%s' has an extra '/'", shown);
		if (*p == '.' && (length == 1 || (length == 2 && p[1] == '.')))
			return err_set (err, 0, "'%s' has '%.*s' in it", shown, (int)length, p);
		if (!p[length])
			break;
	}
	return 0;
}

/* Does an entry of `allow` match that verb? */
static bool entry_allows (const char *entry, const struct verb *of)
{
	size_t n = strlen (entry);
	const char *verb = of->name;

	if (!strcmp (entry, verb))
		return true;
	if (of->exact)
		return false;
	if (!strcmp (entry, "*"))
		return true;
	if (n > 2 && !strcmp (entry + n - 2, ".*"))
		n -= 2;
	return !strncmp (entry, verb, n) && verb[n] == '.' && !memchr (entry, '.', n);
}

bool grant_allows (const struct grant *grant, const struct verb *verb)
{
	if (grant->n_commands && verb->command)
		return false;
	for (size_t i = 0; i < grant->n_allow; i++)
		if (entry_allows (grant->allow[i], verb))
			return true;
	return false;
}

bool grant_names (const struct grant *grant, const char *call)
{
	for (size_t i = 0; i < grant->n_allow; i++)
		if (!strcmp (grant->allow[i], call))
			return true;
	return false;
}

bool grant_allows_argv (const struct grant *grant, const char *const *argv, const size_t *lengths, size_t n)
{
	for (size_t i = 0; i < grant->n_commands; i++)
		if (command_matches (&grant->commands[i], argv, lengths, n))
			return true;
	return false;
}

/* The first verb of the table that the entry allows and that runs any command; NULL: there is none. *known: the entry
 * matches a verb. */
static const struct verb *runs_anything (
	const struct grant *grant, const char *entry, const struct verb_table *table, bool *known)
{
	const struct verb *found = NULL;

	*known = false;
	for (size_t i = 0; table && i < table->n_verbs; i++) {
		const struct verb *verb = &table->verbs[i];

		if (!entry_allows (entry, verb))
			continue;
		*known = true;
		if (!found && verb->runs && !(grant->n_commands && verb->command))
			found = verb;
	}
	return found;
}

int grant_check_verbs (const struct grant *grant, const struct verb_table *table, const char *file, struct err *err)
{
	const struct conf_node *list = conf_get (grant->tree, "allow"), *node;
	const char *refused;

	for (size_t i = 0; i < grant->n_allow; i++) {
		const char *entry = grant->allow[i];
		bool known;
		const struct verb *verb = runs_anything (grant, entry, table, &known);

		node = list->kind == CONF_LIST ? list->items[i] : list;
		refused = table ? verb_refusal (table, entry) : NULL;
		if (!known && refused)
			return conf_fail (err, file, node->line, node->column,
				"it allows '%s', and that plugin is refused: %s", entry, refused);
		if (!known)
			return conf_fail (err, file, node->line, node->column,
				"it allows '%s', and no plugin has such a call", entry);
		if (verb && grant->n_commands)
			return conf_fail (err, file, node->line, node->column,
				"'%s' allows any command (%s), and 'commands' only some: take one of them out", entry,
				verb->name);
		if (verb && grant->n_roots)
			return conf_fail (err, file, node->line, node->column,
				"'%s' allows any command (%s), and 'roots' bind no command: take one of them out%s",
				entry, verb->name, verb->command ? ", or name its commands in 'commands'" : "");
	}
	return 0;
}

bool grant_expired (const struct grant *grant, int64_t now)
{
	return grant->expires != 0 && now >= grant->expires;
}

bool grant_from (const struct grant *grant, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < grant->n_from; i++)
		if (network_contains (&grant->from[i], endpoint))
			return true;
	return grant->n_from == 0;
}

/* The access that the nearest root above that path gives: 0 none, 1 read, 2 write. */
static int root_level (const struct grant *grant, const char *path)
{
	size_t nearest = 0;
	int level = grant->n_roots ? 0 : 2;

	for (size_t i = 0; i < grant->n_roots; i++) {
		const struct grant_root *root = &grant->roots[i];
		size_t n = strlen (root->path);
		bool above = !strncmp (root->path, path, n) && (n == 1 || !path[n] || path[n] == '/');

		if (above && n > nearest) {
			nearest = n;
			level = root->writable ? 2 : 1;
		}
	}
	return level;
}

/* Access changes only at a root of either grant, so a comparison at the roots is enough. */
bool grant_covers_roots (const struct grant *now, const struct grant *before)
{
	bool covers = root_level (now, "/") >= root_level (before, "/");

	for (size_t i = 0; i < before->n_roots; i++)
		covers = covers && root_level (now, before->roots[i].path) >= before->roots[i].writable + 1;
	for (size_t i = 0; i < now->n_roots; i++)
		covers = covers && now->roots[i].writable + 1 >= root_level (before, now->roots[i].path);
	return covers;
}
