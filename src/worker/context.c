/* context - see context.h. */
#include "config.h"

#include <stdlib.h>

#include "wire/codes.h"
#include "wire/header.h"
#include "worker/context.h"

static int context_fail (struct err *err, const char *why)
{
	return err_set (err, CODE_INTERNAL, "the attachment of the call is malformed: %s", why);
}

static int read_root (struct context *context, const json_t *json, struct err *err)
{
	const json_t *write = json_object_get (json, "write");
	struct remex_root *root = &context->items[context->n_roots];
	struct err why;
	char *path;

	if (!json_is_boolean (write))
		return context_fail (err, "a root without 'write': true or false");
	if (!(path = header_string (json_object_get (json, "path"), NULL, &why)))
		return context_fail (err, why.text);
	if (*path != '/') {
		free (path);
		return context_fail (err, "a root's path is not absolute");
	}
	root->path = path;
	root->writable = json_is_true (write);
	context->roots[context->n_roots++] = root;
	return 0;
}

static int read_roots (struct context *context, const json_t *roots, struct err *err)
{
	size_t n = json_array_size (roots), i;
	const json_t *each;

	if (!json_is_array (roots) && !json_is_null (roots))
		return context_fail (err, "the roots are not a list");
	context->items = calloc (n + 1, sizeof *context->items);
	context->roots = calloc (n + 1, sizeof *context->roots);
	if (!context->items || !context->roots)
		return err_set (err, CODE_INTERNAL, "out of memory");
	json_array_foreach (roots, i, each) if (read_root (context, each, err) < 0) return -1;
	context->bound = json_is_array (roots);
	context->has_roots = true;
	return 0;
}

int context_read (struct context *context, const char *text, size_t n, struct err *err)
{
	const json_t *facts, *roots;
	struct err why;
	json_t *json;
	int result = 0;

	*context = (struct context){ .facts = NULL };
	if (!n)
		return 0;
	if (!(json = header_parse (text, n, HEADER_CALL_TOKENS, NULL, &why)))
		return context_fail (err, why.text);
	facts = json_object_get (json, "facts");
	roots = json_object_get (json, "roots");
	if (facts && !(context->facts = json_dumps (facts, JSON_COMPACT | JSON_REAL_PRECISION (9))))
		result = context_fail (err, "the facts");
	if (result == 0 && roots)
		result = read_roots (context, roots, err);
	if (result == 0 && call_limits_read (&context->limits, json_object_get (json, "limits"), &why) < 0)
		result = context_fail (err, why.text);
	json_decref (json);
	return result;
}

void context_free (struct context *context)
{
	for (size_t i = 0; i < context->n_roots; i++)
		free ((void *)(uintptr_t)context->items[i].path);
	free (context->items);
	free (context->roots);
	free (context->facts);
	*context = (struct context){ .facts = NULL };
}
