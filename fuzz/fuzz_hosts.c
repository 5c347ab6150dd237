/* fuzz_hosts - any text as an expression: refused with a message, or a list of names, whose folded form is the same
 * list. Groups, a file and stdin are there; the text is also a group, a file and a pattern of the numbers in
 * brackets. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hosts/expression.h"
#include "hosts/fold.h"
#include "hosts/host_name.h"

enum { NAMES_MAX = 20000 }; /* names that are folded; more names would test nothing new */

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

/* The group "own" and the file "own" are the text itself. */
static const char *own;
static void *kept[3];

static int find_group (
	void *context, const char *source, const char *name, struct group_definition *found, struct err *err)
{
	static const char *const texts[] = { "web[1-3],db1", "@all!web2" };

	(void)context;
	*found = (struct group_definition){ .n_texts = 1, .name = name, .file = "f", .line = 1 };
	if (!strcmp (name, "own")) {
		found->texts = &own;
		found->kept = &kept[0];
	} else if (!strcmp (name, "*") || !strcmp (name, "all")) {
		found->texts = &texts[0];
		found->kept = &kept[1];
	} else if (source) {
		found->texts = &texts[1];
		found->kept = &kept[2];
	} else {
		return err_set (err, 0, "there is no such group");
	}
	return 0;
}

static char *read_file (void *context, const char *path, bool trusted, size_t *n, struct err *err)
{
	char *bytes;

	(void)trusted;
	(void)context;
	if (path && strcmp (path, "own") != 0) {
		err_set (err, 0, "there is no such file");
		return NULL;
	}
	bytes = strdup (own);
	*n = bytes ? strlen (bytes) : 0;
	return bytes;
}

static const struct expression_ops ops = { find_group, read_file };

static int evaluate (const char *text, struct host_list *list)
{
	const struct expression expression = { .words = &text, .n_words = 1 };
	struct err err = { .text = "" };
	int result = expression_evaluate (&expression, &ops, NULL, list, &err);

	require (result == 0 || (*err.text && !list->n && !list->names));
	for (size_t i = 0; i < 3; i++)
		require (!kept[i]);
	return result;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct host_list list = { .n = 0 }, again = { .n = 0 };
	char *text = malloc (size + 1), *folded;

	if (!text)
		return 0;
	memcpy (text, data, size);
	text[size] = '\0';
	own = text;
	if (evaluate (text, &list) == 0 && list.n <= NAMES_MAX) {
		for (size_t i = 0; i < list.n; i++)
			require (host_name_check (list.names[i], NULL) == 0);
		folded = fold_names (list.names, list.n);
		require (folded && evaluate (folded, &again) == 0 && again.n == list.n);
		host_list_subtract (&again, &list);
		require (!again.n);
		free (folded);
	}
	host_list_free (&list);
	host_list_free (&again);
	free (text);
	return 0;
}
