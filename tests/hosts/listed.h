/* listed - expressions in tests: evaluated, and joined to one text. */
#ifndef REMEX_TESTS_LISTED_H
#define REMEX_TESTS_LISTED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosts/expression.h"
#include "hosts/fold.h"
#include "support/check_main.h"

/* Operations for expressions without groups and files. */
static int listed_no_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	(void)context;
	(void)source;
	(void)found;
	return err_set (err, 0, "there is no group '%s'", name);
}

static char *listed_no_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	(void)trusted;
	(void)context;
	(void)n;
	err_set (err, 0, "there is no %s", path ? path : "stdin");
	return NULL;
}

static const struct expression_ops listed_nothing = { listed_no_group, listed_no_file };

static int listed_evaluate (const char *word, struct host_list *list, struct err *err)
{
	const struct expression expression = { .words = &word, .n_words = 1 };

	return expression_evaluate (&expression, &listed_nothing, NULL, list, err);
}

/* The names of a list with spaces between them. The caller frees. */
static inline char *listed_join (const struct host_list *list)
{
	size_t size = 1;
	char *text;

	for (size_t i = 0; i < list->n; i++)
		size += strlen (list->names[i]) + 1;
	if (!(text = calloc (1, size)))
		abort ();
	for (size_t i = 0, used = 0; i < list->n; i++)
		used += (size_t)sprintf (text + used, "%s%s", i ? " " : "", list->names[i]);
	return text;
}

#endif
