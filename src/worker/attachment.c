/* attachment - see attachment.h. */
#include "config.h"

#include <stdlib.h>

#include "wire/codes.h"
#include "wire/header.h"
#include "worker/attachment.h"

static int fail (struct err *err, const char *why)
{
	return err_set (err, CODE_INTERNAL, "what came with the call makes no sense: %s", why);
}

static int read_root (struct attachment *attachment, const json_t *json, struct err *err)
{
	const json_t *write = json_object_get (json, "write");
	struct remex_root *root = &attachment->items[attachment->n_roots];
	struct err why;
	char *path;

	if (!json_is_boolean (write))
		return fail (err, "a root that is neither to be written nor not");
	if (!(path = header_string (json_object_get (json, "path"), NULL, &why)))
		return fail (err, why.text);
	if (*path != '/') {
		free (path);
		return fail (err, "a root that is no absolute path");
	}
	root->path = path;
	root->writable = json_is_true (write);
	attachment->roots[attachment->n_roots++] = root;
	return 0;
}

static int read_roots (struct attachment *attachment, const json_t *roots, struct err *err)
{
	size_t n = json_array_size (roots), i;
	const json_t *each;

	if (!json_is_array (roots) && !json_is_null (roots))
		return fail (err, "the roots are no list");
	attachment->items = calloc (n + 1, sizeof *attachment->items);
	attachment->roots = calloc (n + 1, sizeof *attachment->roots);
	if (!attachment->items || !attachment->roots)
		return err_sys (err, CODE_INTERNAL, "roots");
	json_array_foreach (roots, i, each) if (read_root (attachment, each, err) < 0) return -1;
	attachment->bound = json_is_array (roots);
	attachment->has_roots = true;
	return 0;
}

int attachment_read (struct attachment *attachment, const char *text, size_t n, struct err *err)
{
	const json_t *facts, *roots;
	struct err why;
	json_t *json;
	int result = 0;

	*attachment = (struct attachment){ .facts = NULL };
	if (!n)
		return 0;
	if (!(json = header_parse (text, n, HEADER_CALL_TOKENS, NULL, &why)))
		return fail (err, why.text);
	facts = json_object_get (json, "facts");
	roots = json_object_get (json, "roots");
	if (facts && !(attachment->facts = json_dumps (facts, JSON_COMPACT | JSON_REAL_PRECISION (9))))
		result = fail (err, "the facts");
	if (result == 0 && roots)
		result = read_roots (attachment, roots, err);
	json_decref (json);
	return result;
}

void attachment_free (struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->n_roots; i++)
		free ((void *)(uintptr_t)attachment->items[i].path);
	free (attachment->items);
	free (attachment->roots);
	free (attachment->facts);
	*attachment = (struct attachment){ .facts = NULL };
}
