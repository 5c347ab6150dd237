/* node - functions on a tree that has been read; see tree.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/tree.h"

int conf_fail (struct err *err, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	enum { NAME = 200 };
	size_t n = strlen (file);
	size_t cut = n < NAME ? 0 : n - NAME + 1;
	char words[ERR_TEXT], name[NAME + 1];
	va_list args;

	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	/* A long file name is cut at its beginning, so that there is room for the message. */
	text_escape (name, sizeof name, file + cut, n - cut);
	return err_set (err, 0, "%s:%u:%u: %s", name, line, column, words);
}

static int compare_keys (const void *left, const void *right)
{
	const struct conf_node *a = *(const struct conf_node *const *)left,
			       *b = *(const struct conf_node *const *)right;
	int order = strcmp (a->key, b->key);

	if (order)
		return order;
	if (a->key_line != b->key_line)
		return a->key_line < b->key_line ? -1 : 1;
	return a->key_column < b->key_column ? -1 : a->key_column > b->key_column;
}

/* The keys are sorted: a file may have very many keys, and comparing each with all others would take seconds. */
int conf_unique (const struct conf_node *map, const char *file, struct err *err)
{
	const struct conf_node **sorted, *again = NULL, *first = NULL;
	char shown[161];

	if (map->n_items < 2)
		return 0;
	if (!(sorted = malloc (map->n_items * sizeof (const struct conf_node *))))
		return err_set (err, 0, "out of memory");
	for (size_t i = 0; i < map->n_items; i++)
		sorted[i] = map->items[i];
	qsort (sorted, map->n_items, sizeof *sorted, compare_keys);
	for (size_t i = 1; i < map->n_items; i++) {
		const struct conf_node *a = sorted[i - 1], *b = sorted[i];

		if (strcmp (a->key, b->key) != 0)
			continue;
		if (!again || b->key_line < again->key_line ||
			(b->key_line == again->key_line && b->key_column < again->key_column)) {
			first = a;
			again = b;
		}
	}
	free (sorted);
	if (!again)
		return 0;
	return conf_fail (err, file, again->key_line, again->key_column, "the key '%s' is already on line %u",
		text_escape (shown, sizeof shown, again->key, strlen (again->key)), first->key_line);
}

void conf_free (struct conf_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->n_items; i++)
		conf_free (node->items[i]);
	free (node->items);
	free ((void *)(uintptr_t)node->key);
	free ((void *)(uintptr_t)node->value);
	free (node);
}

const struct conf_node *conf_get (const struct conf_node *node, const char *key)
{
	if (node && node->kind == CONF_MAP)
		for (size_t i = 0; i < node->n_items; i++)
			if (!strcmp (node->items[i]->key, key))
				return node->items[i];
	return NULL;
}
