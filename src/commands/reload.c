/* remex reload - have the daemon of this machine read its configuration and identities again (remex(1)). */
#include "config.h"

#include <stdio.h>

#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/say.h"
#include "commands/commands.h"

enum { STATUS_REFUSED = 1 }; /* the new state is in use, except for the refused plugins and identities */

struct reload_settings {
	int format;
};

static const struct option reload_options[] = {
	OPTION_ROW_JSON (struct reload_settings, "print one JSON document"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* Report the refused plugins or identities on stderr. Returns how many there are. */
static int complain_of (const char *what, json_t *refused)
{
	const char *name;
	json_t *why;
	int n = 0;

	json_object_foreach (refused, name, why)
	{
		complain (NULL, "the %s '%s' is refused: %s", what, name,
			json_is_string (why) ? json_string_value (why) : "?");
		n++;
	}
	return n;
}

/* The member `key` of the member `group`, or NULL. */
static json_t *part (const json_t *summary, const char *group, const char *key)
{
	return json_object_get (json_object_get (summary, group), key);
}

/* Is it missing, or an object of names? */
static bool is_names (json_t *names)
{
	return !names || json_is_object (names);
}

/* Does it have the state in use, and everything that was refused? */
static bool is_summary (const json_t *summary)
{
	return json_is_integer (json_object_get (summary, "generation")) &&
	       json_is_object (part (summary, "plugins", "loaded")) &&
	       json_is_integer (part (summary, "identities", "admitted")) &&
	       is_names (part (summary, "plugins", "refused")) && is_names (part (summary, "identities", "refused"));
}

static void show (const json_t *summary)
{
	const json_t *waits = json_object_get (summary, "waits"), *key;
	const char *name, *before = "";
	json_t *version;
	size_t i;

	printf ("generation %lld is in use\nplugins: ",
		(long long)json_integer_value (json_object_get (summary, "generation")));
	json_object_foreach (part (summary, "plugins", "loaded"), name, version)
	{
		printf ("%s%s %s", before, safe (name),
			safe (json_is_string (version) ? json_string_value (version) : "?"));
		before = ", ";
	}
	printf ("%s\nidentities: %lld\n", *before ? "" : "none",
		(long long)json_integer_value (part (summary, "identities", "admitted")));
	json_array_foreach (waits, i, key) if (json_is_string (key))
		printf ("a change of '%s' waits for a restart\n", safe (json_string_value (key)));
}

static int tell (const struct call *call, bool as_json)
{
	json_t *summary;
	int status = 0;

	if (!(summary = json_of (&call->result_bytes, call->where)))
		return STATUS_REMEX;
	if (!is_summary (summary)) {
		complain (
			call->where, "the result of reload is invalid: it lacks the plugins or the identities in use");
		json_decref (summary);
		return STATUS_REMEX;
	}
	if (!as_json)
		show (summary);
	else if (json_print (json_incref (summary), false) < 0)
		status = STATUS_REMEX;
	fflush (stdout);
	if (complain_of ("plugin", part (summary, "plugins", "refused")) +
			complain_of ("identity", part (summary, "identities", "refused")) &&
		status == 0)
		status = STATUS_REFUSED;
	json_decref (summary);
	return status;
}

static int reload (bool as_json)
{
	struct conversation conversation;
	struct call call;
	int status;

	if (conversation_open (&conversation, "local") < 0)
		return STATUS_REMEX;
	status = conversation_fetch (&conversation, &call, "reload", 0);
	console_release_signals (); /* printing may block from here on */
	if (status == 0)
		status = tell (&call, as_json);
	call_free (&call);
	conversation_close (&conversation);
	return finish (status);
}

static int run_reload (const struct subcommand *command, struct command_line *line)
{
	const struct reload_settings *settings = line->values;

	(void)command;
	return reload (settings->format == FORMAT_JSON);
}

const struct subcommand cmd_reload = { "reload", "", "Have the daemon here read its files again", reload_options,
	WORDS_MIXED, 0, sizeof (struct reload_settings), run_reload };
