/* record_key - see record_key.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <string.h>

#include "conf/reader.h"
#include "conf/record_key.h"

/* The index of the word in the list, which ends with NULL; 0: it is none of them. */
static int index_of (const struct conf_node *node, const char *const *words)
{
	for (int i = 1; node->kind == CONF_SCALAR && words[i]; i++)
		if (!strcmp (node->value, words[i]))
			return i;
	return 0;
}

static int set_what (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	static const char *const words[] = {
		[RECORD_UNSAID] = "", [RECORD_NONE] = "none", [RECORD_SHELL] = "shell", [RECORD_ALL] = "all", NULL
	};
	enum record_what what = (enum record_what)index_of (node, words);

	if (what == RECORD_UNSAID)
		return reader_fail_type (reader, key, node);
	*(enum record_what *)to = what;
	return 0;
}

static int set_full (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to)
{
	static const char *const words[] = {
		[RECORD_FULL_UNSAID] = "", [RECORD_REFUSE] = "refuse", [RECORD_GO_ON] = "go_on", NULL
	};
	enum record_full full = (enum record_full)index_of (node, words);

	if (full == RECORD_FULL_UNSAID)
		return reader_fail_type (reader, key, node);
	*(enum record_full *)to = full;
	return 0;
}

const struct schema_type record_what_type = { "calls", "none, shell or all", set_what, SCHEMA_WORDS, false };
const struct schema_type record_full_type = { "what", "refuse or go_on", set_full, SCHEMA_WORDS, false };
