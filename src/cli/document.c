/* document - see document.h. */
#include "config.h"

#include "cli/console.h"
#include "cli/document.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/session.h"

static int fetch (struct session *session, const struct document *document, bool as_json)
{
	struct call call;
	int status = session_fetch (session, &call, document->call);
	json_t *json = NULL;
	struct err err;

	console_release_signals (); /* what is printed now may block */
	if (status == 0 && !(json = json_of (&call.result_bytes, session->where)))
		status = STATUS_REMEX;
	call_free (&call);
	if (status == 0 && document->check (json, &err) < 0) {
		complain (session->where, "the result of %s makes no sense: %s", document->call, err.text);
		status = STATUS_REMEX;
	}
	if (status == 0 && as_json && json_print (json_incref (json), false) < 0)
		status = STATUS_REMEX;
	if (status == 0 && !as_json)
		document->show (json);
	json_decref (json);
	return finish (status);
}

int document_run (const struct subcommand *command, int argc, char **argv, const struct document *document)
{
	struct session session;
	struct options options;
	bool as_json = false;
	int key, status;

	options_init (&options, command, argc, argv);
	while ((key = options_next (&options)) != 0) {
		if (key < 0)
			return options.status;
		as_json = true;
	}
	if (options.n_words)
		return options_wrong (&options, "one host at a time");
	if (session_open (&session, options.hosts ? options.hosts : "local") < 0)
		return STATUS_REMEX;
	status = fetch (&session, document, as_json);
	session_close (&session);
	return status;
}
