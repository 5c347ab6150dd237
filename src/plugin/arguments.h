/* arguments - the named values that a handler or a plugin's start asks for: the call's arguments (JSON) and the
 * plugin's section of the configuration (YAML) in one form. The values are decoded once, and owned by struct arguments.
 */
#ifndef REMEX_PLUGIN_ARGUMENTS_H
#define REMEX_PLUGIN_ARGUMENTS_H

#include <jansson.h>
#include <remex/plugin.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"

struct argument {
	const struct remex_param *param;
	union {
		char *string;
		long long integer;
		double number;
		bool truth;
		char **strings; /* ends with NULL */
	};
};

struct arguments {
	struct argument *items;
	size_t n_items;
};

/* Decode the members of `object` (NULL: none) that `params` declares. The members were checked before (wire/verbs.h); a
 * member of the wrong type still fails. 0, or -1 and err (CODE_BAD_VALUE), nothing kept. */
int arguments_from_json (
	struct arguments *args, const struct remex_param *params, const json_t *object, struct err *err);

/* The same for a plugin's section: unknown keys and wrong types are refused with their place in `file`. */
int arguments_from_config (struct arguments *args, const struct remex_param *params, const struct conf_node *section,
	const char *file, struct err *err);

void arguments_free (struct arguments *args);

/* The value with that name and type, or NULL. A REMEX_MAP is found as REMEX_STRINGS. */
const struct argument *arguments_find (const struct arguments *args, const char *name, enum remex_type type);

#endif
