/* grant_json - see grant_json.h. The texts come from a YAML file, so they are UTF-8. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <time.h>

#include "conf/grant_json.h"

static json_t *keys_json (const struct grant *grant)
{
	json_t *keys = json_array ();
	char print[KEY_PRINT_SIZE];

	for (size_t i = 0; i < grant->n_keys; i++)
		json_array_append_new (keys, json_string (key_print (&grant->keys[i], print)));
	return keys;
}

static json_t *allow_json (const struct grant *grant)
{
	json_t *allow = json_array ();

	for (size_t i = 0; i < grant->n_allow; i++)
		json_array_append_new (allow, json_string (grant->allow[i]));
	return allow;
}

static json_t *words_json (const struct command *command)
{
	json_t *words = json_array ();

	for (size_t i = 0; i < command->n_words; i++) {
		const struct command_word *word = &command->words[i];

		json_array_append_new (words, word->text ? json_string (word->text)
							 : json_sprintf ("{%s%s}", word->dash ? "-" : "", word->slot));
	}
	return words;
}

static json_t *commands_json (const struct grant *grant)
{
	json_t *commands = json_array ();

	for (size_t i = 0; i < grant->n_commands; i++)
		json_array_append_new (commands, words_json (&grant->commands[i]));
	return commands;
}

static json_t *roots_json (const struct grant *grant)
{
	json_t *roots = json_object ();

	for (size_t i = 0; i < grant->n_roots; i++)
		json_object_set_new (roots, grant->roots[i].path, json_string (grant->roots[i].writable ? "rw" : "r"));
	return roots;
}

static json_t *from_json (const struct grant *grant)
{
	json_t *from = json_array ();
	char shown[ENDPOINT_SIZE];

	for (size_t i = 0; i < grant->n_from; i++)
		json_array_append_new (from, json_string (network_format (&grant->from[i], shown)));
	return from;
}

json_t *grant_json (const struct grant *grant)
{
	json_t *json = json_pack ("{so so so}", "keys", keys_json (grant), "allow", allow_json (grant), "commands",
		commands_json (grant));
	time_t expires = (time_t)grant->expires;
	char until[32];
	struct tm tm;

	if (grant->n_roots)
		json_object_set_new (json, "roots", roots_json (grant));
	if (grant->n_from)
		json_object_set_new (json, "from", from_json (grant));
	if (expires && gmtime_r (&expires, &tm) && strftime (until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new (json, "expires", json_string (until));
	return json;
}
