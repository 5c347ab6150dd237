/* hosts_edit - see hosts_edit.h.
 *
 * The tree of the file (conf/tree.h) says where its section is, and which names it has. The text that results is parsed before
 * it is written: it must have all that was there, and what was added.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/durable.h"
#include "base/paths.h"
#include "base/trusted.h"
#include "conf/tree.h"
#include "files/metadata.h"
#include "hosts/expression.h"
#include "hosts/hosts_edit.h"
#include "hosts/hosts_file.h"

enum { INDENT = 2 };

char *hosts_edit_path (struct err *err)
{
	char *directory = paths_keys (err), *path = NULL;

	if (directory && asprintf (&path, "%s%s%s", directory, directory[strlen (directory) - 1] == '/' ? "" : "/",
				 HOSTS_FILE) < 0) {
		err_set (err, 0, "out of memory");
		path = NULL;
	}
	free (directory);
	return path;
}

/* --- what is there ----------------------------------------------------------------------------------------------- */

static int no_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	(void)context;
	(void)source;
	(void)name;
	(void)found;
	return err_set (err, 0, "a group is no name");
}

static char *no_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	(void)context;
	(void)path;
	(void)trusted;
	(void)n;
	err_set (err, 0, "a file is no name");
	return NULL;
}

/* All names of the entries, but for those of groups and patterns, which may be named again. */
static void list_names (const struct conf_node *section, struct host_list *names)
{
	static const struct expression_ops ops = { no_group, no_file };

	for (size_t i = 0; section && section->kind == CONF_MAP && i < section->n_items; i++) {
		const char *key = section->items[i]->key;
		const struct expression expression = { .words = &key, .n_words = 1 };
		struct host_list some = { .n = 0 };
		struct err err;

		if (!strpbrk (key, "*?") && expression_evaluate (&expression, &ops, NULL, &some, &err) == 0)
			host_list_unite (names, &some);
		host_list_free (&some);
	}
}

/* --- where lines are added ----------------------------------------------------------------------------------------- */

/* The beginning of a line, from 1; the end of the text where there is no such line. */
static size_t line_at (const char *text, size_t n, unsigned line)
{
	size_t at = 0;

	for (; line > 1 && at < n; line--) {
		const char *newline = memchr (text + at, '\n', n - at);

		at = newline ? (size_t)(newline - text) + 1 : n;
	}
	return at;
}

static unsigned last_line (const struct conf_node *node)
{
	while ((node->kind == CONF_MAP || node->kind == CONF_LIST) && node->n_items)
		node = node->items[node->n_items - 1];
	return node->line > node->key_line ? node->line : node->key_line;
}

/* Behind that line, and behind the indented lines that follow it. */
static size_t end_of_section (const char *text, size_t n, unsigned line)
{
	size_t at = line_at (text, n, line + 1);
	unsigned next = line + 1;

	while (at < n && (text[at] == ' ' || text[at] == '\t')) {
		size_t after = line_at (text, n, ++next), blanks = strspn (text + at, " \t\r");

		if (at + blanks >= n || text[at + blanks] == '\n')
			break;
		at = after;
	}
	return at;
}

/* The place of new lines, and how far they are indented. */
static size_t find_place (
	const char *text, size_t n, const struct conf_node *tree, const struct conf_node *section, unsigned *indent)
{
	*indent = INDENT;
	if (!section)
		return n;
	if (!section->n_items)
		return line_at (text, n, section->key_line + 1);
	*indent = section->items[0]->key_column - tree->items[0]->key_column;
	return end_of_section (text, n, last_line (section));
}

static int append_lines (
	struct buf *out, const struct hosts_addition *additions, size_t n, unsigned column, unsigned indent)
{
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		if (additions[i].added)
			result = buf_printf (out, "%*s%s: {address: \"%s\", port: %d}\n", (int)(column - 1 + indent),
				"", additions[i].name, additions[i].address, additions[i].port);
	return result;
}

/* The new text. 0; -1: no memory, or too long. */
static int build (struct buf *out, const char *text, size_t n, const struct conf_node *tree,
	const struct hosts_addition *additions, size_t n_additions)
{
	const struct conf_node *section = conf_get (tree, "hosts");
	unsigned indent, column = tree->n_items ? tree->items[0]->key_column : 1;
	size_t place = find_place (text, n, tree, section, &indent);

	if (buf_append (out, text, place) < 0)
		return -1;
	if (place && text[place - 1] != '\n' && buf_append (out, "\n", 1) < 0)
		return -1;
	if (!section && buf_printf (out, "%*shosts:\n", (int)(column - 1), "") < 0)
		return -1;
	if (append_lines (out, additions, n_additions, column, indent) < 0)
		return -1;
	return buf_append (out, text + place, n - place);
}

/* --- the proof --------------------------------------------------------------------------------------------------- */

static bool is_kept (const struct conf_node *before, const struct conf_node *now)
{
	if (!now || before->kind != now->kind || before->n_items != now->n_items)
		return false;
	if (before->kind == CONF_SCALAR)
		return !strcmp (before->value, now->value);
	for (size_t i = 0; i < before->n_items; i++)
		if ((before->items[i]->key && strcmp (before->items[i]->key, now->items[i]->key) != 0) ||
			!is_kept (before->items[i], now->items[i]))
			return false;
	return true;
}

static bool is_added (const struct conf_node *section, const struct hosts_addition *addition)
{
	const struct conf_node *address = conf_get (conf_get (section, addition->name), "address");

	return address && address->kind == CONF_SCALAR && !strcmp (address->value, addition->address);
}

/* Has the new tree all that was there, and all that is added? */
static bool is_right (
	const struct conf_node *before, const struct conf_node *now, const struct hosts_addition *additions, size_t n)
{
	const struct conf_node *old = conf_get (before, "hosts"), *section = conf_get (now, "hosts");

	for (size_t i = 0; i < before->n_items; i++)
		if (before->items[i] != old && !is_kept (before->items[i], conf_get (now, before->items[i]->key)))
			return false;
	for (size_t i = 0; old && i < old->n_items; i++)
		if (!is_kept (old->items[i], conf_get (section, old->items[i]->key)))
			return false;
	for (size_t i = 0; i < n; i++)
		if (additions[i].added && !is_added (section, &additions[i]))
			return false;
	return now->n_items == before->n_items + !old;
}

static int prove (const struct buf *out, const char *path, const struct conf_node *before,
	const struct hosts_addition *additions, size_t n, struct err *err)
{
	struct err why;
	struct conf_node *now = conf_parse_free_keys ((const char *)buf_head (out), buf_len (out), path, &why);
	bool right = now && is_right (before, now, additions, n);

	conf_free (now);
	if (right)
		return 0;
	return err_set (err, 0,
		"%s is unchanged: nothing can be added to its section `hosts` as it is written; one line for each "
		"host, "
		"indented below `hosts:`, can be added to",
		path);
}

/* --- all --------------------------------------------------------------------------------------------------------- */

static int make_directory (const char *path, struct err *err)
{
	const char *slash = strrchr (path, '/');
	char *directory = slash && slash > path ? strndup (path, (size_t)(slash - path)) : strdup ("/");
	int result =
		directory ? durable_make_directory (directory, 0700, 0755, err) : err_set (err, 0, "out of memory");

	free (directory);
	return result;
}

static int keep_access (void *note, int fd, int directory, const char *name, struct err *err)
{
	static const struct metadata metadata = { .mode = -1 };

	_Static_assert((int)HOSTS_EDIT_NOTE == (int)METADATA_NOTE, "the one is the other");
	return metadata_set (fd, directory, name, &metadata, note, err);
}

static int write_file (const char *path, const struct buf *out, char note[HOSTS_EDIT_NOTE], struct err *err)
{
	char *real = realpath (path, NULL);
	int result;

	if (real)
		result = durable_replace (real, buf_head (out), buf_len (out), keep_access, note, err);
	else if ((result = make_directory (path, err)) == 0)
		result = durable_write (path, buf_head (out), buf_len (out), 0644, true, err);
	free (real);
	return result;
}

static int edit (const char *path, const char *text, size_t n, struct hosts_addition *additions, size_t n_additions,
	char note[HOSTS_EDIT_NOTE], struct err *err)
{
	struct conf_node *tree = conf_parse_free_keys (text, n, path, err);
	struct host_list names = { .n = 0 };
	bool some = false;
	struct buf out;
	int result = 0;

	if (!tree)
		return -1;
	buf_init (&out, CONF_FILE_MAX);
	list_names (conf_get (tree, "hosts"), &names);
	for (size_t i = 0; i < n_additions; i++)
		some |= additions[i].added = host_list_find (&names, additions[i].name) == names.n;
	if (some && build (&out, text, n, tree, additions, n_additions) < 0)
		result = err_sys (err, 0, "%s would be too long", path);
	else if (some && (result = prove (&out, path, tree, additions, n_additions, err)) == 0)
		result = write_file (path, &out, note, err);
	host_list_free (&names);
	buf_free (&out);
	conf_free (tree);
	return result;
}

int hosts_edit_add (
	const char *path, struct hosts_addition *additions, size_t n, char note[HOSTS_EDIT_NOTE], struct err *err)
{
	struct err why = { 0 };
	size_t length = 0;
	char *text = trusted_read (path, CONF_FILE_MAX, &length, &why);
	int result;

	*note = '\0';
	if (!text && why.sys != ENOENT && why.sys != ENOTDIR) {
		*err = why;
		return -1;
	}
	result = edit (path, text ? text : "", length, additions, n, note, err);
	free (text);
	return result;
}
