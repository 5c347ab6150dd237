/* document - see document.h. */
#include "config.h"

#include "cli/console.h"
#include "cli/document.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/conversation.h"

const struct option document_options[] = {
	OPTION_ROW_JSON (struct document_settings, "print the JSON document that the server sent"),
	OPTION_ROW_HELP,
	{ 0 },
};

static int fetch (struct conversation *conversation, const struct document *document, bool as_json)
{
	struct call call;
	int status = conversation_fetch (conversation, &call, document->call);
	json_t *json = NULL;
	struct err err;

	console_release_signals (); /* printing may block from here on */
	if (status == 0 && !(json = json_of (&call.result_bytes, conversation->where)))
		status = STATUS_REMEX;
	call_free (&call);
	if (status == 0 && document->check (json, &err) < 0) {
		complain (conversation->where, "the result of %s is invalid: %s", document->call, err.text);
		status = STATUS_REMEX;
	}
	if (status == 0 && as_json && json_print (json_incref (json), false) < 0)
		status = STATUS_REMEX;
	if (status == 0 && !as_json)
		document->show (json);
	json_decref (json);
	return finish (status);
}

int document_run (const struct command_line *line, const struct document *document)
{
	const struct document_settings *settings = line->values;
	struct conversation conversation;
	int status;

	if (conversation_open (&conversation, line->n_words ? line->words[0] : "local") < 0)
		return STATUS_REMEX;
	status = fetch (&conversation, document, settings->format == FORMAT_JSON);
	conversation_close (&conversation);
	return status;
}
