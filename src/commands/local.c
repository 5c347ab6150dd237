/* local - see local.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "cli/subcommand.h"
#include "cli/say.h"
#include "cli/json.h"
#include "commands/local.h"

enum answer { ANSWERED, NOBODY, REFUSED };

/* --- calls ------------------------------------------------------------------------------------------------------- */

static enum answer judge (const struct call *call, char *why, size_t size)
{
	const struct remex_result *result = &call->result;

	if (call->gave_up || call->broken || result->outcome == REMEX_CANCELLED) {
		snprintf (why, size, "interrupted");
		return REFUSED;
	}
	if (result->outcome == REMEX_COMPLETED)
		return ANSWERED;
	snprintf (why, size, "%s", *result->message ? result->message : remex_outcome_word (result->outcome));
	return REFUSED;
}

/* Call something; its document, where one is wanted, in *document. */
static enum answer ask (struct local *local, const char *name, json_t **document)
{
	struct call call = { .name = name, .sink = &sink_collect };
	enum answer answer = REFUSED;

	snprintf (local->why, sizeof local->why, "the call could not be made");
	if (session_call (&local->session, &call) == 0)
		answer = judge (&call, local->why, sizeof local->why);
	if (answer == ANSWERED && document && !(*document = json_of (&call.result_bytes, NULL))) {
		snprintf (local->why, sizeof local->why, "%s gave no document", name);
		answer = REFUSED;
	}
	if (answer == ANSWERED)
		*local->why = '\0';
	call_free (&call);
	return answer;
}

/* A list of identities, each with a name? */
static bool is_list (const json_t *identities)
{
	const json_t *each;
	size_t i;

	json_array_foreach (identities, i, each) if (!json_is_string (json_object_get (each, "name"))) return false;
	return json_is_array (identities);
}

static enum answer ask_identities (struct local *local)
{
	json_t *document = NULL;
	enum answer answer = ask (local, "identities", &document);
	const char *directory = json_string_value (json_object_get (document, "directory"));

	if (answer == ANSWERED && (!directory || *directory != '/')) {
		snprintf (local->why, sizeof local->why, "it does not say where its identities are");
		answer = REFUSED;
	}
	if (answer == ANSWERED && !is_list (json_object_get (document, "identities"))) {
		snprintf (local->why, sizeof local->why, "it does not say who its identities are");
		answer = REFUSED;
	}
	if (answer != ANSWERED) {
		json_decref (document);
		return answer;
	}
	json_decref (local->document);
	local->document = document;
	free (local->directory);
	local->directory = strdup (directory);
	return local->directory ? ANSWERED : REFUSED;
}

int local_reload (struct local *local)
{
	bool refused = ask (local, "reload", NULL) != ANSWERED;
	char why[sizeof local->why];

	memcpy (why, local->why, sizeof why);
	if (ask_identities (local) != ANSWERED)
		return -1;
	memcpy (local->why, why, sizeof why);
	return refused;
}

/* --- where nobody answers ---------------------------------------------------------------------------------------- */

void local_say_later (const struct local *local)
{
	printf ("no remexd answers here (%s): it takes effect when one starts that reads %s\n", safe (local->why),
		safe (local->directory));
}

/* --- all --------------------------------------------------------------------------------------------------------- */

int local_open (struct local *local)
{
	enum answer answer;
	bool nobody;

	*local = (struct local){ .answers = false };
	if (session_open (&local->session, "local") < 0)
		return -1;
	nobody = *remex_host_code (local->session.host) != '\0';
	answer = ask_identities (local);
	local->answers = answer == ANSWERED;
	/* A Unix socket is connected to at once or not at all. Who takes the connection and says nothing is a remexd, or is
	 * in the place of one: its files are not to be guessed. */
	if (answer != ANSWERED && nobody)
		answer = NOBODY;
	if (answer == NOBODY && !(local->directory = paths_config (PATHS_IDENTITIES))) {
		complain (NULL, "no remexd answers here (%s), and without HOME there is no telling where its files are",
			local->why);
		return -1;
	}
	if (answer == REFUSED)
		complain ("local", "%s", local->why);
	return answer == REFUSED ? -1 : 0;
}

void local_close (struct local *local)
{
	json_decref (local->document);
	free (local->directory);
	session_close (&local->session);
}

const json_t *local_identity (const struct local *local, const char *name)
{
	const json_t *each, *said;
	size_t i;

	json_array_foreach (json_object_get (local->document, "identities"), i, each)
	{
		said = json_object_get (each, "name");
		if (json_is_string (said) && !strcmp (json_string_value (said), name))
			return each;
	}
	return NULL;
}

char *local_path (const struct local *local, const char *name)
{
	char *path;

	if (asprintf (&path, "%s/%s.yaml", local->directory, name) >= 0)
		return path;
	complain (NULL, "no memory");
	return NULL;
}
