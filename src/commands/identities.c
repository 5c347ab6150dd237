/* remex identities - the identities that may use the daemon of this machine over TCP, with their keys and rights
 * (remex(1)). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/daemon_admin.h"
#include "commands/identity.h"
#include "commands/offline.h"

struct identities_settings {
	int format;
};

static const struct option identities_options[] = {
	OPTION_ROW_JSON (struct identities_settings, "print one JSON document"),
	OPTION_ROW_HELP,
	{ 0 },
};

static void show_daemon (const json_t *document)
{
	const json_t *listen = json_object_get (document, "listen"), *each;
	char words[IDENTITY_WORDS];
	size_t i;

	printf ("directory   %s\n", identity_text (document, "directory", "-", words));
	if (!listen)
		return;
	printf ("host key    %s\n", identity_text (document, "host_key", "none yet", words));
	json_array_foreach (listen, i, each) printf (
		"%-12s%s\n", i ? "" : "listens on", json_is_string (each) ? safe (json_string_value (each)) : "?");
}

static void show_identity (const json_t *one, int width)
{
	json_int_t connections = json_integer_value (json_object_get (one, "connections"));
	const json_t *keys = json_object_get (one, "keys"), *key;
	char words[IDENTITY_WORDS];
	size_t i;

	printf ("\n%-*s  ", width, identity_text (one, "name", "?", words));
	if (json_object_get (one, "refused")) {
		printf ("refused: %s\n", identity_text (one, "refused", "?", words));
		return;
	}
	printf ("may call %s\n", identity_calls (one, words));
	if (json_object_get (one, "user"))
		printf ("%-*s  as %s\n", width, "", identity_text (one, "user", "?", words));
	if (json_object_get (one, "roots"))
		printf ("%-*s  beneath %s\n", width, "", identity_roots (one, words));
	if (json_array_size (json_object_get (one, "from")))
		printf ("%-*s  from %s\n", width, "",
			identity_list (json_object_get (one, "from"), "everywhere", words));
	if (json_object_get (one, "expires"))
		printf ("%-*s  until %s\n", width, "", identity_text (one, "expires", "?", words));
	json_array_foreach (keys, i, key)
		printf ("%-*s  key %s\n", width, "", json_is_string (key) ? safe (json_string_value (key)) : "?");
	if (connections)
		printf ("%-*s  connected %lld time%s\n", width, "", (long long)connections,
			connections == 1 ? "" : "s");
}

static void show (const json_t *document)
{
	const json_t *list = json_object_get (document, "identities"), *each;
	char words[IDENTITY_WORDS];
	int width = 0, length;
	size_t i;

	show_daemon (document);
	json_array_foreach (list, i, each)
	{
		length = (int)strlen (identity_text (each, "name", "?", words));
		if (length > width)
			width = length;
	}
	json_array_foreach (list, i, each) show_identity (each, width);
	if (!json_array_size (list))
		printf ("\nNobody may connect over TCP; `remex authorize` adds an identity.\n");
}

static int identities (bool as_json)
{
	struct daemon_admin admin;
	int status = STATUS_REMEX;
	json_t *document = NULL;
	struct err err;

	if (daemon_admin_open (&admin) == 0) {
		document = admin.answers ? json_incref (admin.document) : offline_identities (admin.directory, &err);
		if (!document)
			complain (NULL, "%s", err.text);
		else if (!admin.answers)
			complain (NULL, "no remexd answers here (%s); this is what its files say", admin.why);
		if (document && !as_json)
			show (document);
		if (document && (!as_json || json_print (json_incref (document), false) == 0))
			status = 0;
	}
	json_decref (document);
	daemon_admin_close (&admin);
	return finish (status);
}

static int run_identities (const struct subcommand *command, struct command_line *line)
{
	const struct identities_settings *settings = line->values;

	(void)command;
	return identities (settings->format == FORMAT_JSON);
}

const struct subcommand cmd_identities = { "identities", "", "Show the identities that may connect here",
	identities_options, WORDS_MIXED, 0, sizeof (struct identities_settings), run_identities };
