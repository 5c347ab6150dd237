/* offline - see offline.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/trusted.h"
#include "commands/offline.h"
#include "conf/grant.h"
#include "conf/tree.h"

#define ENDING ".yaml"

static json_t *string_of (const struct conf_node *node)
{
	return json_string (node->kind == CONF_SCALAR ? node->value : "?");
}

/* One or a list of them, as a list. */
static json_t *list_of (const struct conf_node *node)
{
	json_t *list = json_array ();

	for (size_t i = 0; node->kind == CONF_LIST && i < node->n_items; i++)
		json_array_append_new (list,
			node->items[i]->kind == CONF_LIST ? list_of (node->items[i]) : string_of (node->items[i]));
	if (node->kind == CONF_SCALAR)
		json_array_append_new (list, string_of (node));
	return list;
}

static json_t *roots_of (const struct grant *grant)
{
	json_t *roots = json_object ();

	for (size_t i = 0; i < grant->n_roots; i++)
		json_object_set_new (roots, grant->roots[i].path, json_string (grant->roots[i].writable ? "rw" : "r"));
	return roots;
}

static void describe (json_t *one, const struct grant *grant)
{
	static const char *const lists[] = { "allow", "commands", "from" }, *const strings[] = { "user", "expires" };
	json_t *keys = json_array ();
	char print[KEY_PRINT_SIZE];
	const struct conf_node *node;

	for (size_t i = 0; i < grant->n_keys; i++)
		json_array_append_new (keys, json_string (key_print (&grant->keys[i], print)));
	json_object_set_new (one, "keys", keys);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if ((node = conf_get (grant->tree, lists[i])))
			json_object_set_new (one, lists[i], list_of (node));
	if (grant->n_roots)
		json_object_set_new (one, "roots", roots_of (grant));
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		if ((node = conf_get (grant->tree, strings[i])))
			json_object_set_new (one, strings[i], string_of (node));
}

/* A file's identity, or why it is none. */
static json_t *read_one (const char *directory, const char *file)
{
	json_t *one = json_object ();
	struct grant *grant = NULL;
	char *name = strndup (file, strlen (file) - strlen (ENDING)), *path = NULL, *text = NULL;
	struct err err = { .text = "no memory" };
	size_t n;

	if (name && asprintf (&path, "%s/%s", directory, file) >= 0 &&
		(text = trusted_read (path, CONF_FILE_MAX, &n, &err)))
		grant = grant_parse (text, n, name, path, &err);
	json_object_set_new (one, "name", json_string (name ? name : "?"));
	if (grant)
		describe (one, grant);
	else
		json_object_set_new (one, "refused", json_string (err.text));
	grant_free (grant);
	free (text);
	free (path);
	free (name);
	return one;
}

static int is_identity (const struct dirent *entry)
{
	size_t n = strlen (entry->d_name), ending = strlen (ENDING);

	return n > ending && *entry->d_name != '.' && !strcmp (entry->d_name + n - ending, ENDING);
}

static int by_name (const struct dirent **a, const struct dirent **b)
{
	return strcmp ((*a)->d_name, (*b)->d_name);
}

json_t *offline_identities (const char *directory, struct err *err)
{
	struct err why = { 0 };
	int fd = trusted_open (directory, TRUSTED_DIRECTORY, &why);
	struct dirent **entries = NULL;
	int n = fd < 0 ? 0 : scandirat (fd, ".", &entries, is_identity, by_name);
	json_t *list;

	if (n < 0)
		err_sys (&why, 0, "%.300s", directory);
	fd_close (&fd);
	if (why.sys && why.sys != ENOENT) {
		*err = why;
		return NULL;
	}
	list = json_array ();
	for (int i = 0; i < n; i++) {
		json_array_append_new (list, read_one (directory, entries[i]->d_name));
		free (entries[i]);
	}
	free (entries);
	return json_pack ("{ss so}", "directory", directory, "identities", list);
}
