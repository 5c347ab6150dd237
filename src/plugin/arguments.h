/* arguments - the named values that a handler or a plugin's start asks for: the call's arguments (JSON) and the plugin's
 * section of the configuration (YAML) in one form. Decoded once, owned here, freed together.
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

/* Decode the members of `object` (NULL: none) that `params` declares. They were checked before (wire/verbs.h); what is
 * of the wrong type all the same fails. 0, or -1 and err (CODE_BAD_VALUE), nothing kept. */
int arguments_from_json (
	struct arguments *args, const struct remex_param *params, const json_t *object, struct err *err);

/* The same of a plugin's section: unknown keys and wrong types are refused with their place in `file`. */
int arguments_from_config (struct arguments *args, const struct remex_param *params, const struct conf_node *section,
	const char *file, struct err *err);

void arguments_free (struct arguments *args);

/* The value of that name if it is there and of that type, or NULL. REMEX_MAP answers to REMEX_STRINGS. */
const struct argument *arguments_find (const struct arguments *args, const char *name, enum remex_type type);

#endif
