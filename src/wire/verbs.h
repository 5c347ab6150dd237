/* verbs - the table of the verbs, as the plugins declare them.
 *
 * A probe worker writes the table as JSON (plugin/plugins.c); the front and the client parse it. The table answers
 * `plugins`, drives completion and checks arguments. The JSON is a list of plugins:
 *   {"plugin","version","summary","builtin","verbs":[{"name","help","control","facts","paths",
 *     "runs","exact","tty","params":[{"name","type","required","command","help"}]}]}
 * or, for a refused plugin, {"plugin","refused":"why","misconfigured"}.
 */
#ifndef REMEX_WIRE_VERBS_H
#define REMEX_WIRE_VERBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The order is that of enum remex_type in remex/plugin.h, which starts at 1. */
enum verb_type { VERB_STRING = 1, VERB_INTEGER, VERB_NUMBER, VERB_BOOL, VERB_STRINGS, VERB_MAP, N_VERB_TYPES };

struct verb_param {
	const char *name, *help;
	enum verb_type type;
	bool required;
	bool command; /* the words of the command that the verb runs */
};

struct verb {
	char *name; /* PLUGIN.VERB */
	const char *plugin, *help;
	bool control; /* may use the slot beyond workers.max */
	bool facts; /* the front attaches its counters */
	bool paths; /* the front attaches the caller's roots */
	bool builtin; /* the front answers it (wire/job_verbs.h) */
	bool exact; /* only its own name in `allow` grants it, and no pattern */
	bool runs; /* runs any command that its caller gives */
	bool tty; /* can give its command a terminal */
	const char *command; /* the name of the parameter with the words of that command, or NULL */
	struct verb_param *params;
	size_t n_params;
};

struct verb_table {
	unsigned references;
	json_t *json; /* owns the strings */
	struct verb *verbs;
	size_t n_verbs;
};

/* "string", "integer", …; the type of such a word, or -1. */
const char *verb_type_name (enum verb_type type);

/* A row of the table: a parameter; and a verb, whose name comes without its plugin, and whose parameters are consumed. The flags of
 * `verb` count, and its help. New references, or NULL without memory. */
json_t *verb_param_json (const struct verb_param *param);
json_t *verb_json (const char *name, const struct verb *verb, json_t *params);

/* Parse a table; NULL and err. `json` is borrowed (a reference is kept). A table has references; the caller has the
 * first. Its verbs are valid as long as a reference is held. verb_table_free gives a reference up. */
struct verb_table *verb_table_new (json_t *json, struct err *err);
struct verb_table *verb_table_ref (struct verb_table *table);
void verb_table_free (struct verb_table *table);

/* The verb of that name, or NULL with err (CODE_UNKNOWN_CALL, with the nearest name, or the reason why the plugin is
 * refused). */
const struct verb *verb_find (const struct verb_table *table, const char *name, struct err *err);

/* The reason why the plugin of that call is refused; NULL: it is not refused, or does not exist. */
const char *verb_refusal (const struct verb_table *table, const char *name);

/* Check a call's arguments (an object, or NULL for none) against the verb: each required argument is present, none is
 * unknown, each has its type. A string may be {"b64":…}; a map is an object of strings or a list of "NAME=VALUE". 0, or
 * -1 and err (CODE_BAD_VALUE, with the parameter and, for an unknown one, the nearest name). */
int verb_check (const struct verb *verb, const json_t *args, struct err *err);

#endif
