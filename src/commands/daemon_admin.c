/* daemon_admin - see daemon_admin.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/subcommand.h"
#include "commands/daemon_admin.h"

enum admin_answer { ANSWERED, NOBODY, REFUSED };

/* --- calls ------------------------------------------------------------------------------------------------------- */

static enum admin_answer judge (const struct call *call, char *why, size_t size)
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

/* Make a call. If `document` is not NULL, its result is stored in *document. */
static enum admin_answer ask (struct daemon_admin *admin, const char *name, json_t **document)
{
	struct call call = { .name = name, .sink = &sink_collect };
	enum admin_answer answer = REFUSED;

	snprintf (admin->why, sizeof admin->why, "the call could not be made");
	if (conversation_call (&admin->conversation, &call) == 0)
		answer = judge (&call, admin->why, sizeof admin->why);
	if (answer == ANSWERED && document && !(*document = json_of (&call.result_bytes, NULL))) {
		snprintf (admin->why, sizeof admin->why, "%s gave no document", name);
		answer = REFUSED;
	}
	if (answer == ANSWERED)
		*admin->why = '\0';
	call_free (&call);
	return answer;
}

/* Is it a list of identities that each have a name? */
static bool is_list (const json_t *identities)
{
	const json_t *each;
	size_t i;

	json_array_foreach (identities, i, each) if (!json_is_string (json_object_get (each, "name"))) return false;
	return json_is_array (identities);
}

static enum admin_answer ask_identities (struct daemon_admin *admin)
{
	json_t *document = NULL;
	enum admin_answer answer = ask (admin, "identities", &document);
	const char *directory = json_string_value (json_object_get (document, "directory"));

	if (answer == ANSWERED && (!directory || *directory != '/')) {
		snprintf (admin->why, sizeof admin->why, "its answer lacks the directory of the identities");
		answer = REFUSED;
	}
	if (answer == ANSWERED && !is_list (json_object_get (document, "identities"))) {
		snprintf (admin->why, sizeof admin->why, "its answer lacks the list of the identities");
		answer = REFUSED;
	}
	if (answer != ANSWERED) {
		json_decref (document);
		return answer;
	}
	json_decref (admin->document);
	admin->document = document;
	free (admin->directory);
	admin->directory = strdup (directory);
	return admin->directory ? ANSWERED : REFUSED;
}

int daemon_admin_reload (struct daemon_admin *admin)
{
	bool refused = ask (admin, "reload", NULL) != ANSWERED;
	char why[sizeof admin->why];

	memcpy (why, admin->why, sizeof why);
	if (ask_identities (admin) != ANSWERED)
		return -1;
	memcpy (admin->why, why, sizeof why);
	return refused;
}

/* --- where nobody answers ---------------------------------------------------------------------------------------- */

void daemon_admin_print_later (const struct daemon_admin *admin)
{
	printf ("no remexd answers here (%s): the change takes effect when a remexd starts that reads %s\n",
		safe (admin->why), safe (admin->directory));
}

/* --- all --------------------------------------------------------------------------------------------------------- */

int daemon_admin_open (struct daemon_admin *admin)
{
	enum admin_answer answer;
	bool nobody;

	*admin = (struct daemon_admin){ .answers = false };
	if (conversation_open (&admin->conversation, "local") < 0)
		return -1;
	nobody = *remex_host_code (admin->conversation.host) != '\0';
	answer = ask_identities (admin);
	admin->answers = answer == ANSWERED;
	/* A Unix socket is connected to at once or not at all. A process that accepts the connection and does not
	 * answer is a remexd, or has taken its place: do not guess which files it uses. */
	if (answer != ANSWERED && nobody)
		answer = NOBODY;
	if (answer == NOBODY && !(admin->directory = paths_config (PATHS_IDENTITIES))) {
		complain (NULL, "no remexd answers here (%s), and HOME is not set: its files cannot be found",
			admin->why);
		return -1;
	}
	if (answer == REFUSED)
		complain ("local", "%s", admin->why);
	return answer == REFUSED ? -1 : 0;
}

void daemon_admin_close (struct daemon_admin *admin)
{
	json_decref (admin->document);
	free (admin->directory);
	conversation_close (&admin->conversation);
}

const json_t *daemon_admin_identity (const struct daemon_admin *admin, const char *name)
{
	const json_t *each, *said;
	size_t i;

	json_array_foreach (json_object_get (admin->document, "identities"), i, each)
	{
		said = json_object_get (each, "name");
		if (json_is_string (said) && !strcmp (json_string_value (said), name))
			return each;
	}
	return NULL;
}

char *daemon_admin_path (const struct daemon_admin *admin, const char *name)
{
	char *path;

	if (asprintf (&path, "%s/%s.yaml", admin->directory, name) >= 0)
		return path;
	complain (NULL, "no memory");
	return NULL;
}
